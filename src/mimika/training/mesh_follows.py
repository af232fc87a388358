"""How far a mesh follows what a face does: on photos warped by known units, and in films against what pixels do.

    python -m mimika.training.mesh_follows --labels build/teacher --cache build/cache
    build/mediapipe/bin/python recipes/teachers/label_mesh.py ../shared/data build/teacher --sets moved,films

The first writes the warped photos for the teacher, which the second asks about them and about every frame of some
clips; `evaluate_mesh` then says how far both follow.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS
from mimika.data.movements import FACE_PX, REGIONS
from mimika.stages.capture.video import VideoCapture
from mimika.stages.faces.align import MESH_CROP, matrices_from_meshes, mean_face
from mimika.stages.measure.action_units import displacements, triangles
from mimika.stages.measure.mesh import MeshNet
from mimika.stages.measure.movement import MovementMeter
from mimika.stages.measure.unit_inputs import shape_of
from mimika.training.action_units_checks import followed
from mimika.training.action_units_data import UnitFaces, draw_units, face_cut, upright, with_lips
from mimika.training.action_units_photos import calm_pool
from mimika.training.places import Places
from mimika.training.warps import Inside, displaced, move

COUNT, CUT = 400, 44.0
"""Warped photos, and their pixels of an inter-ocular distance: half more than in the network's crop."""
PICTURES, MOVED, FILMS = "moved-pictures.npz", "moved.npz", "films.npz"
LAG_S = 0.4
"""Seconds between two moments of a film that are compared: a movement's time, and hardly a turn of the head's."""
LEAST_PX, MOST_PX = 1.0, 8.0
"""Pixels of a face 150 px wide that a region has to move to count; where it is more, flow has mostly lost it."""
STILL_PX = 8.0
"""Pixels that the head may move meanwhile."""
_SEEN = 0.5
"""Share of the frames of a film in which the teacher must see a face."""

_UNIT = FACE_PX / float(np.ptp(mean_face()[:468, 0]))

Meshes = NDArray[np.float32]


def moved_pictures(places: Places, count: int = COUNT) -> dict[str, NDArray[Any]]:
    """Return photos of calm faces of held-out persons, warped by units drawn at random.

    `moved`, `still` (n, 202, 202) pictures, `truth`, `base` (n, 478, 3) the points of both, by the teacher's of the
    photo and by what moved, `units` (n, 23, 2) intensities.
    """
    rng, pool = np.random.default_rng(11), calm_pool(places, held=True)
    basis, faces = displacements().astype(np.float64), triangles()
    sets = {name: places.faces(name) for name in {name for name, _ in pool}}
    found: dict[str, list[Any]] = {name: [] for name in ("moved", "still", "truth", "base", "units")}
    for _ in range(count):
        name, row = pool[int(rng.integers(len(pool)))]
        cut, mesh = face_cut(sets[name].picture(row), sets[name].points[row], CUT)
        shapes, placing = upright(mesh[None].astype(np.float64))
        drawn = draw_units(rng, 1)
        shape, units = with_lips(shapes + displaced(shapes, basis, drawn), drawn, basis)
        warped, truth = move(cut, mesh, placing(shape)[0] - mesh, faces, Inside())
        for key, value in zip(found, (warped, cut, truth, mesh, units[0]), strict=True):
            found[key].append(value)
    return {key: np.array(value, np.uint8 if key in ("moved", "still") else np.float32) for key, value in found.items()}


def follows_photos(net: MeshNet, labels: Path) -> dict[str, Any]:
    """Return what share of each unit's movement the points make in warped photos: ours, the teacher's, the truth's."""
    with np.load(labels / PICTURES) as arrays:
        given = {name: arrays[name] for name in arrays.files}
    ours = [_settled(net, given[seen], given[points]) for seen, points in (("moved", "truth"), ("still", "base"))]
    result = {"photos": len(given["units"]), "ours": _shares(ours[0], ours[1], given["units"])}
    if (labels / MOVED).is_file():
        with np.load(labels / MOVED) as arrays:
            both, found = arrays["points"], arrays["found"].all(axis=1)
        result["teacher"] = _shares(both[found, 0], both[found, 1], given["units"][found])
    return result | {"truth": _shares(given["truth"], given["base"], given["units"])}


def _settled(net: MeshNet, pictures: NDArray[np.uint8], points: Meshes) -> Meshes:
    fresh = np.array([True])
    found = [
        net.settle(picture, matrices_from_meshes(mesh[None], MESH_CROP), fresh)[0][0]
        for picture, mesh in zip(pictures, points, strict=True)
    ]
    return np.stack(found)


def _shares(moved: Meshes, still: Meshes, units: NDArray[np.float32]) -> dict[str, Any]:
    shares = followed(UnitFaces(moved, still, units))
    return {"mean": round(float(np.mean([shares[unit] for unit in ACTION_UNITS])), 3), "units": shares}


