"""The eye network: a small crop around one eye in; its lids, iris and brow out. `python -m mimika.training.eyes`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mimika.data.geometry import transform
from mimika.stages.faces.align import CropSpec, crop
from mimika.stages.measure.eye_region import EYE_CROP, LEFT_POINTS, RIM, eye_matrices, point_rows
from mimika.training.export import export_network
from mimika.training.networks.blocks import convolution
from mimika.training.own_meshes import own_meshes
from mimika.training.pictures import LabelledFaces
from mimika.training.places import Places
from mimika.training.splits import held_out

SETS = {"faces": 1.0, "people": 1.2, "clips": 1.5, "fer2013-train": 0.35}
"""How often an eye of each set is drawn."""
MARGIN = 5
"""Pixels around the crop from which it is shifted while learning."""
_LIDS = ((2, 14), (3, 13), (4, 12), (5, 11), (6, 10))
"""Upper and lower points of the rim that face each other, as places in `LEFT_POINTS`."""
_CLOSED_DRAWN = 4.0
"""How much oftener an eye that is nearly shut is drawn; they are rare and matter most."""


@dataclass(frozen=True)
class Eyes:
    """Crops of n eyes, right ones mirrored: `luma` (n, side, side) uint8 with margin, `points` (n, 31, 2) in them."""

    luma: NDArray[np.uint8]
    points: NDArray[np.float32]
    weights: NDArray[np.float32]
    held: NDArray[np.bool_]


class EyeNetwork(nn.Module):
    """A few dense convolutions on (n, 1, 40, 40) luma 0..1; returns (n, 31, 2) in pixels of the crop."""

    def __init__(self, mean: Tensor, widths: tuple[int, ...] = (12, 24, 48), features: int = 96) -> None:
        super().__init__()
        a, b, c = widths
        side = -(-EYE_CROP.side // 8)
        self.body = nn.Sequential(
            convolution(1, a, 5, 2), convolution(a, b, 3, 2), convolution(b, b, 3), convolution(b, c, 3, 2)
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(c * side * side, features),
            nn.BatchNorm1d(features),
            nn.ReLU(inplace=True),
            nn.Linear(features, mean.numel()),
        )
        self.mean = nn.Parameter(mean, requires_grad=False)

    def forward(self, luma: Tensor) -> Tensor:
        """Return points; light and contrast of the crop are evened out first."""
        level = luma.mean(dim=(2, 3), keepdim=True)
        spread = ((luma - level) ** 2).mean(dim=(2, 3), keepdim=True).sqrt() + 0.02
        x = self.head(self.body((luma - level) / spread))
        points: Tensor = self.mean + x.reshape(-1, *self.mean.shape)
        return points


def eyes_of(faces: LabelledFaces, meshes: NDArray[np.float32], presence: NDArray[np.float32], weight: float) -> Eyes:
    """Cut both eyes of every face where our own mesh puts them, with the teacher's points."""
    spec = CropSpec(EYE_CROP.side + 2 * MARGIN, (EYE_CROP.side + 2 * MARGIN) / EYE_CROP.scale)
    rows = np.flatnonzero(faces.found & (presence > 0.5))
    luma = np.empty((2 * len(rows), spec.side, spec.side), np.uint8)
    points = np.empty((2 * len(rows), len(LEFT_POINTS), 2), np.float32)
    sides = point_rows()
    for place, row in enumerate(rows.tolist()):
        matrices = eye_matrices(meshes[row : row + 1])[0]
        matrices[:, :, 2] += MARGIN
        for side in (0, 1):
            cut = crop(faces.picture(row), matrices[side], spec)
            found = transform(matrices[side : side + 1], faces.points[row : row + 1, sides[side], :2])[0]
            if side:
                cut, found[:, 0] = cut[:, ::-1], spec.side - 1 - found[:, 0]
            luma[2 * place + side], points[2 * place + side] = cut, found
    gap = opening(points)
    drawn = weight * np.where(gap < 0.6 * np.median(gap), _CLOSED_DRAWN, 1.0)
    near = np.abs(points[:, : len(RIM)] - spec.side / 2).max(axis=(1, 2)) < spec.side / 2
    held = np.repeat([held_out(str(faces.names[row])) for row in rows], 2)
    return Eyes(luma, points, (drawn * near).astype(np.float32), held)


