"""A video would be analysed twice, by nobody, or for ever; a cancelled one would go on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from mimika.data.errors import OptionError
from mimika.store import Store
from mimika.store.jobs import ATTEMPTS
from tests.store.conftest import Place


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def go(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock(store: Store) -> Clock:
    store.clock = Clock()
    return store.clock


def test_jobs_are_done_in_order_and_told_of(store: Store, clock: Clock) -> None:
    recording = store.add_recording("ann").id
    first = store.add_job("ann", recording, "a.mp4", {"every": 2}, frames_total=100)
    clock.go(1)
    second = store.add_job("ann", recording, "b.mp4")
    assert (store.waiting(), store.waiting("bob")) == (2, 0)
    taken = store.claim_job("w1", 30)
    assert taken is not None
    assert (taken.id, taken.status, taken.worker, taken.attempts, taken.options) == (
        first.id,
        "running",
        "w1",
        1,
        {"every": 2},
    )
    assert (taken.input_path, taken.started_at, taken.lease_until) == (
        "a.mp4",
        clock(),
        clock() + timedelta(seconds=30),
    )
    assert store.beat_job(first.id, "w1", 30, frames_done=40, time_s=1.5)
    assert not store.beat_job(first.id, "w2", 30, frames_done=99)
    told = store.job("ann", first.id)
    assert (told.frames_done, told.frames_total, told.time_s) == (40, 100, 1.5)
    assert "input_path" not in told.as_json()
    assert store.finish_job(first.id, "done", worker="w1")
    assert not store.finish_job(first.id, "failed", "too late")
    assert store.job("ann", first.id).ended
    assert store.claim_job("w1", 30) == store.job("ann", second.id)
    assert store.claim_job("w1", 30) is None
    assert [job.id for job in store.jobs("ann")] == [second.id, first.id]
    with pytest.raises(OptionError):
        store.finish_job(second.id, "queued")


def test_a_dead_workers_job_goes_on_elsewhere_and_a_deadly_one_ends(store: Store, clock: Clock) -> None:
    job = store.add_job("ann", store.add_recording("ann").id, "a.mp4").id
    for attempt in range(ATTEMPTS):
        taken = store.claim_job(f"w{attempt}", 10)
        assert taken is not None
        assert taken.attempts == attempt + 1
        clock.go(9)
        assert store.claim_job("other", 10) is None
        clock.go(2)
    assert store.claim_job("other", 10) is None
    told = store.job("ann", job)
    assert (told.status, told.error) == ("failed", f"given up after {ATTEMPTS} attempts: each time the worker died")


def test_a_job_that_goes_forward_is_never_given_up(store: Store, clock: Clock) -> None:
    store.add_job("ann", store.add_recording("ann").id, "a.mp4")
    for attempt in range(2 * ATTEMPTS):
        taken = store.claim_job(f"w{attempt}", 10)
        assert taken is not None
        assert store.beat_job(taken.id, f"w{attempt}", 10, time_s=attempt + 1.0)
        clock.go(11)


def test_a_worker_that_stops_in_order_gives_its_job_back(store: Store, clock: Clock) -> None:
    job = store.add_job("ann", store.add_recording("ann").id, "a.mp4").id
    for number in range(ATTEMPTS + 2):
        taken = store.claim_job(f"w{number}", 10)
        assert taken is not None
        assert store.release_job(job, f"w{number}")
        assert not store.release_job(job, f"w{number}")
    assert store.job("ann", job).status == "queued"


def test_a_cancelled_job_is_lost_to_its_worker(store: Store, clock: Clock) -> None:
    recording = store.add_recording("ann").id
    job = store.add_job("ann", recording, "a.mp4").id
    store.claim_job("w", 10)
    assert store.cancel_job("ann", job).status == "cancelled"
    assert not store.beat_job(job, "w", 10)
    assert not store.finish_job(job, "done")
    assert store.cancel_job("ann", job).status == "cancelled"
    other = store.add_job("ann", recording, "b.mp4").id
    store.claim_job("w", 10)
    store.delete_recording("ann", recording)
    assert not store.beat_job(other, "w", 10)


WORKER = """
import sys
from mimika.store import Store
with Store.open(sys.argv[1] or None, sys.argv[2]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    while job := store.claim_job(sys.argv[3], 60):
        store.finish_job(job.id, "done", worker=sys.argv[3])
        print(job.id, flush=True)
"""


def test_no_job_is_given_to_two_processes(place: Place) -> None:
    with place.open() as store:
        recording = store.add_recording("ann").id
        wanted = {store.add_job("ann", recording, f"{number}.mp4").id for number in range(20)}
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, place.url or "", str(place.folder), f"w{number}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for number in range(2)
        ]  # fmt: skip
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        done = [worker.communicate("go\n", timeout=60)[0].split() for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0]
        assert sorted(job for each in done for job in each) == sorted(wanted)
        assert {job.status for job in store.jobs("ann")} == {"done"}
        assert {job.attempts for job in store.jobs("ann")} == {1}