def follows_films(net: MeshNet, data: Path, labels: Path) -> dict[str, Any]:
    """Return how far meshes follow regions of faces in films, against points followed by optical flow.

    Of each region's way over `LAG_S` seconds, the head's own taken out, by flow and by mesh: `share` the slope by least
    squares, `r` the correlation, over all films and regions, and by region. Flow errs too, alike for both.
    """
    with np.load(labels / FILMS) as arrays:
        names, points, found = arrays["name"], arrays["points"], arrays["found"]
    parts: dict[str, list[NDArray[np.float64]]] = {"flow": [], "ours": [], "teacher": []}
    film_of = np.array([str(name).split(":")[0] for name in names])
    films = [film for film in np.unique(film_of).tolist() if found[film_of == film].mean() > _SEEN]
    for film in films:
        rows = np.flatnonzero(film_of == film)
        file = next((data / "clips").glob(film + ".*"))
        ways = _ways(net, file, points[rows], found[rows])
        for key, value in zip(parts, ways, strict=True):
            parts[key].append(value)
    flow, *others = (np.concatenate(parts[key]) for key in parts)
    return {"films": films, "moments": len(flow)} | {
        name: _agreement(flow, mine) for name, mine in zip(("ours", "teacher"), others, strict=True)
    }


def _agreement(flow: NDArray[np.float64], mine: NDArray[np.float64]) -> dict[str, Any]:
    """Return share and correlation of ways (n, 16, 2), where flow says that a region moved."""
    far = np.linalg.norm(flow, axis=2)
    moving = (far > LEAST_PX) & (far < MOST_PX)

    def of(rows: NDArray[np.bool_], regions: slice | list[int]) -> dict[str, float]:
        x, y = (each[:, regions][rows[:, regions]].ravel() for each in (flow, mine))
        return {"share": round(float(x @ y / (x @ x)), 3), "r": round(float(np.corrcoef(x, y)[0, 1]), 3)}

    by = {}
    for region in dict.fromkeys(name.removesuffix("_left").removesuffix("_right") for name in REGIONS):
        columns = [column for column, name in enumerate(REGIONS) if name.startswith(region)]
        by[region] = of(moving, columns)
    return of(moving, slice(None)) | {"regions": by}


def _ways(
    net: MeshNet, film: Path, points: Meshes, found: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the ways (n, 16, 2) of the regions between moments of a film: by flow, our mesh, the teacher's."""
    meter, times, ours, teachers = MovementMeter(), [], [], []
    mesh: Meshes | None = None
    for (time_s, luma), seen, there in zip(_frames(film), points, found, strict=False):
        if not there:
            mesh = None
            continue
        start = matrices_from_meshes((seen if mesh is None else mesh)[None], MESH_CROP)
        mesh = net.measure(luma, start)[0][0]
        meter.add(luma, seen, time_s)
        times.append(time_s)
        ours.append(mesh)
        teachers.append(seen)
    moved = meter.movements()
    kept = np.isin(np.array(times), moved.time_s)
    regions = [
        moved.regions.astype(np.float64),
        *(regions_of(shape_of(np.stack(each)[kept])[..., :2]) for each in (ours, teachers)),
    ]
    first, last = moments(moved.time_s, moved.head)
    flow, mine, theirs = (each[last] - each[first] for each in regions)
    return flow, mine, theirs


def moments(time_s: Floats, head: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which frames of a film lie `LAG_S` apart while the head hardly moves: times (n,) s, `head` (n, 3)."""
    time_s = np.asarray(time_s, np.float64)
    later = np.searchsorted(time_s, time_s + LAG_S)
    first = np.flatnonzero(later < len(time_s))
    last = later[first]
    near = time_s[last] - time_s[first] < 1.5 * LAG_S
    calm = np.abs(head[last] - head[first]).max(axis=1) < STILL_PX
    return first[near & calm], last[near & calm]


def regions_of(shapes: Floats) -> NDArray[np.float64]:
    """Return where the regions (…, 16, 2) of pose-free shapes (…, 468, 2) are, in pixels of a face 150 px wide."""
    points = np.asarray(shapes, np.float64)
    return _UNIT * np.stack([points[..., list(group), :].mean(axis=-2) for group in REGIONS.values()], axis=-2)


def _frames(film: Path) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    with VideoCapture(film) as capture:
        for frame in capture:
            yield frame.time_s, frame.luma


def main() -> None:
    """Write the warped photos."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    Places.ask(parser)
    options = parser.parse_args()
    np.savez_compressed(options.labels / PICTURES, allow_pickle=False, **moved_pictures(Places.chosen(options)))


if __name__ == "__main__":
    main()
