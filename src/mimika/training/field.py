"""The table of the networks of the field: `python -m mimika.training.field`, after the recipes were trained.

Each network is measured on FER-2013's test split, once, with `mimika evaluate`'s own code; a network that was not
trained here is exported as it starts, so that its size and speed are there, and has no accuracy.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mimika.engine.session import Session
from mimika.evaluation.datasets import open_set
from mimika.evaluation.run import TIMED, evaluate
from mimika.evaluation.subjects import OnnxSubject
from mimika.training.curves import read_metrics
from mimika.training.export import export_network
from mimika.training.field_charts import draw_field
from mimika.training.ledger import hardware, read_cost
from mimika.training.losses import cross_entropy
from mimika.training.networks.field import fused, make_network
from mimika.training.recipe import Recipe

CLASSES, TRAIN_ROWS = 7, 28_561
BEGIN, END = "<!-- table: python -m mimika.training.field -->", "<!-- end of table -->"

KINDS = {
    "four_block_cnn": "convolution",
    "mini_xception": "convolution",
    "resnet": "convolution",
    "convnext": "convolution",
    "expression": "convolution",
    "vit": "transformer",
    "conv_attention": "both",
}
"""Network name in a recipe to what it is made of."""

NAMES = {
    "four_block_cnn": "4-block CNN",
    "mini_xception": "mini-XCEPTION",
    "resnet18": "ResNet-18",
    "resnet50": "ResNet-50",
    "resnet152": "ResNet-152",
    "vit": "ViT (8 px patches)",
    "convnext_tiny": "ConvNeXt-T",
    "conv_attention": "convolution + attention",
    "expression_tight": "ours, unaligned",
}
"""Recipe to the name in tables."""


def row_of(recipe: Recipe, data: Path, models: Path, training: Path, command: str) -> dict[str, Any]:
    """Return everything the table says of one recipe; `models` and `training` are those given to `mimika train`."""
    file, out = models / f"{recipe.name}.onnx", training / recipe.name
    trained = file.exists()
    row: dict[str, Any] = {
        "recipe": f"recipes/field/{recipe.name}.toml",
        "name": NAMES.get(recipe.name, recipe.name),
        "kind": KINDS.get(str(recipe.network.get("name")), "other"),
        "trained": trained,
    }
    if not trained:
        file = models / "untrained" / f"{recipe.name}.onnx"
        file.parent.mkdir(parents=True, exist_ok=True)
        _export_untrained(recipe, file)
    pictures = open_set(data / "fer2013", labels="fer2013", crop="tight")
    if not trained:
        pictures = pictures.take(np.arange(TIMED))
    found = evaluate(OnnxSubject(file), pictures, command=[command])
    row |= {key: found["model"][key] for key in ("parameters", "macs", "bytes", "sha256")}
    row["core_ms"] = answer_cost(file, int(recipe.data.get("side", 48)))
    row["epoch_core_s"] = epoch_cost(recipe)
    if trained:
        scores = ("n", "top1", "top1_ci95", "macro_f1", "balanced_accuracy", "ece", "per_class", "confusion", "classes")
        row |= {key: found[key] for key in scores}
        row["training"] = {**read_cost(out), "epochs_planned": recipe.schedule.epochs}
        row["curve"] = read_metrics(out / "log").get("val_accuracy", [])
    row["remark"] = remark(row)
    return row


def remark(row: dict[str, Any]) -> str:
    """Return what a reader must know about how long a network was trained."""
    if not row["trained"]:
        return "not trained here; size and time only"
    epochs, planned = row["training"].get("epochs", 0), row["training"]["epochs_planned"]
    return "" if epochs >= planned else f"cut short after {epochs:g} of {planned} epochs"


def answer_cost(file: Path, side: int, seconds: float = 0.7) -> float:
    """Return the milliseconds of one core that an answer to one picture takes in ONNX Runtime.

    Computing time, not wall clock: other work on the machine would only be measured with it.
    """
    session, luma = Session(file, threads=1), np.full((1, 1, side, side), 0.5, np.float32)
    for _ in range(5):
        session.run(luma)
    count, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        session.run(luma)
        count += 1
    return round(1000 * (time.process_time() - began) / count, 3)


def epoch_cost(recipe: Recipe, batches: int = 2) -> float:
    """Return the seconds of one core that an epoch of FER-2013 takes: forward, backward and step, without loading."""
    torch.manual_seed(0)
    schedule, side = recipe.schedule, int(recipe.data.get("side", 48))
    network: Any = make_network(recipe.network, CLASSES).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters())
    luma, targets = torch.rand(schedule.batch, 1, side, side), torch.full((schedule.batch, CLASSES), 1 / CLASSES)
    began = 0.0
    for number in range(batches + 1):
        began = time.process_time() if number == 1 else began
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(luma)
        cross_entropy(logits, targets).mean().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return round((time.process_time() - began) / batches * TRAIN_ROWS / schedule.batch, 1)


def _export_untrained(recipe: Recipe, file: Path) -> None:
    torch.manual_seed(0)
    side = int(recipe.data.get("side", 48))
    card: dict[str, Any] = {
        "name": recipe.name,
        "version": "0",
        "architecture": "untrained, for its size and speed",
        "licence": "Apache-2.0",
        "labels": ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"],
        "input": {"name": "luma", "shape": ["n", 1, side, side], "range": [0, 1], "crop": "tight"},
        "settings": {"temperature": 1.0},
    }
    network = fused(make_network(recipe.network, CLASSES))
    export_network(network, torch.rand(4, 1, side, side), file, outputs=["logits"], card=card)


def main() -> None:
    """Measure all recipes of the field; write the table and the charts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", type=Path, default=Path("recipes/field"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--training", type=Path, default=Path("build/training"))
    parser.add_argument("--json", type=Path, default=Path("docs/results/field.json"))
    parser.add_argument("--charts", type=Path, default=Path("docs/images"))
    parser.add_argument("--only", nargs="*", help="measure these recipes anew and keep the other rows of --json")
    parser.add_argument("--note", nargs="*", default=[], help="NAME=TEXT, added to the remark of a recipe's row")
    parser.add_argument("--page", type=Path, default=Path("docs/field.md"), help="its table is written anew")
    parser.add_argument("--draw", action="store_true", help="only make charts and table of --json anew")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if not given.draw:
        _measure(given)
    table = json.loads(given.json.read_text("utf-8"))
    draw_field(table, given.charts)
    if given.page.exists():
        text = given.page.read_text("utf-8")
        given.page.write_text(with_table(text, table["rows"]), "utf-8")


