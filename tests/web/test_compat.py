"""A client made for another server would break, or could make ours open files and addresses."""

from __future__ import annotations

import base64

import pytest

from tests.films import FACE_BOX
from tests.web.running import Running, empty_picture, picture

ADDRESS = "data:image/jpeg;base64," + base64.b64encode(picture(384)).decode()


@pytest.mark.parametrize(("route", "field"), [("/detect_image", "image"), ("/detect_frame", "frame")])
def test_the_short_form(server: Running, route: str, field: str) -> None:
    answer = server.client.post(route, files={field: ("frame.jpg", picture())})
    (face,) = answer.json()
    assert list(face) == ["x", "y", "w", "h", "emotion"]
    assert face["emotion"] == "Happy"
    assert [face[key] for key in "xywh"] == pytest.approx(FACE_BOX, abs=30)
    assert server.client.post(route, files={field: ("a.png", empty_picture())}).json() == []
    assert server.client.post(route, data={field: ADDRESS}, files={"other": b""}).json()[0]["emotion"] == "Happy"
    assert server.client.post(route, files={"wrong": ("a.jpg", picture())}).status_code == 422
    assert server.client.post(route, files={field: ("a.txt", b"text")}).json()["error"]["code"] == "input_unsupported"


def test_base64_in_a_form_may_be_as_large_as_a_file(server: Running) -> None:
    large = picture(1600, ".bmp")
    assert len(large) > 4_000_000
    address = "data:image/bmp;base64," + base64.b64encode(large).decode()
    (face,) = server.client.post("/detect_image", data={"image": address}, files={"other": b""}).json()
    assert face["emotion"] == "Happy"


def test_deepfaces_request_and_answer(server: Running) -> None:
    body = {"img": ADDRESS, "actions": ["emotion"], "detector_backend": "opencv", "enforce_detection": True}
    (face,) = server.client.post("/analyze", json=body).json()["results"]
    assert face["dominant_emotion"] == "happy"
    assert sum(face["emotion"].values()) == pytest.approx(100, abs=1e-3)
    assert face["region"]["left_eye"][0] > face["region"]["right_eye"][0]
    assert server.client.post("/analyze", json={"img_path": ADDRESS}).json()["results"] == [face]
    form = server.client.post("/analyze", files={"img": ("a.jpg", picture(384))}, data={"actions": '["emotion"]'})
    assert form.json()["results"] == [face]


def test_a_picture_without_a_face(server: Running) -> None:
    address = "data:image/png;base64," + base64.b64encode(empty_picture()).decode()
    answer = server.client.post("/analyze", json={"img": address})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "face_not_detected")
    (whole,) = server.client.post("/analyze", json={"img": address, "enforce_detection": False}).json()["results"]
    assert (whole["region"]["w"], whole["face_confidence"]) == (64, 0)


def test_age_gender_and_race_are_not_guessed(server: Running) -> None:
    answer = server.client.post("/analyze", json={"img": ADDRESS, "actions": ["age", "emotion"]})
    assert answer.status_code == 422
    assert "does not guess age" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "place",
    ["/etc/passwd", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data", "..\\x.png", "a.jpg", "\0"],
)
def test_paths_and_addresses_are_refused_unopened(server: Running, place: str) -> None:
    for answer in (
        server.client.post("/analyze", json={"img": place}),
        server.client.post("/analyze", files={"img": (None, place)}),
        server.client.post("/detect_image", files={"image": (None, place)}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "path_refused")
