"""Jobs: followed while they run, cancelled, and shared by several workers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mimika.data.events import Event
from mimika.data.purpose import Purpose
from mimika.stages.write.webhook import Webhook
from mimika.store import Store
from mimika.web.config import ServerConfig
from mimika.web.runner import JobLimits, JobRunner
from tests.programs import needed
from tests.store import postgres
from tests.web.filming import film, queued, rows_of
from tests.web.running import Running, running


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a worker."""
    with running(ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("jobs")), Purpose("research")) as found:
        yield found


def upload(server: Running, path: Path) -> dict[str, Any]:
    answer = server.client.post("/v1/videos", files={"file": (path.name, path.read_bytes())})
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def listen(client: httpx.Client, job: str, since: str | None = None) -> list[tuple[str, str, dict[str, Any]]]:
    """Return all events as (id, name, data) until the server ends the stream."""
    found, held = [], dict[str, str]()
    headers = {"Last-Event-ID": since} if since is not None else {}
    with client.stream("GET", f"/v1/jobs/{job}/events", headers=headers, timeout=90) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if not line and held:
                found.append((held["id"], held["event"], json.loads(held["data"])))
                held = {}
            elif name:
                held[name] = value
    return found


def test_a_job_tells_how_it_goes_and_a_client_that_comes_back_misses_nothing(working: Running, tmp_path: Path) -> None:
    """Else the page shows a bar that stands still, or frames twice."""
    job = upload(working, film(tmp_path / "talk.mp4", frames=60))["job"]["id"]
    events = listen(working.client, job)
    assert events[-1][1] == "end"
    assert events[-1][2]["status"] == "done"
    assert events[-1][2]["frames_done"] == 60
    parts = [data for _, name, data in events if name == "partial"]
    times = [time_s for part in parts for time_s in part["time_s"]]
    assert times == [round(number / 25, 4) for number in range(60)]
    assert all(len(part["faces"]) == len(part["time_s"]) for part in parts)
    assert parts[0]["faces"][0][0]["id"] == 0
    middle = next(key for key, name, _ in events if name == "partial")
    later = [data["time_s"] for _, name, data in listen(working.client, job, middle) if name == "partial"]
    assert [time_s for part in later for time_s in part] == [time_s for time_s in times if time_s > float(middle)]


def test_a_cancelled_job_stops_at_once_and_leaves_no_video(working: Running, tmp_path: Path) -> None:
    made = upload(working, film(tmp_path / "long.mp4", frames=400, faces=2))
    job, key = made["job"]["id"], made["recording"]["id"]
    end = time.monotonic() + 60
    while working.store.last_time("local", key) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert working.client.post(f"/v1/jobs/{job}/cancel").json()["status"] == "cancelled"
    began = time.monotonic()
    while list(working.store.data_dir.rglob("upload*")):
        assert time.monotonic() - began < 4.0
        time.sleep(0.05)
    rows = len(rows_of(working.store, key))
    time.sleep(1.0)
    assert len(rows_of(working.store, key)) == rows < 800
    assert working.client.get(f"/v1/recordings/{key}").json()["status"] == "interrupted"
    assert listen(working.client, job)[-1][2]["status"] == "cancelled"
    again = working.client.post(f"/v1/jobs/{job}/cancel")
    assert again.json()["status"] == "cancelled"


def test_deleting_a_recording_stops_its_analysis(working: Running, tmp_path: Path) -> None:
    """What somebody deleted must not come back with the next block."""
    made = upload(working, film(tmp_path / "regret.mp4", frames=300, faces=2))
    job, key = made["job"]["id"], made["recording"]["id"]
    end = time.monotonic() + 60
    while working.store.last_time("local", key) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    (worker,) = working.app.state.jobs.pids
    assert working.client.delete(f"/v1/recordings/{key}").status_code == 204
    while working.app.state.jobs.pids == [worker]:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert working.client.get(f"/v1/jobs/{job}").status_code == 404
    assert working.client.get("/v1/recordings", params={"text": "regret"}).json()["recordings"] == []
    assert not list(working.store.data_dir.rglob("upload*"))


def test_another_owner_sees_no_job(guarded: Running, tmp_path: Path) -> None:
    mine, other = guarded.bearer("mine"), guarded.bearer("other one")
    data = film(tmp_path / "a.mp4", frames=3).read_bytes()
    job = guarded.client.post("/v1/videos", files={"file": ("a.mp4", data)}, headers=mine).json()["job"]["id"]
    for method, place in (("GET", ""), ("POST", "/cancel"), ("GET", "/events")):
        answer = guarded.client.request(method, f"/v1/jobs/{job}{place}", headers=other)
        assert answer.status_code == 404
    assert guarded.client.get("/v1/jobs", headers=other).json()["jobs"] == []
    secret = guarded.store.create_token("mine reads", {"read"}, owner="mine")[1]
    reader = {"Authorization": f"Bearer {secret}"}
    assert guarded.client.post(f"/v1/jobs/{job}/cancel", headers=reader).status_code == 403
    assert guarded.client.post(f"/v1/jobs/{job}/cancel", headers=mine).json()["status"] == "cancelled"
    assert not list(guarded.store.data_dir.rglob("upload*"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of an empty database, None for a file in the data folder."""
    if request.param == "sqlite":
        yield None
        return
    if postgres.programs() is None:
        needed("initdb")
    with postgres.server() as home:
        yield postgres.create(home, "jobs")


def test_two_workers_on_one_store_do_each_job_once(tmp_path: Path, database: str | None) -> None:
    """Several servers may share a database; rows that come twice would be wrong twice over."""
    path = film(tmp_path / "short.mp4", frames=12)
    with Store.open(database, tmp_path / "data") as store:
        made = [queued(store, path) for _ in range(3)]
        runner = JobRunner(store, database, store.data_dir, 2, JobLimits(nice=0))
        runner.start()
        try:
            end = time.monotonic() + 60
            while not all(store.job("local", job.id).ended for _, job in made):
                assert time.monotonic() < end
                time.sleep(0.05)
        finally:
            runner.stop()
        jobs = [store.job("local", job.id) for _, job in made]
        assert [job.status for job in jobs] == ["done"] * 3
        assert len({job.worker for job in jobs}) == 3
        assert [job.attempts for job in jobs] == [1] * 3
        for recording, _ in made:
            assert [row["frame"] for row in rows_of(store, recording.id)] == list(range(12))


def test_events_of_a_finished_video_go_to_the_webhook_of_the_server(tmp_path: Path) -> None:
    told: list[Event] = []

    class Hook(Webhook):
        def send(self, event: Event) -> None:
            told.append(event)

    path = film(tmp_path / "short.mp4", frames=4)
    with Store.open(data_dir=tmp_path / "data") as store:
        recording, job = queued(store, path)
        runner = JobRunner(store, None, store.data_dir, 0, webhook=Hook("http://127.0.0.1:9/"))
        event = Event("drowsy", "begin", 0, "short.mp4", 3.0, 1.0, 2.0, "drowsiness", 0.7)
        store.add_events("local", recording.id, [event])
        runner.tell_events("local", job.id)
    assert [each.rule for each in told] == ["drowsy"]
