"""A camera that was never calibrated, guessed as OpenFace guesses it: positions in millimetres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats

FOCAL, REFERENCE = 500.0, (640.0, 480.0)
"""OpenFace takes a focal length of 500 pixels for a picture of 640×480, and scales it with the picture."""
EYES_MM = 63.0
"""Distance of the eyes of adults, by which pixels become millimetres.

Source: Dodgson, "Variation and extrema of human interpupillary distance", SPIE 5291, 2004.
"""


class Camera:
    """Turns what was measured in a picture into millimetres in front of its camera: x right, y down, z away.

    `translations` (n, 3) as in `Measurements`. Depth follows from the size of the face alone, so a child seems to be
    further away than it is.
    """

    def __init__(self, width: int, height: int, translations: Floats) -> None:
        self._centre = np.array([width / 2, height / 2])
        self._focal = FOCAL * (width / REFERENCE[0] + height / REFERENCE[1]) / 2
        shift = np.asarray(translations, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            self._mm = np.where(shift[:, 2] > 0, EYES_MM * shift[:, 2] / width, np.nan)
        self._heads = np.column_stack([shift[:, :2] * EYES_MM, self._focal * self._mm])

    def heads_mm(self) -> NDArray[np.float64]:
        """Return where the (n, 3) heads are."""
        return self._heads

    def points_mm(self, points: Floats) -> NDArray[np.float64]:
        """Return (n, k, 3) picture points, z in the same scale, in millimetres; they project back onto themselves."""
        picture = np.asarray(points, np.float64)
        depth = self._heads[:, 2, None] + picture[..., 2] * self._mm[:, None]
        across = (picture[..., :2] - self._centre) * depth[..., None] / self._focal
        return np.concatenate([across, depth[..., None]], axis=2)

    def rotations(self, angles: Floats) -> NDArray[np.float64]:
        """Return the (n, 3) rotations about x, y and z in radians, R = Rx Ry Rz, of pitch, yaw and roll in degrees."""
        turn = _turns(angles)
        about_y = np.arcsin(np.clip(turn[:, 0, 2], -1, 1))
        about_x = np.arctan2(-turn[:, 1, 2], turn[:, 2, 2])
        about_z = np.arctan2(-turn[:, 0, 1], turn[:, 0, 0])
        return np.column_stack([about_x, about_y, about_z])

    def gaze(self, angles: Floats, gaze: Floats) -> NDArray[np.float64]:
        """Return (n, 3) unit vectors of where eyes look that turn (n, 2) yaw, pitch in degrees against their heads."""
        yaw, pitch = np.radians(np.asarray(gaze, np.float64)).T
        ahead = np.column_stack([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
        return np.asarray(np.einsum("nij,nj->ni", _turns(angles), ahead), np.float64)


def _turns(angles: Floats) -> NDArray[np.float64]:
    """Return the (n, 3, 3) rotations Rz(roll) Ry(-yaw) Rx(-pitch), x right, y down, z away."""
    x, y, z = (np.radians(np.asarray(angles, np.float64)) * np.array([-1, -1, 1])).T
    one, nil = np.ones_like(x), np.zeros_like(x)
    about_x = np.array([[one, nil, nil], [nil, np.cos(x), -np.sin(x)], [nil, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), nil, np.sin(y)], [nil, one, nil], [-np.sin(y), nil, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), nil], [np.sin(z), np.cos(z), nil], [nil, nil, one]])
    return np.asarray(np.einsum("ijn,jkn,kln->nil", about_z, about_y, about_x), np.float64)
