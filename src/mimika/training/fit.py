"""The training loop: one for every network, resumable, seeded, in bfloat16 where the processor or GPU has it."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, Timer
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from mimika.data.errors import OptionError
from mimika.training.curves import Curves
from mimika.training.ledger import Ledger
from mimika.training.optimizers import make_optimizer, make_plan
from mimika.training.pretrained import depths, load_weights, matching
from mimika.training.recipe import Recipe
from mimika.training.unfold import unfold

EXAMPLE = 512
"""Inputs off which the normalisations of a shipped network are read when it goes on learning."""


class Task(lightning.LightningModule):
    """What a network has to learn: subclasses give the network, the data, the loss and the scores.

    `averaged` holds the exponential moving average of the weights; scores and the export use it. `monitor` is the
    score of validation, larger is better, that recipes with `best` or `patience` go by.
    """

    monitor = ""

    def __init__(self, recipe: Recipe, network: nn.Module) -> None:
        super().__init__()
        self.recipe = recipe
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = get_ema_multi_avg_fn(recipe.schedule.ema)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.averaged.requires_grad_(False)

    def train_dataset(self) -> Dataset[Any]:
        """Return the augmented training samples."""
        raise NotImplementedError

    def validation_dataset(self) -> Dataset[Any]:
        """Return the samples that scores are chosen on; never the test split."""
        raise NotImplementedError

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a training batch and its parts for the log."""
        raise NotImplementedError

    def scores(self, batch: Any) -> dict[str, Tensor]:
        """Return the mean scores of a validation batch, made with `self.averaged`."""
        raise NotImplementedError

    def start(self) -> None:
        """Prepare the weights before the first epoch of a fresh training: load those that the recipe starts from.

        Raises:
            InputError, ModelError: they are not there, or are another network's.
        """
        if source := self.recipe.start.get("weights"):
            if Path(source).suffix == ".onnx":
                unfold(self.network, Path(source), self.example())
            else:
                print(load_weights(self.network, str(source)), file=sys.stderr, flush=True)
            self.averaged.module.load_state_dict(self.network.state_dict())

    def example(self) -> Tensor:
        """Return `EXAMPLE` typical inputs (n, 1, h, w) of the training."""
        loader = DataLoader(self.train_dataset(), EXAMPLE, shuffle=True)
        batch = next(iter(loader))
        return batch["luma"] if isinstance(batch, dict) else batch[0]  # type: ignore[no-any-return]

    def export(self, target: Path) -> dict[str, Any]:
        """Write the averaged network to `target` with its card, scores included; return the card."""
        raise NotImplementedError

    def steps(self) -> int:
        """Return how many batches all epochs have."""
        return max(1, int(self.trainer.estimated_stepping_batches))

    def progress(self, step: int | None = None) -> float:
        """Return how far the training is, 0..1: by the clock if the recipe gives `minutes`, else by steps."""
        if self.recipe.schedule.minutes:
            clock = next(callback for callback in self.trainer.callbacks if isinstance(callback, Timer))  # type: ignore[attr-defined]
            return min(1.0, clock.time_elapsed() / (60 * self.recipe.schedule.minutes))
        return min(1.0, (self.global_step if step is None else step) / self.steps())

    def training_step(self, batch: Any, index: int) -> Tensor:
        """Lightning's step."""
        loss, parts = self.loss(batch)
        self.log_dict({f"train_{name}": value.detach() for name, value in parts.items()}, on_epoch=True, on_step=False)
        self.log("train_loss", loss.detach(), on_epoch=True, on_step=False)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Follow the weights with their average; a short memory at first, so that the start is forgotten."""
        step = self.global_step
        decay = min(self.recipe.schedule.ema, (1 + step) / (10 + step))
        self.averaged.multi_avg_fn = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self.averaged.update_parameters(self.network)

    def validation_step(self, batch: Any, index: int) -> None:
        """Lightning's step."""
        self.averaged.eval()
        self.log_dict({f"val_{name}": value for name, value in self.scores(batch).items()}, on_epoch=True)

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the shuffled loader."""
        return self._loader(self.train_dataset(), shuffle=True)

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the loader in order."""
        return self._loader(self.validation_dataset(), shuffle=False)

    def _loader(self, data: Dataset[Any], shuffle: bool) -> DataLoader[Any]:
        schedule = self.recipe.schedule
        return DataLoader(
            data, schedule.batch, shuffle=shuffle, drop_last=shuffle, num_workers=schedule.workers,
            persistent_workers=schedule.workers > 0,
        )  # fmt: skip

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return what is learnt, in groups as `torch.optim` takes them: biases and norms do not decay.

        With the recipe's `start.layer_decay` below 1 each block learns that much slower than the one above it. Source:
        Howard & Ruder, "Universal language model fine-tuning for text classification", ACL 2018 (discriminative rates).
        """
        schedule, decay = self.recipe.schedule, float(self.recipe.start.get("layer_decay", 1.0))
        learnt = [(name, p) for name, p in self.named_parameters() if p.requires_grad]
        depth = depths(name for name, _ in learnt) if decay != 1 else dict.fromkeys((name for name, _ in learnt), 0)
        groups: list[dict[str, Any]] = []
        for level in sorted(set(depth.values())):
            rate = {} if decay == 1 else {"lr": schedule.rate * decay**level}
            chosen = [p for name, p in learnt if depth[name] == level]
            for params, weight_decay in (
                ([p for p in chosen if p.ndim > 1], schedule.weight_decay),
                ([p for p in chosen if p.ndim <= 1], 0.0),
            ):
                groups.append({"params": params, "weight_decay": weight_decay, **rate})
        return groups

    def configure_optimizers(self) -> Any:
        """By default AdamW; warm-up, then cosine, stepped by batch."""
        schedule = self.recipe.schedule
        optimizer = make_optimizer(self.parameter_groups(), schedule)
        return [optimizer], make_plan(optimizer, schedule, self.progress, self.monitor)


class EpochLine(Callback):
    """Prints one line an epoch: seconds, losses and scores."""

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Print the line."""
        values = " ".join(f"{name} {float(value):.4f}" for name, value in sorted(trainer.callback_metrics.items()))
        seconds = time.monotonic() - self.started
        print(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs} {seconds:.0f} s {values}",
            file=sys.stderr,
            flush=True,
        )


