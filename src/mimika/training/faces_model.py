"""A morphable face with our 478 points: identities and named facial movements, left and right apart.

The movements and identities are those of ICT-FaceKit, read at the places where our mesh has its points. To find those
places the mean face is warped onto the ICT neutral: eyelids, lips, brows, nose and outline are paired as curves, the
rest follows a thin-plate spline and ends on the closest point of the surface.

Source: Li et al., "Learning formation of physically-based face attributes", CVPR 2020 (ICT-FaceKit, MIT licence);
vertex order and triangles: MediaPipe's canonical face model (Apache-2.0).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from mimika.data.measurements import MESH_POINTS
from mimika.stages.faces.align import mean_face, mirror_map
from mimika.training.turned import triangles

Array = NDArray[np.float64]

SKIN_POINTS = 468
IRISES = {"left": range(473, 478), "right": range(468, 473)}
EYE_CORNERS = {"left": (362, 263), "right": (133, 33)}
_EYEBALL = 0.42
"""Radius of the eyeball to the iris, in eye widths."""
_EYE_TURN = 0.5
"""Radians that an eye turns at full coefficient of a look shape."""

_CURVES: dict[tuple[int, ...], tuple[int, ...]] = {
    (36, 37, 38, 39): (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (36, 41, 40, 39): (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (42, 43, 44, 45): (362, 398, 384, 385, 386, 387, 388, 466, 263),
    (42, 47, 46, 45): (362, 382, 381, 380, 374, 373, 390, 249, 263),
    (48, 49, 50, 51): (61, 185, 40, 39, 37, 0),
    (51, 52, 53, 54): (0, 267, 269, 270, 409, 291),
    (48, 59, 58, 57): (61, 146, 91, 181, 84, 17),
    (57, 56, 55, 54): (17, 314, 405, 321, 375, 291),
    (60, 61, 62): (78, 191, 80, 81, 82, 13),
    (62, 63, 64): (13, 312, 311, 310, 415, 308),
    (60, 67, 66): (78, 95, 88, 178, 87, 14),
    (66, 65, 64): (14, 317, 402, 318, 324, 308),
}
"""Chains of the 68 landmarks, and the mesh points that lie along each of them."""
_PAIRS = {
    **dict(zip(range(17, 22), (70, 63, 105, 66, 107), strict=True)),
    **dict(zip(range(22, 27), (336, 296, 334, 293, 300), strict=True)),
    **dict(zip(range(27, 31), (168, 197, 5, 4), strict=True)),
    **dict(zip(range(31, 36), (98, 97, 2, 326, 327), strict=True)),
    **dict(zip(range(3, 14), (58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288), strict=True)),
}
"""Single landmarks and their mesh points: brows, nose, jaw."""
_UPPER_LIP = (11, 12, 38, 41, 42, 62, 72, 73, 74, 76, 183, 184, 268, 271, 272, 292, 302, 303, 304, 306, 407, 408)
_LOWER_LIP = (15, 16, 77, 85, 86, 89, 90, 96, 179, 180, 307, 315, 316, 319, 320, 325, 403, 404)


@dataclass(frozen=True)
class FaceModel:
    """A face that can be anyone and move anything.

    `neutral` (478, 3), `identities` (100, 478, 3) displacements of unit spread, `movements` (57, 478, 3) displacements
    at full coefficient, named by `names`; in inter-ocular distances of the neutral, x right, y down, z away from the
    viewer, as in a face that looks straight at us; the subject's left is +x. `faces` (898, 3) triangles. `distance` is
    the mean distance between the warped mesh and the surface it was laid on.
    """

    neutral: Array
    identities: Array
    movements: Array
    names: tuple[str, ...]
    faces: NDArray[np.int32]
    distance: float

    def movement(self, name: str) -> Array:
        """Return one named displacement (478, 3)."""
        return np.asarray(self.movements[self.names.index(name)])


def load_face_model(folder: Path) -> FaceModel:
    """Read `ict_face.npz` and `canonical_face_model.obj` from a folder and join the two topologies.

    Raises:
        FileNotFoundError: if one of the files is missing.
    """
    with np.load(folder / "ict_face.npz") as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    surface, landmarks = kept["neutral"].astype(np.float64), kept["landmarks68"]
    faces = _halved(kept["quads"])
    weights, distance = _register(surface, landmarks, faces, kept["expression"][_jaw(kept)].astype(np.float64))
    unit = _unit(surface, landmarks)
    skin = weights @ surface
    identities = _read(weights, kept["identity"]) / unit
    movements = _read(weights, kept["expression"]) / unit
    axes = np.array([1.0, -1.0, -1.0])
    centre = skin[[33, 133, 362, 263]].mean(axis=0)
    neutral = _with_irises((skin - centre) / unit * axes)
    names = tuple(str(name) for name in kept["expression_names"])
    moved = np.stack([_iris_moved(neutral, each * axes, name) for each, name in zip(movements, names, strict=True)])
    persons = np.stack([_iris_carried(each * axes) for each in identities])
    canonical = triangles(folder / "canonical_face_model.obj")
    return FaceModel(neutral, persons, _mirrored_pairs(moved, names), names, canonical, distance / unit)


def _jaw(kept: dict[str, NDArray[np.generic]]) -> int:
    return [str(name) for name in kept["expression_names"]].index("jawOpen")


def _unit(surface: Array, landmarks: NDArray[np.int64]) -> float:
    points = surface[landmarks]
    return float(np.linalg.norm(points[[36, 39]].mean(axis=0) - points[[42, 45]].mean(axis=0)))


def _read(weights: csr_matrix, displacements: NDArray[np.generic]) -> Array:
    return np.stack([weights @ each.astype(np.float64) for each in displacements])


def _halved(quads: NDArray[np.int32]) -> NDArray[np.int64]:
    """Cut (m, 4) quads into triangles."""
    halves = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int64)
    return np.asarray(halves[(halves[:, 0] != halves[:, 1]) & (halves[:, 1] != halves[:, 2])])


def _register(
    surface: Array, landmarks: NDArray[np.int64], faces: NDArray[np.int64], jaw_open: Array
) -> tuple[csr_matrix, float]:
    """Return the (468, vertices) weights that place our points on the surface, and how far they were from it."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    lengths = np.linalg.norm(surface[edges[:, 0]] - surface[edges[:, 1]], axis=1)
    graph = csr_matrix((lengths, (edges[:, 0], edges[:, 1])), shape=(len(surface), len(surface)))
    start = mean_face()[:SKIN_POINTS].astype(np.float64) * (1, -1, -1)
    entries: dict[int, dict[int, float]] = {}
    for chain, points in _CURVES.items():
        entries.update(_along(surface, graph, landmarks[list(chain)], start, points))
    entries.update({point: {int(landmarks[mark]): 1.0} for mark, point in _PAIRS.items()})
    fixed = sorted(entries)
    targets = np.stack([sum((w * surface[v] for v, w in entries[p].items()), np.zeros(3)) for p in fixed])
    scaled = start * _unit(surface, landmarks)
    warped = RBFInterpolator(scaled[fixed], targets, kernel="thin_plate_spline")(scaled)
    distances = []
    free = [point for point in range(SKIN_POINTS) if point not in entries]
    lower = jaw_open[faces].mean(axis=1)[:, 1] < -0.5 * np.abs(jaw_open).max() / 2
    grounds = [_Ground(surface, each) for each in (faces, faces[~lower], faces[lower])]
    for point in free:
        ground = grounds[1 if point in _UPPER_LIP else 2 if point in _LOWER_LIP else 0]
        entries[point], distance = ground.closest(warped[point])
        distances.append(distance)
    rows = [(point, vertex, weight) for point, part in entries.items() for vertex, weight in part.items()]
    index = np.array([row[:2] for row in rows]).T
    values = np.array([row[2] for row in rows])
    return coo_matrix((values, index), shape=(SKIN_POINTS, len(surface))).tocsr(), float(np.mean(distances))


