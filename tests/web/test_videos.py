"""Uploaded videos: what is lost when processes are killed, files are broken, or the client changes its mind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pytest

from mimika.data.options import Options
from mimika.store import Store
from mimika.store.jobs import ATTEMPTS
from mimika.web.analysis import Analysis, Progress, Stopped
from mimika.web.runner import JobLimits, JobRunner
from tests import media
from tests.web.filming import again, analysed, film, queued, rows_of, straight, whereabouts
from tests.web.running import Running, picture


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(data_dir=tmp_path / "data") as opened:
        yield opened


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def serve(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mimika", "serve", "--port", str(port), "--data-dir", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def is_worker(pid: int) -> bool:
    with suppress(OSError):
        return b"mimika.web.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for child processes in /proc")
def test_a_job_survives_kill_9_of_its_worker_and_then_of_the_server(tmp_path: Path) -> None:
    """Otherwise an hour of analysis is lost with a power cut, or rows come twice."""
    path, folder, port = film(tmp_path / "talk.mp4", frames=100, faces=2), tmp_path / "data", free_port()
    reference = straight(path, Options(micro=True))
    server = serve(folder, port)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until(lambda: _healthy(client))
            client.put("/v1/purpose", json={"kind": "research"}).raise_for_status()
            answer = client.post("/v1/videos", files={"file": ("talk.mp4", path.read_bytes())})
            assert answer.status_code == 202
            job, key = answer.json()["job"]["id"], answer.json()["recording"]["id"]
            with Store.open(data_dir=folder) as store:
                until(lambda: store.last_time("local", key) is not None)
                first = store.last_time("local", key)
                worker = next(pid for pid in children(server.pid) if is_worker(pid))
                os.kill(worker, signal.SIGKILL)
                until(lambda: (store.last_time("local", key) or 0) > (first or 0))
                workers = [pid for pid in children(server.pid) if is_worker(pid)]
                server.kill()
                server.wait()
                assert not store.job("local", job).ended
                until(lambda: not any(is_worker(pid) for pid in workers), 20)
                server = serve(folder, port)
                until(lambda: store.job("local", job).ended, 90)
                assert store.job("local", job).status == "done"
                rows = rows_of(store, key)
                assert whereabouts(rows) == whereabouts(reference)
                units = [[row["AU12_l"], row["yaw"], row["p_happiness"]] for row in rows]
                wanted = [[row["AU12_l"], row["yaw"], row["p_happiness"]] for row in reference]
                assert np.abs(np.array(units, float) - np.array(wanted, float)).max() < 0.6
                recording = store.recording("local", key)
                assert (recording.status, recording.frames, recording.faces) == ("complete", 100, 2)
                assert {item.label for each in store.findings("local", key) for item in each.episodes} >= {"AU12"}
            assert not list(folder.rglob("upload*"))
    finally:
        server.kill()
        server.wait()


def _healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("chosen", [{}, {"every": 3}, {"fps": 10}, {"smooth": "viterbi", "baseline": "auto"}])
def test_an_analysis_that_is_cut_off_goes_on_as_if_nothing_had_been(
    store: Store, tmp_path: Path, chosen: dict[str, object]
) -> None:
    """Picks of frames, ids and times must not depend on where it was cut off."""
    path = film(tmp_path / "walk.mp4", frames=45)
    whole, _ = analysed(store, path, **chosen)
    recording, job = queued(store, path, **chosen)
    looked = 0

    def tired() -> bool:
        nonlocal looked
        looked += 1
        return looked > 8

    cut = Analysis(store, job, recording, Progress(tired), Path(job.input_path).parent)
    with pytest.raises(Stopped):
        cut.run()
    cut._flush()
    progress = Progress(lambda: False)
    Analysis(store, job, store.recording("local", recording.id), progress, Path(job.input_path).parent).run()
    rows, wanted = rows_of(store, recording.id), rows_of(store, whole.id)
    assert whereabouts(rows) == whereabouts(wanted)
    assert progress.frames_done == len({row["frame"] for row in wanted})


def test_a_broken_file_gives_what_can_be_read_and_says_what_is_wrong(store: Store, tmp_path: Path) -> None:
    path = media.cut(film(tmp_path / "cut.mp4", frames=40), 0.95)
    missing_index, job = analysed(store, path)
    assert (job.status, missing_index.status) == ("failed", "failed")
    assert "cut.mp4" in str(job.error)
    assert "damaged or truncated" in str(job.error)
    lying = tmp_path / "lying.mkv"
    film(lying, frames=40)
    recording, job = analysed(store, media.cut(lying, 0.6))
    assert (job.status, recording.status) == ("failed", "interrupted")
    assert 5 < recording.frames < 40
    assert "truncated" in str(job.error)
    assert recording.summary["error"] == job.error
    assert recording.summary["faces"][0]["frames"] > 5


def test_sound_only_and_rotated_and_uneven_files(store: Store, tmp_path: Path) -> None:
    _, job = analysed(store, media.sound(tmp_path / "song.mp4"))
    assert "audio" in str(job.error)
    times = [0, 40, 130, 150, 400, 460]
    turned = media.video(tmp_path / "phone.mp4", times, matrix=(0, 1, -1, 0))
    recording, job = analysed(store, turned)
    assert (job.status, recording.width, recording.height) == ("done", 96, 160)
    assert [row["time_s"] for row in rows_of(store, recording.id)] == [time / 1000 for time in times]
    assert recording.frames == 6


def test_limits_of_the_server_hold_for_what_is_in_the_file(store: Store, tmp_path: Path) -> None:
    path = film(tmp_path / "long.mp4", frames=30)
    assert "allowed" in str(analysed(store, path, limits={"seconds": 0.5})[1].error)
    assert "pixels" in str(analysed(store, path, limits={"pixels": 1000})[1].error)
    recording, job = analysed(store, path, limits={"frames": 12})
    assert "12 frames" in str(job.error)
    assert recording.frames == 12


def test_action_unit_mode_tells_nothing_of_expressions(store: Store, tmp_path: Path) -> None:
    recording, job = analysed(store, film(tmp_path / "work.mp4", frames=30), mode="action_units")
    assert job.status == "done"
    rows = rows_of(store, recording.id)
    assert all(row["AU12_l"] > 1 for row in rows)
    told = {name for row in rows for name, value in row.items() if value is not None}
    assert not [name for name in told if name.startswith("p_") or name in ("label", "valence", "engagement")]
    assert not recording.labels
    assert "expressions" not in json.dumps(recording.summary)
    kinds = {item.kind for each in store.findings("local", recording.id) for item in each.episodes}
    assert kinds <= {"action_unit", "state"}
    assert not store.events("local", recording.id)


def test_a_file_that_takes_too_long_is_given_up_by_its_own_limit(store: Store, tmp_path: Path) -> None:
    """A video made to burn time must not hold a worker for ever."""
    _, job = queued(store, film(tmp_path / "slow.mp4", frames=120))
    runner = JobRunner(store, None, store.data_dir, 1, JobLimits(seconds=0.5, nice=0))
    runner.start()
    try:
        until(lambda: store.job("local", job.id).ended)
        assert "more time" in str(store.job("local", job.id).error)
    finally:
        runner.stop()
    assert runner.pids == []


def test_a_job_whose_workers_die_again_and_again_is_given_up_with_a_reason(store: Store, tmp_path: Path) -> None:
    """A file that crashes its decoder must not be tried for ever, nor stay on the disk."""
    path = film(tmp_path / "crash.mp4", frames=3)
    recording, job = queued(store, path)
    for number in range(ATTEMPTS - 1):
        held = store.claim_job(f"dead {number}", -1.0)
        assert held is not None
        assert held.id == job.id
    _, ended = again(store, recording)
    assert (ended.status, store.recording("local", recording.id).status) == ("failed", "failed")
    assert "given up" in str(ended.error)
    assert not list(store.data_dir.rglob("upload*"))


def test_what_is_no_video_is_refused_before_a_job_is_made(server: Running) -> None:
    before = len(server.client.get("/v1/jobs").json()["jobs"])
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n" + bytes(40)
    for name, data, code in (
        ("song.m3u8", playlist, "input_unsupported"),
        ("photo.mp4", picture(), "input_unsupported"),
        ("page.mp4", b"<svg onload=alert(1)></svg>", "input_unsupported"),
        ("empty.mp4", b"", "input_corrupt"),
    ):
        answer = server.client.post("/v1/videos", files={"file": (name, data)})
        assert answer.json()["error"]["code"] == code, name
        assert answer.status_code < 500
    assert len(server.client.get("/v1/jobs").json()["jobs"]) == before
    assert not list(server.store.data_dir.glob("spool/*"))


def test_fields_of_an_upload_are_checked(server: Running, tmp_path: Path) -> None:
    data = film(tmp_path / "a.mp4", frames=3).read_bytes()
    for fields, word in (
        ({"options": '{"model": "/etc/passwd"}'}, "options"),
        ({"options": '{"baseline": "image:/etc/passwd"}'}, "baseline"),
        ({"options": "[]"}, "options"),
        ({"options": '{"every": true}'}, "every"),
        ({"retention_days": "-1"}, "retention_days"),
        ({"person": "0" * 32}, "profile"),
        ({"colour": "red"}, "colour"),
        ({"purpose": '{"kind": "spying"}'}, "purpose"),
    ):
        answer = server.client.post("/v1/videos", files={"file": ("a.mp4", data)}, data=fields)
        assert 400 <= answer.status_code < 500, fields
        assert word in answer.json()["error"]["message"]
    assert server.client.post("/v1/videos", data={"name": "nothing"}, files={}).status_code in (415, 422)


def test_an_upload_goes_through_with_all_its_fields(server: Running, tmp_path: Path) -> None:
    data = film(tmp_path / "a.mp4", frames=3).read_bytes()
    person = server.client.post("/v1/profiles", json={"name": "P01"}).json()["id"]
    fields = {"name": "second talk", "person": person, "notes": "calm", "keep_media": "true", "retention_days": "30"}
    fields |= {"options": '{"fps": 5}', "purpose": '{"kind": "education"}'}
    answer = server.client.post("/v1/videos", files={"file": ("../../a.mp4", data)}, data=fields)
    assert answer.status_code == 202
    recording, job = answer.json()["recording"], answer.json()["job"]
    assert (recording["name"], recording["person"], recording["notes"]) == ("second talk", person, "calm")
    assert (recording["mode"], recording["media"]) == ("action_units", True)
    assert recording["expires_at"] is not None
    assert job["options"] == {"fps": 5}
    media_answer = server.client.get(f"/v1/recordings/{recording['id']}/media", headers={"Range": "bytes=4-7"})
    assert (media_answer.status_code, media_answer.content) == (206, b"ftyp")
    assert server.client.delete(f"/v1/recordings/{recording['id']}").status_code == 204
    assert not list(server.store.data_dir.rglob("upload*"))
    assert server.client.get(f"/v1/jobs/{job['id']}").status_code == 404
