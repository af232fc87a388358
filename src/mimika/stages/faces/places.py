"""Where to look for faces in a frame, and the faces seen there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mimika.data.faces import Faces
from mimika.data.geometry import boxes_of, invert, scale_of, transform
from mimika.data.measurements import MESH_POINTS
from mimika.stages.faces.align import MESH_CROP, five_points, matrices_from_five, matrices_from_meshes
from mimika.stages.faces.overlap import distinct

FACE_POINTS = 468
"""The mesh vertices of the face's surface; the ten after them are the irises."""

_JUMP = 1.2
"""A face that was followed does not grow or shrink by this factor in one frame; its mesh has slid off."""
_KNOWN = 0.2
"""How much more a face that was followed is believed than one just detected."""

Rows = NDArray[np.intp] | NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Places:
    """n places where a face should be.

    `matrices` (n, 2, 3) take the picture to the mesh crop; `scores` (n,) are the detector's; `ids` (n,) are the tracks
    the places were carried over from, -1 for one that was just detected.
    """

    matrices: NDArray[np.float64]
    scores: NDArray[np.float32]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.matrices)

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """(n,) whether the place was just detected."""
        return self.ids < 0

    @property
    def sizes(self) -> NDArray[np.float64]:
        """(n,) how many pixels of the picture the crop's side covers."""
        return MESH_CROP.side / np.maximum(scale_of(self.matrices), 1e-9)

    def take(self, rows: Rows) -> Self:
        """Return the chosen rows."""
        return type(self)(self.matrices[rows], self.scores[rows], self.ids[rows])

    @classmethod
    def detected(cls, faces: Faces) -> Self:
        """Return the places of what the detector found."""
        matrices = matrices_from_five(faces.points, MESH_CROP)
        return cls(matrices, faces.scores, np.full(len(faces), -1, np.int64))

    @classmethod
    def join(cls, *parts: Self) -> Self:
        """Return all rows of several in one."""
        return cls(
            np.concatenate([part.matrices for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.ids for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """n faces with their meshes (n, 478, 3) and presence (n,).

    Boxes and points of `faces` are the mesh's own, scores the detector's latest, ids as in `Places`. `trust` (n,) says
    which of two on the same face to believe: the one with more presence, nearer to where it was looked for, and known.
    """

    faces: Faces
    meshes: NDArray[np.float32]
    presence: NDArray[np.float32]
    trust: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.faces)

    def take(self, rows: Rows) -> Self:
        """Return the chosen rows."""
        return type(self)(self.faces.take(rows), self.meshes[rows], self.presence[rows], self.trust[rows])

    def distinct(self) -> Self:
        """Return the faces without those that lie on another one."""
        return self.take(distinct(self.faces.boxes, self.trust))

    @classmethod
    def at(cls, places: Places, meshes: NDArray[np.float32], presence: NDArray[np.float32]) -> Self:
        """Return what the mesh network saw at some places.

        Left out are places whose crop had no usable scale, and faces carried over whose size jumped.
        """
        growth = scale_of(places.matrices) / np.maximum(scale_of(matrices_from_meshes(meshes, MESH_CROP)), 1e-9)
        jumped = ~places.fresh & ((growth > _JUMP) | (growth < 1 / _JUMP))
        rows = np.flatnonzero((presence > 0) & ~jumped)
        places, meshes, presence = places.take(rows), meshes[rows], presence[rows]
        boxes = boxes_of(meshes[:, :FACE_POINTS])
        middle = np.full((len(rows), 1, 2), MESH_CROP.side / 2)
        looked = transform(invert(places.matrices), middle)[:, 0]
        away = np.linalg.norm(boxes[:, :2] + boxes[:, 2:] / 2 - looked, axis=1) / places.sizes
        trust = presence - away + _KNOWN * ~places.fresh
        return cls(Faces(boxes, places.scores, five_points(meshes), places.ids), meshes, presence, trust)

    @classmethod
    def nothing(cls) -> Self:
        """Return what is seen where there is no face."""
        none = np.zeros(0, np.float32)
        return cls(Faces.empty(), np.zeros((0, MESH_POINTS, 3), np.float32), none, none)

    @classmethod
    def join(cls, *parts: Self) -> Self:
        """Return all rows of several in one."""
        faces = Faces(
            np.concatenate([part.faces.boxes for part in parts]),
            np.concatenate([part.faces.scores for part in parts]),
            np.concatenate([part.faces.points for part in parts]),
            np.concatenate([part.faces.ids for part in parts]),
        )
        meshes = np.concatenate([part.meshes for part in parts])
        presence = np.concatenate([part.presence for part in parts])
        return cls(faces, meshes, presence, np.concatenate([part.trust for part in parts]))
