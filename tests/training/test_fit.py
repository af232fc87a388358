"""The loop's options: without them a stopped training loses its best weights, or never lets go of frozen ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from mimika.data.errors import OptionError
from mimika.training import optimizers
from mimika.training.curves import draw_curves, read_metrics
from mimika.training.fit import Task, fit
from mimika.training.recipe import Recipe, Schedule
from mimika.training.sam import Sam


class Lines(Task):
    """Tells points above a line from points below it."""

    monitor = "val_accuracy"

    def __init__(self, recipe: Recipe) -> None:
        torch.manual_seed(0)
        super().__init__(recipe, nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2)))
        points = torch.randn(256, 2)
        self.points = TensorDataset(points, (points.sum(1) > 0).long())
        self.forced: list[float] = []

    def train_dataset(self) -> Any:
        return self.points

    def validation_dataset(self) -> Any:
        return self.points

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        loss = F.cross_entropy(self.network(batch[0]).float(), batch[1])
        return loss, {"accuracy": loss.detach()}

    def scores(self, batch: Any) -> dict[str, Tensor]:
        right = (self.averaged(batch[0]).argmax(1) == batch[1]).float().mean()
        if self.forced:
            right = torch.tensor(self.forced[min(self.current_epoch, len(self.forced) - 1)])
        return {"accuracy": right}


def recipe(start: dict[str, Any] | None = None, **schedule: Any) -> Recipe:
    chosen = Schedule(**{"batch": 32, "rate": 0.02, "ema": 0.9, **schedule})
    return Recipe("lines", "none", 1, chosen, start=start or {})


@pytest.mark.parametrize("options", [
    {"optimizer": "sgd", "plan": "one-cycle", "rate": 0.3}, {"optimizer": "adam", "plan": "step"},
    {"plan": "plateau"}, {"plan": "constant", "sam": 0.05},
])  # fmt: skip
def test_every_optimiser_and_plan_learns(options: dict[str, Any], tmp_path: Path) -> None:
    task = fit(Lines(recipe(epochs=8, **options)), tmp_path)
    assert float(task.trainer.callback_metrics["val_accuracy"]) > 0.9


def test_the_best_epoch_is_returned_and_waiting_ends(tmp_path: Path) -> None:
    task = Lines(recipe(epochs=20, best=True, patience=2))
    task.forced = [0.5, 0.9, 0.1, 0.2, 0.3]
    seen: list[Tensor] = []
    task.on_validation_epoch_end = lambda: seen.append(task.averaged.module[0].weight.clone())  # type: ignore[method-assign]
    fit(task, tmp_path)
    assert len(seen) == 5, "epochs 1 to 4, and once more at the end"
    torch.testing.assert_close(task.averaged.module[0].weight, seen[1])


def test_choosing_needs_a_score(tmp_path: Path) -> None:
    task = Lines(recipe(epochs=1, best=True))
    task.monitor = ""
    with pytest.raises(OptionError, match=r"schedule\.best"):
        fit(task, tmp_path)


@pytest.mark.parametrize(("plan", "factors"), [
    ("cosine", [0.5, 1.0, 0.5, 0.0]), ("constant", [0.5, 1, 1, 1]), ("step", [0.5, 1.0, 0.1, 0.001]),
])  # fmt: skip
def test_plans_by_hand(plan: str, factors: list[float]) -> None:
    received = [optimizers.rate_factor(plan, part, 0.1) for part in (0.05, 0.1, 0.55, 1.0)]
    assert received == pytest.approx(factors)


def test_one_cycle_peaks_at_a_third() -> None:
    rates = [optimizers.rate_factor("one-cycle", part / 100, 0.1) for part in range(101)]
    assert rates[0] == pytest.approx(1 / 25)
    assert max(range(101), key=rates.__getitem__) == 30
    assert rates[-1] <= 1e-4


@pytest.mark.parametrize(("schedule", "name"), [({"optimizer": "adama"}, "optimizer"), ({"plan": "cosines"}, "plan")])
def test_unknown_names_are_told(schedule: dict[str, Any], name: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=rf"schedule\.{name}"):
        fit(Lines(recipe(epochs=1, **schedule)), tmp_path)


def test_one_sam_step_is_that_of_the_paper() -> None:
    """On f(w) = a w², the gradient is taken at w + rho, not at w."""
    weight, rho, rate = nn.Parameter(torch.tensor([2.0, -1.0])), 0.5, 0.1
    slopes = torch.tensor([1.0, 3.0])

    def closure() -> Tensor:
        weight.grad = None
        loss = (slopes * weight**2).sum()
        loss.backward()
        return loss

    start = weight.detach().clone()
    gradient = 2 * slopes * start
    worst = start + rho * gradient / gradient.norm()
    wanted = start - rate * 2 * slopes * worst
    loss = Sam(torch.optim.SGD([weight], lr=rate), rho).step(closure)
    torch.testing.assert_close(weight.detach(), wanted)
    assert float(loss) == pytest.approx(7.0), "the loss where the weights are, not where it is worst"


def test_sam_sees_the_same_chances_twice() -> None:
    weight, drawn = nn.Parameter(torch.ones(3)), []

    def closure() -> Tensor:
        weight.grad = None
        drawn.append(torch.rand(2))
        loss = (weight**2).sum()
        loss.backward()
        return loss

    Sam(torch.optim.AdamW([weight]), 0.1).step(closure)
    assert torch.equal(drawn[0], drawn[1])


def test_frozen_parts_stay_and_are_let_go(tmp_path: Path) -> None:
    task = Lines(recipe({"freeze": ["0"], "freeze_epochs": 1}, epochs=1))
    before = task.network[0].weight.clone()
    fit(task, tmp_path / "one")
    assert torch.equal(task.network[0].weight, before)
    assert torch.equal(task.averaged.module[0].weight, before)
    assert not torch.equal(task.network[2].weight, Lines(recipe()).network[2].weight)
    task = fit(Lines(recipe({"freeze": ["0"], "freeze_epochs": 1}, epochs=2)), tmp_path / "two")
    assert not torch.equal(task.network[0].weight, before)


def test_lower_layers_learn_slower() -> None:
    groups = Lines(recipe({"layer_decay": 0.5})).parameter_groups()
    rates = {tuple(p.shape): group["lr"] for group in groups for p in group["params"]}
    assert rates == {(2, 8): 0.02, (2,): 0.02, (8, 2): 0.01, (8,): 0.01}


def test_curves_follow_a_training_across_a_restart(tmp_path: Path) -> None:
    fit(Lines(recipe(epochs=2)), tmp_path)
    fit(Lines(recipe(epochs=4)), tmp_path)
    series = read_metrics(tmp_path / "log")
    assert [epoch for epoch, _ in series["val_accuracy"]] == [1, 2, 3, 4]
    assert [epoch for epoch, _ in series["train_loss"]] == [1, 2, 3, 4]
    assert (tmp_path / "curves.svg").read_text("utf-8").startswith("<?xml")
    assert draw_curves(tmp_path / "log", tmp_path / "again.png")
    assert not draw_curves(tmp_path / "nothing", tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
