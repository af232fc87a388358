"""Players and coding tools would show nothing, or at the wrong time; a stopped run would leave half a file."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import webvtt

from mimika.data.errors import OptionError, OutputError, OutputExists
from mimika.stages.timeline.episodes import find
from mimika.stages.write import EXPORTS, Wish, open_export
from tests.builders import fill
from tests.stages.write.made import export, smile, source

AT_THE_END = ("elan", "boris", "webvtt", "srt", "report")
BORIS = [
    "Observation id",
    "Observation date",
    "Description",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Coding duration",
    "Media duration (s)",
    "FPS (frame/s)",
    "Subject",
    "Observation duration by subject by observation",
    "Behavior",
    "Behavioral category",
    "Modifier #1",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Media file name",
    "Image index start",
    "Image index stop",
    "Image file path start",
    "Image file path stop",
    "Comment start",
    "Comment stop",
]


def test_boris_columns_and_events(tmp_path: Path) -> None:
    with export("boris", tmp_path, smile(faces=2)).open(newline="") as file:
        found = list(csv.DictReader(file, dialect="excel-tab"))
    assert list(found[0]) == BORIS
    assert len(found) == 8
    starts = [float(row["Start (s)"]) for row in found]
    assert starts == sorted(starts)
    (unit,) = [row for row in found if (row["Subject"], row["Behavior"]) == ("face0", "AU12")]
    assert (unit["Behavior type"], unit["Behavioral category"], unit["Modifier #1"]) == ("STATE", "action unit", "left")
    length = float(unit["Stop (s)"]) - float(unit["Start (s)"])
    assert float(unit["Duration (s)"]) == pytest.approx(length, abs=0.002)
    assert int(unit["Image index start"]) == pytest.approx(25, abs=2)
    assert (unit["Source"], unit["FPS (frame/s)"], unit["Media duration (s)"]) == (
        "player #1:talk.mp4",
        "25.000",
        "4.000",
    )
    assert unit["Coding duration"] == "4.000"


def test_captions_read_back_with_their_times(tmp_path: Path) -> None:
    for name, read in (("webvtt", webvtt.read), ("srt", webvtt.from_srt)):
        micro, happy = read(str(export(name, tmp_path)))
        assert (micro.start, micro.end, micro.text) == ("00:00:00.400", "00:00:00.520", "fear 70 %")
        assert happy.start_in_seconds + happy.start_time.milliseconds / 1000 == pytest.approx(1.0, abs=0.06)
        assert happy.end_in_seconds + happy.end_time.milliseconds / 1000 == pytest.approx(2.0, abs=0.06)
        assert happy.text == "happiness 93 %"


def test_captions_name_the_face_when_there_are_several_and_speak_the_readers_language(tmp_path: Path) -> None:
    found = webvtt.read(str(export("webvtt", tmp_path, smile(faces=2), language="uk")))
    assert [cue.text for cue in found] == [
        *("обличчя 0: страх 70 %", "обличчя 1: страх 70 %"),
        *("обличчя 0: радість 93 %", "обличчя 1: радість 93 %"),
    ]


def test_a_facereader_log_has_its_head_its_times_and_its_mark_for_lost_faces(tmp_path: Path) -> None:
    lines = export("facereader", tmp_path, smile(faces=2)).read_text("utf-8").splitlines()
    assert lines[0] == "Video analysis detailed log"
    assert lines[5:8] == ["Filename\ttalk.mp4", "Frame rate\t25.000000000", ""]
    table = list(csv.DictReader(lines[8:], delimiter="\t"))
    assert len(table) == 2 * 75 + 25
    row = table[60]
    assert (row["Video Time"], row["Happy"], row["Neutral"]) == ("00:00:01.200", "0.9300", "0.0100")
    assert row["Action Unit 12 - Lip Corner Puller"] == "0.7000"
    assert (row["Y - Head Orientation"], row["X - Head Orientation"]) == ("-10.5000", "1.2500")
    assert (row["Participant Name"], table[61]["Participant Name"]) == ("face 0", "face 1")
    assert (table[-1]["Video Time"], table[-1]["Happy"]) == ("00:00:03.960", "FIND_FAILED")


@pytest.mark.parametrize("name", AT_THE_END)
def test_an_interrupted_run_leaves_a_whole_file_of_what_was_seen(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"talk{EXPORTS[name]}"
    with pytest.raises(KeyboardInterrupt):
        fill(open_export(name, path, Wish(source(), find)), smile(60), then=KeyboardInterrupt())
    assert "happiness" in path.read_text("utf-8")
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", EXPORTS)
def test_an_existing_file_is_kept_unless_forced(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"talk{EXPORTS[name]}"
    path.write_text("mine")
    with pytest.raises(OutputExists, match="--force"):
        fill(open_export(name, path, Wish(source(), find)), smile(3))
    assert path.read_text() == "mine"
    fill(open_export(name, path, Wish(source(), find, force=True)), smile(3))
    assert path.read_text("utf-8") != "mine"


@pytest.mark.parametrize("name", AT_THE_END)
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file"):
        fill(open_export(name, tmp_path / "file" / "talk", Wish(source(), find)), smile(2))


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="noldus"):
        open_export("noldus", tmp_path / "x", Wish(source(), find))
