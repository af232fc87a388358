"""Recordings: found, drawn, exported, changed and deleted, each by its owner alone."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import pyarrow.parquet as pq
import pytest

from mimika.data.labels import ACTION_UNITS, SIDED_UNITS
from mimika.data.observation import Observation
from mimika.stages.timeline.episodes import find
from mimika.stages.write.columns import DERIVED
from mimika.stages.write.columns import rows as written
from mimika.store import Recording
from mimika.web.exports import FORMATS
from mimika.web.findings import tend
from mimika.web.series import TOLD, observations_of, table_of, timelines_of, with_derived
from tests import builders
from tests.web.running import Running


def talk(seconds: float = 8.0, fps: float = 25.0) -> list[Observation]:
    """Two faces; the second comes at 2 s and goes at 4 s; everyone is happy from 3 s to 5 s; one frame is empty."""
    found = []
    for number in range(round(seconds * fps)):
        time_s = number / fps
        faces = 0 if number == 10 else 2 if 2 <= time_s < 4 else 1
        frame = builders.frame(640, 360, time_s=time_s, number=number, source="talk.mp4")
        found.append(builders.observation(faces, frame, best="happiness" if 3 <= time_s < 5 else "neutral"))
    return found


def kept(server: Running, owner: str = "local", mode: str = "expressions", mesh: bool = True) -> Recording:
    """Put a recording into the store as a worker does."""
    store = server.store
    recording = store.add_recording(
        owner, name="talk.mp4", kind="video", mode=mode, width=640, height=360, fps=25.0, status="complete",
        summary={"unsure_below": 0.5},
    )  # fmt: skip
    table = table_of(talk(), mode, mesh)
    store.append_rows(owner, recording.id, table)
    if mode == "expressions":
        store.add_findings(owner, recording.id, [find(line) for line in timelines_of(table, "talk.mp4", 0.5)])
    return store.recording(owner, recording.id)


@pytest.fixture(scope="module")
def recording(server: Running) -> Recording:
    return kept(server)


def get(server: Running, recording: Recording, place: str = "", **query: Any) -> Any:
    answer = server.client.get(f"/v1/recordings/{recording.id}{place}", params=query)
    assert answer.status_code == 200, answer.text
    return answer


def test_rows_come_back_as_they_were_measured() -> None:
    """Exports are made of stored rows; what is lost here is lost for good."""
    before = talk(1.0)
    table = table_of(before, "expressions", mesh=True)
    after = list(observations_of(table, (640, 360), "talk.mp4", 0.5))
    assert [item.frame.number for item in after] == [item.frame.number for item in before]
    for old, new in zip(before, after, strict=True):
        assert old.faces.ids.tolist() == new.faces.ids.tolist()
        assert old.expressions.labels == new.expressions.labels
        assert np.abs(old.measurements.meshes - new.measurements.meshes).max(initial=0) < 0.02
        assert np.allclose(old.measurements.action_units, new.measurements.action_units, atol=0.006, equal_nan=True)
    assert len(after[10]) == 0


def test_frames_for_the_overlay_are_those_of_the_time_asked_for(server: Running, recording: Recording) -> None:
    found = get(server, recording, "/frames", start=1.9, end=2.1).json()
    assert found["time_s"] == pytest.approx([1.92, 1.96, 2.0, 2.04, 2.08])
    assert [len(faces) for faces in found["faces"]] == [1, 1, 2, 2, 2]
    assert set(found["faces"][0][0]) == {"id", "box", "label", "confidence"}
    everything = get(server, recording, "/frames").json()
    assert len(everything["time_s"]) == len(everything["faces"]) == 200
    assert everything["faces"][10] == []
    mesh = get(server, recording, "/frames", end=0.04, mesh=True).json()["faces"][0][0]["mesh"]
    assert len(mesh) == 478
    assert get(server, recording, "/frames", start=100).json() == {"time_s": [], "faces": []}


def test_a_timeline_is_thin_and_has_a_gap_where_the_face_was_away(server: Running, recording: Recording) -> None:
    faces = get(server, recording, "/timeline", points=50).json()["faces"]
    assert [face["id"] for face in faces] == [0, 1]
    first, second = faces
    assert len(first["time_s"]) <= 51
    assert second["time_s"][0] >= 2
    assert second["time_s"][-1] <= 4
    happy = [p for t, p in zip(first["time_s"], first["probabilities"]["happiness"], strict=True) if 3.2 < t < 4.8]
    assert min(happy) == pytest.approx(0.72, abs=0.01)
    assert set(first["pose"]) == {"pitch", "yaw", "roll"}
    assert len(first["eye_openness"]) == 2
    whole = get(server, recording, "/timeline", points=20_000).json()["faces"][0]
    assert len(whole["time_s"]) == 199
    assert whole["time_s"] == sorted(whole["time_s"])


def test_a_break_in_a_face_breaks_its_line(server: Running) -> None:
    """A line drawn over an absence would claim what nobody saw."""
    store = server.store
    made = store.add_recording("local", name="away.mp4", summary={"unsure_below": 0.5})
    frames = [0, 1, 2, 3, 4, 80, 81, 82, 83, 84]
    items = [builders.observation(1, builders.frame(time_s=number / 25, number=number)) for number in frames]
    store.append_rows("local", made.id, table_of(items, "expressions", mesh=False))
    for points in (100, 6):
        (face,) = get(server, made, "/timeline", points=points).json()["faces"]
        gap = face["pose"]["yaw"].index(None)
        assert face["time_s"][gap - 1] < 0.3
        assert face["time_s"][gap + 1] > 3.0
        assert face["probabilities"]["neutral"][gap] is None
    store.delete_recording("local", made.id)


def test_episodes_events_and_summary_are_told(server: Running, recording: Recording) -> None:
    found = get(server, recording, "/episodes").json()
    happy = [item for item in found["episodes"] if item["label"] == "happiness" and item["face"] == 0]
    assert happy[0]["kind"] == "expression"
    assert happy[0]["onset_s"] == pytest.approx(3.0, abs=0.2)
    assert found["transitions"][0]["target"] == "happiness"
    assert get(server, recording, "/events").json() == {"events": []}
    assert get(server, recording, "/summary").json()["unsure_below"] == 0.5


def test_letters_and_asymmetry_follow_from_stored_intensities() -> None:
    seen = builders.observation(2)
    units = np.random.default_rng(0).uniform(0, 5, (2, 23, 2)).round(2).astype(np.float32)
    whole_mouth = [unit not in SIDED_UNITS for unit in ACTION_UNITS]
    units[:, whole_mouth, 1] = units[:, whole_mouth, 0]
    seen = replace(seen, measurements=replace(seen.measurements, action_units=units))
    told = with_derived(table_of([seen, builders.observation(0)], "action_units", False)).to_pylist()
    whole = written(seen)
    for name in DERIVED:
        assert [row[name] for row in told] == [*(pytest.approx(row[name], abs=0.011) for row in whole), None], name


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_can_be_read_by_what_it_is_for(server: Running, recording: Recording, format: str) -> None:
    answer = get(server, recording, "/export", format=format)
    text = answer.content.decode("utf-8", "replace")
    assert "talk" in answer.headers["content-disposition"]
    if format == "json":
        plain = answer.json()
        assert len(plain["rows"]) == 250
        assert plain["recording"]["id"] == recording.id
        assert plain["episodes"]
    elif format == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert list(rows[0]) == ["source", *TOLD]
        assert (rows[0]["label"], rows[10]["face_id"], len(rows)) == ("neutral", "", 250)
    elif format == "jsonl":
        assert [json.loads(line)["frame"] for line in text.splitlines()][:3] == [0, 1, 2]
    elif format == "parquet":
        table = pq.read_table(io.BytesIO(answer.content))
        assert table.num_rows == 250
        assert table.schema.field("pitch").metadata[b"unit"] == b"degrees"
    elif format == "elan":
        assert [tier for tier in Xml.fromstring(text).iter("TIER") if "happiness" in tier.attrib["TIER_ID"]]
    elif format in ("webvtt", "srt"):
        assert "happiness 72 %" in text
    elif format == "facereader":
        assert "FIND_FAILED" in text
    else:
        assert len(text.splitlines()) > 2
    assert not list(server.store.data_dir.glob("spool/*"))


def test_a_report_is_one_page_that_runs_nothing(server: Running, recording: Recording) -> None:
    pytest.importorskip("matplotlib")
    answer = get(server, recording, "/report")
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "happiness" in answer.text


def test_action_unit_mode_leaves_expressions_out_or_says_why_not(server: Running) -> None:
    made = kept(server, mode="action_units")
    refused = {}
    for format in FORMATS:
        answer = server.client.get(f"/v1/recordings/{made.id}/export", params={"format": format})
        if answer.status_code != 200:
            refused[format] = answer.json()["error"]["code"]
        else:
            assert "happiness" not in answer.text.replace("p_happiness", "?"), format
            assert "p_happiness" not in answer.text, format
    assert refused == dict.fromkeys(("feat", "webvtt", "srt", "facereader"), "purpose_forbids")
    assert server.client.get(f"/v1/recordings/{made.id}/report").status_code == 403
    face = get(server, made, "/timeline").json()["faces"][0]
    assert (face["probabilities"], face["valence"], face["indicators"]) == (None, None, None)
    assert get(server, made, "/frames", end=0.01).json()["faces"][0][0]["label"] is None


def test_formats_that_need_meshes_say_that_there_are_none(server: Running) -> None:
    made = kept(server, mesh=False)
    for format in ("openface", "feat"):
        answer = server.client.get(f"/v1/recordings/{made.id}/export", params={"format": format})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "mesh_missing")
    assert not list(server.store.data_dir.glob("spool/*"))
    assert server.client.get(f"/v1/recordings/{made.id}/export?format=exe").status_code == 422


def test_recordings_are_found_changed_and_deleted(server: Running) -> None:
    made = kept(server)
    changed = server.client.patch(f"/v1/recordings/{made.id}", json={"name": "Interview Ω", "notes": "calm"})
    assert changed.json()["name"] == "Interview Ω"
    found = server.client.get("/v1/recordings", params={"text": "interview ω", "label": "happiness"}).json()
    assert [item["id"] for item in found["recordings"]] == [made.id]
    assert server.client.get("/v1/recordings", params={"text": "Ω", "kind": "live"}).json()["recordings"] == []
    name = server.client.get(f"/v1/recordings/{made.id}/export?format=csv").headers["content-disposition"]
    assert "filename*=UTF-8''talk" in name or "filename*=UTF-8''Interview%20%CE%A9.csv" in name
    assert server.client.patch(f"/v1/recordings/{made.id}", json={"owner": "me"}).status_code == 422
    assert server.client.patch(f"/v1/recordings/{made.id}", json={"name": None}).status_code == 422
    assert server.client.delete(f"/v1/recordings/{made.id}").status_code == 204
    for place in ("", "/frames", "/timeline", "/episodes", "/events", "/summary", "/export", "/report", "/media"):
        assert server.client.get(f"/v1/recordings/{made.id}{place}").status_code == 404


def test_another_owners_recording_is_not_there(guarded: Running) -> None:
    """The id of a recording is no key to it."""
    made = kept(guarded, owner="anna")
    secret = guarded.store.create_token("anna's", {"read", "analyze"}, owner="anna")[1]
    anna, boris = {"Authorization": f"Bearer {secret}"}, guarded.bearer("boris")
    places = ("", "/frames", "/timeline", "/episodes", "/events", "/summary", "/export", "/report", "/media")
    for place in places:
        assert guarded.client.get(f"/v1/recordings/{made.id}{place}", headers=boris).status_code == 404
        assert guarded.client.get(f"/v1/recordings/{made.id}{place}").status_code == 401
    for method in ("PATCH", "DELETE"):
        answer = guarded.client.request(method, f"/v1/recordings/{made.id}", headers=boris, json={"name": "mine"})
        assert answer.status_code == 404
    assert guarded.client.get("/v1/recordings", headers=boris).json()["recordings"] == []
    assert guarded.client.get(f"/v1/recordings/{made.id}", headers=anna).json()["name"] == "talk.mp4"


def test_a_live_recording_whose_server_was_killed_is_concluded(server: Running) -> None:
    """Otherwise it stays open for ever, without episodes, though its rows are safe."""
    store = server.store
    old = datetime.now(UTC) - timedelta(hours=1)
    made = store.add_recording("anna", name="live", kind="live", started_at=old, summary={"unsure_below": 0.5})
    store.append_rows("anna", made.id, table_of(talk(), "expressions", mesh=False))
    fresh = store.add_recording("anna", name="live", kind="live")
    assert tend(store) == 1
    found = store.recording("anna", made.id)
    assert (found.status, store.recording("anna", fresh.id).status) == ("interrupted", "open")
    assert [item for each in store.findings("anna", made.id) for item in each.episodes if item.label == "happiness"]
    assert tend(store) == 0
