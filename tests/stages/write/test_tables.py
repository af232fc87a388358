"""A user would miss rows, find wrong values, or get a file no tool opens."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimika.data.errors import OptionError, OutputError, OutputExists
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.measurements import Measurements
from mimika.data.observation import Observation
from mimika.stages.write import FORMATS, open_sink
from mimika.stages.write.columns import COLUMNS, NAMES, names, rows
from tests.builders import clip, fill, frame, observation

WANTED = [
    *("source", "frame", "time_s", "face_id", "box_x", "box_y", "box_w", "box_h", "score", "presence"),
    *("pitch", "yaw", "roll", "p_neutral", "p_happiness", "p_surprise", "p_sadness", "p_anger", "p_disgust"),
    *("p_fear", "p_contempt", "label", "origin", "confidence", "valence", "arousal"),
    *("eye_open_l", "eye_open_r", "gaze_yaw", "gaze_pitch", "facs", "AU1_l", "AU1_r", "AU1_asym", "AU2_l", "AU2_r"),
    *("AU2_asym", "AU4_l", "AU4_r", "AU4_asym", "AU5_l", "AU5_r", "AU5_asym", "AU6_l", "AU6_r", "AU6_asym", "AU7_l"),
    *("AU7_r", "AU7_asym", "AU9_l", "AU9_r", "AU9_asym", "AU10_l", "AU10_r", "AU10_asym", "AU12_l", "AU12_r"),
    *("AU12_asym", "AU14_l", "AU14_r", "AU14_asym", "AU15_l", "AU15_r", "AU15_asym", "AU16_l", "AU16_r", "AU16_asym"),
    *("AU17", "AU18", "AU20_l", "AU20_r", "AU20_asym", "AU22", "AU23", "AU24", "AU25", "AU26", "AU27", "AU28"),
    *("AU43_l", "AU43_r", "AU43_asym"),
    *("blink_rate", "blink_s", "perclos", "eyes_closed_s", "yawns", "drowsiness", "looking_away_s", "attention"),
    *("engagement", "confusion", "boredom", "tension", "frustration"),
]


def read(path: Path) -> list[dict[str, Any]]:
    """Read any of the three formats back into rows of Python values."""
    if path.suffix == ".parquet":
        table: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return table
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    kinds = {column.name: column.kind for column in COLUMNS}
    convert = {"text": str, "integer": int, "number": float}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {key: convert[kinds.get(key, "number")](cell) if cell else None for key, cell in row.items()}
            for row in csv.DictReader(file)
        ]


def write(path: Path, observations: list[Observation], mesh: bool = False) -> Path:
    fill(open_sink(path.suffix[1:], path, mesh), observations)
    return path


def test_columns_are_those_promised_in_their_order() -> None:
    assert list(NAMES) == WANTED
    assert list(rows(observation(1))[0]) == WANTED
    assert list(rows(observation(1), mesh=True)[0]) == list(names(mesh=True))
    assert len(names(mesh=True)) == len(WANTED) + 478 * 3


def test_each_number_stands_in_its_own_column() -> None:
    item = observation(3, frame(time_s=1.24, number=31))
    row = rows(item)[2]
    assert (row["source"], row["frame"], row["time_s"], row["face_id"]) == ("clip.mp4", 31, 1.24, 2)
    assert [row[f"box_{part}"] for part in "xywh"] == pytest.approx(item.faces.boxes[2], abs=0.006)
    assert (row["pitch"], row["yaw"], row["roll"]) == (3.25, -8.5, 2.75)
    assert row["score"] == pytest.approx(item.faces.scores[2], abs=1e-4)
    assert row["presence"] == 0.97
    assert [row[f"p_{name}"] for name in FERPLUS] == pytest.approx(item.expressions.probabilities[2], abs=1e-5)
    assert (row["label"], row["confidence"]) == ("surprise", 0.72)
    assert row["valence"] == pytest.approx(item.expressions.valence[2], abs=1e-4)
    assert row["arousal"] == pytest.approx(item.expressions.arousal[2], abs=1e-4)


def test_units_of_each_side_stand_under_their_own_name() -> None:
    item = observation(2)
    units = np.arange(2 * 23 * 2, dtype=np.float32)[::-1].reshape(2, 23, 2) / 20
    whole = ACTION_UNITS.index("AU25")
    units[:, whole, 1] = units[:, whole, 0]
    measured = replace(item.measurements, action_units=units, eye_openness=[[0.9, 0.1], [1, 1]], gaze=[[5, -7], [0, 0]])
    row = rows(replace(item, measurements=measured))[0]
    smile = ACTION_UNITS.index("AU12")
    assert (row["AU12_l"], row["AU12_r"]) == pytest.approx(units[0, smile], abs=0.006)
    assert row["AU12_asym"] == pytest.approx(1 - units[0, smile, 1] / units[0, smile, 0], abs=0.006)
    assert row["AU25"] == pytest.approx(units[0, whole, 0], abs=0.006)
    assert {"12D", "25C"} <= set(row["facs"].split("+"))
    assert (row["eye_open_l"], row["eye_open_r"], row["gaze_yaw"], row["gaze_pitch"]) == (0.9, 0.1, 5, -7)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_reads_back_the_same_rows(tmp_path: Path, kind: str) -> None:
    observations = [*clip(5, faces=2), observation(0, frame(time_s=0.2, number=5)), observation(1, frame(number=6))]
    back = read(write(tmp_path / f"t.{kind}", observations))
    assert back == [row for item in observations for row in rows(item)]
    assert len(back) == 12


@pytest.mark.parametrize("kind", FORMATS)
def test_a_frame_without_a_face_is_one_row_with_empty_cells_not_zeros(tmp_path: Path, kind: str) -> None:
    (row,) = read(write(tmp_path / f"t.{kind}", [observation(0, frame(time_s=2.5, number=7))], mesh=True))
    assert (row.pop("source"), row.pop("frame"), row.pop("time_s")) == ("clip.mp4", 7, 2.5)
    assert set(row.values()) == {None}


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_run_still_gives_a_readable_table(tmp_path: Path, kind: str) -> None:
    assert read(write(tmp_path / f"t.{kind}", [])) == []


@pytest.mark.parametrize("kind", FORMATS)
def test_meshes_come_back_to_the_hundredth_of_a_pixel(tmp_path: Path, kind: str) -> None:
    item = observation(2)
    back = read(write(tmp_path / f"t.{kind}", [item, observation(0)], mesh=True))
    assert len(back) == 3
    if kind == "jsonl":
        meshes = np.array([row["mesh"] for row in back[:2]])
    else:
        meshes = np.array([[row[name] for name in names(mesh=True)[len(NAMES) :]] for row in back[:2]])
    np.testing.assert_allclose(meshes.reshape(2, 478, 3), item.measurements.meshes, atol=0.006)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_number_that_is_not_finite_becomes_an_empty_cell(tmp_path: Path, kind: str) -> None:
    item = observation(2)
    angles = item.measurements.angles.copy()
    angles[1, 0], angles[0, 2] = np.nan, np.inf
    odd = Measurements(item.measurements.meshes, item.measurements.presence, angles, item.measurements.translations)
    back = read(write(tmp_path / f"t.{kind}", [Observation(item.frame, item.faces, odd, item.expressions)]))
    assert [(row["pitch"], row["roll"]) for row in back] == [(1.25, None), (None, 1.75)]


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=st.text(st.characters(), min_size=1, max_size=20), time_s=st.floats(0, 1e6))
def test_any_file_name_and_time_survives(tmp_path: Path, kind: str, source: str, time_s: float) -> None:
    path = tmp_path / f"t.{kind}"
    path.unlink(missing_ok=True)
    item = observation(1, frame(source=source, time_s=time_s))
    assert read(write(path, [item])) == rows(item)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_existing_table_is_kept_unless_forced(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / f"t.{kind}", list(clip(3)))
    before = path.read_bytes()
    with pytest.raises(OutputExists, match="--force"):
        fill(open_sink(kind, path), [])
    assert path.read_bytes() == before
    with open_sink(kind, path, force=True) as sink:
        sink.write(observation(1))
    assert len(read(path)) == 1


@pytest.mark.parametrize("kind", FORMATS)
def test_an_error_while_it_runs_leaves_all_rows_before_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"t.{kind}"
    with pytest.raises(KeyboardInterrupt):
        fill(open_sink(kind, path), clip(7), then=KeyboardInterrupt())
    assert len(read(path)) == 7
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", FORMATS)
def test_places_that_cannot_be_written_are_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / f"folder.{kind}").mkdir()
    for path in (tmp_path / "file" / f"t.{kind}", tmp_path / f"folder.{kind}"):
        with pytest.raises(OutputError) as caught:
            fill(open_sink(kind, path, force=True), [])
        assert str(tmp_path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_parquet_says_units_and_packs_into_large_row_groups(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", list(clip(1000)))
    table = pq.ParquetFile(path)
    assert table.metadata.num_row_groups == 1
    assert table.schema_arrow.field("yaw").metadata[b"unit"] == b"degrees"


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="xlsx"):
        open_sink("xlsx", tmp_path / "t.xlsx")
