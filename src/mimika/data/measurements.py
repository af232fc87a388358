"""What is measured on each face of one frame."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data import facs
from mimika.data._check import same_length, shaped
from mimika.data.labels import ACTION_UNITS
from mimika.data.movements import MOVED

MESH_POINTS = 478
APPEARANCE = 192
"""Numbers that say how a face looks, as `stages.measure.appearance` gives them."""
PORTRAIT = 96
"""Side of the picture of a face that is compared with that of its neutral, as `stages.measure.changes` makes it."""

_NOT_GIVEN: NDArray[Any] = np.zeros(0, np.float32)
_LATER: dict[str, tuple[int, ...]] = {
    "action_units": (len(ACTION_UNITS), 2),
    "eye_openness": (2,),
    "gaze": (2,),
    "movement": (MOVED,),
}


def blank_portraits(count: int) -> NDArray[np.uint8]:
    """Return (count, 96, 96) portraits of faces of which no picture was taken."""
    return np.zeros((count, PORTRAIT, PORTRAIT), np.uint8)


def _not_given() -> NDArray[Any]:
    return _NOT_GIVEN


@dataclass(frozen=True, slots=True)
class Measurements:
    """Mesh, head pose, action units and eyes of n faces.

    `meshes` (n, 478, 3): x and y in pixels of the upright image, z in the same scale, negative towards the camera, in
    MediaPipe's vertex order (468 face points, 10 iris points). `presence` (n,) 0..1: how sure the mesh network is
    that there is a face. `angles` (n, 3): pitch, yaw, roll in degrees; pitch + when the face looks up, yaw + when it
    turns to the subject's own left, roll + when the head tilts clockwise as seen in the image. `translations` (n,
    3): head centre relative to the image centre, x right, y down, in units of inter-ocular distance, and depth as
    image width divided by inter-ocular distance. `action_units` (n, 23, 2): intensities 0..5 in the order of
    `labels.ACTION_UNITS`, the subject's left then right, both alike where a unit has no sides. `eye_openness` (n, 2):
    left, right; 0 closed, about 1 open. `gaze` (n, 2): yaw and pitch of the eyes relative to the head in degrees, with
    the signs of the angles. `movement` (n, 35): where regions and head are by optical flow, as in `data.movements`.
    The last four are NaN where they were not measured. `portraits` (n, 96, 96) uint8: a small picture of each face, for
    a comparison with the person's own neutral, blank (all 0) where none was taken; no table and no server has it.

    Raises:
        ShapeError: if a shape is wrong or the lengths differ.
    """

    meshes: NDArray[np.float32]
    presence: NDArray[np.float32]
    angles: NDArray[np.float32]
    translations: NDArray[np.float32]
    action_units: NDArray[np.float32] = field(default_factory=_not_given)
    eye_openness: NDArray[np.float32] = field(default_factory=_not_given)
    gaze: NDArray[np.float32] = field(default_factory=_not_given)
    movement: NDArray[np.float32] = field(default_factory=_not_given)
    portraits: NDArray[np.uint8] = field(default_factory=_not_given)

    def __post_init__(self) -> None:
        object.__setattr__(self, "meshes", shaped("meshes", self.meshes, (None, MESH_POINTS, 3), np.float32))
        object.__setattr__(self, "presence", shaped("presence", self.presence, (None,), np.float32))
        object.__setattr__(self, "angles", shaped("angles", self.angles, (None, 3), np.float32))
        object.__setattr__(self, "translations", shaped("translations", self.translations, (None, 3), np.float32))
        for name, shape in _LATER.items():
            value = getattr(self, name)
            if value is _NOT_GIVEN:
                value = np.full((len(self.meshes), *shape), np.nan, np.float32)
            object.__setattr__(self, name, shaped(name, value, (None, *shape), np.float32))
        pictures = self.portraits
        if pictures is _NOT_GIVEN:
            pictures = blank_portraits(len(self.meshes))
        object.__setattr__(self, "portraits", shaped("portraits", pictures, (None, PORTRAIT, PORTRAIT), np.uint8))
        same_length(**{item.name: getattr(self, item.name) for item in fields(self)})

    def __len__(self) -> int:
        return len(self.meshes)

    @property
    def letters(self) -> NDArray[np.str_]:
        """FACS letters (n, 23, 2) of the action units: "" below a trace, A to E; see `data.facs`."""
        return facs.letters(self.action_units)

    @property
    def asymmetry(self) -> NDArray[np.float32]:
        """How one-sided each action unit is, (n, 23), -1..1, + where the subject's left is stronger."""
        return facs.asymmetry(self.action_units)

    @property
    def facs(self) -> list[str | None]:
        """The FACS code of each face, such as "6B+L12D+R12C", None where action units were not measured."""
        return facs.codes(self.action_units)

    @classmethod
    def empty(cls) -> Measurements:
        """Return the container of a frame without faces."""
        return cls(
            np.zeros((0, MESH_POINTS, 3), np.float32),
            np.zeros(0, np.float32),
            np.zeros((0, 3), np.float32),
            np.zeros((0, 3), np.float32),
        )
