"""Real faces made to move: a photo is warped by action units, through its own mesh.

For training and testing what has no truth in photos: which unit acts, how strongly, on which side, and, a frame at a
time, when. Needs no torch and no data but the displacements it is given, `action_units.displacements()` as shipped.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats, similarity, transform
from mimika.data.labels import ACTION_UNITS
from mimika.stages.measure.pose import fit_mean_face
from mimika.training.turned import OVAL, affine_of, mapped, nearest

Array = NDArray[np.float64]

EYES = {
    "left": (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
    "right": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
}
"""The rim of each eye, all around."""
MOUTH = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
"""The inner rim of the lips, all around."""
LID_GAPS = {"left": ((386, 374), (385, 380), (387, 373)), "right": ((159, 145), (158, 153), (160, 144))}
_UPPER_LIP_BACK = (82, 13, 312, 311, 81)
_CHEEKS = {"left": [347, 348, 349], "right": [118, 119, 120]}
"""Skin below each eye."""
_SHUTTING = 0.8
"""Share of the gap between the lids under which a lid is painted."""
_OPENS = 0.04
"""Inter-ocular distances of lip gap above which a mouth that was shut shows its inside."""


@dataclass(frozen=True, slots=True)
class Inside:
    """How the inside of an opened mouth looks: `dark` 0..255, and `teeth` 0..255, or 0 where none show."""

    dark: int = 35
    teeth: int = 0


def displaced(neutral: Floats, basis: Floats, intensities: Floats) -> Array:
    """Return the pose-free displacements (n, 478, 3) of faces that move, in inter-ocular distances.

    `neutral` (n, 478, 3) pose-free shapes; `basis` (23, 2, 478, 3) displacements at intensity 5; `intensities` (n, 23,
    2) 0..5, left then right. How far a lid goes to shut depends on the eye: AU43 is stretched so that at 5 each
    person's own lids meet.
    """
    shapes, shares = np.asarray(neutral, np.float64), np.asarray(intensities, np.float64) / 5
    shut = ACTION_UNITS.index("AU43")
    others = shares.copy()
    others[:, shut] = 0
    moved = np.einsum("nus,uspc->npc", others, np.asarray(basis, np.float64), optimize=True)
    for side, name in enumerate(("left", "right")):
        lids = np.array(LID_GAPS[name])
        gap = (shapes + moved)[:, lids[:, 1], 1] - (shapes + moved)[:, lids[:, 0], 1]
        travel = basis[shut, side][lids[:, 0], 1] - basis[shut, side][lids[:, 1], 1]
        stretch = np.clip(gap, 0, None).mean(axis=1) / float(travel.mean())
        moved += (shares[:, shut, side] * stretch)[:, None, None] * np.asarray(basis[shut, side], np.float64)
    return np.asarray(moved)


def posed(displacements: Floats, meshes: Floats) -> Array:
    """Turn pose-free displacements (n, 478, 3) into pixels of the pictures whose (n, 478, 3) meshes are given."""
    rotations, scales, _ = fit_mean_face(meshes)
    return np.asarray(scales[:, None, None] * np.einsum("nij,npj->npi", rotations, displacements))


def move(
    picture: NDArray[np.uint8],
    mesh: Floats,
    displacement: Floats,
    faces: NDArray[np.int32],
    inside: Inside | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Warp a picture so that its face moves.

    `picture` (h, w) or (h, w, 3) uint8; `mesh` (478, 3) its pixels; `displacement` (478, 3) pixels, from `posed`;
    `faces` (898, 3) triangles of the mesh. Returns the picture and its new mesh. Lids slide over the eyeballs, whose
    picture stays; a shut mouth that opens shows its `inside`; hair, neck and background are carried along ever less.
    """
    start = np.asarray(mesh, np.float64)
    end = start + np.asarray(displacement, np.float64)
    source, target, bands = _ringed(start, end)
    skin = np.concatenate([faces, bands])
    index = nearest(picture.shape, target, skin)
    flow = affine_of(target[skin, :2], source[skin, :2])
    hole = _opened(start, end)
    for name, rim in EYES.items():
        own = np.flatnonzero(np.isin(faces, (*rim, *range(468, 478))).all(axis=1))
        flow[own] = _eyeball(start, end, name)
    map_x, map_y = mapped(flow, index)
    warped = np.asarray(cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    for name in EYES:
        warped = _lid(warped, start, end, name)
    if hole:
        within = np.isin(index, np.flatnonzero(np.isin(faces, MOUTH).all(axis=1)))
        warped = _mouth(warped, within, end, inside or Inside())
    return warped, end.astype(np.float32)


def _ringed(start: Array, end: Array) -> tuple[Array, Array, NDArray[np.int32]]:
    """Add a ring that follows the outline half way and one that stays; returns points before, after, triangles."""
    centre = start[:468].mean(axis=0)
    outline, moved = start[list(OVAL)], end[list(OVAL)] - start[list(OVAL)]
    depth = float(np.ptp(start[:468, 2]))
    near = centre + (outline - centre) * (1.5, 1.5, 1.0) + (0, 0, 0.6 * depth)
    far = centre + (outline - centre) * (3.0, 3.0, 0.0) + (0, 0, 3 * depth)
    source = np.concatenate([start, near, far])
    target = np.concatenate([end, near + 0.5 * moved, far])
    count, first = len(OVAL), len(start)
    rings = [np.array(OVAL), first + np.arange(count), first + count + np.arange(count)]
    bands = []
    for inner, outer in itertools.pairwise(rings):
        after = np.roll(np.arange(count), -1)
        bands += [np.stack([inner, inner[after], outer], 1), np.stack([inner[after], outer[after], outer], 1)]
    return source, target, np.concatenate(bands).astype(np.int32)


def _eyeball(start: Array, end: Array, name: str) -> NDArray[np.float32]:
    """Return the (2, 3) map from the moved picture back to the eyeball, which goes with the corners of its eye.

    Lids that shut slide over it; only where they open wider than they were its picture is spread.
    """
    corners, lids = list(EYES[name][:9:8]), np.array(LID_GAPS[name])
    back = similarity(end[None, corners, :2], start[None, corners, :2])[0]
    axis = (start[lids[:, 1]] - start[lids[:, 0]])[:, :2].mean(axis=0)
    wider = (end[lids[:, 1]] - end[lids[:, 0]])[:, :2].mean(axis=0)
    before, after = float(np.linalg.norm(axis)), float(np.linalg.norm(back[:, :2] @ wider))
    down = axis / max(before, 1e-6)
    spread = np.eye(2) - (1 - min(1.0, before / max(after, 1e-6))) * np.outer(down, down)
    centre = start[corners, :2].mean(axis=0)
    return np.column_stack([spread @ back[:, :2], spread @ (back[:, 2] - centre) + centre]).astype(np.float32)


def _lid(picture: NDArray[np.uint8], start: Array, end: Array, name: str) -> NDArray[np.uint8]:
    """Paint the upper lid that comes down over an eye: skin of the cheek below, lashes along its edge."""
    corners = list(EYES[name][:9:8])
    there = similarity(start[None, corners, :2], end[None, corners, :2])
    rim = transform(there, start[None, list(EYES[name]), :2])[0]
    now = end[list(EYES[name]), :2]
    lids = np.array(LID_GAPS[name])
    gaps = [np.linalg.norm((each[lids[:, 1]] - each[lids[:, 0]])[:, :2], axis=1).mean() for each in (start, end)]
    if gaps[1] > _SHUTTING * gaps[0]:
        return picture
    area = np.concatenate([rim[:9], now[:9][::-1]])
    height, width = picture.shape[:2]
    cover: NDArray[np.float32] = np.zeros((height, width), np.float32)
    cv2.fillPoly(cover, [np.round(area * 16).astype(np.int32)], 1.0, shift=4)
    size = float(np.linalg.norm(now[0] - now[8]))
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), max(0.6, 0.05 * size)), np.float32)[..., None]
    below = end[_CHEEKS[name], :2].round().astype(int)
    colour = picture.reshape(*picture.shape[:2], -1).astype(np.float32)
    skin = colour[np.clip(below[:, 1], 0, height - 1), np.clip(below[:, 0], 0, width - 1)].mean(axis=0)
    painted = colour * (1 - cover) + 0.85 * skin * cover
    lashes: NDArray[np.float32] = np.zeros((height, width), np.float32)
    line = [np.round(now[:9] * 16).astype(np.int32)]
    cv2.polylines(lashes, line, False, 1.0, max(1, round(0.07 * size)), cv2.LINE_AA, shift=4)
    lashes = np.asarray(cv2.GaussianBlur(lashes, (0, 0), max(0.4, 0.02 * size)), np.float32)[..., None]
    painted = painted * (1 - 0.7 * lashes)
    return np.asarray(painted.reshape(picture.shape), np.uint8)


