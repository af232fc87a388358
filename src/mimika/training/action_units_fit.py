"""The regressors of action units: small networks of dense layers, fitted with torch and shipped as arrays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mimika.data.geometry import Floats
from mimika.stages.faces.align import mirror_map
from mimika.stages.measure.pose import angles_of, fit_mean_face
from mimika.stages.measure.unit_inputs import (
    SHAPE_POINTS,
    inputs_alone,
    inputs_changed,
    inputs_compared,
    inputs_seen,
    numbers_of,
    shape_of,
    upright_of,
)
from mimika.training.action_units_data import UnitFaces

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn; `rate` at its height, `decay` of the weights, `drop` of the inputs."""

    steps: int = 2500
    batch: int = 512
    hidden: tuple[int, ...] = (96,)
    rate: float = 2e-3
    decay: float = 3e-2
    drop: float = 0.1
    seed: int = 5


@dataclass(frozen=True)
class Lesson:
    """What a regressor learns from: `inputs` (n, k), `targets` (n, m), `known` (n, m) 0 or 1, `weights` (n,)."""

    inputs: Array
    targets: Array
    known: Array
    weights: Array

    @classmethod
    def join(cls, *parts: tuple[float, Lesson]) -> Lesson:
        """Put lessons together, each drawn as often as the share before it says."""
        weights = [share * part.weights / part.weights.sum() for share, part in parts]
        return cls(
            np.concatenate([part.inputs for _, part in parts]),
            np.concatenate([part.targets for _, part in parts]),
            np.concatenate([part.known for _, part in parts]),
            np.concatenate(weights).astype(np.float32),
        )


def shape_inputs(meshes: Floats, neutrals: Floats | None) -> Array:
    """Return what the regressors by shape see of n faces, then of their mirror pictures, (2n, k)."""
    fit = fit_mean_face(meshes)
    upright = upright_of(meshes, fit)
    numbers = numbers_of(upright, angles_of(fit[0]))
    if neutrals is None:
        return inputs_alone(numbers)
    return inputs_compared(numbers, upright[:, :SHAPE_POINTS], shape_of(neutrals))


def shape_lesson(meshes: Array, neutrals: Array, intensities: Array, compared: bool) -> Lesson:
    """Return faces with known units and their mirror pictures as a lesson by shape."""
    inputs = shape_inputs(meshes, neutrals if compared else None)
    targets = np.concatenate([intensities.reshape(len(meshes), -1), intensities[..., ::-1].reshape(len(meshes), -1)])
    return Lesson(inputs, targets, np.ones_like(targets), np.ones(len(targets), np.float32))


def changed_lesson(faces: UnitFaces, shares: Array) -> Lesson:
    """Return faces that moved and their mirror pictures as a lesson by shape and picture against what they were.

    `shares` (n, 23, 2) from `ChangeNet`.
    """
    plain = shape_lesson(faces.meshes, faces.neutrals, faces.intensities, compared=True)
    return replace(plain, inputs=inputs_changed(plain.inputs, shares))


def seen_lesson(meshes: Array, seen: Array, targets: Array, known: Array, weights: Array, region: str) -> Lesson:
    """Return faces as a lesson by shape and appearance: left halves, then right halves mirrored.

    `seen` (n, 192) from `AppearanceNet`, `targets` (n, m, 2) shares 0..1 of a region's units, `known` (m,) or (2n,
    m) which of them these faces teach.
    """
    fit = fit_mean_face(meshes)
    inputs = inputs_seen(numbers_of(upright_of(meshes, fit), angles_of(fit[0]), seen), region)
    both = np.concatenate([targets[..., 0], targets[..., 1]]).astype(np.float32)
    return Lesson(inputs, both, np.broadcast_to(known, both.shape), np.tile(weights, 2))


def mirror(meshes: Array) -> Array:
    """Return meshes (n, 478, 3) as in a mirrored picture."""
    return np.asarray(meshes[:, mirror_map().astype(np.intp)] * np.array([-1, 1, 1], np.float32))


def fit(lesson: Lesson, schedule: Schedule, shares: bool) -> dict[str, Array]:
    """Fit one regressor; returns its arrays w0, b0, w1, b1, with what standardises the inputs in the first layer.

    `shares`: outputs are the logits of shares 0..1, learnt by cross-entropy; otherwise values, learnt by least squares.
    """
    torch.manual_seed(schedule.seed)
    mean, spread = lesson.inputs.mean(axis=0), lesson.inputs.std(axis=0) + 1e-4
    seen = torch.from_numpy((lesson.inputs - mean) / spread)
    wanted, known = torch.from_numpy(lesson.targets), torch.from_numpy(np.ascontiguousarray(lesson.known, np.float32))
    sizes = (lesson.inputs.shape[1], *schedule.hidden, lesson.targets.shape[1])
    layers: list[nn.Module] = []
    for wide, narrow in itertools.pairwise(sizes):
        layers += [nn.Dropout(schedule.drop), nn.Linear(wide, narrow), nn.ReLU()]
    network = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    clock = torch.optim.lr_scheduler.OneCycleLR(optimizer, schedule.rate, total_steps=schedule.steps, pct_start=0.15)
    measure = nn.functional.binary_cross_entropy_with_logits if shares else nn.functional.mse_loss
    chances = torch.from_numpy(lesson.weights)
    network.train()
    for step in range(schedule.steps):
        rows = torch.multinomial(chances, schedule.batch, replacement=True)
        loss = (measure(network(seen[rows]), wanted[rows], reduction="none") * known[rows]).sum() / known[rows].sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        clock.step()
        if step % 500 == 499:
            print(f"step {step + 1} of {schedule.steps}: loss {loss.item():.4f}", flush=True)
    return _exported(network.eval(), mean, spread)


def _exported(network: nn.Module, mean: Array, spread: Array) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    linears = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    for number, layer in enumerate(linears):
        weight = layer.weight.detach().numpy().T.astype(np.float64)
        bias = layer.bias.detach().numpy().astype(np.float64)
        if number == 0:
            weight = weight / spread[:, None].astype(np.float64)
            bias = bias - mean.astype(np.float64) @ weight
        arrays[f"w{number}"], arrays[f"b{number}"] = weight.astype(np.float32), bias.astype(np.float32)
    return arrays
