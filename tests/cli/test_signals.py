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
    while not (growing.exists() and growing.stat().st_size > 6000):
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