def _opened(start: Array, end: Array) -> bool:
    unit = float(np.linalg.norm(start[[33, 133]].mean(axis=0) - start[[362, 263]].mean(axis=0)))
    down = start[152] - start[10]
    down /= max(float(np.linalg.norm(down)), 1e-6)
    before, after = (float((each[14] - each[13]) @ down) / max(unit, 1e-6) for each in (start, end))
    return after > _OPENS and after > 1.5 * before


def _mouth(picture: NDArray[np.uint8], within: NDArray[np.bool_], end: Array, inside: Inside) -> NDArray[np.uint8]:
    """Paint the inside of the mouth, soft at its rim."""
    size = float(np.linalg.norm(end[78] - end[308]))
    soft = cv2.GaussianBlur(within.astype(np.float32), (0, 0), max(0.4, 0.02 * size))[..., None]
    layer = np.full((*within.shape, 1), float(inside.dark), np.float32)
    if inside.teeth:
        upper = end[list(_UPPER_LIP_BACK), :2].mean(axis=0)
        down = end[14, :2] - end[13, :2]
        down /= max(float(np.linalg.norm(down)), 1e-6)
        y, x = np.mgrid[: within.shape[0], : within.shape[1]]
        below = (x - upper[0]) * down[0] + (y - upper[1]) * down[1]
        layer[(below < 0.16 * size)] = inside.teeth
    colour = picture.reshape(*within.shape, -1)
    mixed = colour * (1 - soft) + layer * soft
    return np.asarray(mixed.reshape(picture.shape), np.uint8)
