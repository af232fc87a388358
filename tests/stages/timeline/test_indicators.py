"""Indicators of made faces whose truth is known: a wrong formula, window or unit would show here."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import builders
import numpy as np
import pytest

from mimika.data.indicators import INDICATOR_NAMES, INDICATORS
from mimika.data.timeline import Timeline
from mimika.stages.timeline.drowsiness import drowsy
from mimika.stages.timeline.episodes import find
from mimika.stages.timeline.states import SIGNALS, STATES, States, readings, states
from tests.stages.timeline.made import course, timeline, uneven
from tests.stages.timeline.made import times as times_at


def times(seconds: float, fps: float = 8.0) -> np.ndarray:
    """Return times that are far apart, so that tests are quick."""
    return times_at(seconds, fps)


def eyes(time_s: np.ndarray, *closed: tuple[float, float]) -> np.ndarray:
    """Return open eyes that are shut from the first to the second of each pair."""
    values = np.ones(len(time_s))
    for start, stop in closed:
        values[(time_s >= start - 1e-9) & (time_s < stop - 1e-9)] = 0.0
    return np.column_stack([values, values])


def at(line: Timeline, *seconds: float) -> list[dict[str, float]]:
    """Return the indicators of the rows at some seconds, by name."""
    table = np.concatenate(readings(line), axis=1)
    rows = np.searchsorted(line.time_s, np.array(seconds) - 1e-9)
    return [dict(zip((*INDICATOR_NAMES, *SIGNALS), table[index].tolist(), strict=True)) for index in rows]


def blinking(fps: float = 12.5, seconds: float = 70.0, every: float = 4.0, length: float = 0.2) -> Timeline:
    time_s = times(seconds, fps)
    closed = [(start, start + length) for start in np.arange(3.0, seconds, every)]
    return timeline(time_s, eyes=eyes(time_s, *closed))


@pytest.mark.parametrize("fps", [10.0, 25.0, 60.0])
def test_two_seconds_of_closed_eyes_in_a_minute_are_a_perclos_of_one_thirtieth(fps):
    time_s = times(70, fps)
    told = at(timeline(time_s, eyes=eyes(time_s, (30.0, 32.0))), 29.9, 31.5, 64.0)
    assert told[0]["perclos"] == 0
    assert told[1]["eyes_closed_s"] == pytest.approx(1.5, abs=2 / fps)
    assert told[2]["perclos"] == pytest.approx(2 / 60, abs=0.6 / fps / 60)
    assert told[2]["eyes_closed_s"] == 0


def test_perclos_forgets_after_a_minute_and_waits_for_twenty_seconds():
    time_s = times(100)
    told = at(timeline(time_s, eyes=eyes(time_s, (10.0, 13.0))), 19.0, 64.0, 80.0)
    assert math.isnan(told[0]["perclos"])
    assert told[1]["perclos"] == pytest.approx(0.05, abs=0.001)
    assert told[2]["perclos"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("fps", [15.0, 30.0, 60.0])
def test_blinks_are_counted_and_timed_alike_at_every_frame_rate(fps):
    told = at(blinking(fps), 65.0)[0]
    assert told["blink_rate"] == pytest.approx(15, abs=0.3)
    assert told["blink_s"] == pytest.approx(0.2, abs=0.04)
    assert told["drowsiness"] < 0.15


def test_slow_blinks_are_a_sign_of_drowsiness_where_frames_are_dense_enough_to_time_them():
    assert at(blinking(25.0, every=6.0, length=0.44), 65.0)[0]["drowsiness"] > 0.4
    assert at(blinking(12.5, every=6.0, length=0.44), 65.0)[0]["drowsiness"] < 0.1


def test_blinks_are_the_same_as_those_of_the_episode_table():
    line = blinking(seconds=60)
    found = [episode for episode in find(line).episodes if episode.label == "blink"]
    assert at(line, 59.9)[0]["blink_rate"] == pytest.approx(len(found), abs=1)


def test_too_few_frames_tell_no_blinks_but_still_perclos():
    told = at(blinking(5.0), 65.0)[0]
    assert math.isnan(told["blink_rate"])
    assert math.isnan(told["blink_s"])
    assert told["perclos"] == pytest.approx(0.05, abs=0.02)


def test_a_variable_frame_rate_changes_nothing():
    time_s = uneven(80)
    time_s = time_s[time_s < 70]
    line = timeline(time_s, eyes=eyes(time_s, (30.0, 33.0)))
    assert at(line, 64.0)[0]["perclos"] == pytest.approx(0.05, abs=0.002)


def test_narrow_eyes_are_not_half_asleep():
    time_s = times(70)
    told = at(timeline(time_s, eyes=0.5 * eyes(time_s, (30.0, 30.2))), 65.0)[0]
    assert told["perclos"] < 0.01
    assert told["drowsiness"] == 0
    assert told["blink_s"] > 0.2


def test_lids_that_fall_again_and_again_look_drowsy_and_are_an_episode():
    time_s = times(120)
    closures = [(start, start + 1.5) for start in np.arange(40.0, 115.0, 6.0)]
    line = timeline(time_s, eyes=eyes(time_s, *closures))
    awake, asleep = at(line, 39.0, 110.0)
    assert awake["drowsiness"] == 0
    assert asleep["drowsiness"] > 0.9
    found = [episode for episode in states(line) if episode.label == "drowsiness"]
    assert len(found) == 1
    assert 45 < found[0].onset_s < 75
    assert len([episode for episode in states(line) if episode.label == "eyes_closed"]) == len(closures)


def test_eyes_shut_in_laughter_are_no_sleep():
    time_s = times(70, 12.5)
    shut = eyes(time_s, (20.0, 21.4), (30.0, 31.4), (40.0, 41.4))
    assert at(timeline(time_s, eyes=shut), 65.0)[0]["drowsiness"] > 0.5
    laughing = timeline(time_s, course(time_s, (0, {"happiness": 0.9})), eyes=shut)
    assert at(laughing, 20.8, 65.0)[0]["eyes_closed_s"] > 0.6
    assert at(laughing, 65.0)[0]["drowsiness"] < 0.1


def test_drowsiness_adds_its_signs_and_leaves_out_what_was_not_measured():
    nothing = math.nan
    assert drowsy(0.0, 0.0, nothing, nothing) == 0
    assert drowsy(0.15, 0.0, nothing, nothing) == pytest.approx(0.5)
    assert drowsy(0.0, 6.0, nothing, nothing) == 1
    assert drowsy(0.0, 0.0, 0.3, 2.0) == pytest.approx(1 - 0.75 * 0.75)
    assert math.isnan(drowsy(nothing, 3.0, 0.2, 1.0))


def test_yawns_are_long_and_without_a_smile():
    time_s = times(60)
    jaw, smile = np.zeros(len(time_s)), np.zeros(len(time_s))
    for start, length in ((5, 5.0), (20, 4.0), (30, 0.8), (40, 5.0)):
        jaw[(time_s >= start) & (time_s < start + length)] = 4.0
    smile[time_s >= 39] = 3.0
    line = timeline(time_s, units={"AU27": jaw, "AU12": smile})
    told = at(line, 4.0, 15.0, 59.0)
    assert [each["yawns"] for each in told] == [0, 1, 2]
    assert [episode.label for episode in states(line) if episode.label == "yawn"] == ["yawn", "yawn"]


def turned(line: Timeline, yaw: np.ndarray | float = 0.0, pitch: np.ndarray | float = 0.0) -> Timeline:
    angles = np.zeros((len(line), 3))
    angles[:, 0], angles[:, 1] = pitch, yaw
    return replace(line, angles=angles)


@pytest.mark.parametrize("fps", [10.0, 30.0])
def test_looking_away_is_timed_and_lowers_attention(fps):
    time_s = times(45, fps)
    line = turned(timeline(time_s), yaw=np.where((time_s >= 20) & (time_s < 26), 50.0, 0.0))
    before, away, after = at(line, 19.0, 24.0, 44.0)
    assert before["attention"] == pytest.approx(1)
    assert before["looking_away_s"] == 0
    assert away["looking_away_s"] == pytest.approx(4, abs=1.1 / fps)
    assert away["attention"] < 0.6
    assert after["attention"] == pytest.approx(1)
    found = [episode for episode in states(line) if episode.label == "looking_away"]
    assert [(round(each.onset_s), round(each.offset_s), round(each.peak)) for each in found] == [(20, 26, 50)]


def test_eyes_alone_can_look_away_and_one_who_sits_beside_the_camera_does_not():
    time_s = times(60)
    line = timeline(time_s)
    gaze = np.zeros((len(line), 2))
    gaze[time_s >= 30, 0] = 40.0
    assert at(replace(line, gaze=gaze), 35.0)[0]["looking_away_s"] == pytest.approx(5, abs=0.1)
    beside = turned(line, yaw=18.0)
    assert at(beside, 50.0)[0]["attention"] == pytest.approx(1)
    assert at(turned(line, yaw=60.0), 50.0)[0]["attention"] == 0


def test_a_restless_head_is_less_attentive_and_a_blink_does_not_move_the_gaze():
    time_s = times(60)
    restless = turned(timeline(time_s), yaw=14.0 * np.sin(2 * np.pi * time_s))
    assert at(restless, 50.0)[0]["attention"] == pytest.approx(1 / (1 + 0.5 * (14 / 15) ** 2), abs=0.02)
    line = timeline(time_s, eyes=eyes(time_s, (30.0, 30.3)))
    gaze = np.zeros((len(line), 2))
    gaze[(time_s >= 30) & (time_s < 30.3)] = -60.0
    assert at(replace(line, gaze=gaze), 30.2)[0]["looking_away_s"] == 0


def test_a_lively_friendly_face_is_more_engaged_than_a_blank_one():
    time_s = times(90)
    blank = timeline(time_s, course(time_s, (0, {"neutral": 0.93})))
    parts = [
        (float(start), [{"neutral": 0.8}, {"happiness": 0.9}, {"surprise": 0.8}][start % 3]) for start in range(90)
    ]
    lively = timeline(time_s, course(time_s, *parts))
    (still,), (moved,) = at(blank, 80.0), at(lively, 80.0)
    assert moved["engagement"] > still["engagement"] + 0.2
    assert moved["boredom"] == pytest.approx(0, abs=0.01)
    assert still["boredom"] == pytest.approx(1 / 3, abs=0.01)
    drooping = turned(replace(blank, eye_openness=eyes(time_s) * np.where(time_s > 20, 0.4, 1)[:, None]), yaw=0.0)
    away = turned(drooping, yaw=np.where(time_s > 30, 60.0, 0.0))
    assert at(away, 50.0)[0]["boredom"] > 0.9
    assert {"boredom"} <= {episode.label for episode in states(away)}


def test_confusion_needs_both_brows_and_lids_and_a_still_head():
    time_s = times(40)
    on = np.where(time_s >= 20, 3.0, 0.0)
    both = timeline(time_s, units={"AU4": on, "AU7": on})
    assert at(both, 19.0, 30.0)[0]["confusion"] == 0
    assert at(both, 30.0)[0]["confusion"] == pytest.approx(1)
    assert at(timeline(time_s, units={"AU4": on}), 30.0)[0]["confusion"] == 0
    shaking = turned(both, yaw=10.0 * np.sign(np.sin(2 * np.pi * time_s)))
    assert at(shaking, 30.0)[0]["confusion"] == pytest.approx(0.2, abs=0.02)


def test_tension_builds_up_and_frustration_needs_a_hostile_look_too():
    time_s = times(80)
    on = np.where(time_s >= 20, 3.0, 0.0)
    angry = course(time_s, (0, {"neutral": 0.9}), (20, {"anger": 0.8, "disgust": 0.1, "contempt": 0.1 - 1e-6}))
    line = timeline(time_s, angry, units={"AU4": on, "AU24": on})
    early, late = at(line, 26.0, 75.0)
    assert early["tension"] == pytest.approx(6 / 26, abs=0.02)
    assert late["tension"] == pytest.approx(1)
    assert late["frustration"] == pytest.approx(1, abs=0.01)
    assert at(timeline(time_s, units={"AU4": on}), 75.0)[0]["frustration"] == pytest.approx(0.52, abs=0.01)
    labels = {episode.label for episode in states(line)}
    assert {"tension", "frustration"} <= labels


def test_without_action_units_only_what_needs_them_is_missing():
    line = replace(blinking(), action_units=np.full((875, 23, 2), np.nan))
    told = at(line, 65.0)[0]
    missing = {name for name in INDICATOR_NAMES if math.isnan(told[name])}
    assert missing == {indicator.name for indicator in INDICATORS if indicator.units}


def test_without_eyes_the_head_still_tells_attention_and_nothing_fails():
    line = blinking()
    line = replace(line, eye_openness=np.full((len(line), 2), np.nan), gaze=np.full((len(line), 2), np.nan))
    told = at(line, 65.0)[0]
    assert math.isnan(told["perclos"])
    assert math.isnan(told["drowsiness"])
    assert told["attention"] == pytest.approx(1)
    assert math.isfinite(told["boredom"])
    states(line)


def test_an_absence_is_no_closed_eye_and_no_look_away():
    line = blinking(seconds=100)
    part = line.take((line.time_s < 40) | (line.time_s >= 50))
    told = at(part, 50.04, 99.0)
    assert told[0]["eyes_closed_s"] == 0
    assert told[1]["blink_rate"] == pytest.approx(15, abs=1.5)


def test_live_and_afterwards_tell_the_same_and_faces_are_kept_apart():
    follower, rows = States(), {0: [], 1: []}
    lines = []
    for number in range(120):
        seen = builders.observation(2, builders.frame(time_s=number / 10, number=number))
        lines.append(seen)
        told = follower.follow(seen)
        assert told.faces is seen.faces
        for face in (0, 1):
            rows[face].append(told.indicators[face])
    for line in Timeline.collect(lines):
        assert np.array(rows[line.face]) == pytest.approx(readings(line)[0], abs=1e-5, nan_ok=True)


def test_what_comes_later_changes_nothing():
    whole = blinking(seconds=60)
    part = whole.take(whole.time_s < 40)
    assert np.array_equal(readings(whole)[0][: len(part)], readings(part)[0], equal_nan=True)


def test_no_rows_are_no_error():
    empty = blinking().take(np.zeros(875, bool))
    assert readings(empty)[0].shape == (0, len(INDICATORS))
    assert states(empty) == []


def test_the_page_tells_the_rules_that_are_applied_and_what_was_measured(root):
    page = (root / "docs" / "reference" / "indicators.md").read_text("utf-8")
    for label, (_, rule) in STATES.items():
        numbers = f"{rule.enter} | {rule.leave} | {rule.shortest_s} s | {rule.bridge_s} s |"
        assert any(line.startswith(f"| `{label}` |") and line.endswith(numbers) for line in page.splitlines()), label
    found = json.loads((root / "docs" / "results" / "indicators.json").read_text("utf-8"))
    for face in found["faces"]:
        start = f"| `{face['clip']}` | {face['seconds']} | {face['blinks']} | {face['blinks_a_minute']} |"
        assert any(line.startswith(start) and line.endswith(f" {len(face['events'])} |") for line in page.splitlines())
    heads = [line for line in page.splitlines() if line.startswith("## ")]
    assert all(any(name in head for head in heads) for name in INDICATOR_NAMES)
