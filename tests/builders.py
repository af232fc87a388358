"""Makes faces, frames and observations for tests; everything follows from the arguments, nothing from chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from mimika.data.expressions import Expressions
from mimika.data.faces import Faces
from mimika.data.frame import Frame
from mimika.data.labels import FERPLUS
from mimika.data.measurements import Measurements
from mimika.data.observation import Observation
from mimika.data.protocols import Sink


def frame(
    width: int = 320, height: int = 240, time_s: float = 0.0, number: int = 0, source: str = "clip.mp4", grey: int = 120
) -> Frame:
    """Return a grey frame."""
    return Frame(np.full((height, width), grey, np.uint8), time_s=time_s, number=number, source=source)


def mean_mesh() -> NDArray[np.float32]:
    """Return the (478, 3) mean face in inter-ocular distances around 0."""
    with resources.files("mimika.models").joinpath("mean_face.npz").open("rb") as file, np.load(file) as arrays:
        return np.asarray(arrays["points"], np.float32)


def probabilities(n: int, best: str | None = None) -> NDArray[np.float32]:
    """Return (n, 8) probabilities; face i is surest of `best`, or of the i-th expression."""
    rows = np.full((n, len(FERPLUS)), 0.04, np.float32)
    for index in range(n):
        rows[index, FERPLUS.index(best) if best else index % len(FERPLUS)] = 0.72
    return rows


def observation(
    n: int = 1, in_frame: Frame | None = None, best: str | None = None, boxes: NDArray[np.float32] | None = None
) -> Observation:
    """Return one frame with n faces side by side (or in `boxes`), each with the mean face as its mesh."""
    picture = in_frame if in_frame is not None else frame()
    if boxes is None:
        side = min(picture.width / max(n, 1), picture.height) * 0.6
        left = (np.arange(n) + 0.5) * picture.width / max(n, 1) - side / 2
        boxes = np.column_stack([left, np.full(n, (picture.height - side) / 2), np.full(n, side), np.full(n, side)])
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    n = len(boxes)
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    meshes = mean_mesh()[None] * (boxes[:, 2] / 2.4)[:, None, None]
    meshes[..., :2] += centres[:, None]
    angles = (
        np.column_stack([np.arange(n) + 1.25, np.arange(n) - 10.5, np.arange(n) + 0.75])
        .reshape(n, 3)
        .astype(np.float32)
    )
    return Observation(
        picture,
        Faces(boxes, np.linspace(0.9, 0.99, n, dtype=np.float32), meshes[:, [468, 473, 1, 61, 291], :2], np.arange(n)),
        Measurements(meshes, np.full(n, 0.97, np.float32), angles, np.zeros((n, 3), np.float32)),
        Expressions(probabilities(n, best), np.tile(np.eye(1, 4, dtype=np.float32), (n, 1)), unsure_below=0.5),
    )


def clip(frames: int, fps: float = 25.0, faces: int = 1, width: int = 320, height: int = 240) -> Iterator[Observation]:
    """Give the observations of a clip with evenly spaced frames."""
    for number in range(frames):
        yield observation(faces, frame(width, height, time_s=number / fps, number=number))


def fill(sink: Sink, observations: Iterable[Observation], then: BaseException | None = None) -> int:
    """Write all observations while the sink is open, then raise `then` inside it; returns how many were written."""
    count = 0
    with sink:
        for item in observations:
            sink.write(item)
            count += 1
        if then is not None:
            raise then
    return count
