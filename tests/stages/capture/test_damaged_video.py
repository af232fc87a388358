"""Damaged and truncated videos: what can be read is read, and the damage is told once, at the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from media import CLIPS, cut, read_number, scratch, steady, video
from reading import read

from mimika.data.errors import InputCorrupt, InputError
from mimika.data.frame import Frame
from mimika.data.options import Options
from mimika.stages.capture import VideoCapture

UNEVEN = [0, 40, 50, 130, 133, 300, 301, 1000, 1040, 1041, 2500, 2540]


def until_damage(frames: Iterator[Frame]) -> tuple[list[Frame], InputCorrupt]:
    """Return the frames that came and the error at their end."""
    come: list[Frame] = []
    with pytest.raises(InputCorrupt) as caught:
        deque(map(come.append, frames))
    return come, caught.value


@pytest.mark.parametrize("ending", ["mp4", "mov"])
def test_an_interrupted_recording_without_index_is_damaged(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputCorrupt, match="damaged or truncated"):
        read(cut(video(tmp_path / f"a.{ending}", steady(50)), 0.6))


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi"])
def test_of_a_truncated_video_what_is_there_is_read_first(tmp_path: Path, ending: str) -> None:
    options = {"movflags": "faststart"} if ending == "mp4" else {}
    path = cut(video(tmp_path / f"a.{ending}", steady(100), options=options, codec="mpeg4", width=320), 0.6)
    with VideoCapture(path) as capture:
        frames, error = until_damage(iter(capture))
    assert 30 <= len(frames) < 100
    assert [read_number(frame.luma) for frame in frames[:30]] == list(range(30))
    assert str(error).startswith(f"{path}: ")


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
def test_damage_in_the_middle_is_told_at_the_end(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (24, 40, 3), np.uint8).repeat(4, 0).repeat(4, 1) for _ in range(60)]
    path = scratch(video(tmp_path / f"a.{ending}", steady(60), pictures=pictures), 0.5, 9000, 0xA5)
    with VideoCapture(path) as capture:
        frames, error = until_damage(iter(capture))
    assert len(frames) > 30
    assert frames[-1].time_s == pytest.approx(59 / 25, abs=0.3)
    assert "damaged" in error.reason


def test_stopping_early_does_not_complain_of_damage_further_on(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", steady(100), options={"movflags": "faststart"}, codec="mpeg4", width=320)
    assert len(read(cut(path, 0.6), Options(end_s=0.4))) == 10


def test_an_edited_video_is_not_truncated(tmp_path: Path) -> None:
    path = CLIPS / "pyfeat-no_face.mp4"
    if not path.exists():
        pytest.skip("no ../shared/data/clips beside the repository")
    assert len(read(path)) == 95


@pytest.mark.parametrize("size", [9, 40, 300])
def test_a_stub_of_a_video_is_an_input_error(tmp_path: Path, size: int) -> None:
    for ending in ("mp4", "mkv", "avi", "ts"):
        whole = video(tmp_path / f"a.{ending}", steady(3)).read_bytes()
        stub = tmp_path / f"stub.{ending}"
        stub.write_bytes(whole[:size])
        with pytest.raises(InputError), VideoCapture(stub) as capture:
            list(capture)


def test_nothing_is_printed_about_damage(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = scratch(video(tmp_path / "a.mp4", steady(40)), 0.3, 3000, 0x77)
    with pytest.raises(InputCorrupt):
        read(path)
    assert capfd.readouterr() == ("", "")
