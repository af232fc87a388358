"""The network that compares a face with its neutral: what it learns from, how. `python -m mimika.training.changes`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mimika.data.labels import ACTION_UNITS
from mimika.data.measurements import PORTRAIT
from mimika.stages.measure.changes import FARTHEST, GAIN, HALF, LAYERS, MIDDLE, SOFTEST_EDGE, deviations, layers
from mimika.training.action_units_photos import moved_faces, photo_faces
from mimika.training.export import export_network
from mimika.training.networks.blocks import convolution
from mimika.training.places import Places
from mimika.training.splits import held_out

VALIDATION = 0.025
"""Share of the photos whose pairs are kept back to watch the learning; the persons of the test are before."""
SAMPLE = 300
"""Pairs off which the ranges of the activations are read when the network is written in whole numbers."""
_REPORT = 500


@dataclass(frozen=True)
class Pairs:
    """n faces now and neutral: `portraits` (n, 2, 96, 96) uint8, `shares` (n, 23, 2) of the intensities, `held`."""

    portraits: Tensor
    shares: Tensor
    held: NDArray[np.bool_]


class ChangeNetwork(nn.Module):
    """Five dense convolutions on (n, 4, 96, 60) layers of a half of a face; returns (n, 23) shares of intensities."""

    def __init__(self, widths: tuple[int, ...] = (24, 32, 48, 64, 64), features: int = 128) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.body = nn.Sequential(
            convolution(LAYERS, a, 5, 2),
            convolution(a, b, 3, 2),
            convolution(b, c, 3, 2),
            convolution(c, d, 3),
            convolution(d, e, 3, 2),
        )
        places = -(-PORTRAIT // 16) * -(-HALF // 16)
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(e * places, features),
            nn.ReLU(),
            nn.Linear(features, len(ACTION_UNITS)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return shares, not kept within 0..1."""
        found: Tensor = self.head(self.body(x))
        return found


def pairs_of(places: Places) -> Pairs:
    """Return all pairs that are there to learn from."""
    parts = [photo_faces(places, "train"), moved_faces(places)]
    names = [f"{name}/{row}" for part in parts for name, row in part.which]
    return Pairs(
        torch.from_numpy(np.concatenate([part.portraits for part in parts])),
        torch.from_numpy(np.concatenate([part.faces.intensities for part in parts]) / np.float32(5)),
        np.array([held_out(name, VALIDATION) for name in names]),
    )


def jittered(portraits: Tensor, mirrored: Tensor, chance: torch.Generator) -> Tensor:
    """Return (n, 2, 96, 60) halves of (n, 2, 96, 96) portraits, turned, scaled and shifted together and a bit apart."""
    n = len(portraits)

    def drawn(spread: float) -> Tensor:
        return torch.randn(n, generator=chance) * spread

    turn, scale, right, down = drawn(0.05), torch.exp(drawn(0.04)), drawn(0.03), drawn(0.03)
    side = 1 - 2 * mirrored.float()
    pixels = (torch.arange(PORTRAIT) * 2 + 1 - PORTRAIT) / PORTRAIT
    grid = torch.stack(
        [pixels[-HALF:].expand(PORTRAIT, HALF), pixels[:, None].expand(PORTRAIT, HALF), torch.ones(PORTRAIT, HALF)], -1
    )
    result = []
    for one in (0, 1):
        angle, size = turn + drawn(0.006), scale * torch.exp(drawn(0.006))
        cosine, sine = size * torch.cos(angle), size * torch.sin(angle)
        matrix = torch.stack(
            [
                torch.stack([side * cosine, -sine, right + drawn(0.006)], 1),
                torch.stack([side * sine, cosine, down + drawn(0.006)], 1),
            ],
            1,
        )
        places = (grid.reshape(1, -1, 3) @ matrix.transpose(1, 2)).reshape(n, PORTRAIT, HALF, 2)
        picture = portraits[:, one : one + 1].float()
        result.append(nn.functional.grid_sample(picture, places, padding_mode="border", align_corners=False))
    return (torch.cat(result, 1) - MIDDLE) / GAIN


def roughened(halves: Tensor, chance: torch.Generator) -> Tensor:
    """Change contrast, light, grain and sharpness of (n, 2, h, w) halves, each picture of a pair by itself."""
    n = len(halves)
    halves = halves * torch.exp(torch.randn(n, 2, 1, 1, generator=chance) * 0.08)
    halves = halves + torch.randn(n, 2, 1, 1, generator=chance) * 0.08
    grain = torch.rand(n, 2, 1, 1, generator=chance) * 0.12
    halves = halves + torch.randn(halves.shape, generator=chance) * grain
    soft = (torch.rand(n, 2, generator=chance) < 0.15).nonzero(as_tuple=True)
    halves[soft] = _softened(halves[soft])
    return halves


def compared(halves: Tensor) -> Tensor:
    """Return (n, 4, h, w) layers of (n, 2, h, w) halves now and neutral, as `stages.measure.changes.layers` does."""
    now, calm = halves[:, 0], halves[:, 1]
    gained, both = _softened(now - calm), _softened((now + calm) * 0.5)
    across = nn.functional.pad(both[:, :, 2:] - both[:, :, :-2], (1, 1))
    down = nn.functional.pad(both[:, 2:] - both[:, :-2], (0, 0, 1, 1))
    moved = gained / (across * across + down * down + SOFTEST_EDGE)
    parts = [calm, gained, *((moved * each).clamp(-FARTHEST, FARTHEST) for each in (across, down))]
    return torch.stack(parts, -1).permute(0, 3, 1, 2)


