"""Does it pay to gather the faces of several clients into one batch? Writes docs/results/batching.json.

    python benchmarks/batching.py

Computing time is counted (of the thread, of the process), not the clock, so that other work on the machine hardly
changes the figures. Without gathering, each of two threads runs a network for its own client's face. With gathering, a
call that finds both places taken waits and goes with the others that wait as one batch; nobody waits for company.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from mimika.data.frame import Frame
from mimika.engine import registry
from mimika.engine.session import cores
from mimika.pipeline import Pipeline
from mimika.stages.measure import eye_region, mesh
from mimika.stages.recognize import classify

OUT = Path(__file__).resolve().parents[1] / "docs" / "results" / "batching.json"
SHAPES = {"mesh": (96, 96), "eyes": (40, 40), "expression": (64, 64)}
CLIENTS, FRAMES, PLACES, ROWS = 8, 15, 2, 8


@dataclass
class Call:
    """One call that waits."""

    batch: NDArray[Any]
    turn: threading.Event = field(default_factory=threading.Event)
    outputs: dict[str, NDArray[Any]] | None = None


class Gathering:
    """A network that many threads call: while its places are taken, calls gather into one batch."""

    def __init__(self, session: Any, sizes: Counter[int]) -> None:
        self._session, self._sizes, self._free = session, sizes, PLACES
        self._lock = threading.Lock()
        self._waiting: list[Call] = []

    def run(self, batch: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run the network, alone or in company."""
        call = Call(batch)
        with self._lock:
            if self._free:
                self._free -= 1
                call.turn.set()
            else:
                self._waiting.append(call)
        call.turn.wait()
        return call.outputs if call.outputs is not None else self._lead(call)

    def _lead(self, call: Call) -> dict[str, NDArray[Any]]:
        company, rows = [call], len(call.batch)
        with self._lock:
            while self._waiting and rows + len(self._waiting[0].batch) <= ROWS:
                company.append(self._waiting.pop(0))
                rows += len(company[-1].batch)
        outputs = self._session.run(np.concatenate([one.batch for one in company]))
        self._sizes[len(company)] += 1
        start = 0
        for one in company:
            end = start + len(one.batch)
            one.outputs = {name: value[start:end] for name, value in outputs.items()}
            start = end
        for one in company[1:]:
            one.turn.set()
        with self._lock:
            if self._waiting:
                self._waiting.pop(0).turn.set()
            else:
                self._free += 1
        assert call.outputs is not None
        return call.outputs


def per_face(name: str) -> dict[int, float]:
    """Return milliseconds of computing a face by the number of faces in the batch; an eye batch has two rows a face."""
    _, session = registry.open_session(name)
    found = {}
    for faces in (1, 2, 4, 8):
        rows = faces * (2 if name == "eyes" else 1)
        batch = np.random.default_rng(0).uniform(0, 255, (rows, 1, *SHAPES[name])).astype(np.float32)
        times = []
        for _ in range(20):
            began = time.thread_time()
            session.run(batch)
            times.append(time.thread_time() - began)
        found[faces] = round(1000 * float(np.median(times)) / faces, 3)
    return found


def whole(threads: int, gather: bool) -> dict[str, Any]:
    """Let clients with a face each send frames through pipelines that share the networks."""
    sizes: Counter[int] = Counter()
    known: dict[str, Gathering] = {}

    def opened(name: Any, threads: int = 1) -> Any:
        card, session = registry.open_session(name, threads)
        return card, known.setdefault(card.name, Gathering(session, sizes))

    used = opened if gather else registry.open_session
    with ExitStack() as stack:
        for module in (mesh, eye_region, classify):
            stack.enter_context(mock.patch.object(module, "open_session", used))
        pipelines = [Pipeline() for _ in range(CLIENTS)]
    grey = cv2.resize(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)[:384], (640, 480))
    shifted = [np.ascontiguousarray(np.roll(grey, n, 1)) for n in range(3)]
    for pipeline in pipelines:
        pipeline.process(Frame(shifted[0]))
    sizes.clear()
    todo = [(number, client) for number in range(1, FRAMES + 1) for client in range(CLIENTS)]
    taken, busy = iter(todo), [threading.Lock() for _ in pipelines]
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                task = next(taken, None)
            if task is None:
                return
            number, client = task
            with busy[client]:
                pipelines[client].process(Frame(shifted[number % 3], time_s=number / 10))

    began = time.process_time()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    spent = 1000 * (time.process_time() - began) / len(todo)
    batches = {str(size): count for size, count in sorted(sizes.items())}
    return {"threads": threads, "gathered": gather, "cpu_ms_per_frame": round(spent, 2), "calls_in_a_batch": batches}


def main() -> None:
    """Measure and write."""
    runs = [whole(threads, gather) for _ in range(3) for threads, gather in ((2, False), (4, True), (8, True))]
    best: dict[tuple[int, bool], dict[str, Any]] = {}
    for run in runs:
        key = (run["threads"], run["gathered"])
        if key not in best or run["cpu_ms_per_frame"] < best[key]["cpu_ms_per_frame"]:
            best[key] = run
    result = {
        "command": "OMP_NUM_THREADS=1 python benchmarks/batching.py",
        "cores": cores(),
        "clients": CLIENTS,
        "network_cpu_ms_per_face_by_batch": {name: per_face(name) for name in SHAPES},
        "pipelines": list(best.values()),
        "note": "the smallest of three runs each; computing time, not the clock",
    }
    OUT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
