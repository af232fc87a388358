"""Stored rows for the page: frames for the overlay, and lines thin enough to be drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mimika.data.facs import UNIT_PLACES
from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.labels import FERPLUS
from mimika.web.exports import complete
from mimika.web.series import ANGLES, BOX, EYES, MESH, PROBABILITIES, matrix, meshes_of, with_faces

if TYPE_CHECKING:
    from mimika.store import Recording, Store

_SPAN_S = 30.0
_AWAY_STEPS, _AWAY_S = 3.0, 0.3
"""A face was away where two rows lie further apart than so many usual steps and seconds, as in `data.timeline`."""
UNIT_NAMES = tuple(UNIT_PLACES)
_OVERLAY = ["frame", "time_s", "face_id", *BOX, "label", "confidence", "origin"]


def frames(store: Store, recording: Recording, start_s: float, end_s: float, mesh: bool) -> Iterator[str]:
    """Give the JSON of all frames between two times, piece by piece: times first, then the faces of each."""
    yield '{"time_s":['
    first = True
    for table in _spans(store, recording, start_s, end_s, ["frame", "time_s"]):
        times = _times(table)
        if times:
            yield ("" if first else ",") + ",".join(f"{time:.4f}" for time in times)
            first = False
    yield '],"faces":['
    first = True
    columns = [*_OVERLAY, MESH] if mesh else _OVERLAY
    for table in _spans(store, recording, start_s, end_s, columns):
        for faces in faces_of(table, recording.mode, mesh):
            yield ("" if first else ",") + json.dumps(faces, separators=(",", ":"))
            first = False
    yield "]}"


def partial(table: pa.Table, mode: str) -> dict[str, Any]:
    """Return some rows in the shape of `frames`."""
    return {"time_s": [round(time, 4) for time in _times(table)], "faces": list(faces_of(table, mode, False))}


def faces_of(table: pa.Table, mode: str, mesh: bool) -> Iterator[list[dict[str, Any]]]:
    """Give the faces of each frame for the overlay."""
    own = complete(table, _OVERLAY)
    there = own.column("face_id").is_valid().to_numpy(zero_copy_only=False)
    points = meshes_of(with_faces(table)) if mesh and MESH in table.column_names and there.any() else None
    columns = [own.column(name).to_pylist() for name in _OVERLAY]
    latest, held, at = None, list[dict[str, Any]](), 0
    for number, _, face, *box, label, confidence, origin in zip(*columns, strict=True):
        if number != latest and latest is not None:
            yield held
            held = []
        latest = number
        if face is None:
            continue
        told: dict[str, Any] = {"id": face, "box": box, "label": label, "confidence": confidence}
        if mode != "expressions":
            told |= {"label": None, "confidence": None}
        elif origin is not None and origin != "local":
            told["origin"] = origin
        if points is not None:
            told["mesh"] = points[at].astype(float).round(1).tolist()
        held.append(told)
        at += 1
    if latest is not None:
        yield held


def timeline(store: Store, recording: Recording, start_s: float, end_s: float, points: int) -> dict[str, Any]:
    """Return what each face did between two times, at most `points` rows a face.

    Where there are more, a row stands for several: probabilities, valence, arousal, pose and indicators are means,
    action units the largest and eye openness the smallest value, so that no blink and no brief movement is lost. A row
    of nulls stands where the face was away.
    """
    columns = ["frame", "time_s", "face_id", *PROBABILITIES, *UNIT_NAMES, *ANGLES, *EYES, "valence", "arousal"]
    columns += INDICATOR_NAMES
    table = store.rows(recording.owner, recording.id, start_s=start_s, end_s=end_s, columns=columns)
    own = with_faces(complete(table, columns))
    ids, times = own.column("face_id").to_numpy(), own.column("time_s").to_numpy()
    values = matrix(own, columns[3:])
    faces = []
    for face in np.unique(ids).tolist():
        rows = np.flatnonzero(ids == face)
        rows = rows[np.argsort(times[rows], kind="stable")]
        faces.append(_line(face, times[rows], values[rows], columns[3:], points, recording.mode))
    return {"faces": faces}


def _line(
    face: int, times: NDArray[np.float64], values: NDArray[np.float64], names: list[str], points: int, mode: str
) -> dict[str, Any]:
    times, values = _thinned(times, values, names, points)
    columns = dict(zip(names, values.T, strict=True))
    told = mode == "expressions"
    return {
        "id": face,
        "time_s": _listed(times, 4),
        "probabilities": {name: _listed(columns[f"p_{name}"], 4) for name in FERPLUS} if told else None,
        "action_units": {name: _listed(columns[name], 2) for name in UNIT_NAMES},
        "pose": {name: _listed(columns[name], 2) for name in ANGLES},
        "eye_openness": [_listed(columns[name], 3) for name in EYES],
        "valence": _listed(columns["valence"], 4) if told else None,
        "arousal": _listed(columns["arousal"], 4) if told else None,
        "indicators": {name: _listed(columns[name], 3) for name in INDICATOR_NAMES} if told else None,
    }


def _thinned(
    times: NDArray[np.float64], values: NDArray[np.float64], names: list[str], points: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return at most `points` rows, one for each stretch of the same length, and rows of NaN where there is a gap."""
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 0.0
    if len(times) > points:
        edges = np.linspace(times[0], times[-1] + 1e-6, points + 1)
        starts = np.unique(np.searchsorted(times, edges[:-1]))
        starts = starts[starts < len(times)]
        count = np.diff(np.append(starts, len(times)))
        good = np.isfinite(values)
        sums = np.add.reduceat(np.where(good, values, 0), starts)
        held = np.add.reduceat(good, starts)
        with np.errstate(invalid="ignore", divide="ignore"):
            thin = np.where(held > 0, sums / held, np.nan)
        for column, name in enumerate(names):
            if name in UNIT_NAMES:
                thin[:, column] = np.fmax.reduceat(values[:, column], starts)
            elif name in EYES:
                thin[:, column] = np.fmin.reduceat(values[:, column], starts)
        # The gap before a stretch lies between its first row and the row before.
        gaps = np.append(False, times[starts[1:]] - times[starts[1:] - 1] > max(_AWAY_STEPS * usual, _AWAY_S))
        times, values = np.add.reduceat(times, starts) / count, thin
    else:
        gaps = np.append(False, steps > max(_AWAY_STEPS * usual, _AWAY_S)) if len(times) else np.zeros(0, bool)
    places = np.flatnonzero(gaps)
    if not len(places):
        return times, values
    between = (times[places] + times[places - 1]) / 2
    return np.insert(times, places, between), np.insert(values, places, np.nan, axis=0)


def _spans(store: Store, recording: Recording, start_s: float, end_s: float, columns: list[str]) -> Iterator[pa.Table]:
    """Give the rows between two times, some at a time."""
    last = store.last_time(recording.owner, recording.id)
    end = min(end_s, (last if last is not None else start_s) + 1e-3)
    while start_s < end:
        stop = min(start_s + _SPAN_S, end)
        table = store.rows(recording.owner, recording.id, start_s=start_s, end_s=stop, columns=columns)
        start_s = stop
        if table.num_rows:
            yield table


def _times(table: pa.Table) -> list[float]:
    """Return the time of each frame."""
    numbers, times = table.column("frame").to_numpy(), table.column("time_s").to_numpy()
    found: list[float] = times[np.append(True, np.diff(numbers) != 0)].tolist() if len(times) else []
    return found


def _listed(values: NDArray[np.float64], digits: int) -> list[float | None]:
    return [None if value != value else value for value in np.round(values + 0.0, digits).tolist()]
