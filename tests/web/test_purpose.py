"""An employer would read feelings without a ground, or a clinician with one would be kept from it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from mimika.web.config import ServerConfig
from tests.web.running import Running, picture, running

ADDRESS = "data:image/jpeg;base64," + base64.b64encode(picture(256)).decode()
FILES = {"files": ("a.jpg", picture(256))}
TOLD = ("label", "resembles", "unsure", "confidence", "probabilities", "valence", "arousal", "indicators")


@pytest.fixture(scope="module")
def undeclared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("purpose"), job_workers=0)) as found:
        yield found


def declare(server: Running, **purpose: str) -> dict[str, Any]:
    answer = server.client.put("/v1/purpose", json=purpose)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_nothing_is_analysed_before_a_purpose_is_declared(undeclared: Running) -> None:
    client = undeclared.client
    assert client.get("/v1/purpose").status_code == 404
    assert client.get("/v1/about").json()["mode"] is None
    for answer in (
        client.post("/v1/images", files=FILES),
        client.post("/detect_image", files={"image": FILES["files"]}),
        client.post("/detect_frame", files={"frame": FILES["files"]}),
        client.post("/analyze", json={"img": ADDRESS}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "purpose_missing")
    own = client.post("/v1/images", files=FILES, data={"purpose": '{"kind": "personal"}'})
    assert own.json()["images"][0]["faces"][0]["label"] == "happiness"
    assert client.get("/v1/purpose").status_code == 404


@pytest.mark.parametrize("kind", ["workplace", "education"])
@pytest.mark.parametrize("ground", [{}, {"ground": "medical"}, {"ground": "safety", "note": "   "}])
def test_without_a_ground_nothing_of_expressions_leaves(undeclared: Running, kind: str, ground: dict[str, str]) -> None:
    assert declare(undeclared, kind=kind, **ground)["mode"] == "action_units"
    client = undeclared.client
    assert client.get("/v1/about").json()["mode"] == "action_units"
    answer = client.post("/v1/images", files=FILES)
    assert answer.json()["mode"] == "action_units"
    (face,) = answer.json()["images"][0]["faces"]
    assert {name: face[name] for name in TOLD} == dict.fromkeys(TOLD)
    assert face["action_units"]["AU12_l"] > 1
    assert "happiness" not in answer.text
    for refused in (
        client.post("/detect_image", files={"image": FILES["files"]}),
        client.post("/detect_frame", files={"frame": FILES["files"]}),
        client.post("/analyze", json={"img": ADDRESS}),
    ):
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "purpose_forbids")
        assert "medical or safety ground" in refused.json()["error"]["message"]


def test_a_ground_with_a_note_allows_expressions_and_is_logged(undeclared: Running) -> None:
    assert declare(undeclared, kind="workplace", ground="safety", note="drowsiness of drivers")["mode"] == "expressions"
    (face,) = undeclared.client.post("/v1/images", files=FILES).json()["images"][0]["faces"]
    assert face["label"] == "happiness"
    entries = undeclared.client.get("/v1/audit").json()["entries"]
    assert entries[0]["action"] == "purpose.declare"


def test_a_request_may_bring_its_own_purpose_which_is_logged(undeclared: Running) -> None:
    declare(undeclared, kind="research")
    body = {"images": [{"data": ADDRESS}], "purpose": {"kind": "education"}}
    answer = undeclared.client.post("/v1/images", json=body).json()
    assert answer["mode"] == "action_units"
    assert answer["images"][0]["faces"][0]["label"] is None
    latest = undeclared.client.get("/v1/audit").json()["entries"][0]
    assert latest["action"] == "purpose.given"
    assert latest["details"]["kind"] == "education"
    assert undeclared.client.get("/v1/purpose").json()["kind"] == "research"


def test_what_was_analysed_stands_in_the_audit_by_the_minute(undeclared: Running) -> None:
    declare(undeclared, kind="research")
    undeclared.client.post("/v1/images", files=[("files", FILES["files"])] * 3)
    undeclared.client.post("/detect_image", files={"image": FILES["files"]})
    undeclared.app.state.tally.write(undeclared.store)
    undeclared.app.state.tally.write(undeclared.store)
    entries = undeclared.client.get("/v1/audit").json()["entries"]
    noted = [entry["details"] for entry in entries if entry["action"] == "images.analyze"]
    assert sum(details["count"] for details in noted if details["mode"] == "expressions") >= 4


@pytest.mark.parametrize(
    "body",
    [{}, {"kind": "fun"}, {"kind": "research", "ground": "curiosity"}, {"kind": "research", "mode": "expressions"}],
)
def test_what_is_no_purpose_is_refused(undeclared: Running, body: dict[str, str]) -> None:
    assert undeclared.client.put("/v1/purpose", json=body).status_code == 422
    form = undeclared.client.post("/v1/images", files=FILES, data={"purpose": str(body)})
    assert form.status_code == 422
