"""What a table holds: the columns in order, their units, and the rows of one observation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.indicators import INDICATORS
from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS
from mimika.data.measurements import MESH_POINTS
from mimika.data.observation import Observation
from mimika.stages.write.units import UNIT_NAMES


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `kind` is "text", "integer" or "number"; `digits` after the point are written for a number."""

    name: str
    kind: str
    unit: str
    meaning: str
    digits: int = 0


def _numbers(names: str, unit: str, meaning: str, digits: int) -> tuple[Column, ...]:
    return tuple(Column(name, "number", unit, meaning, digits) for name in names.split())


def _unit_columns() -> tuple[Column, ...]:
    """Return a column a unit, or three, `_l`, `_r` and `_asym`, where it has sides."""
    columns: list[Column] = []
    for unit in ACTION_UNITS:
        name = f"{UNIT_NAMES[unit]}, 0 none to 5 maximum"
        if unit in SIDED_UNITS:
            columns += _numbers(f"{unit}_l", "0..5", f"{name}, the subject's left", 2)
            columns += _numbers(f"{unit}_r", "0..5", f"{name}, the subject's right", 2)
            columns += _numbers(
                f"{unit}_asym", "-1..1", f"asymmetry of {unit}: 0 even, 1 the left alone, -1 the right alone", 2
            )
        else:
            columns += _numbers(unit, "0..5", name, 2)
    return tuple(columns)


FRAME_COLUMNS = (
    Column("source", "text", "", "the input as it was named"),
    Column("frame", "integer", "count", "number of the decoded frame from 0, skipped ones included"),
    Column("time_s", "number", "seconds", "presentation timestamp of the container, 0 for photos", 6),
)
FACE_COLUMNS = (
    Column("face_id", "integer", "", "the same number is the same face of this source; empty where no face was found"),
    *_numbers("box_x box_y", "pixels", "upper left corner of the face box in the upright picture", 2),
    *_numbers("box_w box_h", "pixels", "width and height of the face box", 2),
    *_numbers("score", "0..1", "how sure the detector is", 4),
    *_numbers("presence", "0..1", "how sure the mesh network is that a whole face is there", 4),
    *_numbers("pitch", "degrees", "nod of the head, + when the face looks up", 2),
    *_numbers("yaw", "degrees", "turn of the head, + to the subject's own left", 2),
    *_numbers("roll", "degrees", "tilt of the head, + clockwise as seen in the picture", 2),
    *_numbers(
        " ".join(f"p_{name}" for name in FERPLUS), "0..1", "probability of the expression; the eight sum to 1", 5
    ),
    Column("label", "text", "", "the most likely expression, or unsure where it is too often wrong"),
    Column("origin", "text", "", "local, or cloud:MODEL where a second opinion is mixed into the expression"),
    *_numbers("confidence", "0..1", "probability of the most likely expression", 5),
    *_numbers("valence", "-1..1", "how pleasant the expression looks, expected from the eight probabilities", 4),
    *_numbers("arousal", "-1..1", "how roused the expression looks, expected from the eight probabilities", 4),
    *_numbers("eye_open_l", "0..", "openness of the subject's left eye, 0 closed, about 1 calmly open", 3),
    *_numbers("eye_open_r", "0..", "openness of the subject's right eye, 0 closed, about 1 calmly open", 3),
    *_numbers("gaze_yaw", "degrees", "turn of the eyes in the head, + to the subject's own left", 2),
    *_numbers("gaze_pitch", "degrees", "lift of the eyes in the head, + upwards", 2),
    Column("facs", "text", "", "units from a trace on with FACS letters, as in 6B+L12D+R12C; 0 where there is none"),
    *_unit_columns(),
    *(Column(item.name, "number", item.unit, item.meaning, item.digits) for item in INDICATORS),
)
COLUMNS = FRAME_COLUMNS + FACE_COLUMNS
NAMES = tuple(column.name for column in COLUMNS)
DERIVED = ("facs", *(f"{unit}_asym" for unit in SIDED_UNITS))
"""Columns that follow from the intensities of the same row."""
_TEXTS = [place for place, column in enumerate(FACE_COLUMNS[1:]) if column.kind == "text"]
_UNIT_PLACES = [
    3 * row + place for row, unit in enumerate(ACTION_UNITS) for place in range(3 if unit in SIDED_UNITS else 1)
]
MESH_DIGITS = 2
MESH_UNIT = "pixels of the upright picture, z in the same scale, negative towards the camera"

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SCALES = 10.0 ** np.array([column.digits for column in FACE_COLUMNS if column.kind == "number"])