def _softened(pictures: Tensor) -> Tensor:
    """Return the means of 3 × 3 pixels of (n, h, w), zero outside; with one channel quicker than pooling."""
    padded = nn.functional.pad(pictures, (1, 1, 1, 1))
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9


def fit(pairs: Pairs, steps: int, state: Path, batch: int = 128, rate: float = 2e-3, seed: int = 0) -> ChangeNetwork:
    """Fit the network; returns the moving average of its weights. What was learnt by then is kept in `state`."""
    torch.manual_seed(seed)
    chance = torch.Generator().manual_seed(seed)
    train = torch.from_numpy(np.flatnonzero(~pairs.held))
    network = ChangeNetwork()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = get_ema_multi_avg_fn(0.998)  # type: ignore[no-untyped-call]
    average = AveragedModel(network, multi_avg_fn=mean, use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    clock = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.02)
    parts: dict[str, Any] = {"network": network, "average": average, "optimizer": optimizer, "clock": clock}
    first = _resumed(parts, state)
    chance.manual_seed(seed + first)
    began, losses = time.perf_counter(), []
    for step in range(first, steps):
        rows = train[torch.randint(len(train), (batch,), generator=chance)]
        mirrored = torch.rand(batch, generator=chance) < 0.5
        seen = compared(roughened(jittered(pairs.portraits[rows], mirrored, chance), chance))
        wanted = torch.where(mirrored[:, None], pairs.shares[rows, :, 1], pairs.shares[rows, :, 0])
        network.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = network(seen.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.mse_loss(found.float(), wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        clock.step()
        average.update_parameters(network)
        losses.append(loss.item())
        if step % _REPORT == _REPORT - 1 or step == steps - 1:
            r, took = agreement(average.module, pairs), time.perf_counter() - began
            print(
                f"{step + 1}/{steps} loss {np.mean(losses[-_REPORT:]):.4f} held out r {r:.3f} {took:.0f} s", flush=True
            )
            torch.save({"step": step + 1} | {name: part.state_dict() for name, part in parts.items()}, state)
    network.load_state_dict(average.module.state_dict())
    network.eval()
    return network


def _resumed(parts: dict[str, Any], state: Path) -> int:
    """Load what an interrupted run left; returns the step to go on from."""
    if not state.is_file():
        return 0
    found = torch.load(state, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(found[name])
    return int(found["step"])


def agreement(network: nn.Module, pairs: Pairs, most: int = 1000) -> float:
    """Return the mean Pearson r over units of the left halves of held-out pairs."""
    rows = np.flatnonzero(pairs.held)[:most]
    shown = torch.from_numpy(deviations(pairs.portraits[rows][..., -HALF:].numpy()))
    network.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        found = network(compared(shown).contiguous(memory_format=torch.channels_last)).float().numpy()
    wanted = pairs.shares[rows, :, 0].numpy()
    return float(np.mean([np.corrcoef(found[:, unit], wanted[:, unit])[0, 1] for unit in range(len(ACTION_UNITS))]))


def main() -> None:
    """Parse the command line, train, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    Places.ask(parser)
    parser.add_argument("--out", type=Path, default=Path("src/mimika/models/changes.onnx"))
    parser.add_argument("--state", type=Path, default=Path("build/training/changes.pt"), help="for going on later")
    parser.add_argument("--steps", type=int, default=20000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    pairs = pairs_of(Places.chosen(options))
    print(f"{len(pairs.held)} pairs, {int(pairs.held.sum())} of them held out", flush=True)
    options.state.parent.mkdir(parents=True, exist_ok=True)
    network = fit(pairs, options.steps, options.state)
    now, calm = (pairs.portraits[~pairs.held][:SAMPLE, one].numpy() for one in (0, 1))
    card = {
        "name": "changes",
        "version": "1",
        "architecture": "five convolutions and two dense layers on two 96 px pictures of a face, each half by itself",
        "licence": "Apache-2.0",
        "labels": list(ACTION_UNITS),
        "input": {"name": "luma", "shape": ["n", LAYERS, PORTRAIT, HALF]},
        "data": {
            "faces": "faces/ of an Apache-2.0 repository, many LFW news photos, warped by known units",
            "studio": "portraits (CC BY 4.0), warped",
            "fer2013": "FER-2013 training pictures (research benchmark, images found by web search), warped",
            "displacements": "ICT-FaceKit (MIT)",
            "held_out": "persons by a hash of the name, in the test of action units",
        },
        "scores": {
            "r_held_out": round(agreement(network, pairs), 4),
            "steps": options.steps,
            "command": "python -m mimika.training.changes",
        },
    }
    sample = layers(now, calm)
    example = torch.from_numpy(sample[:2])
    print(export_network(network, example, options.out, outputs=["units"], card=card, sample=sample))


if __name__ == "__main__":
    main()
