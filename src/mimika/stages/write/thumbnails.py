"""Small pictures of faces at the peaks of their expressions, chosen while the frames pass by."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import FERPLUS
from mimika.data.observation import Observation
from mimika.stages.write.landmarks import LANDMARKS68

SIDE = 168
KEPT = 8
"""Pictures kept of each face and expression: about 8 kB each, half a megabyte a face at most."""
_LEAST, _BETTER = 0.4, 0.03
_PAUSE_S = 0.5
_ROOM = 1.55
_MOSAIC = 7
_QUALITY = 82
_CHAINS = (
    *((range(0, 17), False), (range(17, 22), False), (range(22, 27), False), (range(27, 31), False)),
    *((range(31, 36), False), (range(36, 42), True), (range(42, 48), True)),
    *((range(48, 60), True), (range(60, 68), True)),
)
"""Curves of the 68 landmarks, and whether they close."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shot:
    """A face at a time: how probable its expression was then, and the picture as JPEG."""

    time_s: float
    share: float
    jpeg: bytes

    @property
    def address(self) -> str:
        """The picture as an address that needs no file."""
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode()


class Thumbnails:
    """Keeps the best picture of each stretch in which a face showed an expression.

    `blur` makes the face unrecognisable and draws its outlines instead, which still show what it does.
    """

    def __init__(self, blur: bool = False) -> None:
        self._blur = blur
        self._kept: dict[tuple[int, str], list[Shot]] = {}
        self._seen_s: dict[tuple[int, str], float] = {}

    def add(self, observation: Observation) -> None:
        """Look at one frame."""
        shares = observation.expressions.probabilities
        for row, face in enumerate(observation.faces.ids.tolist()):
            best = 1 + int(shares[row, 1:].argmax())
            if shares[row, best] >= _LEAST:
                self._consider((face, FERPLUS[best]), float(shares[row, best]), observation, row)

    def near(self, face: int, label: str, start_s: float, end_s: float) -> Shot | None:
        """Return the best picture of an expression from some seconds, or None."""
        shots = [shot for shot in self._kept.get((face, label), []) if start_s <= shot.time_s <= end_s]
        return max(shots, key=lambda shot: shot.share, default=None)

    def _consider(self, key: tuple[int, str], share: float, observation: Observation, row: int) -> None:
        shots, time_s = self._kept.setdefault(key, []), observation.frame.time_s
        same = bool(shots) and time_s - self._seen_s.get(key, -np.inf) <= _PAUSE_S
        self._seen_s[key] = time_s
        if same:
            if share <= shots[-1].share + _BETTER:
                return
            shots.pop()
        elif len(shots) == KEPT:
            weakest = min(shots, key=lambda shot: shot.share)
            if share <= weakest.share:
                return
            shots.remove(weakest)
        shots.append(Shot(time_s, share, self._jpeg(observation, row)))

    def _jpeg(self, observation: Observation, row: int) -> bytes:
        x, y, width, height = observation.faces.boxes[row].tolist()
        side = max(_ROOM * max(width, height), 8.0)
        corner = np.array([x + width / 2 - side / 2, y + height / 2 - side / 2])
        scale = SIDE / side
        matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        small = cv2.warpAffine(observation.frame.rgb(), matrix, (SIDE, SIDE), flags=flags, borderValue=(226, 229, 233))
        if self._blur:
            points = (observation.measurements.meshes[row, LANDMARKS68, :2] - corner) * scale
            small = _hidden(np.asarray(small, np.uint8), points)
        coded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        return bytes(coded)


def _hidden(picture: Picture, points: NDArray[np.float32]) -> Picture:
    """Return a picture that is coarse throughout, with the outlines of eyes, brows, nose, lips and jaw."""
    coarse = cv2.resize(picture, (_MOSAIC, _MOSAIC), interpolation=cv2.INTER_AREA)
    plain = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    fixed = np.round(points * 16).astype(np.int32)
    for shade, width in (((40, 44, 52), 4), ((255, 255, 255), 2)):
        for chain, closed in _CHAINS:
            cv2.polylines(plain, [fixed[list(chain)]], closed, shade, width, cv2.LINE_AA, 4)
    return np.asarray(plain, np.uint8)
