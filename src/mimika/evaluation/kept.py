"""What a comparison keeps of each finished result: model by set by condition, so that a stopped run goes on."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OutputError
from mimika.engine import registry
from mimika.engine.card import Card
from mimika.evaluation.conditions import CLEAN
from mimika.evaluation.datasets import EvaluationSet
from mimika.evaluation.subjects import Predictions

PROTOCOL = 1
"""Raised when a condition or a rule changes, so that results kept by an older version are measured again."""


def views(data: EvaluationSet) -> dict[str, EvaluationSet]:
    """Return a set under each rule for its labels, by the name that tables use."""
    labels = data.origin.get("labels")
    found = {f"{data.name}, {labels}" if labels else data.name: data}
    for name, truth in data.other_truths.items():
        found[f"{data.name}, {name}"] = replace(data, truth=truth, other_truths={})
    return found


def identity(about: dict[str, Any], data: EvaluationSet, seed: int, card: Card | None = None) -> dict[str, Any]:
    """Return what a kept result must have been measured with to be used again.

    `about` is what the model says of itself; `card` its card, whose settings calibrate its answers.
    """
    digest = hashlib.sha256(repr((data.names, data.classes, data.crop)).encode())
    for truth in (data.truth, *data.other_truths.values()):
        digest.update(truth.tobytes())
    networks = {name: registry.card(name).sha256[:16] for name in ("detect", "mesh")}
    model = {name: about.get(name) for name in ("sha256", "version", "output")}
    told = json.dumps([card.settings, card.input], sort_keys=True, default=str) if card else ""
    model["settings"] = hashlib.sha256(told.encode()).hexdigest()[:16]
    return {"protocol": PROTOCOL, "model": model, "set": digest.hexdigest()[:16], "seed": seed, **networks}


class Kept:
    """The files that keep one result: the scores as JSON and, of clean pictures, the probabilities.

    `title` is the model's name in tables, `key` the condition; `identity` must be the same for the result to be used.
    """

    def __init__(self, folder: Path, data: EvaluationSet, title: str, key: str, identity: dict[str, Any]) -> None:
        name = "--".join(_slug(part) for part in (next(iter(views(data))), title, key))
        self._file = folder / "parts" / f"{name}.json"
        self.title, self.key, self._identity = title, key, identity

    def read(self) -> dict[str, Any] | None:
        """Return the scores by each rule of the set, None where there are none that can be used."""
        try:
            value = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        fits = isinstance(value, dict) and value.get("identity") == self._identity
        whole = self.key != CLEAN or self._file.with_suffix(".npz").exists()
        return dict(value["scores"]) if fits and whole else None

    def write(self, scores: dict[str, Any], said: Predictions) -> None:
        """Keep a result.

        Raises:
            OutputError: if it cannot be written.
        """
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if self.key == CLEAN:
                np.savez_compressed(self._file.with_suffix(".npz"), probabilities=said.probabilities)
            # Written beside and moved into place, so that an interrupt leaves no half a result.
            part = self._file.with_suffix(".part")
            part.write_text(to_json({"identity": self._identity, "scores": scores}), "utf-8")
            part.replace(self._file)
        except OSError as error:
            raise OutputError(str(self._file), (error.strerror or str(error)).lower()) from error

    def probabilities(self) -> NDArray[np.float32]:
        """Return what the model said of the clean pictures, (n, k)."""
        with np.load(self._file.with_suffix(".npz")) as arrays:
            return np.asarray(arrays["probabilities"], np.float32)


def to_json(value: Any) -> str:
    """Return indented JSON whose lists of numbers stay on one line each."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return re.sub(r"\[[\s\d.,eE+-]+\]", lambda found: f"[{' '.join(found[0][1:-1].split())}]", text) + "\n"


def _slug(text: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", text.removesuffix(".onnx")).strip("-")
