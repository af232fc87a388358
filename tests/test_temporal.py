"""Without this a film smoothed with hindsight would show wrong rows, or a camera would wait for its future."""

from dataclasses import replace
from pathlib import Path

import builders
import numpy as np
import pytest

from mimika.data.errors import InputCorrupt
from mimika.data.frame import SourceInfo
from mimika.data.methods import Smoothing
from mimika.data.options import Options
from mimika.data.timeline import Timeline
from mimika.stages.timeline.smooth import smoothed
from mimika.temporal import Temporal, wants_hindsight


def flickering(frames: int = 60, faces: int = 2):
    """Give observations whose expressions jump; the second face is away in every seventh frame."""
    random = np.random.default_rng(5)
    for number in range(frames):
        seen = builders.observation(faces if number % 7 else 1, builders.frame(time_s=number / 25, number=number))
        shares = random.dirichlet(np.full(8, 0.3), len(seen))
        yield replace(seen, expressions=replace(seen.expressions, probabilities=shares))


def frames(count: int = 60):
    return [builders.frame(time_s=number / 25, number=number, grey=number) for number in range(count)]


def replayed(options: Options, pictures=None):
    with Temporal(options, None).hindsight() as hindsight:
        for observation in flickering():
            hindsight.see(observation)
        yield from hindsight.replay(pictures)


def test_hindsight_gives_every_face_its_own_smoothed_rows():
    given = list(replayed(Options(smooth="viterbi"), frames()))
    assert [len(observation) for observation in given] == [len(observation) for observation in flickering()]
    for raw, calm in zip(Timeline.collect(flickering()), Timeline.collect(given), strict=True):
        wanted = smoothed(raw, Smoothing.parse("viterbi"))
        assert calm.probabilities == pytest.approx(wanted.probabilities, abs=1e-6)
        assert np.array_equal(calm.boxes, raw.boxes)
    assert [observation.frame.luma[0, 0] for observation in given] == list(range(60))


def test_without_pictures_the_measurements_are_the_same():
    for raw, again in zip(flickering(), replayed(Options(smooth="none", baseline="none")), strict=True):
        assert np.array_equal(raw.measurements.meshes, again.measurements.meshes)
        assert np.array_equal(raw.expressions.probabilities, again.expressions.probabilities)
        assert (again.frame.time_s, again.frame.number, again.frame.source) == (
            raw.frame.time_s,
            raw.frame.number,
            raw.frame.source,
        )


def test_a_frame_that_has_gone_by_the_second_look_is_told():
    with pytest.raises(InputCorrupt, match="frame 50 was there at first"):
        list(replayed(Options(smooth="viterbi"), frames(50)))


def test_only_files_are_looked_at_twice_and_only_if_it_helps(tmp_path: Path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"x")

    def wants(kind="video", name=str(film), **options):
        return wants_hindsight(Options(**options), SourceInfo(name, kind, 64, 64))

    assert wants(smooth="viterbi")
    assert wants(smooth="window:5")
    assert wants(baseline="auto")
    assert wants(baseline="first:3")
    assert not wants(smooth="ema:0.3", steady=True, baseline="saved.json")
    assert not wants()
    assert not wants(kind="camera", name="0", smooth="viterbi")
    assert not wants(kind="photo", smooth="viterbi")
    assert not wants(name="-", smooth="viterbi")
    assert not wants(name="https://example.org/film.mp4", smooth="viterbi")


def test_live_nothing_depends_on_what_comes_later():
    options = Options(smooth="viterbi", steady=True)
    long, short = Temporal(options, None), Temporal(options, None)
    whole = [long.follow(observation) for observation in flickering(60)]
    part = [short.follow(observation) for observation in flickering(20)]
    for early, late in zip(part, whole[:20], strict=True):
        assert np.array_equal(early.expressions.probabilities, late.expressions.probabilities)
        assert np.array_equal(early.measurements.meshes, late.measurements.meshes)


def test_a_new_recording_begins_anew():
    temporal = Temporal(Options(smooth="ema:5"), None)
    for observation in builders.clip(20):
        temporal.follow(observation)
    temporal.reset()
    sad = builders.observation(1, builders.frame(time_s=0.0), best="sadness")
    assert temporal.follow(sad).expressions.labels == ["sadness"]
