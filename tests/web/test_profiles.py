"""Profiles: persons with a neutral face of their own."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from mimika.web.series import table_of
from tests import builders
from tests.web.running import Running, empty_picture, picture


def new(server: Running, **fields: Any) -> str:
    answer = server.client.post("/v1/profiles", json={"name": "P01"} | fields)
    assert answer.status_code == 201
    return str(answer.json()["id"])


def spanned(server: Running, faces: int = 1, mesh: bool = True) -> str:
    made = server.store.add_recording("local", name="calm.mp4")
    rows = table_of(builders.clip(20, faces=faces), "expressions", mesh)
    server.store.append_rows("local", made.id, rows)
    return str(made.id)


def test_profiles_are_made_listed_changed_and_deleted(server: Running) -> None:
    key = new(server, notes="left-handed")
    assert server.client.get(f"/v1/profiles/{key}").json()["notes"] == "left-handed"
    assert server.client.patch(f"/v1/profiles/{key}", json={"name": "P02"}).json()["name"] == "P02"
    assert "P02" in [item["name"] for item in server.client.get("/v1/profiles").json()["profiles"]]
    assert server.client.post("/v1/profiles", json={"name": ""}).status_code == 422
    assert server.client.delete(f"/v1/profiles/{key}").status_code == 204
    assert server.client.get(f"/v1/profiles/{key}").status_code == 404


def test_a_photo_gives_the_neutral_face(server: Running) -> None:
    key = new(server)
    answer = server.client.put(f"/v1/profiles/{key}/baseline", files={"file": ("calm.jpg", picture())})
    assert (answer.status_code, answer.json()["baseline"]["method"]) == (200, "image")
    assert "shape" not in answer.json()["baseline"]
    nobody = server.client.put(f"/v1/profiles/{key}/baseline", files={"file": ("wall.png", empty_picture())})
    assert (nobody.status_code, "no face" in nobody.json()["error"]["message"]) == (422, True)
    assert server.client.get(f"/v1/profiles/{key}").json()["baseline"] is not None
    assert server.client.delete(f"/v1/profiles/{key}/baseline").json()["baseline"] is None


@pytest.mark.parametrize(
    ("span", "faces", "mesh", "status"),
    [
        ({"start_s": 0.1, "end_s": 0.6}, 1, True, 200),
        ({"start_s": 0.1, "end_s": 0.6, "face": 1}, 2, True, 200),
        ({"start_s": 0.1, "end_s": 0.6}, 2, True, 422),
        ({"start_s": 0.1, "end_s": 0.2}, 1, True, 422),
        ({"start_s": 9, "end_s": 10}, 1, True, 422),
        ({"start_s": 0.6, "end_s": 0.1}, 1, True, 422),
        ({"start_s": 0.1, "end_s": 0.6}, 1, False, 409),
    ],
)
def test_a_stretch_of_a_recording_gives_the_neutral_face_or_says_why_not(
    server: Running, span: dict[str, float], faces: int, mesh: bool, status: int
) -> None:
    key, recording = new(server), spanned(server, faces, mesh)
    answer = server.client.put(f"/v1/profiles/{key}/baseline", json={"recording": recording} | span)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["baseline"]["frames"] == 12


def test_everything_on_a_person_can_be_taken_away_and_deleted(server: Running) -> None:
    key = new(server, name="Ann Example")
    made = server.store.add_recording("local", name="ann.mp4", person=key)
    server.store.append_rows("local", made.id, table_of(builders.clip(3), "expressions", False))
    answer = server.client.get(f"/v1/profiles/{key}/export")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert any(made.id in name for name in archive.namelist())
    assert server.client.delete(f"/v1/profiles/{key}", params={"recordings": "true"}).status_code == 204
    assert server.client.get(f"/v1/recordings/{made.id}").status_code == 404


def test_another_owners_person_is_not_there(guarded: Running) -> None:
    mine, other = guarded.bearer("profile one"), guarded.bearer("profile two")
    key = guarded.client.post("/v1/profiles", json={"name": "P"}, headers=mine).json()["id"]
    for method, place in (("GET", ""), ("DELETE", ""), ("GET", "/export"), ("DELETE", "/baseline")):
        assert guarded.client.request(method, f"/v1/profiles/{key}{place}", headers=other).status_code == 404
    span = {"recording": "0" * 32, "start_s": 0, "end_s": 1}
    assert guarded.client.put(f"/v1/profiles/{key}/baseline", json=span, headers=other).status_code == 404
    assert guarded.client.get("/v1/profiles", headers=other).json()["profiles"] == []
