"""Losses of class logits. Targets are shares of the classes (n, k), so that votes and blended pictures fit all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from mimika.data.errors import OptionError

Loss = Callable[[Tensor, Tensor], Tensor]
"""(n, k) logits and (n, k) targets to (n,) losses in nats."""


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of each row."""
    return -(targets * logits.float().log_softmax(1)).sum(1)


def soft_votes(logits: Tensor, votes: Tensor) -> Tensor:
    """Return the cross-entropy to the shares of (n, k) votes; a row without votes costs nothing.

    Source: Barsoum et al., "Training deep networks for facial expression recognition with crowd-sourced label
    distribution", ICMI 2016, equation 5.
    """
    return cross_entropy(logits, votes / votes.sum(1, keepdim=True).clamp(min=1))


def smoothed(targets: Tensor, smoothing: float) -> Tensor:
    """Give the share `smoothing` of each target to all classes alike.

    Source: Szegedy et al., "Rethinking the inception architecture for computer vision", CVPR 2016, section 7.
    """
    return targets * (1 - smoothing) + smoothing / targets.shape[1]


def focal(logits: Tensor, targets: Tensor, gamma: float = 2.0) -> Tensor:
    """Return the cross-entropy with each class's part weighed by (1 - p) ** gamma: what is known counts less.

    Source: Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 4.
    """
    logs = logits.float().log_softmax(1)
    return -(targets * (1 - logs.exp()) ** gamma * logs).sum(1)


def class_weights(counts: Tensor, beta: float = 0.999) -> Tensor:
    """Return the weight (k,) of each class by its effective number of samples, of mean 1; absent classes get 0.

    Source: Cui et al., "Class-balanced loss based on effective number of samples", CVPR 2019, equation 4.
    """
    effective = (1 - beta ** counts.double()) / (1 - beta)
    weights = torch.where(counts > 0, 1 / effective.clamp(min=1e-12), 0.0)
    return (weights * (counts > 0).sum() / weights.sum()).float()


def class_balanced(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return the cross-entropy with each class's part weighed by `weights` (k,), see `class_weights`."""
    return cross_entropy(logits, targets * weights.to(targets.device))


def logit_adjusted(logits: Tensor, targets: Tensor, prior: Tensor, tau: float = 1.0) -> Tensor:
    """Return the cross-entropy of logits raised by `tau` times the log of the class shares `prior` (k,).

    The raw logits then answer for classes that are equally frequent. Source: Menon et al., "Long-tail learning via
    logit adjustment", ICLR 2021, equation 10.
    """
    return cross_entropy(logits.float() + tau * prior.clamp(min=1e-6).log().to(logits.device), targets)


LOSSES = ("cross_entropy", "focal", "class_balanced", "logit_adjusted")
"""Names in a recipe's [loss]; votes are targets of any of them, and so are smoothed targets."""


def make_loss(options: dict[str, Any], counts: Sequence[float]) -> Loss:
    """Make the loss of a recipe's [loss] table, given the samples (k,) of each class in training.

    `name` is one of LOSSES; `smoothing` 0..1 goes with each; `gamma` with focal, `beta` with class_balanced and `tau`
    with logit_adjusted.

    Raises:
        OptionError: no such loss, or an option that it does not have.
    """
    rest = dict(options)
    name, smoothing = rest.pop("name", "cross_entropy"), float(rest.pop("smoothing", 0.0))
    own = {"cross_entropy": (), "focal": ("gamma",), "class_balanced": ("beta",), "logit_adjusted": ("tau",)}
    if name not in own:
        raise OptionError(f"loss.name: expected one of {', '.join(LOSSES)}, received {name!r}")
    if unknown := set(rest) - set(own[name]):
        raise OptionError(f"loss: {name} has no option {', '.join(sorted(unknown))}")
    number = torch.tensor(list(counts), dtype=torch.float64)
    chosen: Loss = cross_entropy
    if name == "focal":
        gamma = float(rest.get("gamma", 2.0))
        chosen = lambda logits, targets: focal(logits, targets, gamma)  # noqa: E731
    elif name == "class_balanced":
        weights = class_weights(number, float(rest.get("beta", 0.999)))
        chosen = lambda logits, targets: class_balanced(logits, targets, weights)  # noqa: E731
    elif name == "logit_adjusted":
        prior, tau = (number / number.sum()).float(), float(rest.get("tau", 1.0))
        chosen = lambda logits, targets: logit_adjusted(logits, targets, prior, tau)  # noqa: E731
    return lambda logits, targets: chosen(logits, smoothed(targets, smoothing))
