"""A recipe: everything that decides a training, in one TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimika.data.errors import InputCorrupt, InputMissing, OptionError


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to learn.

    `rate` is the peak learning rate, reached after `warmup` (share of all steps) and lowered along a cosine; `ema`
    is the decay of the averaged weights that are exported; `threads` 0 means all cores; `workers` are data loading
    processes. With `minutes` the clock rules instead of `epochs`: the rate falls with the time spent, and the training
    ends when it is up, whatever the machine managed until then.

    `optimizer` and `plan` name one of `optimizers.OPTIMIZERS` and `optimizers.PLANS`. With `best` the weights of the
    epoch that scored best on validation are exported, not the last ones; with `patience` the training ends after so
    many epochs without a better one. `sam` is the reach of sharpness-aware minimisation, see `sam.py`; 0 is off.
    """

    epochs: int = 10
    batch: int = 64
    rate: float = 1e-3
    weight_decay: float = 0.02
    warmup: float = 0.05
    ema: float = 0.998
    clip: float = 5.0
    threads: int = 0
    workers: int = 0
    minutes: float = 0.0
    optimizer: str = "adamw"
    momentum: float = 0.9
    plan: str = "cosine"
    best: bool = False
    patience: int = 0
    sam: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training.

    `task` names the module under `mimika.training`; `data`, `network` and `expected` are that task's own. `loss` and
    `augment` choose from `losses.py` and `augmentations.py`, `start` the weights to begin with (`pretrained.py`),
    `ship` what becomes of the network when it is written, such as int8 weights; see the task. `file` is its own name.
    """

    name: str
    task: str
    seed: int
    schedule: Schedule
    data: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    loss: dict[str, Any] = field(default_factory=dict)
    augment: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    ship: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)
    file: str = ""

    @classmethod
    def load(cls, path: Path | str, overrides: dict[str, Any] | None = None) -> Recipe:
        """Read a recipe; `overrides` maps dotted names such as "schedule.epochs" to values.

        Raises:
            InputMissing: there is no such file.
            InputCorrupt: it is not TOML.
            OptionError: a table or key is missing or unknown.
        """
        try:
            raw = tomllib.loads(Path(path).read_text("utf-8"))
        except FileNotFoundError as error:
            raise InputMissing(str(path), "no such recipe") from error
        except tomllib.TOMLDecodeError as error:
            raise InputCorrupt(str(path), f"not TOML: {error}") from error
        for dotted, value in (overrides or {}).items():
            table = raw
            *parents, last = dotted.split(".")
            for parent in parents:
                table = table.setdefault(parent, {})
            table[last] = value
        try:
            return cls(**{"file": Path(path).name, **raw, "schedule": Schedule(**raw.get("schedule", {}))})
        except TypeError as error:
            raise OptionError(f"{path}: {error}") from error
