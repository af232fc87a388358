"""One model on one set: every number that the issue promises is there, and nothing is lost without a word."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mimika.data.errors import InputCorrupt
from mimika.evaluation.datasets import open_set
from mimika.evaluation.run import answer, evaluate
from mimika.evaluation.scores import score
from mimika.evaluation.subjects import open_subject
from tests.evaluation import made

PROMISED = {
    "n", "classes", "top1", "top1_ci95", "macro_f1", "balanced_accuracy", "per_class", "confusion", "ece", "brier",
    "coverage_curve", "latency_ms", "cost_per_1000_usd", "model", "command", "versions",
}  # fmt: skip


def test_the_report_has_what_is_promised(tmp_path: Path) -> None:
    """Programs that read the JSON find each key, with the accuracy that is known beforehand."""
    root = made.class_folders(tmp_path / "set", {"happy": ["happiness"] * 3, "sad": ["sadness", "fear"]})
    data, seen = open_set(root, crop="tight"), []
    subject = open_subject(made.classifier(tmp_path), data.classes)
    found = evaluate(subject, data, command=("mimika", "evaluate"), progress=lambda *done: seen.append(done))
    assert set(found) >= PROMISED
    assert found["top1"] == 0.8
    assert found["confusion_elsewhere"] == [0, 1]
    assert set(found["latency_ms"]) >= {"mean", "sd", "p50", "p90", "p99"}
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]
    assert set(found["model"]) >= {"name", "sha256", "parameters", "macs", "bytes"}
    assert found["cost_per_1000_usd"] == 0
    assert found["command"] == "mimika evaluate"
    assert found["crops"] == {"tight": 5, "detect": 0, "decided": "by the user or the data"}
    assert seen[-1] == (5, 5)
    json.dumps(found)


def test_a_corrupt_picture_is_skipped_named_and_counted(tmp_path: Path) -> None:
    """One damaged file does not cost the evening's run, and does not vanish from the report."""
    root = made.class_folders(tmp_path / "set", {"happy": ["happiness"] * 3})
    (root / "happy" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    data = open_set(root, crop="tight")
    subject = open_subject(made.classifier(tmp_path), data.classes)
    found = evaluate(subject, data)
    assert (found["n"], found["top1"]) == (2, 1.0)
    (skipped,) = found["skipped"]
    assert skipped["name"].endswith("1.png")
    for file in (root / "happy").iterdir():
        file.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(InputCorrupt, match="no picture can be read"):
        evaluate(subject, data)


def test_both_rules_of_ferplus_come_from_one_run(tmp_path: Path) -> None:
    rows = [(3, look, "PrivateTest") for look in ("happiness", "sadness")]
    votes = [[0, 9, 0, 0, 0, 0, 0, 0, 0, 0], [2, 5, 0, 1, 1, 0, 1, 0, 0, 0]]
    data = open_set(made.kaggle(tmp_path, rows, votes), labels="ferplus")
    subject = open_subject(made.classifier(tmp_path, made.FER2013), data.classes)
    found = evaluate(subject, data)
    assert (found["n"], found["top1"]) == (1, 1.0)
    assert (found["rules"]["ferplus-majority"]["n"], found["rules"]["ferplus-majority"]["top1"]) == (2, 0.5)
    assert found["shared"]["left_out"] == ["contempt"]


def test_undecided_crops_are_decided_picture_by_picture(tmp_path: Path) -> None:
    """The report tells how each picture was taken."""
    root = made.class_folders(tmp_path / "set", {"happy": ["happiness"] * 2})
    data = open_set(root)
    found = evaluate(open_subject(made.classifier(tmp_path), data.classes), data)
    assert found["crops"] == {"tight": 2, "detect": 0, "decided": "picture by picture"}


def test_the_shipped_network_reaches_its_published_accuracy(shared_data: Path) -> None:
    """A change of crop or calibration that costs accuracy is seen at once, on the first test pictures."""
    data = open_set(shared_data, labels="ferplus")
    data = data.take(data.truth >= 0)
    subject = open_subject("expression", data.classes)
    said = answer(subject, data.take(np.arange(50)))
    found = score(said.predictions.probabilities, said.data.truth, data.classes, subject.classes)
    assert found["top1"] > 0.78
