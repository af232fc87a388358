"""What a training cost: written while it runs, so that a stop does not lose it."""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

FILE = "cost.json"


class Ledger(Callback):
    """Keeps `cost.json` in `out`: seconds of wall clock and of computing, epochs and steps, over all starts.

    An epoch that was stopped in the middle and begun again is counted as often as it was computed.
    """

    def __init__(self, out: Path) -> None:
        self.file = out / FILE
        self.before: dict[str, Any] = {}

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start both clocks; a training that goes on adds to what it cost so far."""
        self.before = read_cost(self.file.parent) if trainer.ckpt_path else {}
        self.wall, self.computing = time.monotonic(), time.process_time()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write what was spent."""
        self.write(trainer)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write what was spent in all."""
        self.write(trainer)

    def write(self, trainer: lightning.Trainer) -> None:
        """Write the file; an epoch that a clock ended early counts as the share of its steps."""
        batches = max(1, int(trainer.num_training_batches))
        cost = {
            "wall_s": round(self.before.get("wall_s", 0) + time.monotonic() - self.wall, 1),
            "core_s": round(self.before.get("core_s", 0) + time.process_time() - self.computing, 1),
            "epochs": round(trainer.global_step / batches, 2),
            "steps": trainer.global_step,
            "threads": torch.get_num_threads(),
            "hardware": hardware(),
        }
        self.file.write_text(json.dumps(cost, indent=2) + "\n", "utf-8")


def read_cost(out: Path) -> dict[str, Any]:
    """Return what `out` says that a training cost; empty if it says nothing."""
    file = out / FILE
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def hardware() -> str:
    """Return the name of the processor or GPU that computes."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
