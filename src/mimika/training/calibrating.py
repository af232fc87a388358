"""Fit what makes an expression network's probabilities honest: `python -m mimika.training.calibrating --help`.

Fitted on PublicTest, the validation split, with the crops that the product itself cuts: a temperature for each head,
and the limit below which a face is "unsure". The shares of the classes come from the training split. All of it goes
into the card's [settings]. A bias a class beside the temperature made the truth no likelier in cross-validation
(`evaluate_calibration.py`), and the best class less often right.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.evaluation.votes import majority_rows, truth_by
from mimika.stages.recognize.calibrate import UNSURE_LEVEL, softmax
from mimika.training import evaluate_expression
from mimika.training.export import write_card
from mimika.training.expression_data import ExpressionFaces, load_split
from mimika.training.pictures import shards

MESH = "mesh"


def settings(model: Path, data: Path, labels: Path, mesh: str = MESH) -> dict[str, Any]:
    """Return the calibration of a network file as its card's [settings] hold it.

    `temperature` and `prior` are for the FER+ logits, with a 7 behind the name for the FER-2013 logits;
    `unsure_below` is the probability under which more than `UNSURE_LEVEL` of the faces are read wrongly.

    Raises:
        InputMissing: if data or labels are not there.
        ModelError: if the network cannot be used.
    """
    faces = load_split(data, labels, "validation")
    outputs = product_outputs(model, faces, mesh)
    trained8, trained7 = trained_on(data)
    eight = head_settings(outputs["logits"], majority(faces.votes), trained8)
    seven = head_settings(outputs["logits7"], faces.labels, trained7)
    return eight | {f"{name}7": seven[name] for name in ("temperature", "prior")}


def head_settings(logits: Floats, truth: NDArray[np.int64], trained: NDArray[np.int64]) -> dict[str, Any]:
    """Return `temperature`, `prior` and `unsure_below` of one head.

    `logits` (n, k) on the validation split with its `truth` (n,); `trained` (m,) the truth of the training split; both
    -1 where there is none.
    """
    logits, truth = logits[truth >= 0], truth[truth >= 0]
    temperature = fit(logits, truth)
    probabilities = softmax(logits, temperature)
    shares = np.bincount(trained[trained >= 0], minlength=logits.shape[1]) / (trained >= 0).sum()
    wrong = probabilities.argmax(1) != truth
    return {
        "temperature": round(temperature, 4),
        "prior": [round(value, 5) for value in shares.tolist()],
        "unsure_below": round(limit(probabilities.max(1), wrong, UNSURE_LEVEL), 4),
    }


def majority(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the (n,) expression that most voters named, -1 where they did not agree, by the rule of FER+'s authors."""
    return truth_by(votes, majority_rows(votes))


def product_outputs(model: Path, faces: ExpressionFaces, mesh: str = MESH) -> dict[str, NDArray[np.float32]]:
    """Return a network's outputs on the crops that our own mesh network cuts."""
    matrices = evaluate_expression.mesh_matrices(faces, mesh)
    return evaluate_expression.outputs_of(model, evaluate_expression.plain_crops(faces, matrices))


def trained_on(data: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the training split's FER+ majority and FER-2013 label of each picture, -1 where there is none."""
    tables = [pq.read_table(file, columns=["label", "votes"]) for file in shards(data, "fer2013-train")]
    votes = np.concatenate([np.array(table["votes"].to_pylist(), np.int64) for table in tables])
    return majority(votes), np.concatenate([table["label"].to_numpy() for table in tables]).astype(np.int64)


def fit(logits: Floats, truth: NDArray[np.int64]) -> float:
    """Return the temperature at which (n, k) logits make the (n,) truth likeliest.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    given, wanted = torch.from_numpy(np.asarray(logits, np.float64)), torch.from_numpy(truth)
    scale = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([scale], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(given * scale.exp(), wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return float(torch.exp(-scale.detach()))


def limit(confidence: Floats, wrong: NDArray[np.bool_], level: float) -> float:
    """Return the confidence below which the expected error exceeds `level`, 0 if it never does.

    The error of (n,) answers is taken to fall with their confidence (isotonic regression), so that the limit does not
    hang on a few faces. Source: Ayer et al., "An empirical distribution function for sampling with incomplete
    information", 1955 (pool adjacent violators).
    """
    values, place = np.unique(confidence, return_inverse=True)
    errors_at, counts_at = np.bincount(place, wrong), np.bincount(place)
    pools: list[list[float]] = []
    for row in range(len(values))[::-1]:
        pools.append([float(errors_at[row]), float(counts_at[row]), float(values[row])])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            errors, count, lowest = pools.pop()
            pools[-1] = [pools[-1][0] + errors, pools[-1][1] + count, lowest]
    too_wrong = [place for place, (errors, count, _) in enumerate(pools) if errors > level * count]
    if not too_wrong:
        return 0.0
    return pools[too_wrong[0] - 1][2] if too_wrong[0] else 1.0


def main() -> None:
    """Parse the command line, fit, and write the card anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("src/mimika/models/expression.onnx"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--labels", type=Path, default=Path("build/teacher"), help="what recipes/teachers/label_mesh.py wrote"
    )
    parser.add_argument("--mesh", default=MESH, help="network that cuts the crops: a shipped name or a file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    card = tomllib.loads(options.model.with_suffix(".toml").read_text("utf-8"))
    found = settings(options.model, options.data, options.labels, options.mesh)
    kept = {name: value for name, value in card.get("settings", {}).items() if name not in ("bias", "bias7")}
    card["settings"] = kept | found
    write_card(options.model, card)
    for name, value in found.items():
        sys.stdout.write(f"{name} = {value}\n")


if __name__ == "__main__":
    main()
