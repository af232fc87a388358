"""Scenes with faces at known places: cut out of labelled photos, or pasted onto backgrounds.

A scene is a luma picture with `boxes` (n, 4) x0, y0, x1, y1 in pixels, `points` (n, 5, 2), `known` (n,) whether the
points are, and `ignored` (n,) faces that must count neither as faces nor as background.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats, transform
from mimika.stages.faces.align import five_points, mirror_map, shrunk
from mimika.training import augment

Luma = NDArray[np.uint8]
FACE_VERTICES = 468
MIN_FACE = 8.0
"""Faces with a smaller geometric mean of their sides, in pixels, are ignored: too little of them is left to learn."""

_JAW = (454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234)
_EYES = ((33, 133), (362, 263))
_VISIBLE = 0.4
_FEATHER = 48
_GRAIN = 64


@dataclass(slots=True)
class Scene:
    """A picture and its faces; see the module's text for the shapes."""

    luma: Luma
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    known: NDArray[np.bool_]
    ignored: NDArray[np.bool_]

    def add(self, box: Floats, points: Floats, known: bool = True, ignored: bool = False) -> None:
        """Append one face."""
        self.boxes = np.concatenate([self.boxes, np.asarray(box, np.float32)[None]])
        self.points = np.concatenate([self.points, np.asarray(points, np.float32)[None]])
        self.known = np.append(self.known, known)
        self.ignored = np.append(self.ignored, ignored)

    @classmethod
    def of(cls, luma: Luma) -> Scene:
        """Return a scene without faces."""
        boxes, points = np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32)
        return cls(luma, boxes, points, np.zeros(0, bool), np.zeros(0, bool))


def turn(scale: float, degrees: float, source: Floats, target: Floats, mirror: bool = False) -> NDArray[np.float64]:
    """Return the (2, 3) matrix that mirrors on request, turns and scales, and takes point `source` to `target`."""
    radians = np.radians(degrees)
    linear = scale * np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    if mirror:
        linear = linear @ np.diag([-1.0, 1.0])
    return np.concatenate([linear, (np.asarray(target) - linear @ np.asarray(source))[:, None]], axis=1)


def lay(picture: Luma, matrix: NDArray[np.float64], canvas: Luma) -> Luma:
    """Warp a picture onto a canvas, which stays where the picture does not reach; shrinking averages first."""
    shrink = int(1.0 / float(np.hypot(matrix[0, 0], matrix[1, 0])))
    if shrink >= 2:
        picture, matrix = shrunk(picture, matrix, shrink)
    return cv2.warpAffine(  # type: ignore[return-value]
        picture, matrix, canvas.shape[::-1], dst=canvas, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )


