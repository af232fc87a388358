"""A portrait that smiles and frowns on demand: a piecewise affine warp driven by the face's own mesh.

The portrait shows an open smile. Closing the lips is done by the mesh: the teeth lie in triangles between the inner
edges of the lips, and those triangles lose their area when the edges meet.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import Delaunay

# Four rows of nine vertices each, from the inner edge of the lip outwards, from the subject's right to the left.
UPPER_LIP = np.array(
    [
        (191, 80, 81, 82, 13, 312, 311, 310, 415),
        (183, 42, 41, 38, 12, 268, 271, 272, 407),
        (184, 74, 73, 72, 11, 302, 303, 304, 408),
        (185, 40, 39, 37, 0, 267, 269, 270, 409),
    ]
)
LOWER_LIP = np.array(
    [
        (95, 88, 178, 87, 14, 317, 402, 318, 324),
        (96, 89, 179, 86, 15, 316, 403, 319, 325),
        (77, 90, 180, 85, 16, 315, 404, 320, 307),
        (146, 91, 181, 84, 17, 314, 405, 321, 375),
    ]
)
RIGHT_CORNER, LEFT_CORNER = (78, 62, 76, 61), (308, 292, 306, 291)
RIGHT_BROW, LEFT_BROW = (107, 66, 105, 63, 70, 55, 65, 52, 53, 46), (336, 296, 334, 293, 300, 285, 295, 282, 283, 276)
RIGHT_LID, LEFT_LID = (159, 160, 161, 158, 157), (386, 387, 388, 385, 384)
EYES = (33, 7, 163, 144, 145, 153, 154, 155, 133, 263, 249, 390, 373, 374, 380, 381, 382, 362)
NOSE = (168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 129, 358)
FOLDS = ((129, 203, 206, 216, 212), (358, 423, 426, 436, 432))
"""From the wings of the nose around the corners of the mouth: where laughing leaves folds and shadows."""
OUTLINE = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
SEAM = tuple(LOWER_LIP[0].tolist())
SHADE = np.array((0.72, 0.92, 1.0), np.float32)  # of red, green and blue: skin in shadow is browner than grey
FURROWS = ((107, 55, 193), (336, 285, 417))
STEPS = 12  # weights are rounded to so many steps, so that few warps are computed


class ElasticFace:
    """A portrait whose face can be warped.

    `rgb` (height, width, 3) uint8 shows one face with an open smile; `mesh` (478, 2 or 3) is its mesh in pixels.
    """

    def __init__(self, rgb: NDArray[np.uint8], mesh: NDArray[np.float32]) -> None:
        self._rgb = rgb
        self._mesh = np.asarray(mesh, np.float64)[:468, :2]
        right, left = self._mesh[[33, 133]].mean(0), self._mesh[[362, 263]].mean(0)
        self._unit = float(np.linalg.norm(left - right))
        self._across = (left - right) / self._unit
        self._down = np.array([-self._across[1], self._across[0]])
        self._source = np.concatenate([self._mesh, self._ring()])
        self._triangles = Delaunay(self._source).simplices
        self._calm = self._without_folds()
        self._cache: dict[tuple[int, int], NDArray[np.uint8]] = {}

    def show(self, smile: float, frown: float) -> NDArray[np.uint8]:
        """Return the portrait with a smile and a frown of the given strengths, 0..1; both 0 is a neutral face."""
        key = (round(smile * STEPS), round(frown * STEPS))
        if key not in self._cache:
            self._cache[key] = self._warped(key[0] / STEPS, key[1] / STEPS)
        return self._cache[key]

    def _without_folds(self) -> NDArray[np.uint8]:
        """Return the portrait with the laughing folds smoothed away."""
        width = max(3, int(0.7 * self._unit) | 1)
        # The skin's grain stays; what lies between grain and the shape of the face, the folds, goes.
        grain = self._rgb - cv2.GaussianBlur(self._rgb, (0, 0), 0.011 * self._unit).astype(np.float32)
        smooth = cv2.GaussianBlur(cv2.medianBlur(self._rgb, width), (0, 0), 0.15 * self._unit) + grain
        mask: NDArray[np.float32] = np.zeros(self._rgb.shape[:2], np.float32)
        for fold in FOLDS:
            line = np.round(self._mesh[list(fold)]).astype(np.int32)
            cv2.polylines(mask, [line], False, 1.0, max(1, int(0.34 * self._unit)))
        soft = cv2.GaussianBlur(mask, (0, 0), 0.07 * self._unit)[..., None]
        return np.asarray(np.clip(np.round(self._rgb * (1 - soft) + smooth * soft), 0, 255), np.uint8)

    def _ring(self) -> NDArray[np.float64]:
        """Points around the face that never move, so that the warp ends there."""
        middle = self._mesh.mean(0)
        return np.asarray(middle + 1.45 * (self._mesh[list(OUTLINE)] - middle))

    def _move(self, across: float, down: float) -> NDArray[np.float64]:
        """A shift in inter-ocular distances along and below the line of the eyes, in pixels."""
        return np.asarray(self._unit * (across * self._across + down * self._down))

    def _displaced(self, smile: float, frown: float) -> NDArray[np.float64]:
        """Return the (468, 2) vertices of the warped face."""
        controls: dict[int, NDArray[np.float64]] = {i: np.zeros(2) for i in (*EYES, *NOSE, *OUTLINE)}
        closed = 1 - smile
        sides = np.linspace(-1, 1, UPPER_LIP.shape[1])
        # A part of each lip's first strip closes as well: a mesh a pixel off would leave a line of teeth, and towards
        # the corners the shadow inside the mouth lies on the lower lip's first strip.
        tuck_up = (self._mesh[UPPER_LIP[1]] - self._mesh[UPPER_LIP[0]]) * 0.5
        tuck_low = (self._mesh[LOWER_LIP[1]] - self._mesh[LOWER_LIP[0]]) * (0.3 + 0.7 * sides[:, None] ** 2)
        gap = (self._mesh[LOWER_LIP[0]] + tuck_low) - (self._mesh[UPPER_LIP[0]] + tuck_up)
        for column, side in enumerate(sides):
            # The closed mouth is narrower; the middle of a frowning mouth is pushed up while its corners sink.
            shared = closed * self._move(-0.15 * side, 0.15 * side**2 - 0.04) + frown * self._move(
                0.04 * side, 0.14 * side**2 - 0.06
            )
            for row in range(len(UPPER_LIP)):
                controls[int(UPPER_LIP[row, column])] = shared + closed * 0.35 * gap[column]
                controls[int(LOWER_LIP[row, column])] = shared - closed * 0.65 * gap[column]
            controls[int(UPPER_LIP[0, column])] += closed * tuck_up[column]
            controls[int(LOWER_LIP[0, column])] += closed * tuck_low[column]
        for corner, side in ((RIGHT_CORNER, -1.0), (LEFT_CORNER, 1.0)):
            for vertex in corner:
                controls[vertex] = closed * self._move(-0.17 * side, 0.13) + frown * self._move(0.04 * side, 0.12)
        for brow, side in ((RIGHT_BROW, -1.0), (LEFT_BROW, 1.0)):
            for place, vertex in enumerate(brow):
                inner = 1 - (place % 5) / 4
                controls[vertex] = frown * self._move(-0.12 * side * inner, 0.10 + 0.21 * inner)
        for vertex in (*RIGHT_LID, *LEFT_LID):
            controls[vertex] = frown * self._move(0, 0.06)
        known = np.array(list(controls))
        spread = RBFInterpolator(self._mesh[known], np.array(list(controls.values())), kernel="linear")
        moved = self._mesh + spread(self._mesh)
        moved[known] = self._mesh[known] + np.array(list(controls.values()))
        return np.asarray(moved)

    def _warped(self, smile: float, frown: float) -> NDArray[np.uint8]:
        target = np.concatenate([self._displaced(smile, frown), self._source[len(self._mesh) :]])
        height, width = self._rgb.shape[:2]
        grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2).astype(np.float32)
        for corners in self._triangles:
            _fill(grid, self._source[corners], target[corners])
        # Triangles that lost their area leave single pixels uncovered.
        grid = np.stack([cv2.medianBlur(np.ascontiguousarray(part), 5) for part in np.moveaxis(grid, 2, 0)], axis=2)
        source = cv2.addWeighted(self._rgb, smile, self._calm, 1 - smile, 0)
        shade = self._shade(target, 1 - smile, frown)
        warped = cv2.remap(source, grid[..., 0], grid[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(np.round(warped * (1 - shade * SHADE)), np.uint8)

    def _shade(self, mesh: NDArray[np.float64], closed: float, frown: float) -> NDArray[np.float32]:
        """Return (height, width, 1) 0..1, how much darker it gets: between closed lips, at brows and furrows."""
        shade: NDArray[np.float32] = np.zeros((*self._rgb.shape[:2], 1), np.float32)
        lines = [(mesh[list(SEAM)], 0.04, 0.62 * closed)]
        for brow in (RIGHT_BROW, LEFT_BROW):
            lines.append(((mesh[list(brow[:5])] + mesh[list(brow[5:])]) / 2, 0.09, 0.85 * frown))
        lines += [(mesh[list(furrow)], 0.07, 0.75 * frown) for furrow in FURROWS]
        for points, width, strength in lines:
            line = np.round(points * 8).astype(np.int32)
            mask: NDArray[np.float32] = np.zeros(self._rgb.shape[:2], np.float32)
            cv2.polylines(mask, [line], False, strength, max(1, round(width * self._unit)), cv2.LINE_AA, 3)
            soft = cv2.GaussianBlur(mask, (0, 0), 0.4 * width * self._unit)
            shade = np.maximum(shade, np.asarray(soft, np.float32)[..., None])
        return shade


def _fill(grid: NDArray[np.float32], source: NDArray[np.float64], target: NDArray[np.float64]) -> None:
    """Write where the pixels of one `target` triangle (3, 2) come from in `source` into the (h, w, 2) `grid`."""
    edges, before = (target[1:] - target[0]).T, (source[1:] - source[0]).T
    area = np.linalg.det(edges)
    if abs(area) < 1e-3 or area * np.linalg.det(before) < 0:
        return
    low = np.maximum(np.floor(target.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(target.max(0)).astype(int) + 1, grid.shape[1::-1])
    across, down = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    weights = np.stack([across - target[0, 0], down - target[0, 1]], axis=2) @ np.linalg.inv(edges).T
    inside = (weights >= -1e-6).all(2) & (weights.sum(2) <= 1 + 1e-6)
    origin = source[0] + weights @ before.T
    grid[low[1] : high[1], low[0] : high[0]][inside] = origin[inside]
