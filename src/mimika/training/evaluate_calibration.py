"""Measure how honest an expression network is, and what a prior changes.

Run it with `python -m mimika.training.evaluate_calibration`; `--help` tells more.

Forms of calibration are compared by cross-validation on PublicTest alone; PrivateTest is only reported. Crops are those
that the product's own mesh network cuts. `docs/results/calibration.json` and `docs/results/prior.json` are what it
writes, and the tables in `docs/how-to/calibration.md`; of another network than `expression` files with its name behind.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mimika.data.geometry import Floats
from mimika.data.labels import FER2013, FERPLUS
from mimika.engine.card import Card
from mimika.evaluation.calibration import calibration_error, confusion, macro_f1
from mimika.evaluation.statistics import plain
from mimika.evaluation.votes import clean_rows, truth_by
from mimika.stages.recognize.calibrate import UNSURE_LEVEL, Calibration, softmax
from mimika.stages.recognize.prior import estimated_shares, reweighted
from mimika.training.calibrating import MESH, majority, product_outputs
from mimika.training.calibration_page import updated
from mimika.training.expression_data import load_split

COMMAND = "python -m mimika.training.evaluate_calibration"
FORMS = ("none", "temperature", "temperature and bias", "vector", "matrix")
COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
PAIRS = (("fear", "surprise"), ("sadness", "neutral"), ("anger", "disgust"), ("anger", "neutral"))
FOLDS, DRAWS, PER_CLASS = 5, 20, 300
PULL, MATRIX_PULL = 1e-3, 1e-2
"""Weights of the squared biases and of what is beside a matrix's diagonal: rare classes are not carried away."""

Outputs = dict[str, NDArray[np.float32]]


def compare_forms(logits: Floats, truth: NDArray[np.int64]) -> dict[str, Any]:
    """Return the cross-validated log-likelihood loss, in nats, of each form of calibration of (n, k) logits.

    `over_temperature` is the mean difference to plain temperature scaling, row by row, and its standard error.
    """
    folds = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    losses = {form: np.zeros(len(truth)) for form in FORMS}
    given, wanted = torch.from_numpy(np.asarray(logits, np.float64)), torch.from_numpy(truth)
    for form, loss in losses.items():
        for fold in range(FOLDS):
            held = torch.from_numpy(folds == fold)
            weight, bias = _fit_form(form, given[~held], wanted[~held])
            answer = given[held] @ weight + bias
            loss[folds == fold] = F.cross_entropy(answer, wanted[held], reduction="none").numpy()
    base = losses["temperature"]
    return {
        form: {
            "loss": plain(loss.mean()),
            "over_temperature": plain([(loss - base).mean(), (loss - base).std() / len(base) ** 0.5]),
        }
        for form, loss in losses.items()
    }