def opening(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean lid gap (n,) over the width of the eye."""
    ends = np.array(_LIDS)
    gaps = np.linalg.norm(points[:, ends[:, 0]] - points[:, ends[:, 1]], axis=-1).mean(axis=1)
    return np.asarray(gaps / np.linalg.norm(points[:, 0] - points[:, 8], axis=-1), np.float32)


def loss_of(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the distance of the points, the lids' and irises' counted more, and the error of the gaps between lids."""
    weights = torch.ones(len(LEFT_POINTS))
    weights[: len(RIM)], weights[len(RIM)] = 1.5, 3.0
    plain = nn.functional.smooth_l1_loss(found, wanted, reduction="none", beta=0.5).mean(dim=(0, 2))
    ends = torch.tensor(_LIDS)
    gaps = [points[:, ends[:, 1], 1] - points[:, ends[:, 0], 1] for points in (found, wanted)]
    return (plain * weights).mean() + nn.functional.smooth_l1_loss(gaps[0], gaps[1], beta=0.5)


def augmented(luma: Tensor, points: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
    """Shift, light, blur and roughen crops (n, 50, 50) 0..1; returns (n, 1, 40, 40) and the points in them."""
    n, side = len(luma), EYE_CROP.side
    moves = torch.randint(0, 2 * MARGIN + 1, (n, 2), generator=chance)
    down = moves[:, :1] + torch.arange(side)
    across = moves[:, 1:] + torch.arange(side)
    cut = luma[torch.arange(n)[:, None, None], down[:, :, None], across[:, None, :]]
    soft = nn.functional.avg_pool2d(cut[:, None], 3, 1, 1)[:, 0]
    cut = torch.where(torch.rand(n, 1, 1, generator=chance) < 0.25, soft, cut)
    cut = cut ** (2 ** (0.5 * torch.randn(n, 1, 1, generator=chance)))
    cut = cut + 0.03 * torch.rand(n, 1, 1, generator=chance) * torch.randn(cut.shape, generator=chance)
    return cut.clamp(0, 1)[:, None], points - moves[:, None, [1, 0]]


def fit(eyes: Eyes, steps: int, batch: int = 128, rate: float = 3e-3, seed: int = 3) -> tuple[EyeNetwork, float]:
    """Fit the network on the eyes that are not held out; returns it and how well held-out openings agree, Pearson r."""
    torch.manual_seed(seed)
    chance = torch.Generator().manual_seed(seed)
    train = np.flatnonzero(~eyes.held & (eyes.weights > 0))
    luma, points = torch.from_numpy(eyes.luma), torch.from_numpy(eyes.points)
    mean = torch.from_numpy(eyes.points[train].mean(axis=0) - MARGIN)
    network = EyeNetwork(mean)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    clock = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    chances = torch.from_numpy(eyes.weights[train])
    began = time.perf_counter()
    for step in range(steps):
        rows = torch.from_numpy(train)[torch.multinomial(chances, batch, replacement=True, generator=chance)]
        shown, wanted = augmented(luma[rows].float() / 255, points[rows], chance)
        network.train()
        loss = loss_of(network(shown), wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        clock.step()
        if step % 250 == 249:
            took = time.perf_counter() - began
            print(
                f"{step + 1}/{steps} loss {loss.item():.3f} held out r {agreement(network, eyes):.3f} {took:.0f} s",
                flush=True,
            )
    return network.eval(), agreement(network, eyes)


def agreement(network: EyeNetwork, eyes: Eyes, most: int = 1500) -> float:
    """Return Pearson's r between the lid openings of the network and of the teacher on held-out eyes."""
    rows = np.flatnonzero(eyes.held & (eyes.weights > 0))[:most]
    shown = torch.from_numpy(eyes.luma[rows, None, MARGIN:-MARGIN, MARGIN:-MARGIN]).float() / 255
    with torch.no_grad():
        found = network.eval()(shown).numpy()
    return float(np.corrcoef(opening(found), opening(eyes.points[rows]))[0, 1])


def main() -> None:
    """Parse the command line, train, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    Places.ask(parser)
    parser.add_argument("--out", type=Path, default=Path("src/mimika/models/eyes.onnx"))
    parser.add_argument("--steps", type=int, default=2400)
    options = parser.parse_args()
    torch.set_num_threads(1)
    places, parts = Places.chosen(options), []
    for name, weight in SETS.items():
        faces = places.faces(name)
        parts.append(eyes_of(faces, *own_meshes(faces, places.cache / f"own-{name}.npz"), weight))
        print(name, len(parts[-1].luma), flush=True)
    eyes = Eyes(
        *(np.concatenate([getattr(part, key) for part in parts]) for key in ("luma", "points", "weights", "held"))
    )
    network, held = fit(eyes, options.steps)
    card = {
        "name": "eyes",
        "version": "1",
        "architecture": "four convolutions and two dense layers on a 40 px luma crop of one eye and its brow",
        "licence": "Apache-2.0",
        "labels": [],
        "input": {"name": "luma", "shape": ["n", 1, EYE_CROP.side, EYE_CROP.side], "range": [0, 1]},
        "data": {
            "teacher": "MediaPipe Face Mesh 0.10.21, refined landmarks (Apache-2.0); its labels, not its weights",
            "faces": "faces/ of an Apache-2.0 repository, many LFW news photos",
            "people": "video frames of YouTube Faces (research use), MIT repository",
            "fer2013": "FER-2013 training pictures (research benchmark, images found by web search)",
            "clips": "frames of sample clips (CC BY 4.0 and MIT repositories)",
            "held_out": "persons of faces/, people/ and clips/ by a hash of the name",
        },
        "scores": {"openness_r_held_out": round(held, 4), "command": "python -m mimika.training.eyes"},
    }
    example = torch.rand(2, 1, EYE_CROP.side, EYE_CROP.side)
    print(export_network(network, example, options.out, outputs=["points"], card=card))


if __name__ == "__main__":
    main()
