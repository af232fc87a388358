"""The process that analyses one uploaded video: claims a job, works under limits, and may be killed at any moment.

``python -m mimika.web.worker`` is started by `mimika.web.runner`. It takes one job and ends, so that limits count for
each job alone and nothing that a hostile file did to the process outlives it. Everything of use lies in the store: rows
in blocks, and the lease that says who works on what. While its standard input is open the server is there; when that
ends, the job is given back.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mimika.data.errors import MimikaError, StoreError, StoreMissing
from mimika.web.parent import Parent

if TYPE_CHECKING:
    from mimika.store import Job, Store
    from mimika.web.analysis import Progress
    from mimika.web.remote import Remote

NICE = 5
"""Live pictures and requests go first."""
LEASE_S = 10.0
STALLED_S = 120.0
"""A decoder that gives no frame for so long hangs."""
_LEAVE_S = 1.0
_POLL_S, _TEND_S = 1.0, 60.0


class Heart:
    """Tells the store that the job is being worked on, and finds out that it is no longer wanted."""

    def __init__(self, store: Store, job: Job, worker: str, lease_s: float) -> None:
        self._store, self._job, self._worker, self._lease_s = store, job, worker, lease_s
        self._ended = threading.Event()
        self.lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heart")
        self.progress: Progress | None = None

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Stop beating; the lease stays as it is."""
        self._ended.set()
        self._thread.join(2.0)

    def _beat(self) -> None:
        pause, answered = min(0.5, self._lease_s / 4), time.monotonic()
        while not self._ended.wait(pause):
            try:
                kept = self.tell(self._lease_s)
                answered = time.monotonic()
            except MimikaError:
                # A database that is away for a moment comes back; without a lease another worker goes on.
                kept = time.monotonic() - answered < self._lease_s
            if not kept:
                self.lost.set()
                self._leave()
                return
            progress = self.progress
            if progress is not None and time.monotonic() - progress.moved_at > STALLED_S:
                with suppress(MimikaError):
                    where = f"at {progress.time_s:.1f} s" if progress.time_s else "at its beginning"
                    reason = f"the video cannot be decoded {where}"
                    self._store.finish_job(self._job.id, "failed", reason, self._worker)
                os._exit(4)

    def tell(self, lease_s: float) -> bool:
        """Tell the store how far the job is and hold it for some more seconds; False if it is not ours any more."""
        progress = self.progress
        if progress is None:
            return self._store.beat_job(self._job.id, self._worker, lease_s)
        return self._store.beat_job(
            self._job.id,
            self._worker,
            lease_s,
            frames_done=progress.frames_done,
            time_s=progress.time_s,
            frames_total=progress.frames_total or None,
        )

    def _leave(self) -> None:
        """Give the main thread a moment to stop between two frames, then end the process wherever it is."""
        if not self._ended.wait(_LEAVE_S):
            tidy(self._store, self._job)
            os._exit(3)


def tidy(store: Store, job: Job) -> None:
    """Remove what a job left behind that is over, because it was cancelled or its recording deleted."""
    with suppress(MimikaError):
        try:
            status = store.job(job.owner, job.id).status
        except MimikaError:
            status = "cancelled"
        if status != "cancelled":
            return
        with suppress(MimikaError):
            recording = store.recording(job.owner, job.recording)
            if recording.status == "open":
                store.update_recording(job.owner, job.recording, status="interrupted")
            if recording.media_path is not None:
                return
        with suppress(OSError):
            Path(job.input_path).unlink(missing_ok=True)


def limit(seconds: float, memory: int) -> None:
    """Bound this process: seconds of computing from now on, bytes of address space, no core file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    whole = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mimika.web.worker")
    parser.add_argument("--name", required=True)
    parser.add_argument("--lease", type=float, default=LEASE_S)
    parser.add_argument("--seconds", type=float, default=4 * 3600.0)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--nice", type=int, default=NICE)
    parser.add_argument("--second", default="")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Wait for a job, do it, and return the exit status."""
    given = _parsed(arguments)
    parent = Parent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, parent.stop)
    parent.start()
    os.nice(given.nice)
    from mimika import settings
    from mimika.pipeline import Pipeline
    from mimika.store import Store
    from mimika.web import analysis, findings  # noqa: F401  analysis is loaded before a job comes
    from mimika.web.remote import Remote

    with suppress(MimikaError):
        # The networks are kept, so that a job begins at once; what is wrong with them is told when one comes.
        Pipeline()
    chosen, remote = settings.load(), Remote(given.second, parent.say)
    parent.ears.append(remote.hear)
    with Store.open(chosen.database_url or None, chosen.data_dir) as store:
        tended = -_TEND_S
        while not parent.over.is_set():
            job = store.claim_job(given.name, given.lease)
            if job is not None:
                parent.say(f"claimed {job.id} {job.owner}")
                limit(given.seconds, given.memory)
                status = _work(store, job, given.name, given.lease, parent.over, remote)
                parent.say(f"ended {job.id} {job.owner} {status}")
                return 0
            if time.monotonic() - tended > _TEND_S:
                tended = time.monotonic()
                findings.tend(store)
            parent.wake.wait(_POLL_S)
            parent.wake.clear()
    return 0


