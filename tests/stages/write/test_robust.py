"""A user would lose a night of work when a process is killed or a disk fills up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimika.data.errors import OutputError, OutputExists, OutputFull
from mimika.data.observation import Observation
from mimika.stages.write import FORMATS, open_sink
from mimika.stages.write.parquet import partial_path, recover
from tests.builders import clip, fill
from tests.stages.write.test_tables import read

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys, time
from pathlib import Path
from mimika.stages.write import open_sink
from tests.builders import observation, frame
kind, path = sys.argv[1], Path(sys.argv[2])
with open_sink(kind, path) as sink:
    number = 0
    while True:
        sink.write(observation(2, frame(number=number, time_s=number / 25)))
        number += 1
        print(number, flush=True)
"""


def start(kind: str, path: Path) -> subprocess.Popen[str]:
    """Start a process that writes without end, and wait until it has written a while."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), kind, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    assert process.stdout is not None
    while int(process.stdout.readline() or 10**9) < 700:
        pass
    return process


def kill(process: subprocess.Popen[str]) -> int:
    """Kill the process the hard way; returns the frames it said it had written."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    said = [int(line) for line in process.stdout.read().splitlines()]
    assert process.wait() == -signal.SIGKILL
    return said[-1] if said else 700


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_killed_process_leaves_every_line_whole(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"t.{kind}"
    frames = kill(start(kind, path))
    assert path.read_bytes().endswith(b"\n")
    back = read(path)
    assert len(back) >= 2 * frames
    assert [row["frame"] for row in back] == [number // 2 for number in range(len(back))]


def test_a_killed_parquet_run_is_recovered_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frames = kill(start("parquet", path))
    assert not path.exists()
    assert partial_path(path).exists()
    with pytest.raises(OutputExists, match=r"recovered \d+ rows"), open_sink("parquet", path):
        pass
    back = read(path)
    assert 2 * frames - 256 <= len(back)
    assert [row["frame"] for row in back] == [number // 2 for number in range(len(back))]
    assert not partial_path(path).exists()


def test_a_parquet_run_that_still_goes_on_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    process = start("parquet", path)
    try:
        for force in (False, True):
            with pytest.raises(OutputError, match="another mimika"), open_sink("parquet", path, force=force):
                pass
    finally:
        kill(process)
    assert recover(path) >= 1000


@pytest.mark.parametrize("cut", [0, 1, 100, -1, -100])
def test_whatever_a_crash_left_becomes_a_readable_table(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "t.parquet"
    kill(start("parquet", path))
    spool = partial_path(path)
    spool.write_bytes(spool.read_bytes()[:cut])
    count = recover(path)
    assert len(read(path)) == count
    assert count > 500 if cut < 0 else count == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("mesh", [False, True])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_full_disk_is_reported_and_the_rows_so_far_are_kept(small_disk: Path, kind: str, mesh: bool) -> None:
    path = small_disk / f"t.{kind}"
    handed = 0

    def counted() -> Iterator[Observation]:
        nonlocal handed
        for handed, item in enumerate(clip(20_000)):  # noqa: B007
            yield item

    with pytest.raises(OutputFull, match="no space left") as caught:
        fill(open_sink(kind, path, mesh), counted())
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    if kind == "parquet":
        home = small_disk.parent / path.name
        partial_path(home).write_bytes(partial_path(path).read_bytes())
        assert recover(home) > (0 if mesh else 150)
        assert [row["frame"] for row in read(home)] == list(range(len(read(home))))
    else:
        assert path.read_bytes().endswith(b"\n")
        assert len(read(path)) == handed > (5 if mesh else 150)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_device_that_is_full_from_the_start(kind: str) -> None:
    with pytest.raises(OutputFull, match="/dev/full"):
        fill(open_sink(kind, Path("/dev/full"), force=True), clip(3))


def test_a_slow_camera_reaches_the_disk_each_second(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with open_sink("parquet", path) as sink:
        for item in clip(2):
            sink.write(item)
        size = partial_path(path).stat().st_size
        time.sleep(1.05)
        sink.write(next(clip(1)))
        assert partial_path(path).stat().st_size > size
