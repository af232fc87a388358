"""The optimisers and plans of the learning rate that a recipe names; PyTorch does the work."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from mimika.data.errors import OptionError
from mimika.training.recipe import Schedule
from mimika.training.sam import Sam

OPTIMIZERS = ("adamw", "adam", "sgd")
PLANS = ("cosine", "one-cycle", "step", "constant", "plateau")
STEPS, STEP_FACTOR = (0.5, 0.75, 0.9), 0.1
"""The plan "step" multiplies the rate by the factor at these shares of the training."""

Groups = list[dict[str, Any]]


def make_optimizer(groups: Groups, schedule: Schedule) -> Optimizer:
    """Make the optimiser of parameter groups as `torch.optim` takes them, within `sam.Sam` where the schedule asks.

    Raises:
        OptionError: there is no such optimiser.
    """
    base = _base(groups, schedule)
    return Sam(base, schedule.sam) if schedule.sam else base


def _base(groups: Groups, schedule: Schedule) -> Optimizer:
    if schedule.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=schedule.rate)
    if schedule.optimizer == "adam":
        return torch.optim.Adam(groups, lr=schedule.rate)
    if schedule.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=schedule.rate, momentum=schedule.momentum, nesterov=schedule.momentum > 0)
    raise OptionError(f"schedule.optimizer: expected one of {', '.join(OPTIMIZERS)}, received {schedule.optimizer!r}")


def rate_factor(plan: str, part: float, warmup: float) -> float:
    """Return the share of the peak rate when `part` (0..1) of the training is done; all plans begin with the warm-up.

    "cosine" falls to 0; "one-cycle" rises along a cosine over the first 30 % from a twenty-fifth, then falls to nearly
    nothing; "step" falls by steps; "constant" and "plateau" stay. Sources: Loshchilov & Hutter, "SGDR", ICLR 2017;
    Smith & Topin, "Super-convergence", 2018.

    Raises:
        OptionError: there is no such plan.
    """
    if plan not in PLANS:
        raise OptionError(f"schedule.plan: expected one of {', '.join(PLANS)}, received {plan!r}")
    if plan == "one-cycle":
        first, rise = 1 / 25, 0.3
        if part < rise:
            return first + (1 - first) * 0.5 * (1 - math.cos(math.pi * part / rise))
        return max(1e-4, 0.5 * (1 + math.cos(math.pi * min(1.0, (part - rise) / (1 - rise)))))
    if part < warmup:
        return max(part / warmup, 0.01)
    if plan == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (part - warmup) / (1 - warmup))))
    return STEP_FACTOR ** sum(part >= step for step in STEPS) if plan == "step" else 1.0


def make_plan(
    optimizer: Optimizer, schedule: Schedule, progress: Callable[[int], float], monitor: str
) -> list[dict[str, Any]]:
    """Return the plans of the learning rate as Lightning takes them; `progress` gives the share done at a step.

    "plateau" lowers the rate to a fifth when `monitor` (larger is better) has not risen for four epochs.
    """
    if schedule.plan == "plateau":
        waiting = ReduceLROnPlateau(optimizer, mode="max", factor=0.2, patience=4)
        return [{"scheduler": waiting, "interval": "epoch", "monitor": monitor}]
    batchwise = LambdaLR(optimizer, lambda step: rate_factor(schedule.plan, progress(step), schedule.warmup))
    return [{"scheduler": batchwise, "interval": "step"}]
