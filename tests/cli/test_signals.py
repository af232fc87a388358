"""A user presses Ctrl-C, a batch system sends SIGTERM: what is there must be whole, and the shell must know."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mimika.stages.write.parquet import partial_path
from tests import media
from tests.conftest import ROOT
from tests.stages.write.test_tables import read


def started(folder: Path, format: str, *more: str) -> subprocess.Popen[str]:
    """Start a slow run of the real command line, and wait until it writes."""
    clip = media.video(folder / "clip.mp4", media.steady(1500), 64, 48)
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    out = folder / "out"
    command = [sys.executable, "-m", "tests.steady", "--pause", "0.01", "analyze", str(clip), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--format", format, *more], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env=environment,
    )  # fmt: skip
    table = out / f"clip.{format}"
    growing = partial_path(table) if format == "parquet" else table
    deadline = time.monotonic() + 30
    while not (growing.exists() and growing.stat().st_size > 40_000):
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl"])
def test_a_signal_gives_a_whole_table_and_its_own_exit_code(
    tmp_path: Path, number: signal.Signals, code: int, format: str
) -> None:
    process = started(tmp_path, format, "--save", "table,overlay")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code
    rows = read(tmp_path / "out" / f"clip.{format}")
    assert [row["frame"] for row in rows] == list(range(len(rows)))
    assert 10 < len(rows) < 1500
    assert "interrupted" in out
    assert "Traceback" not in out + err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_signal_ends_the_wait_for_a_stalled_pipe(
    tmp_path: Path, number: signal.Signals, code: int, share: float
) -> None:
    data = media.video(tmp_path / "clip.mkv", media.steady(400)).read_bytes()
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.steady", "analyze", "-", "--out", str(tmp_path / "out")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
        assert process.stdin is not None
        process.stdin.write(data[: int(share * len(data))])
        process.stdin.flush()
        table = tmp_path / "out" / "stdin.csv"
        deadline = time.monotonic() + 30
        while share and not (table.exists() and table.stat().st_size > 2000) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5 if share else 3)
        process.send_signal(number)
        try:
            assert process.wait(10) == code
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    if share:
        assert [row["frame"] for row in read(table)] == list(range(len(read(table))))
