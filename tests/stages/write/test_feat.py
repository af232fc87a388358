"""py-feat would not read the file, or read one column as another."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.builders import frame, observation
from tests.stages.write.made import export, source

UNITS = [
    "01",
    "02",
    "04",
    "05",
    "06",
    "07",
    "09",
    "10",
    "11",
    "12",
    "14",
    "15",
    "17",
    "20",
    "23",
    "24",
    "25",
    "26",
    "28",
    "43",
]
EMOTIONS = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_columns_are_those_of_a_saved_fex(tmp_path: Path) -> None:
    boxes = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    points = [f"{axis}_{point}" for axis in "xy" for point in range(68)]
    pose = ["Pitch", "Roll", "Yaw", "X", "Y", "Z"]
    end = ["Identity", "input", "frame", "approx_time"]
    wanted = [*boxes, *points, *pose, *[f"AU{unit}" for unit in UNITS], *EMOTIONS, *end]
    assert list(rows(export("feat", tmp_path))[0]) == wanted


def test_a_smile_is_an_intensity_of_0_to_1_and_seven_shares_that_sum_to_1(tmp_path: Path) -> None:
    row = rows(export("feat", tmp_path))[30]
    assert float(row["AU12"]) == pytest.approx(0.7)
    assert row["AU11"] == ""
    assert float(row["happiness"]) == pytest.approx(0.93 / 0.99, abs=1e-4)
    assert sum(float(row[name]) for name in EMOTIONS) == pytest.approx(1, abs=1e-4)
    assert float(row["Yaw"]) == pytest.approx(-0.18326, abs=1e-4)
    assert (row["input"], row["frame"], row["approx_time"], row["Identity"]) == ("talk.mp4", "30", "00:01", "Person_0")


def test_a_lost_face_is_a_row_without_numbers(tmp_path: Path) -> None:
    lost = rows(export("feat", tmp_path))[99]
    assert lost.pop("input") == "talk.mp4"
    assert (lost.pop("frame"), lost.pop("approx_time")) == ("99", "00:03")
    assert set(lost.values()) == {""}


def test_photos_are_counted_in_one_table(tmp_path: Path) -> None:
    photos = iter([observation(1, frame(source="a.jpg")), observation(2, frame(source="b.jpg"))])
    found = rows(export("feat", tmp_path, photos, source=source("a.jpg", "photo")))
    assert [(row["input"], row["frame"], row["approx_time"]) for row in found] == [
        ("a.jpg", "0", ""),
        ("b.jpg", "1", ""),
        ("b.jpg", "1", ""),
    ]
