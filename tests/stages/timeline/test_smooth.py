"""Without this labels would flicker, or a smoothed film would show what had not happened yet."""

import builders
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mimika.data.errors import OptionError
from mimika.data.labels import FERPLUS
from mimika.data.methods import Smoothing
from mimika.stages.timeline.smooth import LiveSmoother, open_calmer, smoothed
from tests.stages.timeline.made import course, row, timeline, times, uneven

METHODS = ["window:5", "window:0.4s", "ema:0.3", "viterbi"]
HAPPY, NEUTRAL = FERPLUS.index("happiness"), FERPLUS.index("neutral")

steps = arrays.arrays(float, st.integers(1, 40), elements=st.floats(0.001, 0.5))
chances = arrays.arrays(float, 8, elements=st.floats(0.001, 1))


def _live(method, time_s, rows):
    calmer = open_calmer(Smoothing.parse(method))
    return np.array([calmer.update(time, one) for time, one in zip(time_s, rows, strict=True)])


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=30, deadline=None)
@given(steps=steps, seed=st.integers(0, 99))
def test_rows_stay_probabilities_whatever_the_frame_rate(method, steps, seed):
    rows = np.random.default_rng(seed).dirichlet(np.full(8, 0.3), len(steps))
    line = timeline(np.cumsum(steps), rows)
    for calm in (smoothed(line, Smoothing.parse(method)).probabilities, _live(method, line.time_s, rows)):
        assert calm.min() >= 0
        assert calm.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), cut=st.integers(1, 39))
def test_live_smoothing_never_looks_ahead(method, seed, cut):
    random = np.random.default_rng(seed)
    time_s, rows = uneven(1.6, seed=seed), random.dirichlet(np.full(8, 0.3), 40)
    other = np.concatenate([rows[:cut], random.dirichlet(np.full(8, 0.3), 40 - cut)])
    assert np.array_equal(_live(method, time_s, rows)[:cut], _live(method, time_s, other)[:cut])


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20, deadline=None)
@given(shares=chances)
def test_what_does_not_change_stays_as_it_is(method, shares):
    rows = np.tile(shares / shares.sum(), (50, 1))
    calm = smoothed(timeline(times(2), rows), Smoothing.parse(method)).probabilities
    assert calm == pytest.approx(rows, abs=1e-5)


def test_a_window_of_frames_is_the_plain_mean_of_so_many_frames():
    rows = np.random.default_rng(0).dirichlet(np.ones(8), 60)
    centred = smoothed(timeline(times(2.4), rows), Smoothing.parse("window:5")).probabilities
    assert centred[30] == pytest.approx(rows[28:33].mean(axis=0), abs=1e-6)
    assert _live("window:5", times(2.4), rows)[30] == pytest.approx(rows[26:31].mean(axis=0))
    assert _live("window:5", times(2.4), rows)[0] == pytest.approx(rows[0])


@pytest.mark.parametrize("method", ["window:0.4s", "ema:0.3", "viterbi"])
@pytest.mark.parametrize("live", [False, True])
def test_a_variable_frame_rate_gives_the_same_in_seconds(method, live):
    """A step from neutral to happiness is seen at 10, 100 and a wildly varying number of frames a second."""

    def crossing(time_s):
        rows = course(time_s, (0, {"neutral": 0.9}), (2, {"happiness": 0.9}))
        line = timeline(time_s, rows)
        calm = _live(method, time_s, rows) if live else smoothed(line, Smoothing.parse(method)).probabilities
        return time_s[np.argmax(calm[:, HAPPY] > calm[:, NEUTRAL])]

    exact = crossing(times(4, 500))
    assert crossing(times(4, 100)) == pytest.approx(exact, abs=0.03)
    assert crossing(times(4, 25)) == pytest.approx(exact, abs=0.09)
    assert crossing(uneven(4, 50)) == pytest.approx(exact, abs=0.09)


def test_delays_are_the_documented_ones():
    time_s = times(4, 100)
    rows = course(time_s, (0, {"neutral": 0.9}), (2, {"happiness": 0.9}))

    def delay(calm):
        return time_s[np.argmax(calm[:, HAPPY] > calm[:, NEUTRAL])] - 2

    assert delay(smoothed(timeline(time_s, rows), Smoothing.parse("window:0.4s")).probabilities) == pytest.approx(
        0, abs=0.02
    )
    assert delay(smoothed(timeline(time_s, rows), Smoothing.parse("viterbi")).probabilities) == pytest.approx(
        0, abs=0.02
    )
    assert delay(_live("window:0.4s", time_s, rows)) == pytest.approx(0.2, abs=0.03)
    assert delay(_live("ema:0.3", time_s, rows)) == pytest.approx(0.3 * np.log(2), abs=0.03)
    assert 0.05 < delay(_live("viterbi", time_s, rows)) < 0.3


def test_viterbi_ends_flicker_and_keeps_a_real_change():
    time_s = times(8)
    rows = course(time_s, (0, {"neutral": 0.45, "sadness": 0.35}), (4, {"happiness": 0.7}), noise=0.8)
    line = timeline(time_s, rows)
    changes = np.flatnonzero(np.diff(rows.argmax(axis=1)))
    assert len(changes) > 20
    calm = smoothed(line, Smoothing.parse("viterbi")).probabilities.argmax(axis=1)
    changes = np.flatnonzero(np.diff(calm))
    assert len(changes) == 1
    assert time_s[changes[0] + 1] == pytest.approx(4, abs=0.09)
    assert FERPLUS[calm[-1]] == "happiness"


def test_an_absence_is_not_smoothed_across():
    time_s = np.concatenate([times(1), 30 + times(1)])
    rows = course(time_s, (0, {"neutral": 0.9}), (30, {"happiness": 0.9}))
    calm = smoothed(timeline(time_s, rows), Smoothing.parse("window:15")).probabilities
    assert calm == pytest.approx(rows, abs=1e-6)


def test_live_smoothing_keeps_faces_apart_and_forgets_on_request():
    smoother = LiveSmoother(Smoothing.parse("ema:1"))
    for number in range(30):
        seen = builders.observation(2, builders.frame(time_s=number / 25, number=number))
        calm = smoother.apply(seen)
    assert calm.expressions.labels == ["neutral", "happiness"]
    assert calm.expressions.probabilities == pytest.approx(seen.expressions.probabilities, abs=1e-6)
    sad = builders.observation(2, builders.frame(time_s=1.2, number=30), best="sadness")
    assert smoother.apply(sad).expressions.labels == ["neutral", "happiness"]
    smoother.reset(1)
    assert smoother.apply(sad).expressions.labels == ["neutral", "sadness"]
    smoother.reset()
    assert smoother.apply(sad).expressions.labels == ["sadness", "sadness"]


def test_nothing_to_smooth():
    line = timeline([], np.zeros((0, 8)))
    for method in ("none", *METHODS):
        assert len(smoothed(line, Smoothing.parse(method))) == 0
    nobody = builders.observation(0)
    assert LiveSmoother(Smoothing.parse("viterbi")).apply(nobody).expressions.labels == []
    one = timeline([5.0], row(anger=0.6)[None])
    for method in METHODS:
        assert smoothed(one, Smoothing.parse(method)).labels == ["anger"]


@pytest.mark.parametrize(
    "text", ["", "window", "window:0", "window:x", "ema", "ema:-1", "ema:nan", "viterbi:3", "mean:3"]
)
def test_a_wrong_choice_is_told_with_the_right_ones(text):
    with pytest.raises(OptionError, match=r"smooth: expected none, window:N"):
        Smoothing.parse(text)
