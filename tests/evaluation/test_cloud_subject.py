"""An interrupted paid run would pay twice, or a table would hide what an answer costs."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from mimika.cli.app import app
from mimika.cli.exit_codes import ExitCode
from mimika.data.labels import FERPLUS
from tests import provider
from tests.conftest import ROOT
from tests.evaluation import made
from tests.provider import KEY, Injector, Provider, answer_of

CLASSES = FERPLUS[:4]
EACH = 8


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Provider, Injector]]:
    """A provider that reads made pictures rightly, also those half-way between two greys; a memory of its own."""
    for name in [name for name in os.environ if name.startswith("MIMIKA_")]:
        monkeypatch.delenv(name)
    with provider.provided() as (served, injector):
        served.text = lambda request: answer_of(FERPLUS[_class_of(request)], 0.95)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MIMIKA_CLOUD_URL", injector.url)
        monkeypatch.setenv("MIMIKA_CLOUD_KEY", KEY)
        monkeypatch.setenv("MIMIKA_DATA_DIR", str(tmp_path / "memory"))
        yield served, injector


def _class_of(request: dict[str, Any]) -> int:
    (url,) = provider._urls(request)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8), cv2.IMREAD_GRAYSCALE)
    return int(np.ceil(float(picture.mean()) / made.STEP - 1.1))


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Four classes of `EACH` pictures."""
    return labelled(tmp_path, EACH)


def labelled(folder: Path, each: int) -> Path:
    """Write four classes; every other picture is half-way to the class before, which the network reads by lot."""
    for place, name in enumerate(CLASSES):
        (folder / "faces" / name).mkdir(parents=True)
        for number in range(each):
            grey = made.STEP * (1 + place) - (15 if number % 2 else 0)
            # Small marks make each picture another question, without changing what it shows.
            picture = np.full((48, 48), grey, np.uint8)
            row, column = number % 8 * 5, place * 9 + number // 8 * 4
            picture[row : row + 3, column : column + 3] -= 9
            cv2.imwrite(str(folder / "faces" / name / f"{number}.png"), picture)
    return folder / "faces"


def mimi(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def test_local_cloud_and_hybrid_side_by_side(tmp_path: Path, faces: Path, line: tuple[Provider, Injector]) -> None:
    network = made.classifier(tmp_path)
    result = mimi(
        "evaluate", faces, "--crop", "tight", "--models", f"{network},openai:gpt-4.1-mini,hybrid",
        "--json", tmp_path / "all.json", "--report", tmp_path / "page",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    local, cloud, hybrid = json.loads((tmp_path / "all.json").read_text())["models"]
    n = len(CLASSES) * EACH
    assert len(line[0].seen) == n, "the hybrid asks nothing that was answered before"
    assert cloud["top1"] == 1.0
    assert local["top1"] < 0.9
    assert local["top1"] < hybrid["top1"] <= 1.0
    assert 0 < hybrid["model"]["escalated"] < 1
    assert local["cost_per_1000_usd"] == 0
    told = result.stdout
    assert "ms ± sd" in told
    assert "hybrid" in told
    assert f"{100 * hybrid['model']['escalated']:.0f} %" in told
    shares = [point["share"] for point in hybrid["escalation"]]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert hybrid["escalation"][0]["top1"] == pytest.approx(local["top1"])
    page = (tmp_path / "page" / "index.html").read_text()
    assert "Accuracy against cost" in page
    assert KEY not in page + (tmp_path / "all.json").read_text() + told
    assert {cloud["latency_ms"]["n"], hybrid["latency_ms"]["n"]} == {n}
    assert cloud["latency_ms"]["p50"] > 0


def test_the_hybrid_alone_asks_only_about_unsure_faces(
    tmp_path: Path, faces: Path, line: tuple[Provider, Injector]
) -> None:
    network = made.classifier(tmp_path)
    result = mimi("evaluate", faces, "--crop", "tight", "--models", f"hybrid,{network}", "--json", "-")
    assert result.exit_code == 0, result.output
    local, hybrid = json.loads(result.stdout)["models"]
    asked = round(hybrid["model"]["escalated"] * len(CLASSES) * EACH)
    assert len(line[0].seen) == asked < len(CLASSES) * EACH
    assert hybrid["top1"] > local["top1"]
    assert hybrid["escalation"][-1]["share"] <= hybrid["model"]["escalated"] + 1e-9


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, faces: Path, line: tuple[Provider, Injector]) -> None:
    served = line[0]
    served.pause_s = 0.25
    kept = tmp_path / "answers.jsonl"
    command = [
        sys.executable, "-c", "from mimika.cli.app import app; app()", "evaluate", str(faces), "--crop", "tight",
        "--models", "openai:gpt-4.1-mini", "--answers", str(kept), "-q",
    ]  # fmt: skip
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, cwd=tmp_path)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and (not kept.exists() or kept.read_bytes().count(b"\n") < 6):
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with kept.open("ab") as file:
        file.write(b'{"key": "half a li')
    before, asked = kept.read_bytes().count(b"\n"), len(served.seen)
    assert 6 <= before < len(CLASSES) * EACH
    assert asked <= before + 4, "at most those under way are lost"
    time.sleep(0.3)
    served.pause_s, asked = 0.0, len(served.seen)
    result = mimi(
        "evaluate", faces, "--crop", "tight", "--models", "openai:gpt-4.1-mini", "--answers", kept, "--json", "-"
    )
    assert result.exit_code == 0, result.output
    assert len(served.seen) - asked == len(CLASSES) * EACH - before, "nothing is paid for twice"
    assert json.loads(result.stdout)["models"][0]["top1"] == 1.0


