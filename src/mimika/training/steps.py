"""Learning by a fixed number of steps, with a moving average of the weights; goes on after an interruption."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

REPORT = 500
"""Steps after which what was learnt is kept, and how well is said."""
_REMEMBERED = 0.998
"""Share of what the moving average was that it keeps at each step; less in the beginning."""


@dataclass(frozen=True)
class Course:
    """How long and how fast to learn; `rate` at its height, `decay` of the weights."""

    steps: int
    rate: float = 2e-3
    decay: float = 0.02
    seed: int = 0


def learn(
    network: nn.Module,
    course: Course,
    loss_of: Callable[[nn.Module, torch.Generator], Tensor],
    said_of: Callable[[nn.Module], str],
    state: Path,
) -> None:
    """Fit a network in place; its weights are their moving average in the end.

    `loss_of` draws a batch by the generator it is given; `said_of` says in words how good the moving average is. What
    was learnt by then is kept in `state`, from which the next call goes on.
    """
    torch.manual_seed(course.seed)
    chance = torch.Generator()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(network, avg_fn=_moving, use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=course.rate, weight_decay=course.decay)
    clock = torch.optim.lr_scheduler.OneCycleLR(optimizer, course.rate, total_steps=course.steps, pct_start=0.02)
    parts: dict[str, Any] = {"network": network, "average": average, "optimizer": optimizer, "clock": clock}
    first = _resumed(parts, state)
    chance.manual_seed(course.seed + first)
    began, losses = time.perf_counter(), []
    for step in range(first, course.steps):
        network.train()
        loss = loss_of(network, chance)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        clock.step()
        average.update_parameters(network)
        losses.append(loss.item())
        if step % REPORT == REPORT - 1 or step == course.steps - 1:
            average.module.eval()
            said, took = said_of(average.module), time.perf_counter() - began
            print(f"{step + 1}/{course.steps} loss {np.mean(losses[-REPORT:]):.4f} {said} {took:.0f} s", flush=True)
            torch.save({"step": step + 1} | {name: part.state_dict() for name, part in parts.items()}, state)
    network.load_state_dict(average.module.state_dict())
    network.eval()


def _moving(average: Tensor, now: Tensor, count: Tensor | int) -> Tensor:
    kept = min(_REMEMBERED, (1 + int(count)) / (10 + int(count)))
    return average + (1 - kept) * (now - average)


def _resumed(parts: dict[str, Any], state: Path) -> int:
    """Load what an interrupted run left; returns the step to go on from."""
    if not state.is_file():
        return 0
    found = torch.load(state, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(found[name])
    return int(found["step"])
