"""Photos over HTTP: a client would get nothing, the wrong face, or one bad picture would spoil the others."""

from __future__ import annotations

import base64

import pytest

from mimika import analyze_image
from mimika.data.labels import FERPLUS
from tests.films import FACE_BOX, portrait
from tests.web.running import Running, empty_picture, picture


def test_a_photo_gives_what_the_library_gives(server: Running) -> None:
    answer = server.client.post("/v1/images", files={"files": ("astronaut.png", picture(suffix=".png"))})
    assert answer.status_code == 200
    assert answer.json()["mode"] == "expressions"
    (image,) = answer.json()["images"]
    assert (image["name"], image["width"], image["height"], image["error"]) == ("astronaut.png", 512, 512, None)
    (face,) = image["faces"]
    (known,) = analyze_image(portrait())
    assert face["label"] == face["resembles"] == known.label == "happiness"
    assert face["unsure"] is False
    assert face["box"] == pytest.approx(known.box, abs=0.1)
    assert face["box"] == pytest.approx(FACE_BOX, abs=30)
    assert list(face["probabilities"]) == list(FERPLUS)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert face["action_units"] == pytest.approx(known.action_units, abs=0.06)
    assert face["letters"] == {name: letter for name, letter in known.letters.items() if letter}
    assert face["asymmetry"] == pytest.approx(known.asymmetry, abs=0.06)
    assert face["pose"]["yaw"] == pytest.approx(known.yaw, abs=0.3)
    assert face["mesh"] is None
    assert face["indicators"] is None


def test_one_bad_picture_does_not_spoil_the_others(server: Running) -> None:
    files = [("files", ("a.jpg", picture())), ("files", ("b.txt", b"hello")), ("files", ("c.png", empty_picture()))]
    good, bad, empty = server.client.post("/v1/images", files=files).json()["images"]
    assert [len(good["faces"]), bad["faces"], empty["faces"]] == [1, [], []]
    assert bad["error"] == {
        "code": "input_unsupported",
        "message": "b.txt: is a text file, not a picture or a video",
    }
    assert empty["error"] is None


def test_base64_with_and_without_its_address_and_the_mesh_on_request(server: Running) -> None:
    packed = base64.b64encode(picture(300)).decode()
    body = {
        "images": [{"name": "a", "data": packed}, {"data": f"data:image/jpeg;base64,{packed}"}, {"data": "no base64!"}],
        "mesh": True,
    }
    first, second, third = server.client.post("/v1/images", json=body).json()["images"]
    assert first["faces"] == second["faces"]
    mesh = first["faces"][0]["mesh"]
    assert len(mesh) == 478
    x, y, width, height = first["faces"][0]["box"]
    assert x < mesh[1][0] < x + width
    assert y < mesh[1][1] < y + height
    assert third["error"]["code"] == "input_corrupt"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_request"),
        (b"[" * 100_000, "application/json", 400, "bad_request"),
        (b"\xff\xfe", "application/json", 400, "bad_request"),
        (b"{}", "application/json", 422, "invalid"),
        (b'{"images": []}', "application/json", 422, "invalid"),
        (b"hello", "text/plain", 415, "unsupported"),
        (b"hello", "multipart/form-data", 400, "bad_request"),
        (b"hello", "multipart/form-data; boundary=x", 400, "bad_request"),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422, "invalid"),
    ],
)
def test_a_broken_request_is_named(server: Running, body: bytes, kind: str, status: int, code: str) -> None:
    answer = server.client.post("/v1/images", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_too_many_pictures_are_refused(server: Running) -> None:
    files = [("files", (f"{n}.png", empty_picture())) for n in range(33)]
    assert server.client.post("/v1/images", files=files).status_code in (400, 413)
    many = {"images": [{"data": "eA=="}] * 33}
    assert server.client.post("/v1/images", json=many).status_code == 413


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\Windows\\a.png", "a\nb.png", "\u202egnp.exe", "", "....", "x" * 5000]
)
def test_a_file_name_is_shown_without_its_path_and_never_used(server: Running, name: str) -> None:
    body = {"images": [{"name": name[:255], "data": base64.b64encode(empty_picture()).decode()}]}
    (image,) = server.client.post("/v1/images", json=body).json()["images"]
    assert image["error"] is None
    assert image["name"]
    assert len(image["name"]) <= 120
    assert not set(image["name"]) & set("/\\\n\u202e")


def test_nothing_of_a_photo_is_kept(server: Running) -> None:
    server.client.post("/v1/images", files={"files": ("kept.jpg", picture(256))})
    assert server.store.recordings("local")[0] == []
    kept = [path for path in server.store.data_dir.rglob("*") if path.suffix in (".jpg", ".png")]
    assert kept == []


def test_about_names_what_is_behind_it(server: Running) -> None:
    about = server.client.get("/v1/about").json()
    assert {model["name"] for model in about["models"]} >= {"detect", "mesh", "expression"}
    assert all(len(model["sha256"]) == 64 for model in about["models"])
    assert about["labels"] == list(FERPLUS)
    assert about["token_required"] is False
    assert about["limits"]["pixels"] == 40_000_000
