"""An overloaded server would let work pile up until everybody waits, or live pictures would wait behind a video."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from mimika.web.errors import Overloaded
from mimika.web.pool import Pool, Urgency


class Gate:
    """A pool of one thread that is held up until `open` is set."""

    def __init__(self, queue: int) -> None:
        self.pool = Pool(1, queue)
        self.open, self.held = threading.Event(), threading.Event()
        self.first = self.pool.submit(self._hold)
        assert self.held.wait(5)

    def _hold(self) -> None:
        self.held.set()
        self.open.wait(10)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate(queue=4)
    yield gate
    gate.open.set()
    gate.pool.close()


def test_a_full_queue_says_no_at_once_and_when_to_come_back(gate: Gate) -> None:
    waiting = [gate.pool.submit(int) for _ in range(4)]
    with pytest.raises(Overloaded) as refused:
        gate.pool.submit(int)
    assert refused.value.status == 429
    assert int(refused.value.headers["Retry-After"]) >= 1
    assert gate.pool.depth == 4
    gate.open.set()
    assert [future.result(5) for future in waiting] == [0] * 4
    assert gate.pool.submit(int).result(5) == 0


def test_live_pictures_go_before_requests_and_those_before_jobs(gate: Gate) -> None:
    done: list[str] = []
    futures = [
        gate.pool.submit_as(urgency, lambda name=name: done.append(name))
        for urgency, name in [
            (Urgency.JOB, "job"),
            (Urgency.REQUEST, "first photo"),
            (Urgency.REQUEST, "second photo"),
            (Urgency.LIVE, "live"),
        ]
    ]
    gate.open.set()
    for future in futures:
        future.result(5)
    assert done == ["live", "first photo", "second photo", "job"]


def test_only_as_many_requests_are_let_in_as_can_be_served(gate: Gate) -> None:
    inside = [gate.pool.admitted() for _ in range(3)]
    for place in inside:
        place.__enter__()
    with pytest.raises(Overloaded), gate.pool.admitted():
        pass
    inside.pop().__exit__(None, None, None)
    with gate.pool.admitted():
        pass


def test_one_caller_leaves_a_place_for_somebody_else(gate: Gate) -> None:
    with gate.pool.admitted("greedy"), gate.pool.admitted("greedy"):
        with pytest.raises(Overloaded), gate.pool.admitted("greedy"):
            pass
        with gate.pool.admitted("modest"):
            pass


def test_work_that_nobody_waits_for_any_more_is_not_done(gate: Gate) -> None:
    done = []
    future = gate.pool.submit(done.append, 1)
    assert future.cancel()
    after = gate.pool.submit(done.append, 2)
    gate.open.set()
    after.result(5)
    assert done == [2]


def test_an_error_reaches_whoever_asked_and_the_thread_goes_on() -> None:
    pool = Pool(1)

    async def ask() -> None:
        with pytest.raises(ZeroDivisionError):
            await pool.run(lambda: 1 // 0)
        assert await pool.run_as(Urgency.LIVE, lambda: 5) == 5

    asyncio.run(ask())
    pool.close()
    with pytest.raises(Overloaded):
        pool.submit(int)


def test_all_threads_work_at_the_same_time() -> None:
    pool, together = Pool(3), threading.Barrier(3)
    began = time.perf_counter()
    for future in [pool.submit(together.wait, 5) for _ in range(3)]:
        future.result(5)
    assert time.perf_counter() - began < 5
    pool.close()
