"""Shares estimated from a folder must be a file that `--prior` takes, and few faces must not give any."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mimika.cli.app import app
from mimika.cli.exit_codes import ExitCode
from mimika.data.labels import FERPLUS
from tests import media
from tests.steady import SteadyPipeline


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let commands use a pipeline without networks: one happy face a frame."""
    monkeypatch.setattr("mimika.jobs.Pipeline", SteadyPipeline)
    monkeypatch.setattr("mimika.pipeline.Pipeline", SteadyPipeline)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return media.video(tmp_path / "clip.mp4", media.steady(120))


def mimi(*arguments: str | Path, **more: Any) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **more)


def test_the_estimate_is_a_file_that_prior_takes(tmp_path: Path, clip: Path) -> None:
    done = mimi("prior", "estimate", clip, "--fps", "1000", "--out", "own/p.toml", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["faces"] == 120
    shares = tomllib.loads((tmp_path / "own" / "p.toml").read_text("utf-8"))
    assert list(shares) == list(FERPLUS)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert max(shares, key=shares.__getitem__) == "happiness"
    assert shares["happiness"] > 1.5 * told["data"]["happiness"]
    assert "warning: disgust is estimated" in done.stderr
    assert mimi("analyze", clip, "--prior", "own/p.toml").exit_code == 0
    side = json.loads((tmp_path / "mimika-out" / "clip.csv.meta.json").read_text("utf-8"))
    assert side["options"]["prior"] == "own/p.toml"


def test_too_few_faces_give_no_estimate(tmp_path: Path, clip: Path) -> None:
    done = mimi("prior", "estimate", clip, "--fps", "1")
    assert done.exit_code == ExitCode.SOME_FAILED
    assert "faces found, an estimate needs at least 100" in done.stderr
    assert not (tmp_path / "prior.toml").exists()


def test_a_file_that_is_there_is_kept_and_a_bad_input_is_told(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "prior.toml").write_text("# mine\n", "utf-8")
    assert mimi("prior", "estimate", clip).exit_code == ExitCode.OUTPUT
    assert (tmp_path / "prior.toml").read_text("utf-8") == "# mine\n"
    (tmp_path / "bad.mp4").write_bytes(b"\0" * 100)
    done = mimi("prior", "estimate", clip, "bad.mp4", "--fps", "1000", "--force")
    assert done.exit_code == ExitCode.SOME_FAILED
    assert "bad.mp4" in done.stderr
    assert "happiness" in (tmp_path / "prior.toml").read_text("utf-8")