def _work(
    store: Store, job: Job, worker: str, lease_s: float, over: threading.Event, remote: Remote | None = None
) -> str:
    """Do a job; returns how it ended, "back" if it was given back."""
    from mimika.web.analysis import Progress, Stopped

    heart = Heart(store, job, worker, lease_s)
    progress = heart.progress = Progress(lambda: over.is_set() or heart.lost.is_set())
    heart.start()
    signal.signal(signal.SIGXCPU, _out_of_time)
    status, error = "back", None
    try:
        status, error = _analyse(store, job, progress, remote)
    except Stopped:
        status = "lost" if heart.lost.is_set() else "back"
    except (MemoryError, _OutOfTime) as reason:
        error = "it takes more memory than allowed" if isinstance(reason, MemoryError) else str(reason)
        status, error = _fail(store, job, error)
    except StoreMissing:
        status = "lost"
    except StoreError:
        # The memory is away or busy; somebody goes on when it is back.
        time.sleep(_POLL_S)
    except MimikaError as reason:
        status, error = _fail(store, job, str(reason))
    finally:
        heart.stop()
    if status == "back":
        store.release_job(job.id, worker)
    elif status == "lost":
        tidy(store, job)
        _tell_cancelled(store, job)
    else:
        heart.tell(lease_s)
        _finish(store, job, worker, status, error)
    return status


def _analyse(store: Store, job: Job, progress: Progress, remote: Remote | None) -> tuple[str, str | None]:
    from mimika.store.jobs import ATTEMPTS
    from mimika.web.analysis import Analysis
    from mimika.web.findings import conclude

    recording = store.recording(job.owner, job.recording)
    if job.attempts >= ATTEMPTS:
        # The last attempt tells what there is, rather than die of the same thing again.
        told = f"given up: its analysis ended its process {job.attempts - 1} times, at {job.time_s:.1f} s at last"
        return _fail(store, job, told)
    with remote.opened(store, recording) if remote is not None else nullcontext() as questions:
        analysis = Analysis(store, job, recording, progress, Path(job.input_path).parent, questions)
        wrong = analysis.run()
    progress.check()
    recording = store.recording(job.owner, job.recording)
    conclude(store, recording, "interrupted" if wrong else "complete", str(wrong) if wrong else None)
    analysis.clean()
    return ("failed", str(wrong)) if wrong else ("done", None)


def _fail(store: Store, job: Job, error: str) -> tuple[str, str]:
    """Tell the recording what went wrong, and what can be told of the rows that are there."""
    from mimika.web.findings import conclude

    recording = store.recording(job.owner, job.recording)
    rows = store.last_time(job.owner, job.recording) is not None
    if rows:
        conclude(store, recording, "interrupted", error)
    else:
        store.update_recording(job.owner, recording.id, status="failed", summary=recording.summary | {"error": error})
    return "failed", error


def _tell_cancelled(store: Store, job: Job) -> None:
    """Find what can be told of the rows that a cancelled job has left."""
    from mimika.web.findings import conclude

    with suppress(MimikaError):
        if store.job(job.owner, job.id).status == "cancelled":
            recording = store.recording(job.owner, job.recording)
            conclude(store, recording, "interrupted", "the analysis was cancelled")


def _finish(store: Store, job: Job, worker: str, status: str, error: str | None) -> None:
    """End the job; then its file goes, unless it is kept."""
    kept = store.recording(job.owner, job.recording).media_path is not None
    store.finish_job(job.id, status, error, worker)
    if not kept:
        Path(job.input_path).unlink(missing_ok=True)


class _OutOfTime(Exception):
    """The time for computing is used up."""


def _out_of_time(*_: object) -> None:
    raise _OutOfTime("it takes more time to analyse than allowed")


if __name__ == "__main__":
    sys.exit(main())
