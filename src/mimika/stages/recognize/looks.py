"""The same face within a moment is not asked about twice: answers are kept by how the face looks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.opinion import Opinion
from mimika.stages.faces.align import CropSpec, crop, matrices_from_meshes

_SPEC = CropSpec(32, 3.0)
_LOW = 8
_ALIKE = 6
"""Of 63 signs so many may differ between two pictures of the same face at the same expression."""
_MOMENT_S = 10.0
_KEPT = 512


def look_of(luma: NDArray[np.uint8], mesh: NDArray[np.float32]) -> int:
    """Return 63 bits that change little while a face looks alike: signs of the low frequencies of its aligned crop.

    `luma` (height, width); `mesh` (478, 3) in its pixels.

    Source: the DCT hash of Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010.
    """
    matrix = matrices_from_meshes(mesh[None], _SPEC)[0]
    waves = np.asarray(cv2.dct(crop(luma, matrix, _SPEC).astype(np.float32)))[:_LOW, :_LOW].reshape(-1)[1:]
    bits = 0
    for sign in waves > np.median(waves):
        bits = bits << 1 | int(sign)
    return bits


@dataclass(frozen=True, slots=True)
class _Entry:
    look: int
    time_s: float
    opinion: Opinion


class Looks:
    """Keeps the latest opinions; safe to share between threads.

    `find` gives one of the same recording and track that looks alike and was given at most `moment_s` before or after.
    """

    def __init__(self, moment_s: float = _MOMENT_S) -> None:
        self._moment, self._lock = moment_s, threading.Lock()
        self._known: OrderedDict[tuple[str, int, int], _Entry] = OrderedDict()

    def find(self, source: str, track: int, time_s: float, look: int) -> Opinion | None:
        """Return a known opinion on the same look, marked as free of cost; None if there is none."""
        with self._lock:
            for (where, who, _), entry in reversed(self._known.items()):
                near = where == source and who == track and abs(entry.time_s - time_s) <= self._moment
                if near and (entry.look ^ look).bit_count() <= _ALIKE:
                    return replace(entry.opinion, cached=True, cost_usd=0.0, tokens=(0, 0), ms=0.0)
        return None

    def keep(self, source: str, track: int, time_s: float, look: int, opinion: Opinion) -> None:
        """Keep an opinion; the oldest give way."""
        with self._lock:
            self._known[source, track, look] = _Entry(look, time_s, opinion)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
