"""The network that compares a face with its neutral: what it learns from, how. `python -m mimika.training.changes`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mimika.data.labels import ACTION_UNITS
from mimika.data.measurements import PORTRAIT
from mimika.stages.measure.changes import FARTHEST, HALF, LAYERS, SOFTEST_EDGE, layers
from mimika.stages.measure.evened import half_of
from mimika.training.action_units_photos import MOVED_COUNT, WarpedFaces, moved_faces, photos_to_learn
from mimika.training.export import export_network
from mimika.training.halves import jittered, roughened, softened
from mimika.training.networks.blocks import convolution
from mimika.training.places import Places
from mimika.training.splits import held_out
from mimika.training.steps import Course, learn

VALIDATION = 0.025
"""Share of the photos whose pairs are kept back to watch the learning; the persons of the test are before."""
SAMPLE = 300
"""Pairs off which the ranges of the activations are read when the network is written in whole numbers."""


@dataclass(frozen=True)
class Pairs:
    """n faces now and neutral: `portraits` (n, 2, 96, 96) uint8, `shares` (n, 23, 2) of the intensities, `held`."""

    portraits: Tensor
    shares: Tensor
    held: NDArray[np.bool_]


class ChangeNetwork(nn.Module):
    """Five dense convolutions on (n, 4, 96, 60) layers of a half of a face; returns (n, 23) shares of intensities."""

    def __init__(self, widths: tuple[int, ...] = (32, 48, 64, 96, 96), features: int = 192) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.body = nn.Sequential(
            convolution(LAYERS, a, 5, 2),
            convolution(a, b, 3, 2),
            convolution(b, c, 3, 2),
            convolution(c, d, 3),
            convolution(d, e, 3, 2),
        )
        self.head = nn.Sequential(
            nn.Dropout(0.2),
            nn.Conv2d(e, features, (-(-PORTRAIT // 16), -(-HALF // 16))),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(features, len(ACTION_UNITS)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return shares, not kept within 0..1."""
        found: Tensor = self.head(self.body(x))
        return found


def pairs_of(places: Places) -> Pairs:
    """Return all pairs that are there to learn from."""
    every = WarpedFaces.join([photos_to_learn(places), *(moved_faces(places, split) for split in MOVED_COUNT)])
    return Pairs(
        torch.from_numpy(every.portraits),
        torch.from_numpy(every.faces.intensities / np.float32(5)),
        np.array([held_out(f"{name}/{row}", VALIDATION) for name, row in every.which]),
    )


def compared(halves: Tensor) -> Tensor:
    """Return (n, 4, h, w) layers of (n, 2, h, w) halves now and neutral, as `stages.measure.changes.layers` does."""
    now, calm = halves[:, 0], halves[:, 1]
    gained, both = softened(now - calm), softened((now + calm) * 0.5)
    across = nn.functional.pad(both[:, :, 2:] - both[:, :, :-2], (1, 1))
    down = nn.functional.pad(both[:, 2:] - both[:, :-2], (0, 0, 1, 1))
    moved = gained / (across * across + down * down + SOFTEST_EDGE)
    parts = [calm, gained, *((moved * each).clamp(-FARTHEST, FARTHEST) for each in (across, down))]
    return torch.stack(parts, -1).permute(0, 3, 1, 2)


def fit(pairs: Pairs, steps: tuple[int, ...], state: Path, batch: int = 128) -> ChangeNetwork:
    """Fit the network in courses of so many steps each; what was learnt by then is kept beside `state`.

    Each course but the first begins at half the rate, from what the one before found. Source: Loshchilov, Hutter,
    "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
    """
    train, network = torch.from_numpy(np.flatnonzero(~pairs.held)), ChangeNetwork()

    def loss_of(one: nn.Module, chance: torch.Generator) -> Tensor:
        rows = train[torch.randint(len(train), (batch,), generator=chance)]
        mirrored = torch.rand(batch, generator=chance) < 0.5
        seen = compared(roughened(jittered(pairs.portraits[rows], mirrored, HALF, chance), chance))
        wanted = torch.where(mirrored[:, None], pairs.shares[rows, :, 1], pairs.shares[rows, :, 0])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = one(seen.contiguous(memory_format=torch.channels_last))
        return nn.functional.mse_loss(found.float(), wanted)

    for number, count in enumerate(steps):
        course = Course(count, rate=1e-3 if number else 2e-3, seed=number)
        kept = state.with_stem(f"{state.stem}-{number + 1}")
        learn(network, course, loss_of, lambda one: f"held out r {agreement(one, pairs):.3f}", kept)
    return network


def agreement(network: nn.Module, pairs: Pairs, most: int = 1000) -> float:
    """Return the mean Pearson r over units of the left halves of held-out pairs."""
    rows = np.flatnonzero(pairs.held)[:most]
    shown = torch.from_numpy(half_of(pairs.portraits[rows].numpy(), 0, HALF))
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
    parser.add_argument("--steps", type=int, nargs="+", default=[22000, 9000], help="of each course")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pairs = pairs_of(Places.chosen(options))
    print(f"{len(pairs.held)} pairs, {int(pairs.held.sum())} of them held out", flush=True)
    options.state.parent.mkdir(parents=True, exist_ok=True)
    network = fit(pairs, tuple(options.steps), options.state)
    now, calm = (pairs.portraits[~pairs.held][:SAMPLE, one].numpy() for one in (0, 1))
    card = {
        "name": "changes",
        "version": "2",
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
