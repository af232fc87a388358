"""Sharpness-aware minimisation around any optimiser of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class Sam(Optimizer):
    """Takes the gradient where the loss is worst within reach `rho`, and steps with it from where the weights were.

    One step costs two gradients. Both see the same random numbers, so the same blends and the same dropout. `base` is
    the optimiser that steps; rates and decay are its own. Source: Foret et al., "Sharpness-aware minimization for
    efficiently improving generalization", ICLR 2021, algorithm 1 with p = 2.
    """

    def __init__(self, base: Optimizer, rho: float) -> None:
        super().__init__(base.param_groups, {})
        self.base, self.rho = base, rho
        self.param_groups = base.param_groups  # one and the same list, so that plans of the rate reach the base

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Step once; `closure` clears the gradients, computes the loss and its gradients, and returns the loss.

        Raises:
            ValueError: without a closure there is nothing to take the second gradient of.
        """
        if closure is None:
            raise ValueError("Sam.step needs a closure that computes the loss again")
        chances = torch.get_rng_state()
        with torch.enable_grad():
            loss = closure()
        moved = self._climb()
        torch.set_rng_state(chances)
        with torch.enable_grad():
            closure()
        for parameter, where in moved:
            parameter.copy_(where)
        self.base.step()
        return loss

    def _climb(self) -> list[tuple[Tensor, Tensor]]:
        """Move the weights by `rho` along the gradient; return them with where they were."""
        learnt = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        length = torch.stack([p.grad.norm() for p in learnt]).norm() if learnt else torch.ones(())
        before = []
        for parameter in learnt:
            before.append((parameter, parameter.clone()))
            parameter.add_(parameter.grad, alpha=float(self.rho / (length + 1e-12)))
        return before

    def state_dict(self) -> dict[str, Any]:
        """Return the base's state: between two steps there is no other."""
        return self.base.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the base's state again."""
        self.base.load_state_dict(state_dict)
        self.param_groups = self.base.param_groups