def test_an_endpoint_that_fails_stops_the_run_and_keeps_what_was_answered(
    tmp_path: Path, faces: Path, line: tuple[Provider, Injector]
) -> None:
    line[1].faults.extend([""] * 5)
    line[1].always = "401"
    result = mimi("evaluate", faces, "--crop", "tight", "--models", "openai:gpt-4.1-mini")
    assert result.exit_code == 1
    assert "the key is not accepted (401)" in result.stderr
    assert "answers, kept in mimika-out/answers.jsonl: the same command goes on from there" in result.stderr
    assert len((tmp_path / "mimika-out" / "answers.jsonl").read_text().splitlines()) == 5


def test_refusals_are_pictures_without_answer(tmp_path: Path, faces: Path, line: tuple[Provider, Injector]) -> None:
    line[0].text = lambda request: answer_of("neutral") if _class_of(request) == 0 else "I like turtles"
    result = mimi("evaluate", faces, "--crop", "tight", "--models", "openai:gpt-4.1-mini", "--json", "-")
    assert result.exit_code == 0, result.output
    (cloud,) = json.loads(result.stdout)["models"]
    assert cloud["model"]["failures"] == {"nonsense": 3 * EACH}
    assert cloud["top1"] == pytest.approx(0.25)
    assert len(line[0].seen) == len(CLASSES) * EACH, "what failed is not asked again in the same run"


def test_fewer_pictures_and_a_wrong_choice(tmp_path: Path, faces: Path, line: tuple[Provider, Injector]) -> None:
    result = mimi(
        "evaluate", faces, "--crop", "tight", "--models", "openai:gpt-4.1-mini", "--pictures", "7", "--json", "-"
    )
    assert json.loads(result.stdout)["models"][0]["n"] == 7
    assert len(line[0].seen) == 7
    wrong = mimi("evaluate", faces, "--models", "openai:a,openai:b")
    assert (wrong.exit_code, "expected one openai:MODEL at most" in wrong.stderr) == (ExitCode.USAGE, True)


def test_weights_of_the_fusion_are_fitted_and_taken(
    tmp_path: Path, line: tuple[Provider, Injector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody with labelled faces could only guess how far to trust a model."""
    faces = labelled(tmp_path, 16)
    network, weights = made.classifier(tmp_path), tmp_path / "fusion.toml"
    command = ("evaluate", faces, "--crop", "tight", "--models", f"{network},openai:gpt-4.1-mini,hybrid")
    result = mimi(*command, "--save-fusion", weights, "--json", tmp_path / "all.json")
    assert result.exit_code == 0, result.output
    fit = json.loads((tmp_path / "all.json").read_text())["models"][2]["fusion_fit"]
    held = fit["held_out"]
    assert (fit["faces"], fit["folds"]) == (64, 5)
    assert held["cloud"]["top1"] == held["fitted"]["top1"] == 1.0
    assert fit["gain_top1"] == pytest.approx(1.0 - held["local"]["top1"], abs=1e-3)
    assert held["fitted"]["nll"] < held["before"]["nll"] < held["local"]["nll"]
    assert "both, fitted" in result.stdout
    assert f"written: {weights}" in result.stdout
    text = weights.read_text()
    assert text.startswith("# grey and openai:gpt-4.1-mini on 64 faces of ")
    monkeypatch.setenv("MIMIKA_CLOUD_FUSION", str(weights))
    again = mimi(*command, "--json", "-")
    assert again.exit_code == 0, again.output
    used = json.loads(again.stdout)["models"][2]["model"]["fusion"]
    assert used["cloud"] == pytest.approx(fit["weights"]["cloud"], abs=1e-3)


def test_too_few_faces_are_refused_before_anything_is_paid(
    tmp_path: Path, faces: Path, line: tuple[Provider, Injector]
) -> None:
    command = ("evaluate", faces, "--crop", "tight", "--save-fusion", tmp_path / "fusion.toml", "--models")
    few = mimi(*command, "expression,openai:gpt-4.1-mini,hybrid")
    assert (few.exit_code, line[0].seen) == (ExitCode.USAGE, [])
    assert "save-fusion: expected at least 50 labelled faces, faces has 32" in few.stderr
    without = mimi(*command, "expression,openai:gpt-4.1-mini")
    assert "fitted for hybrid, which is not among --models" in without.stderr
    assert not (tmp_path / "fusion.toml").exists()
