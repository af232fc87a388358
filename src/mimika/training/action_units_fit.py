"""The regressors of action units: small networks from shapes to intensities, fitted on faces with known units."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS
from mimika.stages.faces.align import mirror_map
from mimika.stages.measure.action_units import inputs_alone, inputs_compared, shape_of
from mimika.stages.measure.pose import angles_of, fit_mean_face
from mimika.training.action_units_data import UnitFaces

HIDDEN = (128, 96)
_OUTPUTS = 2 * len(ACTION_UNITS)


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn: `epochs`, `rate` at its height, `decay` of the weights, `drop` of the inputs."""

    epochs: int = 30
    rate: float = 2e-3
    decay: float = 2e-2
    drop: float = 0.05
    batch: int = 512
    seed: int = 5


def prepared(faces: UnitFaces, compared: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the inputs (2n, k) of faces and of their mirror pictures, and their targets (2n, 46)."""
    swap = mirror_map().astype(np.intp)
    inputs, targets = [], []
    for mirrored in (False, True):
        meshes, neutrals, units = faces.meshes, faces.neutrals, faces.intensities
        if mirrored:
            meshes, neutrals = (each[:, swap] * np.array([-1, 1, 1], np.float32) for each in (meshes, neutrals))
            units = units[..., ::-1]
        inputs.append(network_inputs(meshes, neutrals if compared else None))
        targets.append(units.reshape(len(units), -1))
    return np.concatenate(inputs), np.concatenate(targets)


def network_inputs(meshes: Floats, neutrals: Floats | None) -> NDArray[np.float32]:
    """Return the (n, k) inputs of one of the two regressors, pose read off the meshes themselves."""
    angles = angles_of(fit_mean_face(meshes)[0])
    if neutrals is None:
        return inputs_alone(shape_of(meshes), angles)
    return inputs_compared(shape_of(meshes), angles, shape_of(neutrals))


def fit(
    inputs: NDArray[np.float32], targets: NDArray[np.float32], weights: NDArray[np.float32], schedule: Schedule
) -> dict[str, NDArray[np.float32]]:
    """Fit one regressor and return its arrays w0, b0, w1, b1, w2, b2; standardising is folded into the first layer.

    `inputs` (n, k), `targets` (n, 46) intensities, `weights` (n,) how often each face is drawn.
    """
    torch.manual_seed(schedule.seed)
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-5
    seen, wanted = torch.from_numpy((inputs - mean) / spread), torch.from_numpy(targets)
    sizes = (inputs.shape[1], *HIDDEN, _OUTPUTS)
    layers: list[nn.Module] = [nn.Dropout(schedule.drop)]
    for wide, narrow in itertools.pairwise(sizes):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    network = nn.Sequential(*layers[:-1])
    steps = schedule.epochs * (len(inputs) // schedule.batch)
    chooser = torch.Generator().manual_seed(schedule.seed)
    chances = torch.from_numpy(weights)
    optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    clock = torch.optim.lr_scheduler.OneCycleLR(optimizer, schedule.rate, total_steps=steps, pct_start=0.15)
    network.train()
    for step in range(steps):
        if step % 200 == 0:
            rows = torch.multinomial(chances, 200 * schedule.batch, replacement=True, generator=chooser)
        batch = rows[(step % 200) * schedule.batch : (step % 200 + 1) * schedule.batch]
        loss = nn.functional.mse_loss(network(seen[batch]), wanted[batch])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        clock.step()
        if step % 1000 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}", flush=True)
    return _exported(network, mean, spread)


def _exported(
    network: nn.Sequential, mean: NDArray[np.float32], spread: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    linears = [layer for layer in network if isinstance(layer, nn.Linear)]
    arrays: dict[str, NDArray[np.float32]] = {}
    for number, layer in enumerate(linears):
        weight = layer.weight.detach().numpy().T.astype(np.float64)
        bias = layer.bias.detach().numpy().astype(np.float64)
        if number == 0:
            weight = weight / spread[:, None].astype(np.float64)
            bias = bias - mean.astype(np.float64) @ weight
        arrays[f"w{number}"], arrays[f"b{number}"] = weight.astype(np.float32), bias.astype(np.float32)
    return arrays
