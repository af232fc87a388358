"""Without this a face's rows would be mixed with another's, or an absence would count as a stare."""

from dataclasses import replace

import builders
import numpy as np
import pytest

from mimika.data.episodes import Episode, Mixture, Transition
from mimika.data.errors import OptionError, ShapeError
from mimika.data.timeline import MEASURED, Collector, Timeline


def test_each_face_has_its_own_rows():
    observations = list(builders.clip(frames=600, faces=2))
    one, two = Timeline.collect(observations)
    assert (one.face, two.face, len(one), len(two)) == (0, 1, 600, 600)
    assert one.source == "clip.mp4"
    assert np.array_equal(one.time_s, np.arange(600) / 25)
    assert np.array_equal(one.numbers, np.arange(600))
    assert np.array_equal(two.boxes[17], observations[17].faces.boxes[1])
    assert np.array_equal(two.angles[599], observations[599].measurements.angles[1])
    assert set(one.labels) == {"neutral"}
    assert set(two.labels) == {"happiness"}


def test_frames_without_the_face_have_no_row_and_meshes_are_kept_on_request():
    observations = [*builders.clip(frames=3), *builders.clip(frames=3, faces=0)]
    (plain,) = Timeline.collect(observations)
    assert len(plain) == 3
    assert plain.meshes is None
    (with_meshes,) = Timeline.collect(observations, meshes=True)
    assert np.array_equal(with_meshes.meshes[2], observations[2].measurements.meshes[0])
    assert Timeline.collect(list(builders.clip(frames=3, faces=0))) == []
    assert Timeline.collect([]) == []


def test_a_collector_can_be_asked_while_it_gathers():
    collector, observations = Collector(), list(builders.clip(frames=300))
    for observation in observations[:10]:
        collector.add(observation)
    assert len(collector.timelines()[0]) == 10
    for observation in observations[10:]:
        collector.add(observation)
    (line,) = collector.timelines()
    assert np.array_equal(line.time_s, np.arange(300) / 25)


def test_an_absence_divides_and_does_not_count_as_time():
    times = np.concatenate([np.arange(25) / 25, 10 + np.arange(50) / 25])
    (line,) = Timeline.collect([builders.observation(1, builders.frame(time_s=time)) for time in times])
    assert line.pieces() == [slice(0, 25), slice(25, 75)]
    assert line.seconds().sum() == pytest.approx(3.0)
    assert line.seconds()[24] == pytest.approx(0.04)


def test_a_lone_row_stands_for_no_time():
    (line,) = Timeline.collect(builders.clip(frames=1))
    assert line.pieces() == [slice(0, 1)]
    assert line.seconds().tolist() == [0.0]


def test_rows_can_be_taken():
    (line,) = Timeline.collect(builders.clip(frames=10), meshes=True)
    part = line.take(np.array([2, 5]))
    assert part.time_s.tolist() == [0.08, 0.2]
    assert part.numbers.tolist() == [2, 5]
    assert {len(getattr(part, name)) for name in (*MEASURED, "meshes")} == {2}


def test_wrong_shapes_and_times_are_named():
    (line,) = Timeline.collect(builders.clip(frames=4))
    with pytest.raises(ShapeError, match=r"gaze: expected shape \(n, 2\)"):
        replace(line, gaze=np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="angles 3"):
        replace(line, angles=np.zeros((3, 3)))
    with pytest.raises(ShapeError, match="order of time"):
        replace(line, time_s=[0, 2, 1, 3])


def test_an_episode_says_what_is_wrong_with_it():
    good = Episode("expression", "happiness", "", 1.0, 1.5, 2.5, 0.9, 0.8)
    assert good.duration_s == pytest.approx(1.5)
    with pytest.raises(OptionError, match="kind"):
        replace(good, kind="mood")
    with pytest.raises(OptionError, match="side"):
        replace(good, side="up")
    with pytest.raises(OptionError, match="onset_s <= apex_s"):
        replace(good, apex_s=3.0)


def test_transitions_and_mixtures():
    assert Transition("neutral", "anger", 1.0, 1.2, 1.5).duration_s == pytest.approx(0.5)
    with pytest.raises(OptionError, match="when_s"):
        Transition("neutral", "anger", 1.0, 0.9, 1.5)
    mixed = Mixture((("happiness", 0.6), ("surprise", 0.4)), "happily surprised", 1.0, 2.0)
    assert str(mixed) == "60 % happiness, 40 % surprise"
    with pytest.raises(OptionError, match="two or three"):
        Mixture((("happiness", 1.0),), "", 1.0, 2.0)
