"""Rows of a recording: observations turned into stored tables and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mimika.data.expressions import Expressions
from mimika.data.faces import Faces
from mimika.data.facs import codes, sides_of
from mimika.data.frame import Frame
from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS
from mimika.data.measurements import MESH_POINTS, Measurements
from mimika.data.movements import MOVED
from mimika.data.observation import Observation
from mimika.data.timeline import Timeline
from mimika.stages.faces.align import five_points
from mimika.stages.measure.pose import head_pose
from mimika.stages.write.columns import DERIVED, rows
from mimika.stages.write.parquet import table_schema

MESH, MOVEMENT = "mesh", "movement"
MESH_TYPE = pa.list_(pa.int16(), MESH_POINTS * 3)
MOVEMENT_TYPE = pa.list_(pa.float32(), MOVED)
EXPRESSION_COLUMNS = (*(f"p_{name}" for name in FERPLUS), "label", "origin", "confidence", "valence", "arousal")
"""What tells an expression; empty where the purpose allows action units only."""
INFERRED = (*EXPRESSION_COLUMNS, *INDICATOR_NAMES)
"""The same with what tells a state."""
TOLD = tuple(name for name in table_schema(False).names if name != "source")
"""The columns of a row as it is told, in order."""
NAMES = tuple(name for name in TOLD if name not in DERIVED)
"""The columns of a stored row, in order; `mesh` and `movement` may follow."""
BOX = ("box_x", "box_y", "box_w", "box_h")
ANGLES = ("pitch", "yaw", "roll")
EYES, GAZE = ("eye_open_l", "eye_open_r"), ("gaze_yaw", "gaze_pitch")
PROBABILITIES = tuple(f"p_{name}" for name in FERPLUS)
UNITS = tuple(
    name for unit in ACTION_UNITS for name in ((f"{unit}_l", f"{unit}_r") if unit in SIDED_UNITS else (unit, unit))
)
"""The column of each unit's left and right, (46,)."""
_FINE = 8192
"""Mesh coordinates are kept in whole 1/8192 of the larger side of the face's box, from the box's corner on."""


def schema(mesh: bool = False, movement: bool = False) -> pa.Schema:
    """Return the schema of stored rows."""
    wide = table_schema(False)
    fields = [pa.field(name, wide.field(name).type) for name in NAMES]
    fields += [pa.field(MESH, MESH_TYPE)] if mesh else []
    return pa.schema(fields + ([pa.field(MOVEMENT, MOVEMENT_TYPE)] if movement else []))


def table_of(observations: Iterable[Observation], mode: str, mesh: bool, movement: bool = False) -> pa.Table:
    """Return the rows of some frames: one a face, one without a face for a frame that shows none.

    In mode "action_units" the columns of `INFERRED` are empty.
    """
    told: list[dict[str, Any]] = []
    meshes: list[list[int] | None] = []
    moved: list[list[float] | None] = []
    for observation in observations:
        own = rows(observation)
        told += own
        if mesh:
            meshes += packed(observation, own) if len(observation) else [None]
        if movement:
            moved += observation.measurements.movement.tolist() if len(observation) else [None]
    if mode != "expressions":
        for row in told:
            row.update(dict.fromkeys(INFERRED))
    table = pa.Table.from_pylist(told, schema=schema())
    if mesh:
        table = table.append_column(MESH, pa.array(meshes, MESH_TYPE))
    return table.append_column(MOVEMENT, pa.array(moved, MOVEMENT_TYPE)) if movement else table


def packed(observation: Observation, told: list[dict[str, Any]]) -> list[Any]:
    """Return the meshes of one frame as whole numbers, relative to the boxes as they are written in its rows."""
    boxes = np.array([[row[name] for name in BOX] for row in told], np.float64)
    corners, sides = _frames_of(boxes)
    fine = (observation.measurements.meshes.astype(np.float64) - corners) * (_FINE / sides)
    return list(np.clip(np.rint(fine), -32768, 32767).astype(np.int16).reshape(len(boxes), -1))


def meshes_of(table: pa.Table) -> NDArray[np.float32]:
    """Return the (n, 478, 3) meshes of rows with faces."""
    flat = table.column(MESH).combine_chunks()
    flat = flat.chunk(0) if isinstance(flat, pa.ChunkedArray) else flat
    fine = np.asarray(flat.flatten(), np.float64).reshape(-1, MESH_POINTS, 3)
    corners, sides = _frames_of(matrix(table, BOX))
    return np.asarray(fine * (sides / _FINE) + corners, np.float32)


