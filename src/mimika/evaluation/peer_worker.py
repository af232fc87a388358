"""The other side of `peers.PeerSubject`: runs in a peer's own environment, where mimika is not installed.

Started as a file, with the peer's name as its argument. On standard input come pictures, each a line of JSON
`{"height", "width", "tight"}` and then its bytes; each is answered on standard output by one line of JSON
`{"found", "probabilities", "ms"}`, milliseconds of processor time. The first line out tells the peer's version, classes
and sizes. Whatever the peer itself prints goes to standard error. numpy, and what the peer brings.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, BinaryIO

import numpy as np

Reader = Callable[[Any, bool], "list[float] | None"]
"""Takes a (height, width) uint8 luma and whether it is a face cut out; gives probabilities, None for no face."""


def fer(full: bool = False) -> tuple[Reader, dict[str, Any]]:
    """Open `fer`: the quantised network that it takes by default, or its full one."""
    import cv2
    from fer.fer import FER

    cv2.setNumThreads(1)
    classes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    names = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    # A tight picture is FER-2013's own crop, which the network was trained on: no margin is added to it.
    given, seeking = FER(offsets=(0, 0), use_tflite=not full), FER(use_tflite=not full)

    def read(luma: Any, tight: bool) -> list[float] | None:
        picture = cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR)
        if tight:
            faces = given.detect_emotions(picture, [(0, 0, luma.shape[1], luma.shape[0])])
        else:
            faces = seeking.detect_emotions(picture)
        if not faces:
            return None
        largest = max(faces, key=lambda one: one["box"][2] * one["box"][3])["emotions"]
        shares = [float(largest[name]) for name in classes]
        return [share / max(sum(shares), 1e-9) for share in shares]

    return read, {"version": version("fer"), "classes": names, **_fer_files(full), **_fer_sizes(FER)}


def _fer_sizes(kind: Any) -> dict[str, int]:
    """Count parameters and multiply-adds a face of the full network; the quantised one is the same network."""
    kind(use_tflite=False)
    network, macs = kind._model_cache, 0
    if network is None:
        return {}
    for layer in network.layers:
        # A convolution's every weight meets every place of its output once; a separable one's stages share that place.
        kernels = [weight.shape for weight in layer.weights if "kernel" in weight.name]
        places = int(np.prod(layer.output.shape[1:-1])) if len(layer.output.shape) == 4 else 1
        macs += places * sum(int(np.prod(shape)) for shape in kernels)
    return {"parameters": int(network.count_params()), "macs": macs}


def _fer_files(full: bool) -> dict[str, Any]:
    """Return size and digest of the weight file that is used."""
    import hashlib
    from importlib.resources import files

    folder = files("fer").joinpath("data")
    wanted = "emotion_model.hdf5" if full else "emotion_model_quantized.tflite"
    file = folder.joinpath(wanted)
    if not file.is_file():
        return {}
    data = file.read_bytes()
    return {"file": wanted, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def mediapipe() -> tuple[Reader, dict[str, Any]]:
    """Open MediaPipe Face Mesh: it finds faces, and knows no expressions."""
    import mediapipe as mp

    mesh = mp.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True)

    def read(luma: Any, tight: bool) -> list[float] | None:
        picture = np.repeat(luma[..., None], 3, axis=2)
        return [] if mesh.process(np.ascontiguousarray(picture)).multi_face_landmarks else None

    return read, {"version": mp.__version__, "classes": ()}


PEERS: dict[str, Callable[[], tuple[Reader, dict[str, Any]]]] = {
    "fer": fer,
    "fer-full": lambda: fer(full=True),
    "mediapipe": mediapipe,
}


def serve(name: str, source: BinaryIO, target: BinaryIO) -> None:
    """Answer pictures until there are no more."""
    read, about = PEERS[name]()
    _say(target, about)
    while line := source.readline():
        head = json.loads(line)
        height, width = head["height"], head["width"]
        luma = np.frombuffer(source.read(height * width), np.uint8).reshape(height, width)
        began = time.process_time()
        probabilities = read(luma, head["tight"])
        spent = 1000 * (time.process_time() - began)
        _say(target, {"found": probabilities is not None, "probabilities": probabilities or [], "ms": spent})


def _say(target: BinaryIO, value: dict[str, Any]) -> None:
    target.write(json.dumps(value).encode() + b"\n")
    target.flush()


def main() -> None:
    """Keep the true standard output for the answers, and send all printing to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
