"""What asking a second reader about the least certain faces gains, with a simulated reader of known accuracy.

    python benchmarks/second_opinion.py --data ../shared/data --results docs/results/second_opinion.json

The shipped expression network reads the validation split of FER-2013 (PublicTest) under the clean votes of FER+. The
second reader is no cloud model: it is drawn from the truth (`mimika.evaluation.oracle`) with a chosen accuracy, its
mistakes either spread evenly over the faces ("hard" 0), or where people disagree too ("hard" 1), or half of each. The
weights of the fusion are fitted on one half of the faces and measured on the other, and the other way round; figures
are means over both halves and several draws. The price is that of a real model's request, as `mimika cloud estimate`
reckons it.

Two conditions are checked: the curve of accuracy over cost lies on or above the straight line from local only to cloud
only, and 20 % of the faces bring at least half of what all of them bring. Also writes docs/images/second-opinion.svg.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from kept import own_folder

from mimika.data.labels import FERPLUS
from mimika.data.prices import price_of
from mimika.engine import registry
from mimika.evaluation.datasets import open_set
from mimika.evaluation.escalation import SHARES, curve, line_of
from mimika.evaluation.kept import to_json
from mimika.evaluation.oracle import Oracle
from mimika.evaluation.run import answer
from mimika.evaluation.subjects import open_subject
from mimika.stages.recognize.asking import ANSWER_TOKENS_USUAL, tokens_in
from mimika.stages.recognize.calibrate import UNSURE_LEVEL
from mimika.stages.recognize.fusion import Fusion, fit
from mimika.stages.recognize.prompts import label_prompt
from mimika.stages.recognize.sending import Picture
from mimika.stages.write.sidecar import circumstances

ACCURACIES, HARD, DRAWS = (0.75, 0.80, 0.85, 0.90, 0.95, 0.98), (0.0, 0.5, 1.0), 5
MODEL = "gpt-4.1-mini"


def main() -> None:
    """Measure, check, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--keep", type=Path, default=Path("build/second-opinion"))
    parser.add_argument("--results", type=Path, default=Path("docs/results/second_opinion.json"))
    parser.add_argument("--chart", type=Path, default=Path("docs/images/second-opinion.svg"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    local, truth, votes = faces(given.data, given.keep)
    price = price_of(MODEL)
    assert price is not None
    cost = price.cost(tokens_in(price, label_prompt("en"), Picture(b"", 224, 224)), ANSWER_TOKENS_USUAL)
    rows = [measured(local, truth, votes, cost, accuracy, hard) for accuracy in ACCURACIES for hard in HARD]
    card = registry.card("expression")
    below = card.setting("unsure_below", 1 - UNSURE_LEVEL)
    result = {
        "what": "a simulated second reader of known accuracy beside the shipped network; no cloud model was asked",
        "data": "FER-2013 validation (PublicTest), clean votes of FER+",
        "n": len(truth),
        "local": {"model": card.name, "sha256": card.sha256, "top1": rnd((local.argmax(1) == truth).mean())},
        "unsure": {"below": below, "share": rnd((local.max(1) < below).mean())},
        "cost": {"model": MODEL, "usd_per_request": rnd(cost, 8), "checked": price.checked},
        "draws": DRAWS,
        "default_fusion": {"local": Fusion().local, "cloud": Fusion().cloud},
        "rows": rows,
        "holds": {
            "on_or_above_the_line": all(row["least_above_line"] >= 0 for row in rows),
            "half_of_the_gain_at_20_percent": all(row["share_of_gain_at_20"] >= 0.5 for row in rows),
        },
        **circumstances(" ".join(["python", *sys.argv])),
    }
    given.results.write_text(to_json(result), "utf-8")
    draw(rows, given.chart)
    for row in rows:
        print(
            f"cloud {100 * row['cloud_top1']:.1f} %, hard {row['hard']:g}: local {100 * row['top1'][0]:.2f} %, at 20 % "
            f"{100 * row['top1'][4]:.2f} %, all {100 * row['top1'][-1]:.2f} %, of the gain "
            f"{100 * row['share_of_gain_at_20']:.0f} %, above the line by {100 * row['least_above_line']:.2f} or more"
        )
    print(result["holds"])
    if not all(result["holds"].values()):
        raise SystemExit(1)


def faces(data: Path, keep: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the local probabilities, the truth and the votes; read once, and kept for the same networks."""
    file = own_folder(keep) / "faces.npz"
    if not file.exists():
        answers = answer(
            open_subject("expression"),
            open_set(data / "fer2013", split="validation", labels="ferplus"),
            lambda done, total: print(f"\r{done} of {total}", end="", file=sys.stderr, flush=True),
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        assert answers.data.votes is not None
        np.savez(file, p=answers.predictions.probabilities, truth=answers.data.truth, votes=answers.data.votes)
    with np.load(file) as known:
        clean = known["truth"] >= 0
        return known["p"][clean], known["truth"][clean], known["votes"][clean][:, : len(FERPLUS)].astype(float)


def measured(
    local: np.ndarray, truth: np.ndarray, votes: np.ndarray, cost: float, accuracy: float, hard: float
) -> dict[str, Any]:
    """Return the mean curve of one kind of second reader, fitted weights and default weights."""
    halves = np.random.default_rng(0).permutation(len(truth))
    halves = (halves[::2], halves[1::2])
    fitted, default, weights, only = [], [], [], []
    for seed in range(DRAWS):
        cloud = Oracle(accuracy, hard, seed).answers(truth, votes)
        for fitting, held in (halves, halves[::-1]):
            fusion = fit(local[fitting], cloud[fitting], truth[fitting])
            weights.append((fusion.local, fusion.cloud))
            only.append((cloud[held].argmax(1) == truth[held]).mean())
            for kept, used in ((fitted, fusion), (default, Fusion())):
                kept.append(curve(local[held], cloud[held], truth[held], used, np.full(len(held), cost)))
    top1 = mean(fitted, "top1")
    line = mean_line(fitted, only)
    at_20 = SHARES.index(0.2)
    return {
        "cloud_accuracy": accuracy,
        "hard": hard,
        "cloud_top1": rnd(np.mean(only)),
        "fusion": {"local": rnd(np.mean(weights, 0)[0]), "cloud": rnd(np.mean(weights, 0)[1])},
        "share": list(SHARES),
        "cost_per_1000_usd": [rnd(value, 6) for value in mean(fitted, "cost_per_1000_usd")],
        "top1": [rnd(value) for value in top1],
        "macro_f1": [rnd(value) for value in mean(fitted, "macro_f1")],
        "top1_default_fusion": [rnd(value) for value in mean(default, "top1")],
        "line": [rnd(value) for value in line],
        "least_above_line": rnd((top1 - line)[1:].min()),
        "share_of_gain_at_20": rnd((top1[at_20] - top1[0]) / (top1[-1] - top1[0])),
    }


def mean(curves: list[Any], name: str) -> np.ndarray:
    """Return the mean of one figure over several curves."""
    return np.mean([[getattr(point, name) for point in points] for points in curves], axis=0)


def mean_line(curves: list[Any], only: list[float]) -> np.ndarray:
    """Return the mean of the straight lines from local only to cloud only."""
    return np.mean([line_of(points, top1) for points, top1 in zip(curves, only, strict=True)], axis=0)


def rnd(value: Any, digits: int = 5) -> float:
    """Return a plain rounded number."""
    return round(float(value), digits)


def draw(rows: list[dict[str, Any]], file: Path) -> None:
    """Draw the curves for mistakes where people disagree too, the harder kind of reader to profit from."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    colours = ["#5b6470", "#b7791f", "#8a4fc4", "#0b8a63", "#1f6fd1", "#d9480f"]
    with rc_context({"svg.fonttype": "none", "font.size": 10, "svg.hashsalt": "mimika"}):
        figure = Figure(figsize=(9.0, 4.6), layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        for row, colour in zip([row for row in rows if row["hard"] == 1], colours, strict=True):
            cost, top1 = row["cost_per_1000_usd"], [100 * value for value in row["top1"]]
            axes.plot(cost, top1, color=colour, linewidth=2)
            name = f"second reader {100 * row['cloud_top1']:.0f} % right"
            axes.annotate(
                name, (cost[-1], top1[-1]), (6, 0), textcoords="offset points", va="center", color=colour, fontsize=9
            )
            if row["cloud_top1"] > row["top1"][0]:
                ends = [top1[0], 100 * row["cloud_top1"]]
                axes.plot([cost[0], cost[-1]], ends, color=colour, linewidth=1, linestyle=(0, (4, 3)))
        fifth = rows[0]["cost_per_1000_usd"][SHARES.index(0.2)]
        axes.axvline(fifth, color="#999999", linewidth=0.8)
        low = axes.get_ylim()[0]
        axes.annotate(
            "a fifth of the faces", (fifth, low), (4, 6), textcoords="offset points", color="#666666", fontsize=9
        )
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_xlim(0, 1.32 * rows[0]["cost_per_1000_usd"][-1])
        axes.set_xlabel("cost for 1,000 faces, US dollars")
        axes.set_ylabel("accuracy, %")
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, metadata={"Date": None})
        figure.savefig("build/second-opinion.png", dpi=110)
    text = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(line.rstrip() for line in text) + "\n", "utf-8")


if __name__ == "__main__":
    main()
