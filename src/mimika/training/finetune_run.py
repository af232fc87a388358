"""Fine-tuning from a folder to a network, its card and a report."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import shutil
import signal
import sys
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from mimika.data.labels import FER2013, FERPLUS
from mimika.engine import registry
from mimika.engine.card import Card
from mimika.stages.write.files import claim, write_json, write_whole
from mimika.stages.write.sidecar import circumstances
from mimika.training.export import rounded, write_card, write_network
from mimika.training.finetune import HEADS, FinetuneTask, plain, recipe_for
from mimika.training.finetune_data import OwnFaces, read_faces
from mimika.training.finetune_page import write_page
from mimika.training.finetune_scores import compared, outputs_of, temperature
from mimika.training.finetune_split import PARTS, Division, divide
from mimika.training.fit import fit
from mimika.training.networks.expression import ShippedExpression
from mimika.training.rebuild import OUTPUTS, is_whole, rebuilt

SAMPLE = 100
"""Crops that the ranges of whole numbers are read off."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done.

    `folder` of class folders; `base` a shipped network or an .onnx file; `out` receives `NAME.onnx`, its card,
    `report.json` and `report.html`. `class_map`, `crop_as` and `pattern` are as in `finetune_data.read_faces` and
    `finetune_split.divide`; `overrides` as in `finetune.recipe_for`. `resume` goes on with a training that was stopped;
    `force` replaces what is there; `quiet` prints no line an epoch.
    """

    folder: Path
    base: str = "expression"
    out: Path = Path("mimika-model")
    class_map: Mapping[str, str] = field(default_factory=dict)
    crop_as: str | None = None
    pattern: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = True
    force: bool = False
    command: tuple[str, ...] = ()
    quiet: bool = False


def finetune(
    order: Order,
    progress: Callable[[int, int], None] | None = None,
    tell: Callable[[OwnFaces, Division], None] | None = None,
    faces: OwnFaces | None = None,
) -> dict[str, Any]:
    """Train a network further on a folder, measure it on what was held out, and write network, card and report.

    `progress` is told how many pictures are read, and of how many; `tell` is called with what is about to be learnt;
    `faces` are the folder's, where they have been read before.
    Returns what `report.json` holds.

    Raises:
        InputError: if the folder cannot be used.
        OptionError: if it holds too little, or an option cannot be used.
        ModelError: if the base cannot be trained further.
        OutputError: if the results cannot be written.
    """
    base = registry.card(order.base)
    rebuilt(base.path)
    name = f"{base.name.removesuffix('.onnx')}-{_plain_name(order.folder.resolve().name)}"
    target = order.out / f"{name}.onnx"
    for file in (target, order.out / "report.json", order.out / "report.html"):
        claim(file, order.force)
    seed = int(order.overrides.get("seed", 0))
    recipe_for(name, 0, seed, dict(order.overrides))  # a wrong setting is told before the pictures are read
    began = time.monotonic()
    if faces is None:
        faces = read_faces(order.folder, class_map=order.class_map, crop_as=order.crop_as, progress=progress)
    division = divide(faces, order.pattern, seed)
    if tell:
        tell(faces, division)
    read = time.monotonic() - began
    recipe = recipe_for(name, int(division.rows("train").sum()), seed, dict(order.overrides))
    task = FinetuneTask(recipe, base, faces, division)
    epochs = _train(task, order, base)
    whole, share = task.chosen()
    _write(whole, base, plain(faces, np.flatnonzero(division.rows("train"))[:SAMPLE]), target)
    card = _card(name, target, base, faces, division, task)
    write_card(target, card)
    report = {
        **_about(faces, division, base, card, order),
        "schedule": {"epochs": epochs, "of": recipe.schedule.epochs, "batch": recipe.schedule.batch, "seed": seed},
        "way_from_base": share,
        "test": compared(base.path, target, faces, division),
        "seconds": {"reading": round(read, 1), "all": round(time.monotonic() - began, 1)},
        **circumstances(" ".join(order.command)),
    }
    card["scores"] = _scores(report)
    write_card(target, card)
    write_json(order.out / "report.json", report)
    write_whole(order.out / "report.html", write_page(report))
    shutil.rmtree(order.out / "training", ignore_errors=True)
    return report | {"file": str(target), "page": str(order.out / "report.html")}


def _write(whole: ShippedExpression, base: Card, crops: Tensor, target: Path) -> None:
    """Write the network as its base was written; from crops (n, 1, 64, 64) learnt from come the ranges, if whole."""
    sample = crops.numpy() if is_whole(base.path) else None
    write_network(rounded(whole), crops[:2], target, OUTPUTS, sample=sample)


def _train(task: FinetuneTask, order: Order, base: Card) -> int:
    """Fit, going on from a stopped training of the same pictures; returns how many epochs there were in all."""
    place = order.out / "training"
    same = hashlib.sha256(
        json.dumps(
            [base.sha256, task.faces.names, task.faces.truth.tolist(), task.division.part.tolist(), repr(task.recipe)]
        ).encode()
    ).hexdigest()
    mark = place / "of.txt"
    resume = order.resume and mark.is_file() and mark.read_text("utf-8") == same
    if not resume:
        shutil.rmtree(place, ignore_errors=True)
        claim(mark, force=True)
        write_whole(mark, same)
    elif (place / "last.ckpt").exists():
        print(f"going on with the training in {place} (--fresh starts anew)", file=sys.stderr)
    handler = signal.getsignal(signal.SIGINT)
    try:
        with _silence(), redirect_stderr(io.StringIO() if order.quiet else sys.stderr):
            fit(task, place, resume=resume)
    except SystemExit as end:
        # Lightning turns Ctrl-C into an exit, and does not hear a second one.
        if not isinstance(end.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, handler)
        print(f"finished epochs are kept in {place}; the same command goes on", file=sys.stderr)
        raise KeyboardInterrupt from end
    return int(task.trainer.current_epoch)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Lightning's hints to programmers from the user; its errors stay."""
    logger = logging.getLogger("lightning.pytorch")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _card(
    name: str, target: Path, base: Card, faces: OwnFaces, division: Division, task: FinetuneTask
) -> dict[str, Any]:
    """Return the new card: the base's, with what has changed."""
    card = tomllib.loads(base.path.with_suffix(".toml").read_text("utf-8"))
    card.pop("recipe", None)
    data = target.read_bytes()
    rows = np.flatnonzero(division.rows("validation"))
    outputs = outputs_of(target, faces.crops[rows])
    settings = {key: value for key, value in card.get("settings", {}).items() if key.rstrip("7") != "bias"}
    for (head, _, end), output in zip(HEADS, ("logits", "logits7"), strict=True):
        settings[f"temperature{end}"] = round(temperature(outputs[output], task.heads[head], rows), 4)
        settings[f"prior{end}"] = [round(value, 5) for value in task.heads[head].expected.tolist()]
    learnt = ", ".join(f"{count} {of}" for of, count in faces.counts(division.rows("train")).items())
    own = {"name": faces.name, "use": f"fine-tuning: {learnt}", "terms": "the user's own"}
    return card | {
        "name": name,
        "version": "1",
        "labels": list(FERPLUS),
        "labels7": list(FER2013),
        "data": [*card.get("data", ()), own],
        "base": {"name": base.name, "version": base.version, "sha256": base.sha256},
        "settings": settings,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
    }


