"""Events that come too early, too often, never end, or depend on the frame rate would be worse than none."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import builders
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimika.data.errors import OptionError
from mimika.data.events import Event, EventRule, Mark
from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.observation import Observation
from mimika.stages.timeline.events import RuleWatch
from mimika.stages.timeline.signals import SIGNALS, signal

PLACE = INDICATOR_NAMES.index("drowsiness")
TIRED = EventRule("tired", "drowsiness", enter=0.6, leave=0.4, lasting_s=5, cooldown_s=20, bridge_s=1, suggest="break")
SEEN = builders.observation(1)


def seen(time_s: float, *values: float) -> Observation:
    """Return a frame with a face a value, each with that drowsiness; None is a frame without faces."""
    frame = builders.frame(time_s=time_s)
    if not values:
        return replace(builders.observation(0, frame))
    item = SEEN if len(values) == 1 else builders.observation(len(values))
    indicators = np.full((len(values), len(INDICATOR_NAMES)), np.nan)
    indicators[:, PLACE] = values
    return replace(item, frame=frame, indicators=indicators)


def run(course, seconds: float, fps: float = 10.0, rule: EventRule = TIRED, marks=(), end: bool = True) -> list[Event]:
    """Follow a course of values, a function of seconds that gives None where there is no face."""
    watch, events = RuleWatch([rule], marks), []
    for time_s in np.arange(round(seconds * fps)) / fps:
        value = course(time_s)
        events += watch.follow(seen(time_s) if value is None else seen(time_s, value))
    return events + (watch.finish() if end else [])


def between(*spans: tuple[float, float], high: float = 0.8, low: float = 0.1):
    return lambda time_s: high if any(start <= time_s < stop for start, stop in spans) else low


def told(events: list[Event]) -> list[tuple[str, float]]:
    return [(event.phase, round(event.time_s, 1)) for event in events]


def test_an_event_begins_after_its_time_and_ends_once():
    events = run(between((10, 22)), 40)
    assert told(events) == [("begin", 15.0), ("end", 23.0)]
    begin, end = events
    assert (begin.rule, begin.face, begin.source, begin.suggest) == ("tired", 0, "clip.mp4", "break")
    assert begin.since_s == pytest.approx(9.97, abs=0.03)
    assert begin.lasted_s >= 5
    assert end.lasted_s == pytest.approx(12, abs=0.1)
    assert end.since_s == begin.since_s
    assert begin.value == pytest.approx(0.8)


def test_between_the_two_levels_a_state_neither_begins_nor_ends():
    assert run(lambda time_s: 0.5, 30) == []
    course = lambda time_s: 0.8 if 10 <= time_s < 11 else 0.5  # noqa: E731
    assert told(run(course, 30)) == [("begin", 15.0), ("end", 29.9)]


def test_time_between_the_levels_before_the_upper_one_was_reached_does_not_count():
    course = lambda time_s: 0.8 if time_s >= 20 else 0.5  # noqa: E731
    assert told(run(course, 30))[0] == ("begin", 25.0)


def test_short_dips_are_bridged_and_long_ones_are_not():
    assert told(run(between((10, 13), (13.5, 20)), 25)) == [("begin", 15.0), ("end", 21.0)]
    assert told(run(between((10, 13), (14.5, 18)), 25)) == []
    assert told(run(lambda t: math.nan if 13 <= t < 13.5 else between((10, 20))(t), 25))[0] == ("begin", 15.0)


def test_an_absence_ends_a_state_even_if_the_face_never_comes_back():
    assert told(run(lambda t: 0.8 if t < 10 else None, 20)) == [("begin", 5.0), ("end", 11.5)]
    assert run(lambda t: None if 4 <= t < 7 else 0.8, 11) == []
    assert told(run(lambda t: None if 4 <= t < 5 else 0.8, 11, end=False)) == [("begin", 5.0)]


def test_pauses_are_kept_and_a_state_that_outlasts_the_pause_is_told_then():
    assert told(run(between((10, 18), (22, 28)), 60)) == [("begin", 15.0), ("end", 19.0)]
    assert told(run(between((10, 18), (22, 50)), 60)) == [
        *(("begin", 15.0), ("end", 19.0), ("begin", 35.0), ("end", 51.0)),
    ]


def test_low_values_can_be_the_state():
    rule = EventRule("bright", "drowsiness", enter=0.3, leave=0.5, lasting_s=2, cooldown_s=0, bridge_s=0)
    events = run(between((0, 10), (20, 30)), 30, rule=rule)
    assert told(events) == [("begin", 12.0), ("end", 20.0)]


def test_frustration_after_an_error_is_told_and_frustration_alone_is_not():
    rule = replace(TIRED, lasting_s=2, cooldown_s=0, after="error", within_s=5)
    course = between((10, 14), (30, 34), (50, 54))
    assert run(course, 60, rule=rule) == []
    assert run(course, 60, rule=rule, marks=[Mark("error", 11.0), Mark("success", 29.0), Mark("error", 20.0)]) == []
    events = run(course, 60, rule=rule, marks=[Mark("error", 28.0)])
    assert told(events) == [("begin", 32.0), ("end", 35.0)]
    assert (events[0].mark, events[0].mark_s) == ("error", 28.0)
    again = between((30, 31.9), (33, 36), (38, 41))
    assert len(run(again, 50, rule=replace(rule, within_s=20, bridge_s=0), marks=[Mark("error", 28.0)])) == 2


def test_faces_are_watched_apart():
    watch, events = RuleWatch([TIRED]), []
    for number in range(120):
        events += watch.follow(seen(number / 10, 0.1, 0.9))
    assert [(event.face, event.phase) for event in events] == [(1, "begin")]


def test_faces_long_gone_take_no_memory():
    watch = RuleWatch([TIRED])
    for number in range(300):
        item = seen(number / 2, 0.9)
        watch.follow(replace(item, faces=replace(item.faces, ids=np.array([number // 2]))))
    assert len(watch._states) < 70


def test_a_new_recording_begins_anew():
    watch = RuleWatch([TIRED])
    for number in range(40):
        watch.follow(seen(number / 10, 0.9))
    watch.reset()
    assert [event for number in range(40) for event in watch.follow(seen(number / 10, 0.9))] == []
    assert watch.finish() == []


steps = st.lists(
    st.tuples(st.floats(0.02, 3.0), st.one_of(st.none(), st.just(math.nan), st.floats(0, 1))), min_size=1, max_size=60
)
rules = st.builds(
    EventRule,
    name=st.just("tired"),
    signal=st.just("drowsiness"),
    enter=st.floats(0.5, 0.9),
    leave=st.floats(0.1, 0.5),
    lasting_s=st.floats(0, 6),
    cooldown_s=st.floats(0, 20),
    bridge_s=st.floats(0, 2),
)


@settings(max_examples=60, deadline=None)
@given(steps, rules)
def test_whatever_happens_durations_and_pauses_hold_and_every_beginning_ends(walk, rule):
    watch, events, now = RuleWatch([rule]), [], 0.0
    for step, value in walk:
        now += step
        events += watch.follow(seen(now) if value is None else seen(now, value))
    events += watch.finish()
    begins = [event for event in events if event.phase == "begin"]
    assert [event.phase for event in events] == ["begin", "end"] * len(begins)
    for begin in begins:
        assert begin.lasted_s >= rule.lasting_s - 1e-6
        assert begin.value >= rule.leave
    for one, next_one in pairwise(begins):
        assert next_one.time_s - one.time_s >= rule.cooldown_s - 1e-6
    assert all(event.lasted_s >= 0 for event in events)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(2, 12), min_size=2, max_size=6), st.sampled_from([15.0, 25.0, 60.0]))
def test_ten_and_sixty_frames_a_second_tell_the_same(lengths, fps):
    edges = np.cumsum(lengths)
    course = lambda t: 0.8 if np.searchsorted(edges, t, side="right") % 2 else 0.1  # noqa: E731
    rule = replace(TIRED, lasting_s=3.5, cooldown_s=8, bridge_s=0.5)
    slow, fast = (run(course, float(edges[-1]), each, rule, end=False) for each in (10.0, fps))
    assert [event.phase for event in slow] == [event.phase for event in fast]
    for one, other in zip(slow, fast, strict=True):
        assert one.time_s == pytest.approx(other.time_s, abs=0.21)


def test_every_signal_a_rule_may_name_has_a_value():
    item = builders.observation(1)
    values = {name: signal(item, 0, name) for name in SIGNALS}
    assert values["pitch"] == pytest.approx(1.25)
    assert values["p_neutral"] == pytest.approx(0.72)
    assert values["confidence"] == pytest.approx(0.72)
    assert values["valence"] == pytest.approx(float(item.expressions.valence[0]))
    eyes = np.array([[0.4, 0.6]], np.float32)
    units = np.zeros((1, 23, 2), np.float32)
    units[0, 8] = 1.0, 3.0
    gaze = np.array([[5.0, -7.0]], np.float32)
    more = replace(item.measurements, eye_openness=eyes, action_units=units, gaze=gaze)
    item = replace(item, measurements=more, indicators=np.arange(len(INDICATOR_NAMES))[None])
    assert signal(item, 0, "eye_openness") == pytest.approx(0.5)
    assert signal(item, 0, "AU12") == 3.0
    assert (signal(item, 0, "gaze_yaw"), signal(item, 0, "gaze_pitch")) == (5.0, -7.0)
    assert [signal(item, 0, name) for name in INDICATOR_NAMES] == list(range(len(INDICATOR_NAMES)))


def test_events_and_marks_are_checked_and_written_plainly():
    with pytest.raises(OptionError, match="phase"):
        Event("a", "middle", 0, "", 0, 0, 0, "drowsiness", 0.5)
    with pytest.raises(OptionError, match="name"):
        Mark("", 1.0)
    with pytest.raises(OptionError, match="seconds"):
        Mark("error", math.inf)
    event = Event("a", "begin", 2, "x.mp4", 1.23456, 0, 1.2, "drowsiness", math.nan, "looks tired", "break")
    assert event.as_json()["value"] is None
    assert event.as_json()["time_s"] == 1.2346
    assert str(event) == "    1.23 s  face 2: looks tired, 1.2 s (suggested: break)"
