"""The eyes: how far the lids are open and where the irises point, read directly off the mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.stages.measure.pose import rotation_of

_CORNERS = np.array([[362, 263], [133, 33]])
"""Inner and outer corner of the subject's left eye, then of the right."""
_LIDS = np.array(
    [
        [[385, 380], [386, 374], [387, 373]],
        [[158, 153], [159, 145], [160, 144]],
    ]
)
"""Three upper lid points over three lower ones, from the inner side outwards, left eye then right."""
_SPANS = np.concatenate([_CORNERS[:, None], _LIDS], axis=1)
"""The width of each eye, then its three gaps; one look-up for all is faster than four."""
_IRISES = np.array([473, 468])
_CLOSED, _OPEN = 0.06, 0.28
"""Aspect ratios of a shut eye and of a calmly open one."""
_RADIUS, _DEPTH, _RISE = 0.42, 0.10, 0.065
"""Of the eyeball, in eye widths: its radius to the iris, how far its centre lies behind the corners, and above."""


def openness(meshes: Floats) -> NDArray[np.float32]:
    """Return how far each eye is open, (n, 2) left and right: 0 shut, about 1 calmly open, more when widened.

    `meshes` (n, 478, 3) picture pixels, z in the same scale. The eye aspect ratio, the mean gap between the lids over
    the distance of the corners, is taken in three dimensions, so that a turned head does not narrow it, and scaled
    linearly.

    Source: Soukupová, Čech, "Real-time eye blink detection using facial landmarks", CVWW 2016.
    """
    ends = np.asarray(meshes)[:, _SPANS].astype(np.float64)
    across = ends[..., 0, :] - ends[..., 1, :]
    lengths = np.sqrt((across * across).sum(axis=-1))
    ratio = lengths[..., 1:].mean(axis=-1) / np.maximum(lengths[..., 0], 1e-9)
    return np.asarray(np.maximum((ratio - _CLOSED) / (_OPEN - _CLOSED), 0), np.float32)


def gaze(meshes: Floats, angles: Floats) -> NDArray[np.float32]:
    """Return where the eyes look relative to the head, (n, 2) yaw and pitch in degrees, mean of both eyes.

    `meshes` (n, 478, 3); `angles` (n, 3) the head's pitch, yaw, roll in degrees. Yaw is + to the subject's own left,
    pitch + upwards. Each eyeball is a sphere behind the middle of the eye's corners; the iris centre in the picture
    says which point of the sphere faces the camera.
    """
    points = np.asarray(meshes, np.float64)
    if not len(points):
        return np.zeros((0, 2), np.float32)
    turns = np.stack([rotation_of(*row) for row in np.asarray(angles, np.float64)])
    corners = points[:, _CORNERS]
    widths = np.linalg.norm(corners[:, :, 0] - corners[:, :, 1], axis=-1).mean(axis=1)
    shift = _DEPTH * turns[:, None, :, 2] - _RISE * turns[:, None, :, 1]
    centres = corners.mean(axis=2) + widths[:, None, None] * shift
    seen = (points[:, _IRISES] - centres)[..., :2].mean(axis=1) / (_RADIUS * np.maximum(widths, 1e-9))[:, None]
    length = np.linalg.norm(seen, axis=1, keepdims=True)
    seen = seen * np.minimum(1.0, 0.999 / np.maximum(length, 1e-9))
    ahead = np.concatenate([seen, -np.sqrt(1 - (seen**2).sum(axis=1, keepdims=True))], axis=1)
    of_head = np.einsum("nji,nj->ni", turns, ahead)
    yaw = np.arctan2(of_head[:, 0], -of_head[:, 2])
    pitch = np.arctan2(-of_head[:, 1], np.hypot(of_head[:, 0], of_head[:, 2]))
    return np.asarray(np.degrees(np.stack([yaw, pitch], axis=1)), np.float32)