@lru_cache(maxsize=1)
def mesh_names() -> tuple[str, ...]:
    """Return the 1,434 mesh column names x_0, y_0, z_0, x_1, … in MediaPipe's vertex order."""
    return tuple(f"{axis}_{point}" for point in range(MESH_POINTS) for axis in "xyz")


def names(mesh: bool = False) -> tuple[str, ...]:
    """Return all column names in order, with those of the mesh on request."""
    return NAMES + mesh_names() if mesh else NAMES


def rows(observation: Observation, mesh: bool = False) -> list[dict[str, Any]]:
    """Return one row a face, or one row with empty face columns for a frame without a face.

    Keys come in the order of `names(mesh)`; numbers are rounded to the digits of their column and are None where empty
    or not finite.
    """
    frame = observation.frame
    start = {"source": plain(frame.source), "frame": frame.number, "time_s": round(frame.time_s, 6)}
    if not len(observation):
        return [start | dict.fromkeys(names(mesh)[len(start) :])]
    labels, ids = observation.expressions.labels, observation.faces.ids.tolist()
    coded = observation.measurements.facs
    result = []
    for index, cells in enumerate(_finite(np.rint(_numeric(observation) * _SCALES) / _SCALES)):
        texts = (labels[index], plain(observation.origin(index)), coded[index])
        for place, text in zip(_TEXTS, texts, strict=True):
            cells.insert(place, text)
        row = dict(zip(NAMES, (*start.values(), ids[index], *cells), strict=True))
        if mesh:
            row.update(zip(mesh_names(), mesh_values(observation, index), strict=True))
        result.append(row)
    return result


def plain(name: str) -> str:
    """Return a file name as one line of UTF-8; line breaks, control signs and stray bytes become backslash codes."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], name.encode("utf-8", "backslashreplace").decode("utf-8"))


def mesh_values(observation: Observation, index: int) -> list[float | None]:
    """Return the 1,434 rounded coordinates x_0, y_0, z_0, x_1, … of one face."""
    scale = 10.0**MESH_DIGITS
    flat = observation.measurements.meshes[index].astype(np.float64).reshape(1, -1)
    return _finite(np.rint(flat * scale) / scale)[0]


def _numeric(observation: Observation) -> NDArray[np.float64]:
    """Return the (n, 88) measured numbers in the order of the table."""
    faces, measured, expressions = observation.faces, observation.measurements, observation.expressions
    units = np.concatenate([measured.action_units, measured.asymmetry[:, :, None]], axis=2)
    parts = (
        *(faces.boxes, faces.scores, measured.presence, measured.angles),
        *(expressions.probabilities, expressions.confidences, expressions.valence, expressions.arousal),
        *(measured.eye_openness, measured.gaze, units.reshape(len(faces), -1)[:, _UNIT_PLACES]),
        observation.indicators,
    )
    return np.column_stack(parts).astype(np.float64)


def _finite(values: NDArray[np.float64]) -> list[list[Any]]:
    good = np.isfinite(values)
    # Adding 0 turns -0.0 into 0.0, which would be written as "-0.0".
    listed: list[list[Any]] = (values + 0.0).tolist()
    if not good.all():
        for row, column in np.argwhere(~good):
            listed[row][column] = None
    return listed