def _fit_form(form: str, given: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Return the (k, k) matrix and the (k,) bias of one form, fitted by likelihood."""
    k = given.shape[1]
    scale = torch.zeros(1 if form != "vector" else k, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(k, dtype=torch.float64, requires_grad=True)
    rest = torch.zeros(k, k, dtype=torch.float64, requires_grad=True)
    free = {"none": [], "temperature": [scale], "matrix": [scale, bias, rest]}.get(form, [scale, bias])

    def weight() -> Tensor:
        return torch.diag(scale.exp().expand(k)) + rest

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(given @ weight() + bias, wanted)
        loss = loss + PULL * bias.square().sum() + MATRIX_PULL * rest.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    if free:
        optimiser = torch.optim.LBFGS(free, max_iter=200, line_search_fn="strong_wolfe")
        optimiser.step(closure)  # type: ignore[no-untyped-call]
    return weight().detach(), bias.detach()


def honesty(before: Floats, after: Floats, truth: NDArray[np.int64]) -> dict[str, Any]:
    """Return error of calibration before and after, and accuracy by coverage, over the rows with a truth."""
    known = truth >= 0
    before, after, truth = before[known], after[known], truth[known]
    hard = np.eye(after.shape[1])[truth]
    right = after.argmax(1) == truth
    order = np.argsort(-after.max(1), kind="stable")
    counts = [max(1, round(share * len(order))) for share in COVERAGES]
    return {
        "rows": len(truth),
        "accuracy": plain(right.mean()),
        "accuracy_before": plain((before.argmax(1) == truth).mean()),
        "ece": plain(calibration_error(after, hard)),
        "ece_before": plain(calibration_error(before, hard)),
        "accuracy_of_most_confident": {
            f"{share:g}": plain(right[order[:count]].mean()) for share, count in zip(COVERAGES, counts, strict=True)
        },
    }


def unsureness(probabilities: Floats, truth: NDArray[np.int64], below: float) -> dict[str, Any]:
    """Return how many faces are unsure, and the share read wrongly among them and among the others."""
    probabilities, truth = probabilities[truth >= 0], truth[truth >= 0]
    wrong, unsure = probabilities.argmax(1) != truth, probabilities.max(1) < below
    return {
        "below": below,
        "share": plain(unsure.mean()),
        "wrong_when_unsure": plain(wrong[unsure].mean()),
        "wrong_when_named": plain(wrong[~unsure].mean()),
    }


def priors(probabilities: Floats, truth: NDArray[np.int64], prior: Floats) -> dict[str, Any]:
    """Return what each prior gives, on the rows as they are and drawn so that all expressions are equally common.

    The balanced rows are drawn with replacement, `PER_CLASS` of each expression, `DRAWS` times, and the figures
    averaged; the estimate sees the drawn faces and not their truth.
    """
    probabilities, truth = probabilities[truth >= 0], truth[truth >= 0]
    rng = np.random.default_rng(0)
    each = [np.flatnonzero(truth == place) for place in range(len(FERPLUS))]
    drawn = [np.concatenate([rng.choice(rows, PER_CLASS) for rows in each]) for _ in range(DRAWS)]
    balanced = [_under_priors(probabilities[rows], truth[rows], prior) for rows in drawn]
    return {
        "rows": {name: len(rows) for name, rows in zip(FERPLUS, each, strict=True)},
        "as_they_are": _under_priors(probabilities, truth, prior),
        "balanced": {
            name: {key: plain(_mean([draw[name][key] for draw in balanced])) for key in balanced[0][name]}
            for name in balanced[0]
        },
    }


def _under_priors(probabilities: Floats, truth: NDArray[np.int64], prior: Floats) -> dict[str, Any]:
    estimate = estimated_shares(probabilities, prior)
    uniform = np.full(len(prior), 1 / len(prior))
    found = {
        name: _scored(probabilities if shares is None else reweighted(probabilities, prior, shares), truth)
        for name, shares in (("data", None), ("uniform", uniform), ("estimate", estimate))
    }
    found["estimate"]["shares"] = {name: plain(share) for name, share in zip(FERPLUS, estimate, strict=True)}
    return found


def _scored(probabilities: Floats, truth: NDArray[np.int64]) -> dict[str, Any]:
    table = confusion(truth, probabilities.argmax(1), len(FERPLUS))
    recall = np.diag(table) / np.maximum(table.sum(1), 1)
    precision = np.diag(table) / np.maximum(table.sum(0), 1)
    place = FERPLUS.index
    return {
        "accuracy": plain(np.diag(table).sum() / table.sum()),
        "balanced_accuracy": plain(recall[table.sum(1) > 0].mean()),
        "macro_f1": plain(macro_f1(table)),
        "loss": plain(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-9)).mean()),
        "recall": {name: plain(value) for name, value in zip(FERPLUS, recall, strict=True)},
        "precision": {name: plain(value) for name, value in zip(FERPLUS, precision, strict=True)},
        "read_as": {
            f"{of} as {said}": plain(table[place(of), place(said)] / max(1, table[place(of)].sum()))
            for pair in PAIRS
            for of, said in (pair, pair[::-1])
        },
    }


def _mean(values: list[Any]) -> Any:
    if isinstance(values[0], dict):
        return {key: _mean([value[key] for value in values]) for key in values[0]}
    return float(np.mean(values))


def evaluate(model: Path, data: Path, labels: Path, mesh: str = MESH) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the reports on calibration and on priors.

    Raises:
        InputMissing: if data or labels are not there.
        ModelError: if the network or its card cannot be used.
    """
    card = Card.load(model)
    eight, seven = Calibration.of(card, len(FERPLUS)), Calibration.of(card, len(FER2013), "7")
    below = card.setting("unsure_below", 1 - UNSURE_LEVEL)
    prior = np.full(len(FERPLUS), 1 / len(FERPLUS)) if eight.prior is None else eight.prior
    first: dict[str, Any] = {"model": card.sha256, "settings": card.settings}
    second: dict[str, Any] = {"model": card.sha256, "data": dict(zip(FERPLUS, prior.tolist(), strict=True))}
    for split in ("validation", "test"):
        faces = load_split(data, labels, split)
        outputs: Outputs = product_outputs(model, faces, mesh)
        truth8, clean8 = majority(faces.votes), truth_by(faces.votes, clean_rows(faces.votes))
        raw8, raw7 = softmax(outputs["logits"]), softmax(outputs["logits7"])
        said8, said7 = eight.probabilities(outputs["logits"]), seven.probabilities(outputs["logits7"])
        first[split] = {
            "ferplus_clean": honesty(raw8, said8, clean8),
            "ferplus_majority": honesty(raw8, said8, truth8),
            "fer2013": honesty(raw7, said7, faces.labels),
            "unsure": unsureness(said8, truth8, below),
        }
        if split == "validation":
            first["forms"] = {
                "ferplus_majority": compare_forms(outputs["logits"][truth8 >= 0], truth8[truth8 >= 0]),
                "fer2013": compare_forms(outputs["logits7"][faces.labels >= 0], faces.labels[faces.labels >= 0]),
            }
        second[split] = priors(said8, truth8, prior)
    return first, second


def main() -> None:
    """Parse the command line, measure, and write both reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("src/mimika/models/expression.onnx"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--labels", type=Path, default=Path("build/teacher"), help="what recipes/teachers/label_mesh.py wrote"
    )
    parser.add_argument("--mesh", default=MESH, help="network that cuts the crops: a shipped name or a file")
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    parser.add_argument("--page", type=Path, default=Path("docs/how-to/calibration.md"), help="whose tables to renew")
    options = parser.parse_args()
    torch.set_num_threads(1)
    reports = evaluate(options.model, options.data, options.labels, options.mesh)
    options.out.mkdir(parents=True, exist_ok=True)
    other = "" if options.model.stem == "expression" else f"-{options.model.stem}"
    for name, report in zip(("calibration", "prior"), reports, strict=True):
        report["command"] = " ".join([COMMAND, *sys.argv[1:]])
        (options.out / f"{name}{other}.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    if not other:
        options.page.write_text(updated(options.page.read_text("utf-8"), *reports), "utf-8")
    sys.stdout.write(json.dumps(reports[0]["test"], indent=2) + "\n")


if __name__ == "__main__":
    main()
