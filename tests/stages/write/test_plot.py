"""The timeline picture: what is in the table can be seen, and only that."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from mimika.data.errors import MimikaError, OutputError
from mimika.data.labels import FERPLUS
from mimika.stages.write.draw import COLOURS
from mimika.stages.write.plot import timeline_plot

pytest.importorskip("matplotlib")


def table(faces: list[int | None], happy: float = 1.0) -> pa.Table:
    """Return a table with one row a frame at 10 frames a second; None is a frame without a face."""
    there = [face is not None for face in faces]
    columns: dict[str, list[float | None]] = {"time_s": [index / 10 for index in range(len(faces))]}
    for name in ("pitch", "yaw", "roll", *(f"p_{label}" for label in FERPLUS)):
        value = {"p_happiness": happy, "p_neutral": 1 - happy}.get(name, 0.0)
        columns[name] = [value if seen else None for seen in there]
    typed = {name: pa.array(values, pa.float64()) for name, values in columns.items()}
    return pa.table({**typed, "face_id": pa.array(faces, pa.int64())})


def share_of(path: Path, label: str) -> float:
    """Return the part of the left three quarters (without the legend) that has the colour of an expression."""
    picture = cv2.imread(str(path))[:, :, ::-1]
    left = picture[:, : picture.shape[1] * 3 // 4].astype(int)
    return float((np.abs(left - COLOURS[label]).sum(axis=2) < 12).mean())


def test_the_probability_fills_its_part_of_the_picture(tmp_path: Path) -> None:
    for happy in (0.2, 0.8):
        timeline_plot(table([0] * 20, happy), tmp_path / f"{happy}.png")
    little, much = (share_of(tmp_path / f"{happy}.png", "happiness") for happy in (0.2, 0.8))
    assert much == pytest.approx(4 * little, rel=0.1)


def test_nothing_is_drawn_while_the_face_is_away(tmp_path: Path) -> None:
    timeline_plot(table([0] * 21), tmp_path / "there.png")
    timeline_plot(table([0] * 5 + [None] * 11 + [0] * 5), tmp_path / "away.png")
    assert share_of(tmp_path / "away.png", "happiness") < 0.6 * share_of(tmp_path / "there.png", "happiness")


def test_a_face_seen_for_a_moment_gets_no_panel(tmp_path: Path) -> None:
    timeline_plot(table([0] * 100), tmp_path / "one.png")
    timeline_plot(table([0] * 99 + [1]), tmp_path / "moment.png")
    timeline_plot(table([0] * 50 + [1] * 50), tmp_path / "two.png")
    heights = [cv2.imread(str(tmp_path / f"{name}.png")).shape[0] for name in ("one", "moment", "two")]
    assert heights[0] == heights[1] < heights[2]


def test_a_table_without_a_face_is_drawn_empty(tmp_path: Path) -> None:
    timeline_plot(table([None] * 5), tmp_path / "none.png")
    assert share_of(tmp_path / "none.png", "happiness") == 0


def test_without_matplotlib_one_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MimikaError, match=r"mimika\[report\]"):
        timeline_plot(table([0]), tmp_path / "x.png")


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        timeline_plot(table([0] * 3), tmp_path / "nowhere" / "x.png")
