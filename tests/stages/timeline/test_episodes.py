"""Without this an episode would begin at the wrong moment, and a flicker would count as one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimika.data.labels import FERPLUS
from mimika.stages.timeline.changes import COMPOUNDS, mixtures, transitions
from mimika.stages.timeline.episodes import blinks, expression_episodes, find, unit_episodes
from tests.stages.timeline.made import course, timeline, times, uneven


def _bump(time_s, onset, apex, offset, peak):
    """Return a triangle."""
    return np.interp(time_s, [onset, apex, offset], [0, peak, 0], left=0, right=0)


def _mixed(time_s, happy):
    """Return probabilities (n, 8) of happiness `happy` (n,), the rest mostly neutral."""
    rows = np.tile((1 - happy)[:, None] * 0.02, (1, 8))
    rows[:, FERPLUS.index("happiness")] = happy
    rows[:, 0] += 1 - rows.sum(axis=1)
    return rows


@pytest.mark.parametrize("time_s", [times(10, 25), times(10, 120), uneven(10, 60)], ids=["25", "120", "uneven"])
def test_an_expression_begins_peaks_and_ends_when_it_did(time_s):
    happy = np.interp(time_s, [2.0, 2.5, 3.5, 4.0], [0, 0.9, 0.9, 0])
    (smile,) = expression_episodes(timeline(time_s, _mixed(time_s, happy)))
    assert (smile.kind, smile.label, smile.side, smile.face) == ("expression", "happiness", "", 3)
    assert smile.onset_s == pytest.approx(2.0 + 0.5 * 0.35 / 0.9, abs=0.03)
    assert smile.offset_s == pytest.approx(4.0 - 0.5 * 0.35 / 0.9, abs=0.03)
    assert 2.5 <= smile.apex_s <= 3.5
    assert smile.peak == pytest.approx(0.9, abs=0.02)
    assert 0.8 < smile.confidence <= 1


def test_a_flicker_is_no_episode_and_a_dip_does_not_end_one():
    time_s = times(10)
    happy = np.where(np.abs(time_s - 1) < 0.05, 0.9, 0.0)
    happy[(time_s > 4) & (time_s < 7)] = 0.9
    happy[(time_s > 5) & (time_s < 5.15)] = 0.1
    (smile,) = expression_episodes(timeline(time_s, _mixed(time_s, happy)))
    assert (smile.onset_s, smile.offset_s) == (pytest.approx(4, abs=0.1), pytest.approx(7, abs=0.1))


def test_an_absence_ends_an_episode():
    time_s = np.concatenate([times(2), 10 + times(2)])
    first, second = expression_episodes(timeline(time_s, _mixed(time_s, np.full(100, 0.9))))
    assert (first.onset_s, first.offset_s) == (0, pytest.approx(1.96))
    assert (second.onset_s, second.offset_s) == (10, pytest.approx(11.96))


def test_units_have_sides():
    time_s = times(12, 50)
    smirk = np.column_stack([_bump(time_s, 2, 2.5, 3, 3), _bump(time_s, 2, 2.5, 3, 0.6)])
    brows = np.column_stack([_bump(time_s, 6, 6.4, 7, 3), _bump(time_s, 6, 6.4, 7, 2.5)])
    jaw = _bump(time_s, 9, 10, 11, 4)
    line = timeline(time_s, units={"AU12": smirk, "AU2": brows, "AU26": np.column_stack([jaw, jaw])})
    found = unit_episodes(line)
    assert [(e.label, e.side) for e in found] == [("AU12", "left"), ("AU2", "both"), ("AU26", "")]
    assert found[0].onset_s == pytest.approx(2 + 0.5 * 0.5 / 3, abs=0.03)
    assert found[2].apex_s == pytest.approx(10, abs=0.03)
    assert found[2].peak == pytest.approx(4, abs=0.15)


def test_units_that_were_not_measured_have_no_episodes():
    time_s = times(2)
    assert unit_episodes(timeline(time_s, units={"AU12": np.full((50, 2), np.nan)})) == []


def test_blinks_are_counted_against_the_persons_own_eyes_and_sleep_is_none():
    time_s = times(20, 30)
    eyes = np.full(600, 0.55)
    for moment in (3.0, 5.0, 11.0):
        eyes -= _bump(time_s, moment, moment + 0.1, moment + 0.25, 0.52)
    eyes[(time_s > 15) & (time_s < 17)] = 0.0
    found = blinks(timeline(time_s, eyes=np.column_stack([eyes, eyes])))
    assert [round(blink.apex_s, 1) for blink in found] == [3.1, 5.1, 11.1]
    assert {blink.label for blink in found} == {"blink"}


def test_a_transition_says_from_what_to_what_when_and_how_fast():
    time_s = times(10, 50)
    share = np.interp(time_s, [4, 5], [0, 1])[:, None]
    rows = (1 - share) * course(time_s, (0, {"neutral": 0.9})) + share * course(time_s, (0, {"anger": 0.9}))
    (change,) = transitions(timeline(time_s, rows))
    assert (change.origin, change.target, change.face) == ("neutral", "anger", 3)
    assert change.when_s == pytest.approx(4.5, abs=0.02)
    assert change.duration_s == pytest.approx(0.8, abs=0.1)
    sudden = course(time_s, (0, {"neutral": 0.9}), (4, {"surprise": 0.9}), (7, {"happiness": 0.9}))
    first, second = transitions(timeline(time_s, sudden))
    assert (first.target, second.origin, second.target) == ("surprise", "surprise", "happiness")
    assert (first.when_s, second.when_s) == (pytest.approx(4, abs=0.03), pytest.approx(7, abs=0.03))
    assert first.duration_s < 0.25


def test_no_transition_across_an_absence():
    time_s = np.concatenate([times(2), 10 + times(2)])
    assert transitions(timeline(time_s, course(time_s, (0, {"neutral": 0.9}), (10, {"anger": 0.9})))) == []


def test_mixed_states_are_named_with_their_shares():
    time_s = times(12)
    rows = course(
        time_s,
        (0, {"neutral": 0.9}),
        (2, {"happiness": 0.54, "surprise": 0.36}),
        (5, {"happiness": 0.9}),
        (8, {"neutral": 0.5, "sadness": 0.2, "fear": 0.2}),
        (10, {"sadness": 0.3, "contempt": 0.3, "anger": 0.3}),
    )
    pair, three = mixtures(timeline(time_s, rows))
    assert dict(pair.shares) == pytest.approx({"happiness": 0.6, "surprise": 0.4}, abs=0.02)
    assert pair.name == "happily surprised"
    assert (pair.onset_s, pair.offset_s) == (pytest.approx(2, abs=0.25), pytest.approx(5, abs=0.25))
    assert {label for label, _ in three.shares} == {"sadness", "contempt", "anger"}
    assert three.name == ""
    assert sum(share for _, share in three.shares) == pytest.approx(1)


def test_compounds_are_of_known_expressions():
    assert len(COMPOUNDS) == 12
    assert all(len(pair) == 2 and pair <= set(FERPLUS) for pair in COMPOUNDS)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(0, 80))
def test_whatever_comes_episodes_lie_inside_the_timeline_in_order(seed, n):
    random = np.random.default_rng(seed)
    time_s = np.cumsum(random.choice([0.0, 0.01, 0.04, 0.5, 20], n))
    line = timeline(
        time_s,
        random.dirichlet(np.full(8, 0.2), n).reshape(n, 8),
        units={"AU12": random.uniform(0, 5, (n, 2)), "AU43": random.uniform(0, 5, (n, 2))},
        eyes=random.uniform(0, 1, (n, 2)),
    )
    found = find(line)
    for episode in found.episodes:
        assert time_s[0] <= episode.onset_s <= episode.offset_s <= time_s[-1]
        assert 0 <= episode.confidence <= 1
    assert [e.onset_s for e in found.episodes] == sorted(e.onset_s for e in found.episodes)
    for change in found.transitions:
        assert time_s[0] <= change.start_s <= change.end_s <= time_s[-1]
        assert change.origin != change.target
