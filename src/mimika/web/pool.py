"""Where the networks run: few threads, a short queue, and a clear no when it is full."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ParamSpec, TypeVar

from mimika.web.errors import Overloaded

P = ParamSpec("P")
T = TypeVar("T")

_FIRST_GUESS_S = 0.05
_FORGETTING = 0.1


class Urgency(IntEnum):
    """Whose work goes first: live pictures are old in a moment, whoever waits for an answer waits, a job has time."""

    LIVE = 0
    REQUEST = 1
    JOB = 2


@dataclass(order=True)
class _Task:
    urgency: Urgency
    number: int
    work: Callable[[], Any] = field(compare=False)
    future: Future[Any] = field(compare=False)


class Pool:
    """`workers` threads that take work in order of urgency, then of arrival; at most `queue` pieces wait.

    ONNX Runtime, OpenCV and numpy let go of Python's lock while they compute, and sessions may be used by several
    threads at once, so that all threads share one set of weights. Work of one live session must not overlap; whoever
    submits it waits for the answer before submitting the next.
    """

    def __init__(self, workers: int, queue: int = 32) -> None:
        self.workers, self.queue = workers, queue
        self._waiting: list[_Task] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._running = 0
        self._inside: Counter[str] = Counter()
        self._closed = False
        self._mean_s = _FIRST_GUESS_S
        self._threads = [threading.Thread(target=self._serve, name=f"pool-{n}", daemon=True) for n in range(workers)]
        for thread in self._threads:
            thread.start()

    @property
    def depth(self) -> int:
        """How many pieces of work wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many pieces of work are being done."""
        return self._running

    @property
    def mean_s(self) -> float:
        """How long a piece of work takes, in seconds, lately."""
        return self._mean_s

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do a piece of work for a request; see `submit_as`."""
        return self.submit_as(Urgency.REQUEST, lambda: work(*args, **kwargs))

    def submit_as(self, urgency: Urgency, work: Callable[[], T]) -> Future[T]:
        """Put a piece of work into the queue; its result is in the future, which may be cancelled while it waits.

        Raises:
            Overloaded: if the queue is full.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise Overloaded("the server is stopping", 5.0)
            if len(self._waiting) >= self.queue:
                raise self._full()
            heapq.heappush(self._waiting, _Task(urgency, next(self._numbers), work, future))
            self._changed.notify()
        return future

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do a piece of work for a request and wait for its result.

        Raises:
            Overloaded: if the queue is full.
        """
        return await asyncio.wrap_future(self.submit(work, *args, **kwargs))

    async def run_as(self, urgency: Urgency, work: Callable[[], T]) -> T:
        """Do a piece of work of some urgency and wait for its result.

        Raises:
            Overloaded: if the queue is full.
        """
        return await asyncio.wrap_future(self.submit_as(urgency, work))

    @contextmanager
    def admitted(self, caller: str = "") -> Iterator[None]:
        """Let one request in, which will have one piece of work in the queue at a time.

        Whoever is in finds room for each of its pieces, as long as live sessions leave it. One `caller`, if named, gets
        at most three of four places, so that there is one for somebody else.

        Raises:
            Overloaded: if as many are in as can wait or be served.
        """
        places = max(1, self.queue // 2) + self.workers
        with self._changed:
            greedy = bool(caller) and self._inside[caller] >= max(1, places * 3 // 4)
            if self._closed or greedy or self._inside.total() >= places:
                raise self._full()
            self._inside[caller] += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[caller] -= 1
                self._inside += Counter()  # forgets whoever has left

    def close(self) -> None:
        """Finish what is being done, drop what waits, and let the threads go."""
        with self._changed:
            self._closed = True
            dropped, self._waiting = self._waiting, []
            self._changed.notify_all()
        for task in dropped:
            task.future.cancel()
        for thread in self._threads:
            thread.join()

    def _full(self) -> Overloaded:
        wait_s = self._mean_s * (len(self._waiting) + self._inside.total()) / self.workers
        return Overloaded("the server is busy; try again in a moment", min(wait_s, 60.0))

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                task = heapq.heappop(self._waiting)
                self._running += 1
            try:
                self._do(task)
            finally:
                with self._changed:
                    self._running -= 1
            del task

    def _do(self, task: _Task) -> None:
        if not task.future.set_running_or_notify_cancel():
            return
        began = time.perf_counter()
        try:
            result = task.work()
        except BaseException as error:  # noqa: BLE001  whoever waits for the future gets it
            task.future.set_exception(error)
        else:
            task.future.set_result(result)
        self._mean_s += _FORGETTING * (time.perf_counter() - began - self._mean_s)
