"""A script made for OpenFace would stumble over a column, or take a number for another."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mimika.stages.measure.pose import rotation_of
from mimika.stages.write.camera import Camera
from mimika.stages.write.landmarks import LANDMARKS68, eyes56, landmarks68, seven
from tests.builders import mean_mesh, observation, probabilities
from tests.stages.write.made import export, smile, source

HEAD = "frame,face_id,timestamp,confidence,success,gaze_0_x,gaze_0_y,gaze_0_z,gaze_1_x,gaze_1_y,gaze_1_z,gaze_angle_x"
UNITS = ["01", "02", "04", "05", "06", "07", "09", "10", "12", "14", "15", "17", "20", "23", "25", "26", "45"]


def names() -> list[str]:
    """Return the columns that OpenFace 2.2 writes without `-pdmparams`."""
    eyes = [f"eye_lmk_{axis}_{point}" for axis in "xyXYZ" for point in range(56)]
    pose = ["pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz"]
    points = [f"{axis}_{point}" for axis in "xyXYZ" for point in range(68)]
    there = sorted([*UNITS, "28"])
    return [
        *(*HEAD.split(","), "gaze_angle_y", *eyes, *pose, *points),
        *(*[f"AU{unit}_r" for unit in UNITS], *[f"AU{unit}_c" for unit in there]),
    ]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_columns_are_those_of_openface_in_their_order(tmp_path: Path) -> None:
    with export("openface", tmp_path).open() as file:
        assert file.readline().rstrip("\n").split(",") == names()


def test_numbers_have_openfaces_units_and_decimals(tmp_path: Path) -> None:
    row = rows(export("openface", tmp_path))[30]
    assert (row["frame"], row["face_id"], row["timestamp"]) == ("31", "0", "1.200")
    assert (row["confidence"], row["success"]) == ("0.97", "1")
    assert (row["AU12_r"], row["AU12_c"], row["AU01_r"], row["AU01_c"]) == ("3.50", "1.0", "0.00", "0.0")
    # Half an eye distance to the right, 63 mm; as wide as the picture at 5 of them: 250 px focal length for 320 px.
    assert (float(row["pose_Tx"]), float(row["pose_Ty"])) == (31.5, pytest.approx(-15.75, abs=0.06))
    assert float(row["pose_Tz"]) == pytest.approx(250 * 63 * 5 / 320, abs=0.06)
    # Pitch 1.25 up and yaw 10.5 to the image's left become a small negative and a positive rotation.
    assert float(row["pose_Rx"]) == pytest.approx(-np.radians(1.25), abs=0.004)
    assert float(row["pose_Ry"]) == pytest.approx(np.radians(10.5), abs=0.002)
    gaze = np.array([float(row[f"gaze_0_{axis}"]) for axis in "xyz"])
    assert np.linalg.norm(gaze) == pytest.approx(1, abs=1e-5)
    # Eyes 12° to the subject's left on a head 10.5° to its right look almost straight ahead, and 5° down.
    assert np.degrees(float(row["gaze_angle_x"])) == pytest.approx(1.5, abs=0.6)
    assert np.degrees(float(row["gaze_angle_y"])) == pytest.approx(5 - 1.25, abs=0.6)
    assert [len(row[name].partition(".")[2]) for name in ("x_0", "X_0", "gaze_1_x", "pose_Rz")] == [1, 1, 6, 3]


def test_a_frame_without_a_face_has_success_0_and_blanks(tmp_path: Path) -> None:
    found = rows(export("openface", tmp_path))
    assert len(found) == 100
    lost = found[80]
    assert (lost["frame"], lost["timestamp"], lost["success"]) == ("81", "3.200", "0")
    assert {lost[name] for name in names()[5:]} == {""}


def test_a_photo_has_the_layout_of_face_landmark_img(tmp_path: Path) -> None:
    path = export("openface", tmp_path, iter([observation(2)]), source=source("a.jpg", "photo"))
    found = rows(path)
    assert list(found[0])[:3] == ["face", "confidence", "gaze_0_x"]
    assert [row["face"] for row in found] == ["0", "1"]


def test_landmarks_in_millimetres_project_onto_their_pixels() -> None:
    item = next(smile())
    camera = Camera(320, 240, item.measurements.translations)
    points = landmarks68(item.measurements.meshes)
    placed = camera.points_mm(points)
    focal, centre = 250.0, np.array([160.0, 120.0])
    np.testing.assert_allclose(placed[..., :2] / placed[..., 2:] * focal + centre, points[..., :2], atol=1e-6)


@pytest.mark.parametrize("angles", [(10, 25, -5), (-40, -60, 30), (0, 0, 0)])
def test_rotations_are_the_same_turn_in_openfaces_order(angles: tuple[float, float, float]) -> None:
    x, y, z = Camera(640, 480, np.ones((1, 3))).rotations(np.array([angles], np.float64))[0]
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    np.testing.assert_allclose(about_x @ about_y @ about_z, rotation_of(*angles), atol=1e-9)


def test_the_68_landmarks_lie_where_their_numbers_say() -> None:
    points = mean_mesh()[list(LANDMARKS68)]
    assert len(set(LANDMARKS68)) == 68
    jaw, brows, nose, mouth = points[:17], points[17:27], points[27:36], points[48:60]
    assert (np.diff(jaw[:, 0]) > 0).all()
    assert jaw[:, 1].argmax() == 8
    assert (np.diff(brows[:, 0]) > 0).all()
    assert (np.diff(nose[:4, 1]) > 0).all()
    assert (np.diff(nose[4:, 0]) > 0).all()
    assert mouth[:, 0].argmin() == 0
    assert mouth[:, 0].argmax() == 6
    for corner in (36, 42):
        eye = points[corner : corner + 6]
        assert eye[:, 0].argmin() == 0
        assert eye[:, 0].argmax() == 3
        assert eye[1:3, 1].max() < eye[4:, 1].min()
    # Mirrored, every landmark falls on its counterpart.
    assert np.abs(points[48, 0] + points[54, 0]) < 0.02
    assert np.abs(points[36, 0] + points[45, 0]) < 0.02


def test_eye_points_go_round_the_iris_and_along_the_lids() -> None:
    points = eyes56(mean_mesh()[None])[0]
    left, right = points[:28], points[28:]
    assert left[:8, 0].mean() < 0 < right[:8, 0].mean()
    for eye in (left, right):
        ring = eye[:8, :2] - eye[:8, :2].mean(axis=0)
        assert np.hypot(*ring.T) == pytest.approx(np.hypot(*ring.T).mean(), rel=0.25)
        assert ring[:, 0].argmin() == 0
        assert ring[:, 1].argmin() == 2
        assert eye[8:20, 0].argmin() == 0
        assert eye[8:20, 0].argmax() == 6
        assert np.isnan(eye[20:]).all()


def test_seven_expressions_leave_contempt_out_and_sum_to_one() -> None:
    shares = seven(probabilities(1, "contempt"))
    assert shares.shape == (1, 7)
    assert shares.sum() == pytest.approx(1)
    assert shares.max() == pytest.approx(1 / 7)
