"""Without this a mesh on the screen would tremble, or a calm one would lag behind a turning head."""

import builders
import numpy as np
import pytest

from mimika.stages.timeline.steady import OneEuro, Steady


def _run(offsets, noise=0.0, fps=25.0, angles=None):
    """Return the calm observations of a face that moves by `offsets` (n,) pixels to the right."""
    steady, random, calm = Steady(), np.random.default_rng(0), []
    for number, offset in enumerate(offsets):
        seen = builders.observation(1, builders.frame(time_s=number / fps, number=number))
        seen.measurements.meshes[0] += random.normal(0, noise, (478, 3)) + [offset, 0, 0]
        if angles is not None:
            seen.measurements.angles[0] = angles[number]
        calm.append(steady.apply(seen))
    return calm


def test_a_still_face_trembles_much_less():
    calm = np.array([seen.measurements.meshes[0] for seen in _run(np.zeros(100), noise=0.5)])
    assert np.diff(calm[20:], axis=0).std() < 0.25 * 0.5 * np.sqrt(2)
    raw = builders.observation(1).measurements.meshes[0]
    assert np.abs(calm[20:].mean(axis=0) - raw).max() < 0.5


def test_a_fast_face_is_followed():
    """A face 60 px between the eyes crosses at 300 px a second; it may lag by less than a frame."""
    offsets = np.arange(60) * 12.0
    calm = [seen.measurements.meshes[0, 1, 0] for seen in _run(offsets)]
    raw = builders.observation(1).measurements.meshes[0, 1, 0] + offsets
    assert np.abs(np.array(calm) - raw)[20:].max() < 12.0


def test_a_head_upside_down_does_not_turn_the_long_way_round():
    angles = [(0, 0, 179), (0, 0, -179)] * 20
    rolls = np.array([seen.measurements.angles[0, 2] for seen in _run(np.zeros(40), angles=angles)])
    assert np.abs(rolls).min() > 178


def test_what_was_measured_on_the_mesh_before_is_left_alone_and_the_box_follows_the_mesh():
    seen = _run(np.zeros(10), noise=1.0)[-1]
    assert np.isnan(seen.measurements.eye_openness).all()
    low = seen.measurements.meshes[0, :, :2].min(axis=0)
    assert seen.faces.boxes[0, :2] == pytest.approx(low, abs=1e-3)
    assert seen.expressions.labels == builders.observation(1).expressions.labels


def test_after_an_absence_or_a_reset_it_begins_anew():
    steady = Steady()
    first = builders.observation(1, builders.frame(time_s=0))
    steady.apply(first)
    later = builders.observation(1, builders.frame(time_s=5), boxes=np.array([[10, 10, 60, 60]]))
    assert np.array_equal(steady.apply(later).measurements.meshes, later.measurements.meshes)
    steady.reset()
    again = builders.observation(1, builders.frame(time_s=5.04), boxes=np.array([[90, 10, 60, 60]]))
    assert np.array_equal(steady.apply(again).measurements.meshes, again.measurements.meshes)


def test_two_frames_of_the_same_time_do_no_harm():
    euro = OneEuro(1.0)
    euro.update(1.0, np.zeros((1, 2)))
    assert np.isfinite(euro.update(1.0, np.ones((1, 2)))).all()
