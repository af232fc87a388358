"""Spotting is scored as the Grand Challenge does, and annotations are read as the data sets give them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import films
import openpyxl
import pytest
from typer.testing import CliRunner

from mimika.cli.app import app
from mimika.data.errors import InputUnreadable, InputUnsupported
from mimika.evaluation.annotations import read_annotations
from mimika.evaluation.spotting import Event, iou, pairs, score, unit_scores


def micro(video: str, onset: int, offset: int, label: str = "", units: tuple[str, ...] = ()) -> Event:
    return Event(video, "micro", onset, (onset + offset) // 2, offset, label, units)


def test_overlap_counts_both_ends() -> None:
    """Frames 0..9 and 5..14 share five of fifteen."""
    assert iou(micro("a", 0, 9), micro("a", 5, 14)) == pytest.approx(1 / 3)
    assert iou(micro("a", 0, 9), micro("a", 20, 29)) == 0


def test_an_interval_is_used_once_and_only_in_its_own_video() -> None:
    """Two alarms on one event are one hit and one false alarm."""
    truth = [micro("a", 0, 9), micro("a", 100, 109)]
    found = [micro("a", 0, 9), micro("a", 1, 9), micro("b", 100, 109), micro("a", 103, 109)]
    assert pairs(truth, found) == [(0, 0), (1, 3)]
    result = score(truth, found, seconds=30)
    assert (result["precision"], result["recall"]) == (0.5, 1.0)
    assert result["f1"] == pytest.approx(2 / 3)
    assert result["false_alarms_a_minute"] == 4
    assert result["strs"] is None


def test_strs_is_spotting_times_recognition() -> None:
    """Both events are spotted and one is named rightly: F1 of spotting 1, of naming (1 + 0) / 2."""
    truth = [micro("a", 0, 9, "happiness"), micro("a", 50, 59, "surprise")]
    found = [micro("a", 0, 9, "happiness"), micro("a", 50, 59, "fear")]
    result = score(truth, found)
    assert result["recognition_f1"] == pytest.approx(0.5)
    assert result["strs"] == pytest.approx(0.5)


def test_what_fires_on_a_full_expression_is_a_false_alarm_and_says_so() -> None:
    """Macro-expressions are no micro-expressions, neither wanted nor forgiven."""
    truth = [Event("a", "macro", 0, 50, 99), micro("a", 200, 219)]
    result = score(truth, [micro("a", 10, 20), micro("a", 215, 240), micro("a", 400, 410)])
    assert (result["annotated"], result["true_positives"]) == (1, 0)
    assert result["false_alarms"] == {"all": 3, "in_macro": 1, "in_blink": 0, "at_micro": 1, "elsewhere": 1}


def test_units_are_compared_where_the_interval_is_right() -> None:
    """AU12 for AU6+AU12 is the right first unit, and two of three named units agree."""
    truth = [micro("a", 0, 9, units=("AU6", "AU12")), micro("a", 50, 59, units=("AU4",))]
    found = [micro("a", 0, 9, units=("AU12",)), micro("a", 70, 79, units=("AU4",))]
    assert unit_scores(truth, found) == {"first_right": 1.0, "f1": pytest.approx(2 / 3)}


CAS = [
    ["1", "anger1_1", "557", "572", "609", "4+7", "anger", "macro-expression", "anger"],
    ["16", "disgust2_3", "11", "14", "0", "R12", "positive", "micro-expression", "happiness"],
]
NAMES_1 = [["subject", "s15", "1"], ["subject", "s26", "16"]]
NAMES_2 = [["0101", "disgust1"], ["502", "anger1"], ["102", "disgust2"]]


def _check_cas(found: list[Event]) -> None:
    assert [(event.video, event.kind, event.label) for event in found] == [
        ("15_0502", "macro", "anger"),
        ("26_0102", "micro", "positive"),
    ]
    assert (found[0].onset, found[0].apex, found[0].offset, found[0].units) == (556, 571, 608, ("AU4", "AU7"))
    assert (found[1].offset, found[1].units) == (13, ("AU12",))


def test_cas_workbooks_and_their_csv_are_read(tmp_path: Path) -> None:
    """No header; people and videos are named on two further sheets, or in two further files."""
    book = openpyxl.Workbook()
    sheets = [book.active, book.create_sheet("naming rule1"), book.create_sheet("naming rule2")]
    for sheet, rows in zip(sheets, (CAS, NAMES_1, NAMES_2), strict=True):
        for row in rows:
            sheet.append([int(cell) if cell.isdigit() and cell != "0101" else cell for cell in row])
    book.save(tmp_path / "code_final.xlsx")
    _check_cas(read_annotations(tmp_path / "code_final.xlsx"))
    for name, rows in (("code", CAS), ("naming_rule1", NAMES_1), ("naming_rule2", NAMES_2)):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows(rows)
    _check_cas(read_annotations(tmp_path / "code.csv"))


def test_samm_workbooks_are_read_below_their_preamble(tmp_path: Path) -> None:
    """Some lines of text come before the header; the video is the first two parts of the file name."""
    head = ["Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type", "Action Units"]
    book = openpyxl.Workbook()
    for row in (["SAMM Long Videos"], [], ["Notes: 200 frames/s"], [*head, "Notes"]):
        book.active.append(row)
    book.active.append([6, "006_1_2", 1, 562, 592, 647, 86, "Micro - 1/2", "AU12A + R14", ""])
    book.active.append([6, "006_1_5", 1, 800, -1, 900, 101, "Macro", "4", ""])
    book.save(tmp_path / "samm.xlsx")
    found = read_annotations(tmp_path / "samm.xlsx")
    assert found[0] == Event("006_1", "micro", 561, 591, 646, units=("AU12", "AU14"))
    assert (found[1].kind, found[1].apex) == ("macro", 799)


def test_a_file_that_is_none_of_these_is_named(tmp_path: Path) -> None:
    """The line that is wrong is shown, so that it can be mended."""
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(InputUnsupported, match=r"other\.csv: no layout"):
        read_annotations(tmp_path / "other.csv")
    bad = [*CAS, ["1", "anger1_1", "no", "", "", "4", "anger", "macro-expression", "anger"]]
    (tmp_path / "bad.csv").write_text("\n".join(",".join(row) for row in bad), "utf-8")
    with pytest.raises(InputUnreadable, match="annotation 3 cannot be read: 1, anger1_1, no"):
        read_annotations(tmp_path / "bad.csv")


def test_a_film_of_synth_is_scored_from_end_to_end(tmp_path: Path) -> None:
    """Someone who makes a film and spots in it gets the whole table, at once or from what was kept."""
    import cv2

    cv2.imwrite(str(tmp_path / "ada.png"), films.grey_portrait())
    out = tmp_path / "films"
    words = ["synth", str(tmp_path / "ada.png"), "--out", str(out), "--fps", "30", "--seconds", "1.5", "--side", "128"]
    words += ["--micro", "1", "--macro", "0", "--blinks", "0", "--seed", "3"]
    assert CliRunner().invoke(app, words).exit_code == 0
    truth = out / "ada-30fps-3.csv"
    words = ["evaluate-spotting", str(truth), str(out), "--cache", str(tmp_path / "kept"), "--json", "-"]
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 0, first.output
    result = json.loads(first.stdout)
    assert (result["videos"], result["annotated"]) == (1, 1)
    assert result["visible_from_s"] == pytest.approx(0.1)
    assert json.loads(CliRunner().invoke(app, words).stdout) == result
    film = str(truth.with_suffix(".mp4"))
    spotted = CliRunner().invoke(app, ["spot", film, "--out", str(tmp_path / "micro.csv"), "--json"])
    assert spotted.exit_code == 0, spotted.output
    assert len(json.loads(spotted.stdout)) == result["found"]
    assert (tmp_path / "micro.csv").read_text("utf-8").startswith("source,face_id,expression,units,side,onset_s")
    assert "seen from 0.100 s on" in spotted.stderr
    missing = CliRunner().invoke(app, ["evaluate-spotting", str(truth), str(tmp_path / "kept")])
    assert missing.exit_code == 1
    assert "none of the 1 annotated videos is there" in missing.stderr
