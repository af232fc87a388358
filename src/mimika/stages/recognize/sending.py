"""The picture that leaves the machine: as small as it may be, without anything beside the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.cloud import CloudOptions
from mimika.data.errors import OutputError
from mimika.data.geometry import Floats
from mimika.data.observation import Observation
from mimika.stages.faces.align import CropSpec, crop, matrices_from_meshes

SPAN = 3.8
"""Inter-ocular distances across the crop that is sent: the whole face with a little around it."""
GREY = 127


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of width × height pixels that shows one face; `place` 0..1 tells where, in a whole picture."""

    jpeg: bytes
    width: int
    height: int
    place: tuple[float, float] | None = None


def picture_of(observation: Observation, row: int, options: CloudOptions) -> Picture:
    """Return the picture of one face of an observation, as the options want it."""
    rgb, mesh = observation.frame.rgb(), observation.measurements.meshes[row]
    if options.send == "frame":
        return _whole(rgb, mesh, options)
    spec = CropSpec(options.side, SPAN)
    matrix = matrices_from_meshes(mesh[None], spec)[0]
    # The crop is made for one channel; three of them are still cheap beside a request.
    cut = np.stack([crop(np.ascontiguousarray(rgb[..., channel]), matrix, spec) for channel in range(3)], axis=-1)
    if options.mask:
        cut = _masked(cut, mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2])
    return encoded(cut, options.quality)


def encoded(rgb: NDArray[np.uint8], quality: int, place: tuple[float, float] | None = None) -> Picture:
    """Return (height, width, 3) RGB or (height, width) grey as JPEG; the encoder writes no EXIF, no place, no time."""
    ordered = rgb if rgb.ndim == 2 else cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OutputError("the picture to send", "cannot be encoded")
    return Picture(data.tobytes(), rgb.shape[1], rgb.shape[0], place)


def _whole(rgb: NDArray[np.uint8], mesh: Floats, options: CloudOptions) -> Picture:
    """Return the whole picture, scaled down to the long side that may be sent."""
    height, width = rgb.shape[:2]
    scale = min(1.0, options.side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    points = np.asarray(mesh, np.float64)[:, :2] * scale
    if options.mask:
        small = _masked(small, points)
    x, y = (points.min(axis=0) + points.max(axis=0)) / 2
    return encoded(small, options.quality, (float(x / size[0]), float(y / size[1])))


def _masked(rgb: NDArray[np.uint8], points: Floats) -> NDArray[np.uint8]:
    """Paint everything outside the face's outline grey; `points` (n, 2) are the mesh in this picture."""
    outline = cv2.convexHull(np.asarray(points, np.float32)).round().astype(np.int32)
    inside = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, outline, 1)
    return np.where(inside[..., None] == 1, rgb, np.uint8(GREY))