def turned_boxes(matrix: NDArray[np.float64], boxes: Floats) -> NDArray[np.float64]:
    """Map (n, 4) boxes x0, y0, x1, y1; a turned box is the one around the ellipse that fills the old one."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = np.sqrt(((boxes[:, 2:] - boxes[:, :2]) / 2) ** 2 @ (matrix[:, :2] ** 2).T)
    return np.concatenate([centre - half, centre + half], axis=1)


def swap_sides(points: Floats) -> Floats:
    """Exchange the right and left of (n, 5, 2) points after mirroring."""
    return points[:, (1, 0, 2, 4, 3)]


def background(picture: Luma, side: int, rng: np.random.Generator) -> Luma:
    """Cut a random part of a picture, at least a third of it, as a square of `side` pixels."""
    share = rng.uniform(0.33, 1.0)
    height, width = (max(8, int(length * share)) for length in picture.shape)
    y, x = (int(rng.integers(0, whole - part + 1)) for whole, part in zip(picture.shape, (height, width), strict=True))
    part = picture[y : y + height, x : x + width]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    smooth = cv2.INTER_AREA if min(part.shape) > side else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(part), (side, side), interpolation=smooth)  # type: ignore[return-value]


def clipped(scene: Scene) -> Scene:
    """Cut boxes at the border; faces mostly outside or too small are ignored, those wholly outside dropped."""
    side = np.array(scene.luma.shape[::-1] * 2, np.float32)
    cut = np.clip(scene.boxes, 0, side)
    whole = np.clip(scene.boxes[:, 2:] - scene.boxes[:, :2], 1e-3, None).prod(1)
    size = np.clip(cut[:, 2:] - cut[:, :2], 0, None)
    seen = size.prod(1) / whole
    keep = (size > 1).all(1)
    ignored = scene.ignored | (seen < _VISIBLE) | (np.sqrt(size.prod(1)) < MIN_FACE)
    return Scene(scene.luma, cut[keep], scene.points[keep], scene.known[keep], ignored[keep])


def photo_scene(
    picture: Luma, faces: Scene, canvas: Luma, rng: np.random.Generator, sizes: tuple[float, float] = (12, 240)
) -> Scene:
    """Show a part of a labelled photo, enlarged or reduced so that one of its faces gets a random size.

    `faces` holds the labels of `picture`; `canvas` is filled where the photo does not reach.
    """
    side = canvas.shape[0]
    real = np.flatnonzero(~faces.ignored)
    if len(real):
        box = faces.boxes[rng.choice(real)]
        size = np.sqrt(max(1.0, float((box[2:] - box[:2]).prod())))
        scale = np.exp(rng.uniform(*np.log(sizes))) / size
        scale = float(np.clip(scale, 0.7 * side / max(picture.shape), 4.0))
        focus = (box[:2] + box[2:]) / 2
    else:
        scale = float(np.exp(rng.uniform(*np.log((0.6, 2.0)))) * side / max(picture.shape))
        focus = rng.random(2) * picture.shape[::-1]
    degrees = rng.normal(0, 6) if rng.random() < 0.8 else rng.uniform(-45, 45)
    mirror = bool(rng.random() < 0.5)
    target = rng.uniform(0.05, 0.95, 2) * side
    if rng.random() < 0.85:
        # Fill the scene with a larger photo, keep a smaller one inside.
        reach, ahead = np.array(picture.shape[::-1]) * scale, focus * scale
        ahead = np.where((mirror, False), reach - ahead, ahead)
        ends = np.stack([ahead, side - reach + ahead])
        target = np.clip(target, ends.min(0), ends.max(0))
    matrix = turn(scale, float(degrees), focus, target, mirror)
    points = transform(np.repeat(matrix[None], len(faces.boxes), 0), faces.points) if len(faces.boxes) else faces.points
    moved = Scene(
        lay(picture, matrix, canvas),
        turned_boxes(matrix, faces.boxes).astype(np.float32),
        np.asarray(swap_sides(points) if mirror else points, np.float32),
        faces.known.copy(),
        faces.ignored.copy(),
    )
    return clipped(moved)


def paste(
    scene: Scene, picture: Luma, mesh: Floats, size: float, degrees: float, centre: Floats, rng: np.random.Generator,
    *, occluded: float = 0.3, whole: bool = False,
) -> bool:  # fmt: skip
    """Paste a face with its surroundings; False, and nothing done, where it would cover another face.

    `size` is the geometric mean of the face box's sides in pixels, `centre` its place; `occluded` the chance of a mask,
    sunglasses or a hand; `whole` keeps the full rectangle of the picture visible.
    """
    low, high = mesh[:FACE_VERTICES, :2].min(0), mesh[:FACE_VERTICES, :2].max(0)
    scale = size / np.sqrt(float((high - low).prod()))
    mirror = bool(rng.random() < 0.5)
    matrix = turn(float(scale), degrees, (low + high) / 2, centre, mirror)
    moved = transform(matrix[None], np.asarray(mesh, np.float64)[None, :, :2])[0]
    if mirror:
        moved = moved[mirror_map().astype(np.intp)]
    seen = moved[:FACE_VERTICES]
    box = np.concatenate([seen.min(0), seen.max(0)])
    if _covers(scene.boxes, box):
        return False
    if rng.random() < occluded:
        picture = occlude(picture, mesh, rng)
    _blend(scene, picture, matrix, _edge_mask(3) if whole else _mask(picture.shape, (low, high), rng))
    scene.add(box, five_points(moved[None])[0])
    return True


def _covers(boxes: NDArray[np.float32], box: NDArray[np.float64], margin: float = 0.25) -> bool:
    grown = (box[2:] - box[:2]) * margin
    low = np.maximum(boxes[:, :2], box[:2] - grown)
    high = np.minimum(boxes[:, 2:], box[2:] + grown)
    return bool(((high - low) > 0).all(1).any())


def _blend(scene: Scene, picture: Luma, matrix: NDArray[np.float64], mask: Luma) -> None:
    """Lay the picture over the scene where the mask, stretched over the picture, lets it through."""
    height, width = picture.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ matrix[:, :2].T + matrix[:, 2]
    ends = scene.luma.shape[::-1]
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int) - 1, 0, ends)
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, ends)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    local = matrix.copy()
    local[:, 2] -= (x0, y0)
    part = np.ascontiguousarray(scene.luma[y0:y1, x0:x1])
    over = lay(picture, local, part.copy())
    stretch = np.diag([width / _FEATHER, height / _FEATHER])
    shifted = local.copy()
    shifted[:, :2] = local[:, :2] @ stretch
    alpha = cv2.warpAffine(mask, shifted, part.shape[::-1], flags=cv2.INTER_LINEAR).astype(np.float32)
    mixed = part + (over.astype(np.float32) - part) * (alpha * (1 / 255))
    scene.luma[y0:y1, x0:x1] = mixed.astype(np.uint8)


def _edge_mask(edge: int) -> Luma:
    """Return a mask that shows all but the `edge` cells along the border, softly if there are several."""
    mask = np.zeros((_FEATHER, _FEATHER), np.uint8)
    mask[edge:-edge, edge:-edge] = 255
    return mask if edge == 1 else cv2.blur(mask, (edge, edge))  # type: ignore[return-value]


def _mask(shape: tuple[int, ...], face: tuple[Floats, Floats], rng: np.random.Generator) -> Luma:
    """Draw a mask: the whole rectangle with a hard or soft edge, or an ellipse around the head."""
    kind = rng.random()
    if kind < 0.55:
        return _edge_mask(1 if kind < 0.25 else int(rng.integers(3, 7)))
    mask = np.zeros((_FEATHER, _FEATHER), np.uint8)
    to_mask = _FEATHER / np.array(shape[::-1])
    centre = (face[0] + face[1]) / 2 * to_mask
    half = (face[1] - face[0]) / 2 * to_mask * rng.uniform(1.1, 1.5)
    cv2.ellipse(mask, tuple(map(int, centre)), tuple(map(int, half)), 0, 0, 360, 255, -1)
    mask[:1], mask[-1:], mask[:, :1], mask[:, -1:] = 0, 0, 0, 0
    return cv2.blur(mask, (3, 3))  # type: ignore[return-value]


def occlude(picture: Luma, mesh: Floats, rng: np.random.Generator) -> Luma:
    """Return the picture with a face mask, sunglasses, or a hand or thing before the face."""
    kind = rng.random()
    if kind < 0.45:
        return _face_mask(picture, mesh, rng)
    if kind < 0.7:
        return _glasses(picture, mesh, rng)
    return augment.occlude(picture, rng)


def _face_mask(picture: Luma, mesh: Floats, rng: np.random.Generator) -> Luma:
    top = mesh[int(rng.choice((6, 197, 195, 5))), :2]
    outline = np.concatenate([mesh[list(_JAW), :2], top[None]]).astype(np.int32)
    out = picture.copy()
    cloth = np.full(picture.shape, rng.choice((20, 60, 150, 200, 235)) + rng.normal(0, 10), np.float32)
    cloth += np.linspace(-1, 1, picture.shape[1], dtype=np.float32)[None] * rng.normal(0, 20)
    cloth += np.sin(np.arange(picture.shape[0], dtype=np.float32) * rng.uniform(0.1, 0.6))[:, None] * rng.uniform(0, 12)
    cover = np.zeros_like(picture)
    cv2.fillPoly(cover, [outline], 255)
    out[cover > 0] = np.clip(cloth, 0, 255).astype(np.uint8)[cover > 0]
    for ear, cheek in ((234, 93), (454, 323)):
        ends = [tuple(map(int, mesh[vertex, :2])) for vertex in (ear, cheek)]
        cv2.line(out, ends[0], ends[1], int(rng.integers(0, 256)), 2)
    return out


def _glasses(picture: Luma, mesh: Floats, rng: np.random.Generator) -> Luma:
    out = picture.copy()
    shade = int(rng.integers(0, 60))
    centres = [mesh[list(pair), :2].mean(0) for pair in _EYES]
    apart = float(np.linalg.norm(centres[1] - centres[0]))
    thin = -1 if rng.random() < 0.7 else max(1, int(apart * 0.06))
    slope = float(np.degrees(np.arctan2(*(centres[1] - centres[0])[::-1])))
    axes = (int(apart * rng.uniform(0.3, 0.42)), int(apart * rng.uniform(0.2, 0.36)))
    for centre in centres:
        cv2.ellipse(out, tuple(map(int, centre)), axes, slope, 0, 360, shade, thin)
    cv2.line(out, tuple(map(int, centres[0])), tuple(map(int, centres[1])), shade, max(1, int(apart * 0.08)))
    return out


def grain(luma: Luma, rng: np.random.Generator) -> Luma:
    """Add sensor noise from a small repeated tile: as good as fresh noise for learning, ten times cheaper."""
    tile = (rng.standard_normal((_GRAIN, _GRAIN), dtype=np.float32) * rng.uniform(2, 16)).astype(np.int16)
    times = [-(-length // _GRAIN) for length in luma.shape]
    field = np.tile(tile, times)[: luma.shape[0], : luma.shape[1]]
    return np.asarray(np.clip(luma.astype(np.int16) + field, 0, 255), np.uint8)


def dark(luma: Luma, rng: np.random.Generator) -> Luma:
    """Underexpose: a tenth to a half of the light, with the noise that comes with it."""
    level = rng.uniform(0.1, 0.5)
    return grain(cv2.LUT(luma, (np.arange(256) * level).astype(np.uint8)), rng)  # type: ignore[arg-type]
