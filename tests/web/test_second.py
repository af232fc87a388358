"""The page and the socket would not show both opinions, or a face would leave that the purpose keeps here."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimika.data.errors import OptionError
from mimika.data.labels import FERPLUS
from mimika.web.app import create_app
from mimika.web.config import ServerConfig
from tests.provider import KEY, Injector, Provider
from tests.web.asking import asking_server
from tests.web.running import Running, picture
from tests.web.test_live import camera, coded, face


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Provider, Injector]]:
    """A server that asks a provider on loopback about every face."""
    with asking_server(tmp_path_factory.mktemp("second"), "every:1", "The brows are raised.", workers=0) as asked:
        yield asked


def both(face: dict[str, Any]) -> None:
    """The cloud's opinion with its evidence, this machine's own, and the two mixed in the face."""
    opinion = face["second_opinion"]
    assert (opinion["label"], opinion["origin"]) == ("surprise", "cloud:gpt-4.1-mini")
    assert opinion["evidence"] == "The brows are raised."
    assert set(opinion["local"]) == set(FERPLUS)
    assert max(opinion["local"], key=opinion["local"].get) == "happiness"
    assert face["probabilities"]["surprise"] > opinion["local"]["surprise"]
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_a_photo_is_answered_with_both_opinions(asked: tuple[Running, Provider, Injector]) -> None:
    server, _, injector = asked
    assert server.client.get("/v1/about").json()["cloud"] is True
    (image,) = server.client.post("/v1/images", files={"files": ("a.jpg", picture())}).json()["images"]
    both(image["faces"][0])
    noted = [entry for entry in server.store.audit() if entry.action == "second_opinion"]
    assert {entry.owner for entry in noted} == {"local"}
    injector.always = "html"
    (image,) = server.client.post("/v1/images", files={"files": ("a.jpg", picture(400))}).json()["images"]
    injector.always = ""
    assert (image["faces"][0]["label"], image["faces"][0]["second_opinion"]) == ("happiness", None)


def test_a_purpose_of_units_only_sends_no_face(asked: tuple[Running, Provider, Injector]) -> None:
    server, served, _ = asked
    before = len(served.seen)
    sent = {"files": ("a.jpg", picture())}
    answer = server.client.post("/v1/images", files=sent, data={"purpose": json.dumps({"kind": "workplace"})}).json()
    assert answer["mode"] == "action_units"
    assert answer["images"][0]["faces"][0]["second_opinion"] is None
    assert len(served.seen) == before


def test_nothing_is_sent_elsewhere_unless_the_server_was_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIMIKA_CLOUD_URL", "https://faces.invalid/v1")
    monkeypatch.setenv("MIMIKA_CLOUD_KEY", KEY)
    with pytest.raises(OptionError, match=r"nobody agreed that faces are sent to faces\.invalid"):
        create_app(ServerConfig(data_dir=tmp_path, second_opinion="unsure"))


def test_a_recorded_live_session_keeps_both_opinions(asked: tuple[Running, Provider, Injector]) -> None:
    server, *_ = asked
    with camera(server, record=True) as live:
        until, moment, found = time.monotonic() + 20, 10.0, None
        while found is None and time.monotonic() < until:
            moment += 0.02
            found = live.ask(coded(face(), time_s=moment))["faces"][0]["second_opinion"]
            time.sleep(0.05)
        key = live.ready["recording"]["id"]
    until = time.monotonic() + 20
    while not (kept := server.client.get(f"/v1/recordings/{key}/opinions").json()["opinions"]):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert (kept[0]["time_s"], kept[0]["label"], kept[0]["outcome"]) == (0.0, "surprise", "answered")


def test_the_socket_never_waits_and_shows_both_opinions_when_they_are_there(
    asked: tuple[Running, Provider, Injector],
) -> None:
    server, served, _ = asked
    served.pause_s = 1.0
    with camera(server) as live:
        first = live.ask(coded(face(), time_s=0.0))
        assert first["faces"][0]["second_opinion"] is None
        until, moment, found = time.monotonic() + 20, 0.0, None
        while found is None and time.monotonic() < until:
            moment += 0.02
            found = live.ask(coded(face(), time_s=moment))["faces"][0]["second_opinion"]
            time.sleep(0.05)
    served.pause_s = 0.0
    assert found is not None
    assert (found["label"], found["evidence"]) == ("surprise", "The brows are raised.")
    assert set(found["local"]) == set(FERPLUS)
