"""A user measures a model: the table, the file, the warnings and the exit code are those promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mimika.cli.app import app
from mimika.cli.exit_codes import ExitCode
from tests.evaluation import made


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `set` of four pictures, three of which the network `grey.onnx` reads rightly."""
    monkeypatch.chdir(tmp_path)
    made.classifier(tmp_path)
    made.class_folders(tmp_path / "set", {"happy": ["happiness"] * 2, "sad": ["sadness", "fear"]})
    return tmp_path


def evaluate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["evaluate", *arguments], env={"COLUMNS": "100"})


def test_a_table_and_a_file(lab: Path) -> None:
    done = evaluate("set", "--model", "grey.onnx", "--crop", "tight", "--json", "scores.json")
    assert done.exit_code == 0, done.output
    for part in (
        "grey on set",
        "75.0 %",
        "happiness",
        "another class",
        "time a picture",
        "crop: 4 tight, 0 sought",
        "written: scores.json",
    ):
        assert part in done.stdout
    assert done.stderr == ""
    found = json.loads((lab / "scores.json").read_text("utf-8"))
    assert found["top1"] == 0.75
    assert found["command"].split()[0] == "mimika"


def test_the_table_fits_an_ordinary_terminal(lab: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "set", "--model", "grey.onnx"], env={"COLUMNS": "80"})
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "shared classes" in done.stdout


def test_a_page_for_people(lab: Path) -> None:
    """The page is where the user wanted it, and an earlier one is not replaced unasked."""
    pytest.importorskip("matplotlib")
    assert evaluate("set", "--model", "grey.onnx", "--crop", "tight", "--report", "page").exit_code == 0
    assert "75.0" in (lab / "page" / "index.html").read_text("utf-8")
    assert evaluate("set", "--model", "grey.onnx", "--report", "page").exit_code == ExitCode.OUTPUT


def test_json_on_standard_output_is_json_alone(lab: Path) -> None:
    done = evaluate("set", "--model", "grey.onnx", "--crop", "tight", "--json", "-")
    assert json.loads(done.stdout)["n"] == 4


def test_a_file_is_not_replaced_unasked(lab: Path) -> None:
    """An earlier result survives, and the refusal comes before the work."""
    (lab / "scores.json").write_text("earlier", "utf-8")
    refused = evaluate("set", "--model", "grey.onnx", "--json", "scores.json")
    assert refused.exit_code == ExitCode.OUTPUT
    assert "exists already" in refused.stderr
    assert (lab / "scores.json").read_text("utf-8") == "earlier"
    assert evaluate("set", "--model", "grey.onnx", "--json", "scores.json", "--force", "--quiet").stdout == ""
    assert json.loads((lab / "scores.json").read_text("utf-8"))["n"] == 4


def test_a_corrupt_picture_gives_a_warning(lab: Path) -> None:
    (lab / "set" / "sad" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    done = evaluate("set", "--model", "grey.onnx")
    assert done.exit_code == 0
    assert done.stderr.startswith("warning: ")
    assert "1.png" in done.stderr.replace("\n", "")
    assert "skipped: 1 picture" in done.stdout


def test_an_unknown_class_is_an_error_until_a_map_names_it(lab: Path) -> None:
    (lab / "set" / "sad").rename(lab / "set" / "gloomy")
    refused = evaluate("set", "--model", "grey.onnx")
    assert refused.exit_code == ExitCode.USAGE
    assert "no class is called gloomy" in refused.stderr
    (lab / "map.toml").write_text('gloomy = "sadness"\n', "utf-8")
    assert evaluate("set", "--model", "grey.onnx", "--map", "map.toml").exit_code == 0


def test_a_missing_folder_and_a_missing_model_are_told_apart(lab: Path) -> None:
    assert evaluate("nowhere", "--model", "grey.onnx").exit_code == ExitCode.SOME_FAILED
    done = evaluate("set", "--model", "nothing.onnx")
    assert done.exit_code == ExitCode.MODEL
    assert "no such model file" in done.stderr
