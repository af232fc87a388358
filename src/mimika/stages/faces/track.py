"""Keeping faces apart: who is who from frame to frame, through crossings and short absences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.faces import Faces
from mimika.data.options import Options

_COAST_S = 0.3
"""A face out of sight is taken to keep its speed for about this long, then to stand still."""
_REACH, _REACH_A_SECOND = 0.6, 6.0
"""How far from the expected place a face may be found, in face sizes: at once, and more for each second unseen; who
walks across the picture makes some seven a second."""
_BLIND_REACH = 1.5
"""The same when there is no embedding to compare and the place alone decides."""
_GROWTH, _GROWTH_A_SECOND = 0.5, 0.5
"""How much the logarithm of its size may have changed: at once, and more for each second unseen."""
_LOOK_WEIGHT = 2.0
_STRICTER_ELSEWHERE = 0.7
"""Share of the usual distance of looks that is allowed after a cut, when the place says nothing."""
_LOOK_COUNTS_AFTER_S = 0.3
_NEW_LOOK = 0.1
"""Share of the newest embedding in a track's running mean."""


@dataclass(slots=True)
class _Track:
    """One face of the recording: place and size in pixels, speed in pixels a second, running embedding."""

    id: int
    centre: NDArray[np.float64]
    size: float
    seen_s: float
    look: NDArray[np.float64]
    velocity: NDArray[np.float64]
    moved: bool = False

    def see(self, centre: NDArray[np.float64], size: float, look: NDArray[np.float64], time_s: float) -> None:
        """Take in where the face is now and how it looks."""
        gap = time_s - self.seen_s
        if gap > 0:
            share = min(1.0, gap / 0.1)
            self.velocity = (1 - share) * self.velocity + share * (centre - self.centre) / gap
        self.centre, self.size, self.seen_s, self.moved = centre, size, max(time_s, self.seen_s), False
        if self.look.shape == look.shape and len(look):
            mixed = (1 - _NEW_LOOK) * self.look + _NEW_LOOK * look
            self.look = mixed / max(float(np.linalg.norm(mixed)), 1e-9)
        else:
            self.look = look


class Tracker:
    """Gives each face of a recording an id that it keeps; ids count from 0 and are never given again.

    A face may be away for `options.lost_s` seconds and keep its id. One that was there in the frame before is not away,
    however far apart the analysed frames lie. `same_look`: the cosine of two embeddings above which a face unseen for a
    second may still be the same.
    """

    def __init__(self, options: Options, same_look: float = 0.3) -> None:
        self._lost_s, self._look_limit = options.lost_s, 1 - same_look
        self.reset()

    def reset(self) -> None:
        """Begin a new recording, counting from 0."""
        self._tracks: list[_Track] = []
        self._next = 0
        self._last_s = float("-inf")

    def scene_changed(self) -> None:
        """Say that the next frame shows another scene: places mean nothing any more, only looks do."""
        for track in self._tracks:
            track.moved = True

    def assign(self, faces: Faces, embeddings: NDArray[np.float32] | None, time_s: float) -> Faces:
        """Return the faces of the next frame with their ids.

        `faces.ids` may hold the track a face was carried over from, -1 where unknown; it counts as being in the
        expected place. `embeddings` (n, d) are unit vectors or None; `time_s` is the frame's presentation time.
        """
        self._tracks = [
            track for track in self._tracks if time_s - track.seen_s <= self._lost_s or track.seen_s >= self._last_s
        ]
        self._last_s = time_s
        if not len(faces):
            return faces
        looks = np.zeros((len(faces), 0)) if embeddings is None else np.asarray(embeddings, np.float64)
        centres = np.asarray(faces.boxes[:, :2] + faces.boxes[:, 2:] / 2, np.float64)
        sizes = np.sqrt(np.maximum(faces.boxes[:, 2:].prod(1), 1.0)).astype(np.float64)
        chosen = _pairs(self._costs(faces.ids, centres, sizes, looks, time_s))
        ids = np.empty(len(faces), np.int64)
        for row in range(len(faces)):
            if row in chosen:
                track = self._tracks[chosen[row]]
                track.see(centres[row], sizes[row], looks[row], time_s)
            else:
                track = _Track(self._next, centres[row], sizes[row], time_s, looks[row], np.zeros(2))
                self._next += 1
                self._tracks.append(track)
            ids[row] = track.id
        return Faces(faces.boxes, faces.scores, faces.points, ids)

    def _costs(
        self,
        carried: NDArray[np.int64],
        centres: NDArray[np.float64],
        sizes: NDArray[np.float64],
        looks: NDArray[np.float64],
        time_s: float,
    ) -> NDArray[np.float64]:
        """Return the (n, m) cost of taking face i for track j, infinite where it cannot be."""
        tracks = self._tracks
        if not tracks:
            return np.zeros((len(centres), 0))
        gaps = np.maximum(time_s - np.array([track.seen_s for track in tracks]), 0.0)
        coasted = _COAST_S * (1 - np.exp(-gaps / _COAST_S))
        expected = np.stack([track.centre + track.velocity * s for track, s in zip(tracks, coasted, strict=True)])
        size = np.array([track.size for track in tracks])
        mean_size = np.sqrt(sizes[:, None] * size[None])
        away = np.linalg.norm(centres[:, None] - expected[None], axis=2) / mean_size
        growth = np.abs(np.log(sizes[:, None] / size[None])) / (_GROWTH + _GROWTH_A_SECOND * gaps)
        look, comparable = _look_distances(looks, tracks)
        reach = _REACH + _REACH_A_SECOND * gaps
        away /= np.where(comparable, reach, np.minimum(reach, _BLIND_REACH))
        same = carried[:, None] == np.array([track.id for track in tracks])[None]
        away, growth = np.where(same, 0.0, away), np.where(same, 0.0, growth)
        # Right after a face was seen its place decides; the longer it is unseen the more its look has to agree.
        doubt = np.clip((gaps - _LOOK_COUNTS_AFTER_S) / (1 - _LOOK_COUNTS_AFTER_S), 0, 1)
        limit = 2.0 - doubt * (2.0 - self._look_limit)
        moved = np.array([track.moved for track in tracks])
        limit = np.where(moved, _STRICTER_ELSEWHERE * self._look_limit, limit)
        away, growth = np.where(moved & comparable, 0.5, away), np.where(moved & comparable, 0.5, growth)
        possible = (away <= 1) & (growth <= 1) & np.where(comparable, look <= limit, ~moved)
        return np.where(possible, away + 0.5 * growth + _LOOK_WEIGHT * look, np.inf)


def _look_distances(looks: NDArray[np.float64], tracks: list[_Track]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the (n, m) cosine distances, and which of them are known because both sides have an embedding."""
    distances = np.zeros((len(looks), len(tracks)))
    comparable = np.zeros(distances.shape, np.bool_)
    width = looks.shape[1]
    columns = [index for index, track in enumerate(tracks) if len(track.look) == width > 0]
    if columns:
        known = np.stack([tracks[index].look for index in columns])
        distances[:, columns] = 1 - looks @ known.T
        comparable[:, columns] = True
    return distances, comparable


def _pairs(costs: NDArray[np.float64]) -> dict[int, int]:
    """Match rows and columns, cheapest pair first; infinite costs never match."""
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    order = np.argsort(costs, axis=None, kind="stable")
    for flat in order:
        row, column = divmod(int(flat), costs.shape[1])
        if not np.isfinite(costs[row, column]):
            break
        if row not in chosen and column not in taken:
            chosen[row] = column
            taken.add(column)
    return chosen
