"""The server's side of video jobs: keeps the worker processes running, wakes them, and tells what they finished."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from mimika import settings
from mimika.data.errors import MimikaError
from mimika.web.remote import ASK, answer
from mimika.web.worker import LEASE_S, NICE

if TYPE_CHECKING:
    from mimika.data.opinion import Opinion
    from mimika.stages.recognize.sending import Picture
    from mimika.stages.write.webhook import Webhook
    from mimika.store import Store

LOG = logging.getLogger("mimika.jobs")
_CLOSE_S = 5.0
_SECRETS = ("MIMIKA_CLOUD_KEY", "MIMIKA_CLOUD_KEY_FILE", "MIMIKA_WEBHOOK_SECRET", "MIMIKA_WEBHOOK_SECRET_FILE")
"""What processes that decode files of strangers are not given."""
_AGAIN_S, _AGAIN_MOST_S = 0.2, 30.0
"""A worker that ends without having had a job is started again after a pause that doubles."""


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What one job may use: `seconds` of computing, `memory` bytes of address space.

    A worker that was not heard of for `lease_s` seconds has lost its job; `nice` lowers its priority.
    """

    seconds: float = 4 * 3600.0
    memory: int = 6 << 30
    lease_s: float = LEASE_S
    nice: int = NICE


@dataclass(frozen=True, slots=True)
class Asking:
    """How workers get second opinions: `terms` for them, and `ask`, given owner, picture and subject; `at_once` each.

    `ask` raises CloudError where there is none.
    """

    terms: str
    ask: Callable[[str, Picture, str], Opinion]
    at_once: int = 4


class JobRunner:
    """Keeps `workers` processes that analyse uploaded videos; `start` and `stop` go with the server.

    Each process takes one job and ends; another takes its place, already warm when the next job comes. All of them die
    with the server, also if that is killed; the jobs go on once a server is there again. `webhook` is given the events
    of finished recordings. With `asking` they may ask for second opinions.
    """

    def __init__(
        self,
        store: Store,
        database: str | None,
        data_dir: Path | None,
        workers: int = 1,
        limits: JobLimits | None = None,
        webhook: Webhook | None = None,
        asking: Asking | None = None,
    ) -> None:
        self._asking = asking
        self._pool = ThreadPoolExecutor(asking.at_once * max(workers, 1), "asking") if asking is not None else None
        self._store, self._limits, self._webhook = store, limits or JobLimits(), webhook
        told = {"MIMIKA_DATA_DIR": str(data_dir)} if data_dir is not None else {}
        told |= {"MIMIKA_DATABASE_URL": database} if database else {}
        # The environment is seen by its owner alone, a command line by all; an address may hold a password.
        self._environment = settings.for_a_process(told | dict.fromkeys(_SECRETS, "") | {"OMP_NUM_THREADS": "1"})
        self._over = threading.Event()
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._threads = [
            threading.Thread(target=self._keep, args=(number,), name=f"jobs-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """Let the processes begin; returns at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let all processes give their jobs back and end; waits for them for a few seconds."""
        self._over.set()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            running = list(self._processes.values())
        for process in running:
            with suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()
        end = time.monotonic() + _CLOSE_S
        for process in running:
            try:
                process.wait(max(end - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(1.0)

    def wake(self) -> None:
        """Say that there is something new: a job, or a cancelled one."""
        with self._lock:
            running = list(self._processes.values())
        for process in running:
            self._write(process, "")

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        with self._lock:
            return [process.pid for process in self._processes.values()]

    def _keep(self, number: int) -> None:
        """Start one worker after the other."""
        pause = _AGAIN_S
        while not self._over.is_set():
            name = f"{os.uname().nodename}-{uuid4().hex[:12]}"
            process = self._started(number, name)
            claimed, ended = self._listen(process, name)
            process.wait()
            with self._lock:
                self._processes.pop(number, None)
            if self._over.is_set():
                return
            if claimed and not ended:
                LOG.warning("worker died with status %s at job %s", process.returncode, claimed)
            pause = _AGAIN_S if claimed else min(2 * pause, _AGAIN_MOST_S)
            self._over.wait(0.0 if ended else pause)

    def _started(self, number: int, name: str) -> subprocess.Popen[bytes]:
        limits = self._limits
        command = [sys.executable, "-m", "mimika.web.worker", "--name", name, "--lease", str(limits.lease_s)]
        command += ["--seconds", str(limits.seconds), "--memory", str(limits.memory), "--nice", str(limits.nice)]
        command += ["--second", self._asking.terms] if self._asking is not None else []
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment, start_new_session=True
        )
        with self._lock:
            self._processes[number] = process
        if self._over.is_set():
            with suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()
        return process

    def _listen(self, process: subprocess.Popen[bytes], name: str) -> tuple[str, bool]:
        """Hear what a worker says until it ends; returns the job it took and whether it came to an end with it."""
        claimed, ended = "", False
        assert process.stdout is not None
        stream: IO[bytes] = process.stdout
        for line in stream:
            if line.startswith(ASK.encode()):
                self._ask(process, line.decode("utf-8").removeprefix(ASK))
                continue
            words = line.decode("utf-8", "replace").split()
            if words[:1] == ["claimed"]:
                claimed = words[1]
                LOG.info("job %s taken", claimed)
            elif words[:1] == ["ended"]:
                ended = True
                LOG.info("job %s: %s", claimed, words[-1])
                if words[-1] in ("done", "failed"):
                    self.tell_events(words[2], words[1])
        if claimed and not ended and not self._over.is_set():
            # Nobody works on it any more, so nobody has to wait for its lease to run out.
            with suppress(MimikaError):
                self._store.beat_job(claimed, name, 0.0)
        return claimed, ended

    def _ask(self, process: subprocess.Popen[bytes], text: str) -> None:
        """Ask for a second opinion on behalf of a worker, in the background, and tell it the answer."""
        if self._asking is not None and self._pool is not None:
            ask = self._asking.ask
            # Once the server stops nobody is asked any more, and nobody waits for it.
            with suppress(RuntimeError):
                self._pool.submit(lambda: self._write(process, answer(text, ask)))

    def _write(self, process: subprocess.Popen[bytes], line: str) -> None:
        with self._writing, suppress(OSError, ValueError):
            assert process.stdin is not None
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()

    def tell_events(self, owner: str, job: str) -> None:
        """Send the events of a finished recording to the webhook, if there is one."""
        if self._webhook is None:
            return
        with suppress(MimikaError):
            found = self._store.job(owner, job)
            for event in self._store.events(owner, found.recording):
                self._webhook.send(event)
