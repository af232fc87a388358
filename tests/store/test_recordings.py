"""A user would not find a recording again, would see another's, or would be told of rows that were never kept."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mimika.data.baseline import Baseline
from mimika.data.episodes import Episode, Findings, Mixture, Transition
from mimika.data.errors import OptionError, StoreMissing
from mimika.data.events import Event
from mimika.data.opinion import Asked, Opinion
from mimika.data.purpose import Purpose
from mimika.store import Store
from tests.store import making

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_what_is_told_of_a_recording_comes_back(store: Store) -> None:
    person = store.add_profile("ann", "Тимур")
    purpose = Purpose("clinical", "medical", "ward 3")
    east = NOON.astimezone(timezone(timedelta(hours=5)))
    made = store.add_recording(
        "ann", name="talk.mp4", kind="video", started_at=east, duration_s=4.5, width=640, height=480, fps=29.97,
        model="expression 2", purpose=purpose, person=person.id, notes="first visit", retention_days=30,
        summary={"faces": [{"seconds": np.float32(1.5), "blinks": math.nan}]},
    )  # fmt: skip
    found = store.recording("ann", made.id)
    assert found == made
    assert (found.started_at, found.purpose, found.person) == (NOON, purpose, person.id)
    assert (found.fps, found.width, found.summary) == (29.97, 640, {"faces": [{"seconds": 1.5, "blinks": None}]})
    assert found.expires_at is not None
    assert timedelta(days=29, hours=23) < found.expires_at - datetime.now(UTC) < timedelta(days=30)
    assert found.as_json()["started_at"] == "2026-11-21T12:00:00+00:00"
    assert "media_path" not in found.as_json()
    changed = store.update_recording(
        "ann", made.id, name="visit 1", status="complete", person=None, retention_days=None
    )
    assert (changed.name, changed.status, changed.person, changed.expires_at) == ("visit 1", "complete", None, None)
    assert changed.notes == "first visit"


def test_another_owners_recording_is_as_if_it_were_not_there(store: Store) -> None:
    mine = store.add_recording("ann", name="mine").id
    profile = store.add_profile("ann", "Ann").id
    job = store.add_job("ann", mine, "x.mp4").id
    told = []
    for identifier in (mine, "0" * 32, "../../etc/passwd", "'; DROP TABLE recordings; --", "x\x00y"):
        for call in (
            lambda i: store.recording("bob", i),
            lambda i: store.update_recording("bob", i, name="stolen"),
            lambda i: store.delete_recording("bob", i),
            lambda i: store.rows("bob", i),
            lambda i: store.append_rows("bob", i, making.clip(1)),
            lambda i: store.last_time("bob", i),
            lambda i: store.episodes("bob", i),
            lambda i: store.findings("bob", i),
            lambda i: store.events("bob", i),
            lambda i: store.add_job("bob", i, "x.mp4"),
            lambda i: store.folder("bob", i),
            lambda i: store.clear_rows("bob", i),
        ):
            with pytest.raises(StoreMissing) as raised:
                call(identifier)
            told.append(str(raised.value).replace(repr(identifier), "ID"))
    assert set(told) == {"recording ID: there is none of this id"}
    for call in (store.profile, store.delete_profile, store.update_profile):
        with pytest.raises(StoreMissing):
            call("bob", profile)
    with pytest.raises(StoreMissing):
        store.add_recording("bob", person=profile)
    for call in (store.job, store.cancel_job):
        with pytest.raises(StoreMissing):
            call("bob", job)
    assert (store.recordings("bob"), store.profiles("bob"), store.jobs("bob")) == (([], None), [], [])
    assert store.recording("ann", mine).name == "mine"


def test_the_history_is_filtered_and_paged(store: Store) -> None:
    person = store.add_profile("ann", "Ann").id
    for number in range(7):
        made = store.add_recording(
            "ann", name=f"Беседа {number}", started_at=NOON + timedelta(days=number // 2), notes="100% sure_ly",
            kind="live" if number == 3 else "video", person=person if number in (2, 5) else None,
        )  # fmt: skip
        if number in (1, 5):
            store.append_rows("ann", made.id, making.clip(3))
    store.add_recording("bob", name="Беседа 9", started_at=NOON)

    def names(**wanted: object) -> list[str]:
        return [each.name[-1] for each in store.recordings("ann", **wanted)[0]]  # type: ignore[arg-type]

    assert sorted(names()) == list("0123456")
    assert names(text="БЕСЕДА 4") == ["4"]
    assert names(text="0% sure_") == names()
    assert names(text="0% sureX") == names(text="%беседа") == []
    assert names(kind="live") == ["3"]
    assert sorted(names(person=person)) == ["2", "5"]
    assert sorted(names(label="neutral")) == ["1", "5"]
    assert names(label="neutral", person=person) == ["5"]
    assert sorted(names(since=NOON + timedelta(days=1), until=NOON + timedelta(days=2))) == ["2", "3"]
    seen, after = [], None
    for _ in range(4):
        page, after = store.recordings("ann", limit=2, after=after)
        seen += [each.name[-1] for each in page]
    assert after is None
    assert seen == names()
    assert seen[0] == "6"
    for wrong in ({"limit": 0}, {"limit": 201}, {"after": "x"}, {"after": "2026-11-21_" + "0" * 32}, {"kind": "film"}):
        with pytest.raises(OptionError):
            store.recordings("ann", **wrong)  # type: ignore[arg-type]


def test_wrong_fields_are_refused(store: Store) -> None:
    for wrong in (
        {"kind": "film"},
        {"status": "lost"},
        {"size": 3},
        {"frames": -1},
        {"fps": math.nan},
        {"started_at": "x"},
    ):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            store.add_recording("ann", **wrong)
    with pytest.raises(OptionError, match="zone"):
        store.add_recording("ann", started_at=NOON.replace(tzinfo=None))
    with pytest.raises(OptionError, match="zone"):
        store.recordings("ann", since=NOON.replace(tzinfo=None))
    assert store.recordings("ann") == ([], None)


def test_rows_come_back_as_they_were_whatever_the_steps_in_which_they_came(store: Store) -> None:
    whole = making.clip(700, faces=2)
    recording = store.add_recording("ann").id
    start = 0
    for step in (2, 20, 600, 8, whole.num_rows):
        store.append_rows("ann", recording, whole.slice(start, step))
        start += step
    assert store.rows("ann", recording).equals(whole.cast(store.rows("ann", recording).schema))
    found = store.recording("ann", recording)
    assert (found.frames, found.faces, found.labels) == (700, 2, {"neutral": 700, "happiness": 700})
    assert found.duration_s == pytest.approx(699 / 25)
    assert store.last_time("ann", recording) == pytest.approx(699 / 25)
    part = store.rows("ann", recording, start_s=10, end_s=11, face=1, columns=["label", "time_s", "nothing"])
    assert part.column_names == ["label", "time_s"]
    assert part.num_rows == 25
    assert set(part.column("label").to_pylist()) == {"happiness"}
    times = part.column("time_s").to_pylist()
    assert (min(times), max(times)) == (10.0, 10.96)


def test_frames_without_a_face_are_rows_too(store: Store) -> None:
    recording = store.add_recording("ann").id
    assert (store.last_time("ann", recording), store.rows("ann", recording).num_rows) == (None, 0)
    store.append_rows("ann", recording, making.clip(5, faces=0))
    found = store.recording("ann", recording)
    assert (found.frames, found.faces, found.labels) == (5, 0, {})
    assert store.rows("ann", recording, columns=["face_id"]).column("face_id").to_pylist() == [None] * 5
    assert store.last_time("ann", recording) == pytest.approx(0.16)


def test_meshes_are_given_only_to_those_who_ask(store: Store) -> None:
    recording, rows = store.add_recording("ann").id, making.clip(300)
    values = np.random.default_rng(3).integers(-3000, 3000, (300, 1434), dtype=np.int16)
    mesh = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), 1434)
    for start in range(0, 300, 60):
        store.append_rows("ann", recording, rows.append_column("mesh", mesh).slice(start, 60))
    store.append_rows(
        "ann", recording, making.clip(2).drop_columns(["origin"] if "origin" in rows.column_names else [])
    )
    assert "mesh" not in store.rows("ann", recording).column_names
    found = store.rows("ann", recording, columns=["mesh", "frame"], start_s=1.0, end_s=2.0)
    assert found.column_names == ["mesh", "frame"]
    assert np.array_equal(np.array(found.column("mesh").to_pylist()), values[25:50])


def test_rows_that_cannot_be_kept_change_nothing(store: Store) -> None:
    recording = store.add_recording("ann").id
    store.append_rows("ann", recording, making.clip(3))
    before = store.recording("ann", recording)
    for wrong in (
        pa.table({"frame": [1]}),
        pa.table({"time_s": [None, 1.0]}),
        pa.table({"time_s": [1.0], "label": [{"a": 1}]}),
    ):
        with pytest.raises(OptionError):
            store.append_rows("ann", recording, wrong)
    assert store.recording("ann", recording) == before
    assert store.append_rows("ann", recording, making.clip(0)) == 0
    store.clear_rows("ann", recording)
    assert (store.recording("ann", recording).frames, store.rows("ann", recording).num_rows) == (0, 0)


def test_findings_and_events_come_back(store: Store) -> None:
    recording = store.add_recording("ann").id
    first = Findings(
        0,
        [
            Episode("expression", "happiness", "", 1.0, 1.5, 2.0, 0.9, 0.8, 0),
            Episode("micro", "AU4", "left", 2, 2, 2.2, 1, 1, 0),
        ],
        [Transition("neutral", "happiness", 0.9, 1.0, 1.2, 0)],
        [Mixture((("happiness", 0.6), ("surprise", 0.4)), "happily surprised", 1.0, 1.4, 0)],
        ["too few frames a second"],
    )  # fmt: skip
    second = Findings(3, [Episode("state", "drowsy", "", 5, 6, 7, math.nan, 0.5, 3)])
    store.add_findings("ann", recording, [second, first])
    store.add_findings("ann", recording, [first, second])
    found = store.findings("ann", recording)
    assert found[0] == first
    assert math.isnan(found[1].episodes[0].peak)
    assert [each.kind for each in store.episodes("ann", recording)] == ["expression", "micro", "state"]
    assert store.episodes("ann", recording, "micro") == first.episodes[1:]
    store.add_episodes("ann", recording, first.episodes[:1], replace=True)
    assert store.episodes("ann", recording) == first.episodes[:1]
    assert store.findings("ann", recording)[0].transitions == first.transitions
    event = Event(
        "drowsy", "begin", 3, "a.mp4", 7.0, 5.0, 2.0, "drowsiness", 0.7, "looks drowsy", mark="task", mark_s=4.0
    )
    store.add_events("ann", recording, [event])
    store.add_events("ann", recording, [event], replace=True)
    assert store.events("ann", recording) == [event]


def test_profiles_keep_their_neutral_face(store: Store) -> None:
    rng = np.random.default_rng(1)
    baseline = Baseline(
        rng.normal(size=(468, 3)), np.array([0.9, np.nan]), np.full(8, 0.125), "first", 75, 3.0, 2, "a.mp4"
    )
    made = store.add_profile("ann", "Әсел", "sits left", baseline)
    store.add_profile("ann", "Aaron")
    found = store.profile("ann", made.id)
    assert (found.name, found.notes) == ("Әсел", "sits left")
    assert found.baseline is not None
    assert np.allclose(found.baseline.shape, baseline.shape, atol=1e-5)
    assert np.isnan(found.baseline.eye_openness[1])
    assert "shape" not in found.as_json()["baseline"]
    assert [each.name for each in store.profiles("ann")] == ["Aaron", "Әсел"]
    assert store.update_profile("ann", made.id, baseline=None, name="Асель").baseline is None
    with pytest.raises(OptionError):
        store.add_profile("ann", " ")


def test_the_month_is_summed_up(store: Store) -> None:
    person = store.add_profile("ann", "Ann").id
    for day, hour, owner in ((1, 0, "ann"), (1, 23, "ann"), (30, 23, "ann"), (31, 0, "ann"), (15, 3, "bob")):
        when = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)
        made = store.add_recording(owner, started_at=when, person=person if day == 30 else None)
        store.append_rows(owner, made.id, making.clip(26, faces=2))
        store.add_episodes(owner, made.id, [Episode("expression", "happiness", "", 0, 0.5, 1.0, 0.9, 1, 0)])
        store.add_events(owner, made.id, [Event("drowsy", phase, 0, "", 1, 1, 1, "x", 1) for phase in ("begin", "end")])
    told = store.monthly_report("ann", 2026, 11)
    assert (told["month"], told["recordings"], told["seconds"], told["frames"], told["rows"]) == (
        *("2026-11", 3, 3.0, 78, 156),
    )
    assert told["days"] == [
        {"day": "2026-11-01", "recordings": 2, "seconds": 2.0},
        {"day": "2026-11-30", "recordings": 1, "seconds": 1.0},
    ]
    assert told["labels"] == {"happiness": 78, "neutral": 78}
    assert told["shares"] == {"happiness": 0.5, "neutral": 0.5}
    assert told["persons"] == [
        {"person": person, "name": "Ann", "recordings": 1, "seconds": 1.0, "labels": {"happiness": 26, "neutral": 26}}
    ]
    assert told["episodes"] == [{"kind": "expression", "label": "happiness", "count": 3, "seconds": 3.0}]
    assert told["events"] == {"drowsy": 3}
    valence = making.clip(26, faces=2).column("valence").to_pylist()
    assert told["valence"] == pytest.approx(sum(valence) / len(valence), abs=1e-5)
    empty = store.monthly_report("ann", 2025, 1)
    assert (empty["recordings"], empty["labels"], empty["valence"]) == (0, {}, None)
    with pytest.raises(OptionError):
        store.monthly_report("ann", 2026, 13)


def test_what_a_second_model_said_is_kept_whatever_is_found_later(store: Store, tmp_path: Path) -> None:
    """It was paid for: an analysis that goes on, or is concluded again, must find it."""
    shares = np.full(8, 0.02, np.float32)
    shares[1] = 0.86
    opinion = Opinion("happiness", shares, "Губы подняты.", "cloud:m", 812.5, 0.0004, (900, 120))
    had = Asked("talk.mp4", 0, 1.25, "answered", shares[::-1].copy(), opinion, look=(1 << 63) - 5)
    not_had = Asked("talk.mp4", 1, 0.5, "server", shares, None, "here: the endpoint fails (500)")
    made = store.add_recording("ann", started_at=NOON)
    store.add_opinions("ann", made.id, [had])
    store.add_opinions("ann", made.id, [not_had])
    store.add_findings("ann", made.id, [])
    first, second = store.opinions("ann", made.id)
    assert (first.outcome, first.face, first.reason, first.opinion) == ("server", 1, not_had.reason, None)
    assert second.opinion is not None
    assert second.as_json() == had.as_json()
    assert (second.look, second.opinion.tokens) == (had.look, (900, 120))
    assert store.monthly_report("ann", 2026, 11)["episodes"] == []
    with pytest.raises(StoreMissing):
        store.opinions("bob", made.id)
    store.export(tmp_path / "all.zip")
    with Store.open(data_dir=tmp_path / "other") as other:
        other.import_(tmp_path / "all.zip")
        assert [one.as_json() for one in other.opinions("ann", made.id)] == [first.as_json(), second.as_json()]
