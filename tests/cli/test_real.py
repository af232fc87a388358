"""The real networks through the real command: what a user gets from a portrait and from a clip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mimika.engine import registry
from tests.conftest import ROOT
from tests.stages.write.test_tables import read

pytestmark = pytest.mark.skipif(
    not {"detect", "mesh", "expression"} <= set(registry.names()), reason="the networks are not trained yet"
)


def run(*arguments: str | Path, code: int = 0) -> str:
    """Run the command in a process of its own; returns what it printed."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "mimika", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    data = pytest.importorskip("skimage.data")
    path = tmp_path / "portrait.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


def test_a_portrait_gives_one_smiling_face(tmp_path: Path, portrait: Path) -> None:
    run("analyze", portrait, "--out", tmp_path / "o", "--save", "table,overlay,mesh", "--format", "parquet")
    (row,) = read(tmp_path / "o" / "portrait.parquet")
    assert row["label"] == "happiness"
    assert 150 < row["box_x"] + row["box_w"] / 2 < 300
    assert 60 < row["box_y"] + row["box_h"] / 2 < 220
    assert sum(row[name] for name in row if name.startswith("p_")) == pytest.approx(1, abs=1e-3)
    assert row["box_x"] - 1 < row["x_1"] < row["box_x"] + row["box_w"] + 1
    told: dict[str, Any] = json.loads((tmp_path / "o" / "portrait.parquet.meta.json").read_text("utf-8"))
    assert all(len(model["sha256"]) == 64 for model in told["models"])
    with Image.open(tmp_path / "o" / "portrait-overlay.png") as image:
        assert image.size == (512, 512)


def test_a_face_that_leaves_leaves_empty_rows(tmp_path: Path, clips: Path) -> None:
    run("analyze", clips / "pyfeat-face_noface.mov", "--out", tmp_path, "--every", "3")
    rows = read(tmp_path / "pyfeat-face_noface.csv")
    assert rows[0]["face_id"] == 0
    assert rows[-1]["face_id"] is None
    assert [row["time_s"] for row in rows] == sorted(row["time_s"] for row in rows)


def test_bench_names_every_stage_and_the_first_result_comes_soon(portrait: Path) -> None:
    told = json.loads(run("bench", portrait, "--repeat", "10", "--json"))
    stages = {stage["stage"]: stage["mean_ms"] for stage in told["stages"]}
    assert set(stages) == {"capture", "faces", "measure", "recognize", "track", "write"}
    assert sum(stages.values()) == pytest.approx(told["ms_per_frame"], rel=0.5)
    began = time.perf_counter()
    run("analyze", portrait, "--out", portrait.parent / "first")
    assert time.perf_counter() - began < 10


def test_doctor_finds_nothing_wrong() -> None:
    checks = json.loads(run("doctor", "--json"))
    assert [check for check in checks if check["works"] is False] == []


def test_models_verify_is_satisfied() -> None:
    assert run("models", "verify").count("whole") >= 3
