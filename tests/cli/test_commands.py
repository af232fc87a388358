"""A user types a command: the answer, the files, and the exit code must be those promised."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import mimika
from mimika.cli.app import app
from mimika.cli.exit_codes import ExitCode
from mimika.engine import registry
from tests import media, networks
from tests.conftest import ROOT
from tests.stages.write.test_tables import read
from tests.steady import SteadyPipeline


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let commands use a pipeline without networks, in an empty folder."""
    monkeypatch.setattr("mimika.jobs.Pipeline", SteadyPipeline)
    monkeypatch.setattr("mimika.pipeline.Pipeline", SteadyPipeline)
    monkeypatch.setattr("mimika.cli.measure.Pipeline", SteadyPipeline)
    monkeypatch.chdir(tmp_path)
    for name in ("MIMIKA_OUT", "MIMIKA_LANGUAGE", "MIMIKA_THREADS"):
        monkeypatch.delenv(name, raising=False)


def mimi(*arguments: str | Path, **more: Any) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **more)


def test_version_and_help() -> None:
    assert mimi("--version").stdout == f"mimika {mimika.__version__}\n"
    shown = mimi("--help").stdout
    for command in ("analyze", "live", "bench", "models", "doctor"):
        assert command in shown


def test_the_exit_codes_are_those_of_the_documentation() -> None:
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text("utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.M)] == [code.value for code in ExitCode]
    told = mimi("--help").stdout.replace("\n", " ")
    assert all(str(code.value) in told.split("Exit codes:")[1] for code in ExitCode)


def test_analyze_writes_where_it_says_and_tells_what_it_found(tmp_path: Path) -> None:
    clip = media.video(tmp_path / "clip.mp4", media.steady(10))
    result = mimi("analyze", clip, "--save", "table,overlay", "--language", "ru", env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.stderr
    assert len(read(tmp_path / "mimika-out" / "clip.csv")) == 10
    for part in ("clip.mp4", " 10 ", "радость 100 %", "clip.csv", "clip-overlay.mp4"):
        assert part in result.stdout
    assert result.stderr == ""


def test_options_reach_the_analysis(tmp_path: Path) -> None:
    clip = media.video(tmp_path / "clip.mp4", media.steady(100))
    base = ("analyze", clip, "--out", tmp_path / "o", "--force", "--format", "jsonl")
    table = tmp_path / "o" / "clip.jsonl"
    assert mimi(*base, "--every", "7").exit_code == 0
    assert [row["frame"] for row in read(table)] == list(range(0, 100, 7))
    assert mimi(*base, "--start", "1", "--end", "2").exit_code == 0
    assert [row["frame"] for row in read(table)] == list(range(25, 50))
    assert mimi(*base, "--fps", "5").exit_code == 0
    assert len(read(table)) == 20


def test_settings_are_defaults_that_options_override(tmp_path: Path) -> None:
    photo = media.photo(tmp_path / "p.png")
    env = {"MIMIKA_OUT": str(tmp_path / "set"), "MIMIKA_LANGUAGE": "uk", "COLUMNS": "200"}
    assert "радість" in mimi("analyze", photo, env=env).stdout
    assert (tmp_path / "set" / "p.csv").exists()
    assert "қуаныш" in mimi("analyze", photo, "--language", "kk", "--out", "other", env=env).stdout
    assert (tmp_path / "other" / "p.csv").exists()


def test_quiet_says_nothing_and_json_only_json(tmp_path: Path) -> None:
    photo = media.photo(tmp_path / "p.png")
    quiet = mimi("analyze", photo, "missing.jpg", "--quiet", "--out", "q")
    assert (quiet.stdout, quiet.exit_code) == ("", 1)
    assert quiet.stderr == "error: missing.jpg: no such file\n"
    told = json.loads(mimi("analyze", photo, "missing.jpg", "--json", "--out", "j").stdout)
    assert [(item["status"], item["faces"]) for item in told] == [("complete", 1), ("failed", 0)]
    assert told[0]["written"] == ["j/photos.csv"]
    assert told[1]["error"] == "missing.jpg: no such file"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["p.png", "--every", "0"], 2, "every: expected 1..1000000, received 0"),
        (["p.png", "--fps", "0"], 2, "fps: expected 0.001..1000"),
        (["p.png", "--faces", "65"], 2, "faces_max: expected 1..64"),
        (["p.png", "--start", "5", "--end", "4"], 2, "end_s: expected more than start_s"),
        (["p.png", "--language", "de"], 2, "language: expected one of en, ru, uk, kk"),
        (["p.png", "--save", "video"], 2, "save: expected a choice of table, overlay, mesh"),
        (["p.png", "--save", ","], 2, "save: expected"),
        (["p.png", "--format", "xlsx"], 2, "format: expected one of csv, parquet, jsonl"),
        (["p.png", "--detect-side", "9"], 2, "detect_side: expected 160..1280"),
        (["nothing-*.jpg"], 1, "nothing-*.jpg: no file matches"),
        (["p.png", "--out", "p.png"], 3, "p.png: is a file, expected a folder"),
        (["p.png", "--out", "/proc/nowhere"], 3, "/proc/nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_its_code(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    media.photo(tmp_path / "p.png")
    result = mimi("analyze", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_unknown_options_and_missing_inputs_are_usage_errors() -> None:
    assert mimi("analyze").exit_code == 2
    assert mimi("analyze", "x.jpg", "--nonsense").exit_code == 2
    assert mimi("nonsense").exit_code == 2


def test_an_output_that_exists_is_3_and_force_replaces_it(tmp_path: Path) -> None:
    photo = media.photo(tmp_path / "p.png")
    assert mimi("analyze", photo).exit_code == 0
    again = mimi("analyze", photo)
    assert again.exit_code == 3
    assert again.stderr == "error: mimika-out/p.csv: exists already; use --force to replace it\n"
    assert mimi("analyze", photo, "--force").exit_code == 0


def test_an_error_cannot_smuggle_control_codes_into_the_terminal() -> None:
    result = mimi("analyze", "evil\x1b[2J\nname.jpg")
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr + result.stdout
    assert result.stderr.count("\n") == 1


def test_a_video_comes_on_standard_input(tmp_path: Path) -> None:
    clip = media.video(tmp_path / "clip.mkv", media.steady(12))
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.steady", "analyze", "-", "--out", str(tmp_path / "o"), "--quiet"]
    with clip.open("rb") as stream:
        subprocess.run(command, stdin=stream, cwd=ROOT, env=environment, check=True)
    assert [row["source"] for row in read(tmp_path / "o" / "stdin.csv")] == ["-"] * 12


def test_models_are_listed_shown_and_verified(tmp_path: Path) -> None:
    names = [item["name"] for item in json.loads(mimi("models", "list", "--json").stdout)]
    assert names == [registry.card(name).name for name in registry.names()]
    network = networks.doubling(tmp_path)
    shown = mimi("models", "show", network).stdout
    assert "licence: Apache-2.0" in shown
    assert json.loads(mimi("models", "show", network, "--json").stdout)["architecture"] == "made by a test"
    assert mimi("models", "verify", network).exit_code == 0
    network.write_bytes(network.read_bytes() + b"!")
    altered = mimi("models", "verify", network)
    assert altered.exit_code == 4
    assert "altered or damaged" in altered.stderr
    missing = mimi("models", "show", "nosuch")
    assert (missing.exit_code, missing.stderr.count("\n")) == (4, 1)


def test_bench_gives_figures_for_each_stage_it_saw(tmp_path: Path) -> None:
    clip = media.video(tmp_path / "clip.mp4", media.steady(30))
    told = json.loads(mimi("bench", clip, "--json", "--frames", "20").stdout)
    assert (told["frames"], told["faces"]) == (20, 20)
    assert {"capture", "write"} <= {stage["stage"] for stage in told["stages"]}
    assert told["peak_memory_mb"] > 20
    assert told["frames_per_s"] == pytest.approx(1000 / told["ms_per_frame"], rel=0.01)
    photo = media.photo(tmp_path / "p.png")
    shown = mimi("bench", photo, "--repeat", "3")
    assert "3 frames, 3 faces" in shown.stdout
    assert list(tmp_path.glob("*.csv")) == []
    assert mimi("bench", photo, "--repeat", "0").exit_code == 2


def test_live_shows_a_stream_and_records_it(tmp_path: Path) -> None:
    media.video(tmp_path / "clip.mp4", media.steady(40))
    with media.served(tmp_path) as address:
        result = mimi("live", "--camera", f"{address}/clip.mp4", "--record", "cam.csv", "--language", "uk")
    assert result.exit_code == 0, result.stderr
    assert "face 0: радість 72 %" in result.stdout
    assert read(tmp_path / "cam.csv")[0]["label"] == "happiness"
    odd = mimi("live", "--camera", "0", "--record", "cam.avi")
    assert (odd.exit_code, odd.stderr.count("\n")) == (2, 1)


def test_live_without_a_camera_says_so_in_one_line() -> None:
    result = mimi("live", "--camera", "97")
    assert (result.exit_code, result.stderr) == (1, "error: camera 97: no such camera, or another program uses it\n")


def in_terminal(*arguments: str, keys: str = "", after: str = "") -> tuple[int, str]:
    """Run the command in a terminal of its own; press `keys` once `after` is seen. Returns exit code and output."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "TERM": "xterm", "COLUMNS": "120"}
    main, other = pty.openpty()
    command = [sys.executable, "-m", "tests.steady", "--pause", "0.02", *arguments]
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, cwd=ROOT, env=environment)
    os.close(other)
    seen, deadline = "", time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            if not select.select([main], [], [], 0.1)[0]:
                continue
            seen += os.read(main, 65536).decode("utf-8", "replace")
        except OSError:
            break
        if keys and after in seen:
            os.write(main, keys.encode())
            keys = ""
    os.close(main)
    return process.wait(10), seen


def test_q_leaves_the_live_view(tmp_path: Path) -> None:
    media.video(tmp_path / "clip.mp4", media.steady(1000))
    with media.served(tmp_path) as address:
        code, seen = in_terminal("live", "--camera", f"{address}/clip.mp4", keys="q", after="q leaves")
    assert code == 0
    assert "happiness" in seen
    assert "72 %" in seen
    assert "Traceback" not in seen


def test_the_progress_bar_shows_frames_faces_speed_and_time_left(tmp_path: Path) -> None:
    clip = media.video(tmp_path / "clip.mp4", media.steady(150), 64, 48)
    code, seen = in_terminal("analyze", str(clip), "--out", str(tmp_path / "o"))
    assert code == 0
    assert re.search(r"clip\.mp4.*\d+ frames  \d+ faces  \d+ frames/s.*\d+:\d\d", seen)
    assert "happiness 100 %" in seen


def test_doctor_finds_what_is_there_and_names_a_reason_for_what_is_not() -> None:
    result = mimi("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(result.stdout)}
    assert checks["numpy"]["works"] is True
    assert checks["av"]["detail"][0].isdigit()
    assert "libx264" in checks["video that can be written"]["detail"]
    absent = [check for check in checks.values() if check["works"] is not True]
    assert all(len(check["detail"]) > 10 for check in absent)
    failed = [check for check in checks.values() if check["works"] is False]
    assert result.exit_code == (4 if failed else 0)


def test_the_documentation_names_every_command_and_option() -> None:
    import typer

    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    group: Any = typer.main.get_command(app)
    for name in ("analyze", "live", "bench", "doctor"):
        section = page.split(f"## mimika {name}")[1].split("\n## ")[0]
        for parameter in group.commands[name].params:
            if parameter.param_type_name == "option" and "--help" not in parameter.opts:
                assert f"`{parameter.opts[0]}" in section, f"{name} {parameter.opts[0]}"
    for name in group.commands["models"].commands:
        assert f"`mimika models {name}" in page
