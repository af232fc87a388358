"""An uploaded video would be paid for twice, fail with the cloud, or be sent although its purpose forbids it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.provider import KEY, Injector, Provider
from tests.web.asking import asking_server
from tests.web.filming import film, rows_of
from tests.web.running import Running
from tests.web.test_videos import until

ORIGIN = "cloud:gpt-4.1-mini"


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Provider, Injector]]:
    """A server with a worker, that asks a provider on loopback about every face."""
    with asking_server(tmp_path_factory.mktemp("asking"), "every:0.5", "The brows are raised.", workers=1) as asking:
        yield asking


def uploaded(server: Running, path: Path, **fields: str) -> tuple[str, str]:
    """Send a video; the ids of its job and its recording."""
    answer = server.client.post("/v1/videos", files={"file": (path.name, path.read_bytes())}, data=fields)
    assert answer.status_code == 202, answer.text
    return answer.json()["job"]["id"], answer.json()["recording"]["id"]


def done(server: Running, job: str, seconds: float = 240.0) -> None:
    until(lambda: server.store.job("local", job).ended, seconds)
    assert server.store.job("local", job).status == "done", server.store.job("local", job).error


def told(server: Running, recording: str, what: str) -> Any:
    return server.client.get(f"/v1/recordings/{recording}/{what}").raise_for_status().json()


def test_an_uploaded_video_holds_both_opinions_and_is_not_paid_twice_after_kill_9(
    asking: tuple[Running, Provider, Injector], tmp_path: Path
) -> None:
    server, served, _ = asking
    before = len(served.seen)
    job, key = uploaded(server, film(tmp_path / "talk.mp4", frames=60))
    until(lambda: bool(server.store.opinions("local", key)), 120)
    (pid,) = server.app.state.jobs.pids
    assert KEY.encode() not in Path(f"/proc/{pid}/environ").read_bytes(), "it decodes files of strangers"
    assert KEY.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    os.kill(pid, signal.SIGKILL)
    done(server, job)
    rows = rows_of(server.store, key)
    assert len(rows) == 60
    assert {row["origin"] for row in rows} == {ORIGIN}
    assert len(served.seen) - before == 1, "the face looks the same all the time"
    opinions = told(server, key, "opinions")["opinions"]
    assert [one["outcome"] for one in opinions][:2] == ["answered", "cached"]
    first = opinions[0]
    assert (first["face"], first["time_s"], first["label"], first["origin"]) == (0, 0.0, "surprise", ORIGIN)
    assert first["evidence"] == "The brows are raised."
    assert max(first["local"], key=first["local"].get) == "happiness"
    assert rows[0]["p_surprise"] > first["local"]["surprise"]
    frames = told(server, key, "frames")
    assert frames["faces"][30][0]["origin"] == ORIGIN
    counted = told(server, key, "summary")["second_opinion"]
    assert counted["outcomes"]["answered"] == 1
    export = told(server, key, "export?format=json")
    assert export["opinions"] == opinions
    noted = [entry for entry in server.store.audit() if entry.action == "second_opinion"]
    assert {entry.subject for entry in noted} == {key}


def test_a_purpose_of_units_only_sends_nothing_of_a_video(
    asking: tuple[Running, Provider, Injector], tmp_path: Path
) -> None:
    server, served, _ = asking
    before = len(served.seen)
    job, key = uploaded(server, film(tmp_path / "work.mp4", frames=10), purpose=json.dumps({"kind": "workplace"}))
    done(server, job)
    assert len(served.seen) == before
    assert told(server, key, "opinions") == {"opinions": []}
    assert "second_opinion" not in told(server, key, "summary")


def test_a_video_is_done_where_the_endpoint_fails_and_says_why(
    asking: tuple[Running, Provider, Injector], tmp_path: Path
) -> None:
    server, _, injector = asking
    injector.always = "html"
    job, key = uploaded(server, film(tmp_path / "alone.mp4", frames=10))
    done(server, job)
    injector.always = ""
    assert {row["origin"] for row in rows_of(server.store, key)} == {"local"}
    counted = told(server, key, "summary")["second_opinion"]
    assert counted["outcomes"] == {"nonsense": 1}
    assert counted["failures"] == [
        "1 not had (127.0.0.1: what came back is no answer of this kind of endpoint); the local answer stands"
    ]
    assert all("origin" not in face for faces in told(server, key, "frames")["faces"] for face in faces)
