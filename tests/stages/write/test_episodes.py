"""Without this what was found over time would be lost on the way to the file."""

import csv
import json
import os
import signal
from dataclasses import replace

import builders
import numpy as np
import pytest

from mimika.data.errors import OutputExists
from mimika.data.methods import BaselineChoice
from mimika.data.movements import MOVED
from mimika.data.options import Options
from mimika.jobs import run_jobs
from mimika.outputs import Outputs
from mimika.stages.timeline.episodes import find
from mimika.stages.write.episodes import EPISODE_COLUMNS, EpisodesSink
from tests import media
from tests.steady import SteadyPipeline


def smiling(seconds: float = 6.0, faces: int = 1):
    """Give observations of a face that smiles from second 2 to second 4."""
    for number in range(int(25 * seconds)):
        glad = 2 <= number / 25 < 4
        yield builders.observation(
            faces, builders.frame(time_s=number / 25, number=number), best="happiness" if glad else "neutral"
        )


def lines(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_smile_is_an_episode_between_two_transitions(tmp_path):
    sink = EpisodesSink(tmp_path / "a-episodes.csv", find)
    builders.fill(sink, smiling())
    found = lines(sink.path)
    assert list(found[0]) == list(EPISODE_COLUMNS)
    assert [(line["kind"], line["label"], line["name"]) for line in found] == [
        ("transition", "happiness", "neutral"),
        ("expression", "happiness", ""),
        ("transition", "neutral", "happiness"),
    ]
    smile = found[1]
    assert float(smile["onset_s"]) == pytest.approx(2, abs=0.1)
    assert float(smile["offset_s"]) == pytest.approx(4, abs=0.1)
    assert float(smile["peak"]) == pytest.approx(0.72, abs=0.01)
    assert (smile["source"], smile["face_id"]) == ("clip.mp4", "0")
    assert sink.told()["episodes"][1]["label"] == "happiness"


def test_an_error_on_the_way_loses_nothing_and_an_old_file_stays(tmp_path):
    sink = EpisodesSink(tmp_path / "a-episodes.csv", find)
    with pytest.raises(KeyboardInterrupt):
        builders.fill(sink, smiling(), then=KeyboardInterrupt())
    assert len(lines(sink.path)) == 3
    with pytest.raises(OutputExists):
        builders.fill(EpisodesSink(sink.path, find), smiling())


def test_nobody_there_gives_a_header_only(tmp_path):
    sink = EpisodesSink(tmp_path / "a-episodes.csv", find)
    builders.fill(sink, builders.clip(5, faces=0))
    assert sink.path.read_text("utf-8").count("\n") == 1


class Smiler(SteadyPipeline):
    """Sees a smile in the middle third of each film of thirty frames, and one frame that flickers."""

    def process_raw(self, frame):
        seen = super().process_raw(frame)
        best = "anger" if frame.number == 5 else "happiness" if 20 <= frame.number < 40 else "neutral"
        shown = builders.observation(1, frame, best=best).expressions
        return replace(seen, expressions=shown)


def run(tmp_path, *save, progress=None, out="out", **options):
    clip = media.video(tmp_path / "clip.mp4", media.steady(60))
    return analysed(clip, tmp_path / out, *save, progress=progress, **options)


def analysed(clip, out, *save, progress=None, **options):
    chosen = Options(**options)
    outputs = Outputs(out, frozenset(save or ("table",)))
    return run_jobs([str(clip)], chosen, outputs, progress, pipeline=Smiler(chosen))[0]


def test_a_run_with_hindsight_writes_calm_rows_and_tells_episodes(tmp_path):
    result = run(tmp_path, "table", "episodes", smooth="viterbi")
    assert result.error is None
    assert (result.status, result.frames) == ("complete", 60)
    assert dict(result.labels) == {"neutral": 40, "happiness": 20}
    assert [path.name for path in result.paths] == ["clip.csv", "clip-episodes.csv", "clip.csv.meta.json"]
    assert [row["label"] for row in lines(tmp_path / "out" / "clip.csv")][3:8] == ["neutral"] * 5
    told = json.loads((tmp_path / "out" / "clip.csv.meta.json").read_text("utf-8"))
    assert "happiness" in {row["label"] for row in told["episodes"]}
    assert told["outputs"] == {"table": "clip.csv", "episodes": "clip-episodes.csv"}
    assert told["options"]["smooth"] == "viterbi"


class Stopper:
    """A progress that sends Ctrl-C at the n-th frame seen."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def started(self, source, info, index, total):
        pass

    def observed(self, observation):
        self.seen += 1
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGINT)

    def finished(self, result):
        pass


def test_what_was_seen_before_ctrl_c_is_written(tmp_path):
    stopper = Stopper(45)
    result = run(tmp_path, "table", "episodes", progress=stopper, smooth="viterbi")
    assert (result.status, result.frames, stopper.seen) == ("interrupted", 45, 45)
    assert len(lines(tmp_path / "out" / "clip.csv")) == 45
    assert json.loads((tmp_path / "out" / "clip.csv.meta.json").read_text("utf-8"))["status"] == "interrupted"


def test_what_was_seen_of_a_damaged_film_is_written(tmp_path):
    clip = media.cut(media.video(tmp_path / "clip.mkv", media.steady(60)), 0.6)
    plain = analysed(clip, tmp_path / "plain")
    calm = analysed(clip, tmp_path / "calm", smooth="window:5")
    assert (calm.status, calm.frames) == (plain.status, plain.frames)
    assert str(calm.error) == str(plain.error)
    assert len(lines(tmp_path / "calm" / "clip.csv")) == plain.frames > 10


def test_episodes_alone_of_a_photo_are_refused_with_the_reason(tmp_path):
    photo = media.photo(tmp_path / "photo.png")
    outputs = Outputs(tmp_path / "out", frozenset({"episodes"}))
    (result,) = run_jobs([str(photo)], Options(), outputs, pipeline=Smiler())
    assert "episodes can be made of recordings only" in str(result.error)


def test_a_baseline_is_saved_and_can_be_used_again(tmp_path):
    result = run(tmp_path, "table", baseline="auto")
    assert [path.name for path in result.paths] == ["clip.csv", "clip-baseline.json", "clip.csv.meta.json"]
    saved = tmp_path / "out" / "clip-baseline.json"
    assert BaselineChoice.parse(str(saved)).method == "file"
    told = json.loads((tmp_path / "out" / "clip.csv.meta.json").read_text("utf-8"))
    assert told["baselines"][0]["face"] == 0
    again = run(tmp_path, "table", baseline=str(saved), out="again")
    assert again.error is None
    assert not (tmp_path / "again" / "clip-baseline.json").exists()


class Portraitist(Smiler):
    """Takes a picture of each face as well."""

    def process_raw(self, frame):
        seen = super().process_raw(frame)
        return replace(seen, measurements=replace(seen.measurements, portraits=np.full((1, 96, 96), 90)))


@pytest.mark.parametrize(("save", "pictured"), [(("table",), False), (("table", "portrait"), True)])
def test_a_picture_of_the_neutral_face_is_saved_on_request_only(tmp_path, save, pictured):
    clip, chosen = media.video(tmp_path / "clip.mp4", media.steady(60)), Options(baseline="auto")
    outputs = Outputs(tmp_path / "out", frozenset(save))
    (result,) = run_jobs([str(clip)], chosen, outputs, pipeline=Portraitist(chosen))
    assert result.error is None
    (face,) = json.loads((tmp_path / "out" / "clip-baseline.json").read_text("utf-8"))["faces"]
    assert ("portrait" in face) == pictured
    assert "portrait" not in (tmp_path / "out" / "clip.csv.meta.json").read_text("utf-8")


class Mover(SteadyPipeline):
    """Follows fine movements of a face that holds still."""

    def process_raw(self, frame):
        seen = super().process_raw(frame)
        return replace(seen, measurements=replace(seen.measurements, movement=np.zeros((1, MOVED))))


def test_too_few_frames_a_second_for_micro_expressions_are_told_once(tmp_path):
    clip = media.video(tmp_path / "clip.mp4", media.steady(60))
    chosen = Options(every=3)
    outputs = Outputs(tmp_path / "out", frozenset({"episodes", "elan", "boris"}))
    (result,) = run_jobs([str(clip)], chosen, outputs, pipeline=Mover(chosen))
    assert len(result.remarks) == 1
    assert "too low to tell" in result.remarks[0]
    (side,) = (tmp_path / "out").glob("*.meta.json")
    assert json.loads(side.read_text("utf-8"))["remarks"] == result.remarks
