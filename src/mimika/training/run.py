"""One recipe from start to finish: train, export, check, write the card and the scores."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimika.data.errors import OptionError
from mimika.training.fit import Task, fit
from mimika.training.recipe import Recipe

TASKS = {
    "mesh": "mesh:MeshTask",
    "expression": "expression:ExpressionTask",
    "detect": "detect:DetectTask",
    "classify": "classify:ClassifyTask",
}
"""Task name in a recipe to module and class under `mimika.training`."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a training reads and writes.

    `data` is the layout of `../shared/data`; `labels` holds the teachers' labels; `cache` decoded pictures; `out`
    checkpoints and logs; `models` receives the exported network and its card.
    """

    data: Path = Path("../shared/data")
    labels: Path = Path("build/teacher")
    cache: Path = Path("build/cache")
    out: Path = Path("build/training")
    models: Path = Path("src/mimika/models")


def build(recipe: Recipe, folders: Folders) -> Task:
    """Make the task that a recipe names.

    Raises:
        OptionError: if there is no such task.
    """
    if recipe.task not in TASKS:
        raise OptionError(f"task: expected one of {', '.join(TASKS)}, received {recipe.task!r}")
    module, _, name = TASKS[recipe.task].partition(":")
    made: Task = getattr(importlib.import_module(f"mimika.training.{module}"), name)(
        recipe, folders.data, folders.labels, folders.cache
    )
    return made


def train(
    path: Path, folders: Folders, overrides: dict[str, Any] | None = None, *, resume: bool = True
) -> dict[str, Any]:
    """Train one recipe and export it; returns the card.

    An interrupted training goes on from its last finished epoch when `resume` is set.

    Raises:
        InputMissing: the recipe, the data or the teacher's labels are not there.
        ModelError: the exported file does not compute what PyTorch computes.
    """
    recipe = Recipe.load(path, overrides)
    task = build(recipe, folders)
    out = folders.out / recipe.name
    out.mkdir(parents=True, exist_ok=True)
    if not (resume and (out / "last.ckpt").exists()):
        task.start()
    fit(task, out, resume=resume)
    folders.models.mkdir(parents=True, exist_ok=True)
    return task.export(folders.models / f"{recipe.name}.onnx")
