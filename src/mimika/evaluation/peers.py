"""Other programs in the same harness, each in a virtual environment of its own: their needs exclude each other.

A peer reads the same pictures as our networks: a face cut out is given to it as a face, a whole photo is left to its
own detector. It runs as a separate process (`peer_worker.py`), one thread, no accelerator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import ModelError
from mimika.evaluation.subjects import Predictions
from mimika.settings import for_a_process

PACKAGES: dict[str, tuple[list[str], ...]] = {
    # fer names packages it never imports (torch among them) and needs pkg_resources, gone from setuptools 81.
    "fer": (["--no-deps", "fer==25.10.3"], ["setuptools<81", "opencv-contrib-python-headless<5", "tensorflow-cpu",
            "pandas", "requests", "tqdm", "pillow"]),
    "mediapipe": (["mediapipe==0.10.21"],),
}  # fmt: skip
"""What pip installs for each environment, in turn."""
PEERS = {"fer": "fer", "fer-full": "fer", "mediapipe": "mediapipe"}
"""The peers, and the environment of each."""
ENVIRONMENTS = Path("build/peers")
ALONE = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
}
"""One core a peer, and no accelerator."""
_WORKER = Path(__file__).with_name("peer_worker.py")


def environment(name: str, folder: Path) -> Path:
    """Return the Python of an environment of `PACKAGES`; it is made, with pip and a network, on the first call.

    Raises:
        ModelError: if it cannot be made.
    """
    place = folder / name
    python = place.absolute() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (place / "ready").exists():
        commands = [[sys.executable, "-m", "venv", str(place)]]
        commands += [[str(python), "-m", "pip", "install", "--quiet", *packages] for packages in PACKAGES[name]]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr.strip() or "no reason given").splitlines()[-1]
                raise ModelError(f"{place}: the environment of {name} cannot be made ({last})")
        (place / "ready").touch()
    return python


class PeerSubject:
    """A peer as a subject; its process starts with the first picture and ends with `close`.

    Raises:
        ModelError: if there is no such peer; later, if its environment cannot be made or its process ends.
    """

    def __init__(self, name: str, environments: Path = ENVIRONMENTS, python: Path | None = None) -> None:
        if name not in PEERS:
            raise ModelError(f"no peer is called {name!r}; there are {', '.join(PEERS)}")
        self.name = name
        self._environments, self._python = environments, python
        self._process: subprocess.Popen[bytes] | None = None
        self._about: dict[str, Any] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart, in our names; empty for one that knows no expressions."""
        self._start()
        return tuple(self._about["classes"])

    def describe(self) -> dict[str, Any]:
        """Return name, version, and what is known of the sizes of its network."""
        self._start()
        sizes = {key: self._about.get(key) for key in ("sha256", "parameters", "macs", "bytes")}
        return {"name": self.name, "version": self._about["version"], **sizes}

    def predict(self, pictures: Sequence[NDArray[np.uint8]], tight: Sequence[bool]) -> Predictions:
        """Let the peer read each (height, width) picture; milliseconds are its own processor time."""
        answers = [self._ask(picture, is_tight) for picture, is_tight in zip(pictures, tight, strict=True)]
        probabilities = np.zeros((len(answers), len(self.classes)), np.float32)
        for row, answer in enumerate(answers):
            if answer["found"] and self.classes:
                probabilities[row] = answer["probabilities"]
        found = np.array([answer["found"] for answer in answers], np.bool_)
        return Predictions(probabilities, found, np.array([answer["ms"] for answer in answers], np.float64))

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait(timeout=30)
            self._process.stdout.close()
            self._complaints.close()
            self._process = None

    def _ask(self, picture: NDArray[np.uint8], tight: bool) -> dict[str, Any]:
        self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        height, width = picture.shape
        head = json.dumps({"height": height, "width": width, "tight": bool(tight)}).encode() + b"\n"
        try:
            self._process.stdin.write(head + np.ascontiguousarray(picture).tobytes())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return self._answer()

    def _start(self) -> None:
        if self._process is not None:
            return
        python = self._python or environment(PEERS[self.name], self._environments)
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 lives as long as the process
        try:
            self._process = subprocess.Popen(
                [str(python), str(_WORKER), self.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=for_a_process(ALONE),
            )
        except OSError as error:
            raise ModelError(f"{python}: the peer {self.name} cannot be started ({error.strerror})") from error
        self._about = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ended(self) -> ModelError:
        """Return the error that tells the last thing the process said."""
        assert self._process is not None
        code = self._process.wait()
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip().splitlines()
        self.close()
        return ModelError(f"the peer {self.name} ended ({said[-1] if said else f'exit code {code}'})")