class Freezing(Callback):
    """Keeps parts of the network as they are for the first `epochs`, or throughout with 0; their averages too."""

    def __init__(self, parts: list[str], epochs: int) -> None:
        self.parts, self.epochs = parts, epochs

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Freeze or let go; what is frozen computes as in use, so that its statistics stay."""
        network: Any = pl_module.network
        frozen = self.epochs == 0 or trainer.current_epoch < self.epochs
        names = set(matching(network, self.parts))
        for name, parameter in network.named_parameters():
            if name in names:
                parameter.requires_grad_(not frozen)
        for name, module in network.named_modules():
            if any(name == part or name.startswith(part + ".") for part in self.parts):
                module.train(not frozen)


def fit(task: Task, out: Path, *, resume: bool = True, limit_batches: int | None = None) -> Task:
    """Train `task` and return it with its best-known averaged weights.

    These are the last ones of the schedule, or with the recipe's `best` those of the epoch that scored best.

    `out` receives `last.ckpt` after each epoch and `log/version_N/metrics.csv`, a new N for each start; with
    `resume` an interrupted training goes on from there. `limit_batches` cuts each epoch short, for trying out.
    """
    schedule = task.recipe.schedule
    lightning.seed_everything(task.recipe.seed, workers=True, verbose=False)
    if schedule.threads:
        torch.set_num_threads(schedule.threads)
    last = out / "last.ckpt"
    trainer = lightning.Trainer(
        max_epochs=-1 if schedule.minutes else schedule.epochs,
        precision="bf16-mixed" if has_bfloat16() else "32-true",
        accelerator="auto",
        devices=1,
        logger=CSVLogger(out, name="log"),
        callbacks=_callbacks(task.recipe, out, task.monitor),
        gradient_clip_val=schedule.clip,
        log_every_n_steps=1000,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_train_batches=limit_batches,
    )
    trainer.fit(task, ckpt_path=str(last) if resume and last.exists() else None)
    if schedule.best:
        _take_best(trainer, task, out / "best.ckpt")
    return task


def _take_best(trainer: lightning.Trainer, task: Task, file: Path) -> None:
    """Go back to the epoch that scored best, unless the weights of now, where a clock may have stopped, are better."""
    checkpoint = next((c for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint) and c.monitor), None)
    if checkpoint is None or checkpoint.best_model_score is None or not file.exists():
        return
    now = float(trainer.validate(task, verbose=False)[0][task.monitor])
    best = float(checkpoint.best_model_score)
    print(f"{task.monitor}: {now:.4f} at the end, {best:.4f} at best", file=sys.stderr, flush=True)
    if now < best:
        task.load_state_dict(torch.load(file, map_location=task.device, weights_only=False)["state_dict"])


def _callbacks(recipe: Recipe, out: Path, monitor: str) -> list[Callback]:
    """Return what accompanies a training: checkpoints, the line an epoch, charts, and what the recipe asks for."""
    schedule = recipe.schedule
    if (schedule.best or schedule.patience) and not monitor:
        raise OptionError("schedule.best, schedule.patience: this task has no score to choose by")
    callbacks = [
        ModelCheckpoint(out, filename="last", enable_version_counter=False),
        EpochLine(),
        Curves(out),
        Ledger(out),
    ]
    if schedule.minutes:
        callbacks.append(Timer(duration=timedelta(minutes=schedule.minutes), verbose=False))
    if schedule.best:
        best = ModelCheckpoint(out, filename="best", monitor=monitor, mode="max", enable_version_counter=False)
        callbacks.append(best)
    if schedule.patience:
        callbacks.append(EarlyStopping(monitor, mode="max", patience=schedule.patience))
    if parts := recipe.start.get("freeze"):
        callbacks.append(Freezing(list(parts), int(recipe.start.get("freeze_epochs", 0))))
    return callbacks


def has_bfloat16() -> bool:
    """Whether bfloat16 is computed natively here, so that it is faster and not slower than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    flags = Path("/proc/cpuinfo")
    return flags.exists() and any(flag in flags.read_text() for flag in ("avx512_bf16", "amx_bf16"))