def with_table(page: str, rows: list[dict[str, Any]]) -> str:
    """Return a page whose text between the two lines BEGIN and END is the table of `rows`."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        return page
    head = "| network | accuracy, % | macro-F1 | parameters | MACs | ms an image | epochs | core minutes | remark |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|", *map(_line, rows)]
    return before + begin + "\n" + "\n".join(lines) + "\n" + end + after


def _line(row: dict[str, Any]) -> str:
    accuracy, macro, epochs, minutes = "–", "–", "–", "–"
    if row["trained"]:
        low, high = row["top1_ci95"]
        accuracy, macro = f"{100 * row['top1']:.1f} ({100 * low:.1f}–{100 * high:.1f})", f"{row['macro_f1']:.3f}"
        epochs, minutes = f"{row['training'].get('epochs', 0):.1f}", f"{row['training'].get('core_s', 0) / 60:.0f}"
    size, work = f"{row['parameters'] / 1e6:.3g} M", f"{row['macs'] / 1e6:.3g} M"
    cells = (row["name"], accuracy, macro, size, work, f"{row['core_ms']:.2f}", epochs, minutes)
    return "| " + " | ".join((*cells, row["remark"])) + " |"


def _measure(given: argparse.Namespace) -> None:
    command = "python -m mimika.training.field"
    kept = json.loads(given.json.read_text("utf-8"))["rows"] if given.only is not None and given.json.exists() else []
    rows = {Path(row["recipe"]).stem: row for row in kept}
    notes = dict(note.split("=", 1) for note in given.note)
    for file in sorted(given.recipes.glob("*.toml")):
        if given.only is not None and file.stem not in given.only:
            continue
        row = row_of(Recipe.load(file), given.data, given.models, given.training, command)
        row["remark"] = "; ".join(part for part in (row["remark"], notes.get(file.stem, "")) if part)
        rows[file.stem] = row
        print(f"{file.stem}: {row.get('top1', 'not trained')} {row['remark']}", file=sys.stderr, flush=True)
        _write(given.json, command, rows)


def _write(file: Path, command: str, rows: dict[str, dict[str, Any]]) -> None:
    """Write after each row: measuring takes minutes, and may be stopped."""
    ordered = sorted(rows.values(), key=lambda row: -row.get("top1", 0))
    table = {"command": command, "test": "FER-2013 PrivateTest", "hardware": hardware(), "threads": 1, "rows": ordered}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