def _along(
    surface: Array, graph: csr_matrix, chain: NDArray[np.int64], start: Array, points: tuple[int, ...]
) -> dict[int, dict[int, float]]:
    """Spread mesh points over the shortest path through some landmarks, at the same shares of its length."""
    path = [int(chain[0])]
    for first, last in itertools.pairwise(chain):
        _, before = dijkstra(graph, directed=False, indices=int(first), return_predecessors=True)
        leg = [int(last)]
        while leg[-1] != int(first):
            leg.append(int(before[leg[-1]]))
        path += leg[::-1][1:]
    walked = _shares(surface[path])
    found: dict[int, dict[int, float]] = {}
    for point, share in zip(points, _shares(start[list(points)]), strict=True):
        step = int(np.clip(np.searchsorted(walked, share, side="right") - 1, 0, len(path) - 2))
        part = float((share - walked[step]) / max(walked[step + 1] - walked[step], 1e-12))
        found[point] = {path[step]: 1 - part, path[step + 1]: part}
    return found


def _shares(line: Array) -> Array:
    """Return how far along a (k, 3) line each of its points lies, 0..1."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    return np.asarray(np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum())


class _Ground:
    """A surface on which the closest point is looked for."""

    def __init__(self, surface: Array, faces: NDArray[np.int64]) -> None:
        self._surface, self._faces = surface, faces
        self._tree = cKDTree(surface[faces].mean(axis=1))

    def closest(self, point: Array) -> tuple[dict[int, float], float]:
        """Return the weights of the corners for the point of the surface that is closest, and its distance."""
        near = self._faces[self._tree.query(point, k=24)[1]]
        a, b, c = (self._surface[near[:, corner]] for corner in range(3))
        weights = _barycentric(a, b, c, point)
        spots = np.einsum("kc,kcj->kj", weights, self._surface[near])
        distances = np.linalg.norm(spots - point, axis=1)
        best = int(distances.argmin())
        return dict(zip(near[best].tolist(), weights[best].tolist(), strict=True)), float(distances[best])


def _barycentric(a: Array, b: Array, c: Array, point: Array) -> Array:
    """Return the (k, 3) weights of the projections of a point onto triangles, pulled into the triangle."""
    edges = np.stack([b - a, c - a], axis=2)
    gram = np.einsum("kji,kjl->kil", edges, edges) + 1e-12 * np.eye(2)
    inner = np.linalg.solve(gram, np.einsum("kji,kj->ki", edges, point - a)[..., None])[..., 0]
    weights = np.maximum(np.concatenate([1 - inner.sum(axis=1, keepdims=True), inner], axis=1), 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _with_irises(skin: Array) -> Array:
    """Add the ten iris points of the mean face, placed by the corners of the eyes."""
    mean = mean_face().astype(np.float64)
    full = np.concatenate([skin, np.zeros((MESH_POINTS - SKIN_POINTS, 3))])
    for side, points in IRISES.items():
        inner, outer = EYE_CORNERS[side]
        scale = np.linalg.norm(skin[inner] - skin[outer]) / np.linalg.norm(mean[inner] - mean[outer])
        middle = (mean[inner] + mean[outer]) / 2
        full[list(points)] = (mean[list(points)] - middle) * scale + (skin[inner] + skin[outer]) / 2
    return full


def _iris_carried(displacement: Array) -> Array:
    """Let the irises of a (468, 3) displacement go where the corners of their eyes go."""
    full = np.concatenate([displacement, np.zeros((MESH_POINTS - SKIN_POINTS, 3))])
    for side, points in IRISES.items():
        full[list(points)] = displacement[list(EYE_CORNERS[side])].mean(axis=0)
    return full


def _iris_moved(neutral: Array, displacement: Array, name: str) -> Array:
    """Add the irises to a (468, 3) displacement: still, except in the shapes that turn an eye."""
    full = np.concatenate([displacement, np.zeros((MESH_POINTS - SKIN_POINTS, 3))])
    if not name.startswith("eyeLook"):
        return full
    side = "left" if name.endswith("_L") else "right"
    inner, outer = EYE_CORNERS[side]
    step = _EYEBALL * float(np.linalg.norm(neutral[inner] - neutral[outer])) * np.sin(_EYE_TURN)
    outwards = 1.0 if side == "left" else -1.0
    way = {"Up": (0.0, -1.0), "Down": (0.0, 1.0), "Out": (outwards, 0.0), "In": (-outwards, 0.0)}[name[7:-2]]
    full[list(IRISES[side]), :2] = np.array(way) * step
    return full


def _mirrored_pairs(movements: Array, names: tuple[str, ...]) -> Array:
    """Make each left movement the exact mirror picture of the right one, as the mean of both, and the others even."""
    swap = mirror_map().astype(np.intp)
    even = np.empty_like(movements)
    for row, name in enumerate(names):
        other = name
        for one, two in (("_L", "_R"), ("_R", "_L"), ("Left", "Right"), ("Right", "Left")):
            if name.endswith(one):
                other = name.removesuffix(one) + two
        partner = movements[names.index(other)][swap] * (-1, 1, 1)
        even[row] = (movements[row] + partner) / 2
    return even