def matrix(table: pa.Table, names: Iterable[str]) -> NDArray[np.float64]:
    """Return some columns as (n, k) numbers, NaN where they are empty."""
    columns = [table.column(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in names]
    return np.column_stack(columns) if columns else np.zeros((table.num_rows, 0))


def with_faces(table: pa.Table) -> pa.Table:
    """Return the rows that hold a face."""
    return table.filter(table.column("face_id").is_valid())


def with_derived(table: pa.Table) -> pa.Table:
    """Return stored rows with the columns of `DERIVED` behind them."""
    units = matrix(table, UNITS).astype(np.float32).reshape(-1, len(ACTION_UNITS), 2)
    table = table.append_column("facs", pa.array(codes(units), pa.string()))
    for unit, values in sides_of(units).items():
        rounded = np.round(values.astype(np.float64), 2) + 0.0
        table = table.append_column(f"{unit}_asym", pa.array(rounded, pa.float64(), from_pandas=True))
    return table


def observations_of(
    table: pa.Table, size: tuple[int, int], source: str = "", unsure_below: float = 0.0, shade: int = 0
) -> Iterator[Observation]:
    """Give the frames of stored rows again, (width, height) large and of one shade; embeddings are not kept.

    Where meshes were not kept they are 0, and translations NaN.
    """
    plain = np.full((max(size[1], 1), max(size[0], 1)), shade, np.uint8)
    numbers = table.column("frame").to_numpy(zero_copy_only=False)
    times = table.column("time_s").to_numpy(zero_copy_only=False)
    there = table.column("face_id").is_valid().to_numpy(zero_copy_only=False)
    faces = _arrays(with_faces(table), size)
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)] if len(numbers) else [0]
    at = 0
    for start, stop in pairwise(edges):
        own = slice(at, at + int(there[start:stop].sum()))
        at = own.stop
        frame = Frame(plain, float(times[start]), int(numbers[start]), source)
        yield _observation(frame, {name: values[own] for name, values in faces.items()}, unsure_below)


def timelines_of(table: pa.Table, source: str = "", unsure_below: float = 0.0) -> list[Timeline]:
    """Return what each face did, one timeline a face, in the order of their ids; without meshes."""
    own = with_faces(table)
    arrays = _arrays(own.drop_columns([MESH]) if MESH in own.column_names else own, (1, 1))
    arrays["time_s"] = own.column("time_s").to_numpy(zero_copy_only=False).astype(np.float64)
    arrays["numbers"] = own.column("frame").to_numpy(zero_copy_only=False).astype(np.int64)
    ids, moved = arrays.pop("ids"), MOVEMENT in own.column_names
    left_out = ("scores", "meshes", "points", "indicators", *(() if moved else (MOVEMENT,)))
    kept = {name: values for name, values in arrays.items() if name not in left_out}
    found = []
    for face in np.unique(ids).tolist():
        chosen = np.flatnonzero(ids == face)
        chosen = chosen[np.argsort(kept["time_s"][chosen], kind="stable")]
        lines: dict[str, Any] = {name: values[chosen] for name, values in kept.items()}
        found.append(Timeline(face=face, source=source, unsure_below=unsure_below, **lines))
    return found


def _arrays(own: pa.Table, size: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """Return what containers hold, one row a face."""
    n = own.num_rows
    score = matrix(own, ("score", "presence")).astype(np.float32)
    found: dict[str, NDArray[Any]] = {
        "ids": own.column("face_id").to_numpy(zero_copy_only=False).astype(np.int64),
        "boxes": matrix(own, BOX).astype(np.float32),
        "scores": score[:, 0],
        "presence": score[:, 1],
        "probabilities": matrix(own, PROBABILITIES).astype(np.float32),
        "angles": matrix(own, ANGLES).astype(np.float32),
        "action_units": matrix(own, UNITS).astype(np.float32).reshape(n, len(ACTION_UNITS), 2),
        "eye_openness": matrix(own, EYES).astype(np.float32),
        "gaze": matrix(own, GAZE).astype(np.float32),
        "indicators": matrix(own, INDICATOR_NAMES).astype(np.float32),
        "translations": np.full((n, 3), np.nan, np.float32),
        "points": np.zeros((n, 5, 2), np.float32),
        MOVEMENT: np.full((n, MOVED), np.nan, np.float32),
    }
    if MESH in own.column_names:
        found["meshes"] = meshes_of(own)
        found["points"] = five_points(found["meshes"])
        found["translations"] = head_pose(found["meshes"], size)[1]
    if n and MOVEMENT in own.column_names:
        moved = own.column(MOVEMENT).combine_chunks()
        found[MOVEMENT] = np.asarray(moved.flatten(), np.float32).reshape(n, MOVED)
    return found


def _observation(frame: Frame, own: dict[str, NDArray[Any]], unsure_below: float) -> Observation:
    n = len(own["ids"])
    meshes = own.get("meshes", np.zeros((n, MESH_POINTS, 3), np.float32))
    names = ("presence", "angles", "translations", "action_units", "eye_openness", "gaze", MOVEMENT)
    return Observation(
        frame,
        Faces(own["boxes"], own["scores"], own["points"], own["ids"]),
        Measurements(meshes, **{name: own[name] for name in names}),
        Expressions(own["probabilities"], np.zeros((n, 0), np.float32), unsure_below),
        indicators=own["indicators"],
    )


def _frames_of(boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the (n, 1, 3) corner and the (n, 1, 1) larger side of each box."""
    corners = np.concatenate([boxes[:, :2], np.zeros((len(boxes), 1))], axis=1)
    return corners[:, None], np.maximum(boxes[:, 2:].max(axis=1, initial=1.0), 1.0)[:, None, None]