def _about(faces: OwnFaces, division: Division, base: Card, card: dict[str, Any], order: Order) -> dict[str, Any]:
    counts = {part: faces.counts(division.rows(part)) for part in PARTS}
    return {
        "data": {
            "name": faces.name,
            "faces": len(faces),
            "parts": counts,
            "persons": len(set(division.groups.tolist())) if division.persons else None,
            "divided": division.how,
            "tight": int(faces.tight.sum()),
            "unreadable": [{"name": name, "reason": reason} for name, reason in faces.unreadable],
            "faceless": list(faces.faceless),
            "left_out": dict(faces.left_out),
        },
        "warnings": list(division.warnings),
        "base": {"name": base.name, "version": base.version, "sha256": base.sha256},
        "model": {"name": card["name"], "sha256": card["sha256"], "bytes": card["bytes"]},
    }


def _scores(report: dict[str, Any]) -> dict[str, Any]:
    after, before = report["test"]["after"], report["test"]["before"]
    return {
        "set": f"the held-out faces of {report['data']['name']}",
        "n": after["n"],
        "accuracy": after["top1"],
        "interval": after["top1_ci95"],
        "macro_f1": after["macro_f1"],
        "brier": after["brier"],
        "accuracy_of_base": before["top1"],
    }


def _plain_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name).strip("-") or "own"
