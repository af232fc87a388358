"""What the server does for itself every minute: it notes what was analysed and deletes what has expired."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import TYPE_CHECKING

from fastapi.concurrency import run_in_threadpool

from mimika.data.errors import MimikaError
from mimika.web.logs import log

if TYPE_CHECKING:
    from mimika.store import Store

_MINUTE_S = 60.0
_SWEEP_EVERY = 10


class Tally:
    """How many pictures each owner had analysed, in which mode; one line of the audit a minute, not one a picture."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, owner: str, mode: str, pictures: int) -> None:
        """Count pictures of a request."""
        with self._lock:
            self._counts[owner, mode] += pictures

    def write(self, store: Store) -> None:
        """Put what was counted into the audit and begin anew; what cannot be written stays counted.

        Raises:
            StoreError: if the memory cannot be used.
        """
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            for owner, mode in list(counts):
                store.note("images.analyze", owner, count=counts[owner, mode], mode=mode)
                del counts[owner, mode]
        finally:
            with self._lock:
                self._counts += counts


async def keep_house(store: Store, tally: Tally) -> None:
    """Go on until cancelled; what fails is logged and tried again."""
    minute = 0
    while True:
        try:
            await run_in_threadpool(tally.write, store)
            if minute % _SWEEP_EVERY == 0:
                await run_in_threadpool(store.sweep)
        except MimikaError:
            log.exception("housekeeping failed; it is tried again")
        minute += 1
        await asyncio.sleep(_MINUTE_S)
