"""What is measured on each face of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import same_length, shaped

MESH_POINTS = 478


@dataclass(frozen=True, slots=True)
class Measurements:
    """Mesh and head pose of n faces.

    `meshes` (n, 478, 3): x and y in pixels of the upright image, z in the same scale, negative towards the camera, in
    MediaPipe's vertex order (468 face points, 10 iris points). `presence` (n,) 0..1: how sure the mesh network is
    that there is a face. `angles` (n, 3): pitch, yaw, roll in degrees; pitch + when the face looks up, yaw + when it
    turns to the subject's own left, roll + when the head tilts clockwise as seen in the image. `translations` (n,
    3): head centre relative to the image centre, x right, y down, in units of inter-ocular distance, and depth as
    image width divided by inter-ocular distance.

    Raises:
        ShapeError: if a shape is wrong or the lengths differ.
    """

    meshes: NDArray[np.float32]
    presence: NDArray[np.float32]
    angles: NDArray[np.float32]
    translations: NDArray[np.float32]

    def __post_init__(self) -> None:
        object.__setattr__(self, "meshes", shaped("meshes", self.meshes, (None, MESH_POINTS, 3), np.float32))
        object.__setattr__(self, "presence", shaped("presence", self.presence, (None,), np.float32))
        object.__setattr__(self, "angles", shaped("angles", self.angles, (None, 3), np.float32))
        object.__setattr__(self, "translations", shaped("translations", self.translations, (None, 3), np.float32))
        same_length(meshes=self.meshes, presence=self.presence, angles=self.angles, translations=self.translations)

    def __len__(self) -> int:
        return len(self.meshes)

    @classmethod
    def empty(cls) -> Measurements:
        """Return the container of a frame without faces."""
        return cls(
            np.zeros((0, MESH_POINTS, 3), np.float32),
            np.zeros(0, np.float32),
            np.zeros((0, 3), np.float32),
            np.zeros((0, 3), np.float32),
        )
