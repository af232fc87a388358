"""How much may be asked: money a run and a minute, requests a minute, and a rest when the endpoint is down."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Clock = Callable[[], float]
_MINUTE = 60.0


class Budget:
    """Money: what a run and any minute of it may cost, in US dollars. Safe to share between threads.

    A request is reserved at its estimate before it is sent, and settled at its real cost when its answer is there, so
    that several requests under way cannot overspend together by more than their estimates were wrong.
    """

    def __init__(self, run_usd: float, minute_usd: float, clock: Clock = time.monotonic) -> None:
        self._run, self._minute, self._clock = run_usd, minute_usd, clock
        self._lock = threading.Lock()
        self._spent: deque[tuple[float, float]] = deque()
        self._reserved = 0.0
        self.spent_usd = 0.0

    def reserve(self, estimate_usd: float) -> bool:
        """Set money aside for a request; False if the run or this minute has none left for it."""
        with self._lock:
            now = self._clock()
            while self._spent and now - self._spent[0][0] >= _MINUTE:
                self._spent.popleft()
            lately = sum(cost for _, cost in self._spent)
            wanted = self._reserved + estimate_usd
            # What costs nothing is free even of a budget of 0; the small term forgives sums of fractions of a cent.
            if self.spent_usd + wanted > self._run + 1e-9 or lately + wanted > self._minute + 1e-9:
                return False
            self._reserved += estimate_usd
            return True

    def settle(self, estimate_usd: float, cost_usd: float) -> None:
        """Book what a reserved request has really cost, 0 where it was not answered."""
        with self._lock:
            self._reserved = max(0.0, self._reserved - estimate_usd)
            self.spent_usd += cost_usd
            if cost_usd:
                self._spent.append((self._clock(), cost_usd))


class RateLimit:
    """At most so many requests in any minute; safe to share between threads."""

    def __init__(self, per_minute: int, clock: Clock = time.monotonic) -> None:
        self._most, self._clock = per_minute, clock
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()

    def wait_s(self) -> float:
        """Take a place if there is one and return 0, else the seconds until one will be free."""
        with self._lock:
            now = self._clock()
            while self._sent and now - self._sent[0] >= _MINUTE:
                self._sent.popleft()
            if len(self._sent) >= self._most:
                return _MINUTE - (now - self._sent[0])
            self._sent.append(now)
            return 0.0


@dataclass(slots=True)
class _State:
    failures: int = 0
    closed_until: float = 0.0
    trying: bool = False


class Breaker:
    """Stops asking an endpoint that is down: after some failures in a row it rests, then lets one request try.

    A failure that trying again cannot mend (a wrong key, a model that is not there) ends the asking for good, or, in a
    server that runs on while somebody mends it, for `mended_s`.

    Source: Nygard, "Release It!", 2007, chapter 5 (circuit breaker).
    """

    def __init__(
        self,
        failures: int = 5,
        rest_s: float = 30.0,
        clock: Clock = time.monotonic,
        mended_s: float = float("inf"),
    ) -> None:
        self._most, self._rest, self._clock, self._mended = failures, rest_s, clock, mended_s
        self._lock = threading.Lock()
        self._state = _State()

    def allows(self) -> bool:
        """Return whether a request may go out now; after a rest the first to ask is the one that tries."""
        with self._lock:
            state = self._state
            if state.failures < self._most:
                return True
            if state.trying or self._clock() < state.closed_until:
                return False
            state.trying = True
            return True

    def succeeded(self) -> None:
        """Take note of an answer."""
        with self._lock:
            self._state = _State()

    def failed(self, for_good: bool = False) -> None:
        """Take note of a failure."""
        with self._lock:
            state = self._state
            state.failures = self._most if for_good else state.failures + 1
            state.trying = False
            state.closed_until = self._clock() + (self._mended if for_good else self._rest)

    @property
    def ended(self) -> bool:
        """Whether the asking has ended for good."""
        return self._state.closed_until == float("inf")


@contextmanager
def reserved(budget: Budget, estimate_usd: float) -> Iterator[Callable[[float], None]]:
    """Settle a reservation at what the function that is given was told, 0 if it was told nothing."""
    told = [0.0]

    def cost(usd: float) -> None:
        told[0] = usd

    try:
        yield cost
    finally:
        budget.settle(estimate_usd, told[0])
