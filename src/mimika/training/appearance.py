"""The network that says how the skin of a face looks: what it learns from, how. `python -m mimika.training.appearance`.

It learns together with two regressors, for the upper and the lower region, that are shown the shape as well, so that
its numbers say what shape does not. These are thrown away; `recipes/action_units.py` fits those that ship.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mimika.data.labels import ACTION_UNITS
from mimika.data.measurements import APPEARANCE
from mimika.stages.measure.action_units import LOWER_UNITS
from mimika.stages.measure.appearance import FEATURES, HALF, REGION, halves_of, pictures_of
from mimika.stages.measure.pose import angles_of, fit_mean_face
from mimika.stages.measure.unit_inputs import UPPER_UNITS, inputs_seen, numbers_of, upright_of
from mimika.training.action_units import TOLD, told_faces, voted_faces
from mimika.training.action_units_photos import photos_to_learn
from mimika.training.action_units_scores import prototypes
from mimika.training.action_units_weak import HINTED, balance, hinted_units
from mimika.training.export import export_network
from mimika.training.halves import jittered, roughened
from mimika.training.networks.blocks import convolution
from mimika.training.places import Places
from mimika.training.steps import Course, learn

UNITS = (*UPPER_UNITS, *LOWER_UNITS)
SAMPLE = 300
"""Halves off which the ranges of the activations are read when the network is written in whole numbers."""
_ROWS = [ACTION_UNITS.index(unit) for unit in UNITS]
_BATCH = 256
_DATA = {
    "fer2013": "FER-2013 training pictures with FER+ votes (research benchmark, found by web search; MIT)",
    "faces": "faces/ of an Apache-2.0 repository, many LFW news photos",
    "people": "video frames of YouTube Faces (research use), MIT repository",
    "studio": "portraits (CC BY 4.0), warped",
    "displacements": "ICT-FaceKit (MIT), by which photos were warped",
}
"""What the card says of the pictures that it learnt from."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Faces:
    """n faces: `pictures` (n, 1, 64, 64) evened, `shapes` (n, 2, k) of the upper and the lower region, left, right."""

    pictures: Tensor
    shapes: tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Truth:
    """What n faces teach: `shares` (n, 23, 2) of the units in the order of `UNITS`, which are `known`, `chances`."""

    shares: Tensor
    known: Tensor
    chances: Tensor


class AppearanceNetwork(nn.Module):
    """Five convolutions and a dense layer a region on (n, 1, 64, 40) halves of faces; returns (n, 96) numbers."""

    def __init__(self, widths: tuple[int, ...] = (16, 24, 32, 48, 64)) -> None:
        super().__init__()
        self.upper, self.lower = _region(widths), _region(widths)

    def forward(self, x: Tensor) -> Tensor:
        """Return the numbers of the upper region, then those of the lower one."""
        return torch.cat([self.upper(x[:, :, :REGION]), self.lower(x[:, :, -REGION:])], dim=1)


class Learner(nn.Module):
    """The network and the regressors that it learns with; `shapes` are typical ones, which fix how they are scaled."""

    def __init__(self, shapes: tuple[Tensor, Tensor]) -> None:
        super().__init__()
        self.appearance = AppearanceNetwork()
        flat = [each.reshape(-1, each.shape[-1]) for each in shapes]
        self.scale = nn.ModuleList([_Scale(each.mean(0), each.std(0) + 1e-4) for each in flat])
        counts = (len(UPPER_UNITS), len(LOWER_UNITS))
        self.heads = nn.ModuleList(
            [_head(FEATURES + each.shape[1], count) for each, count in zip(flat, counts, strict=True)]
        )

    def forward(self, halves: Tensor, upper: Tensor, lower: Tensor) -> Tensor:
        """Return (n, 23) logits of shares, in the order of `UNITS`."""
        looks = self.appearance(halves).split(FEATURES, dim=1)
        found = [
            head(torch.cat([look, scale(shape).to(look.dtype)], dim=1))
            for head, look, scale, shape in zip(self.heads, looks, self.scale, (upper, lower), strict=True)
        ]
        return torch.cat(found, dim=1)


class _Scale(nn.Module):
    mean: Tensor
    spread: Tensor

    def __init__(self, mean: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.spread


def _region(widths: tuple[int, ...]) -> nn.Sequential:
    a, b, c, d, e = widths
    places = (-(-REGION // 8), -(-HALF // 8))
    return nn.Sequential(
        convolution(1, a, 5, 2),
        convolution(a, b, 3, 2),
        convolution(b, c, 3),
        convolution(c, d, 3, 2),
        convolution(d, e, 3),
        nn.Dropout(0.2),
        nn.Conv2d(e, FEATURES, places),
        nn.ReLU(),
        nn.Flatten(),
    )


def _head(inputs: int, outputs: int, hidden: int = 96) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(0.03), nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(0.03), nn.Linear(hidden, outputs)
    )


def faces_of(meshes: Array, cuts: NDArray[np.uint8]) -> Faces:
    """Return what is seen of (n, 478, 3) meshes and their crops (n, 64, 64)."""
    n, fit = len(meshes), fit_mean_face(meshes)
    numbers = numbers_of(upright_of(meshes, fit), angles_of(fit[0]), np.zeros((n, APPEARANCE), np.float32))
    seen = [inputs_seen(numbers, region)[:, FEATURES:].reshape(2, n, -1) for region in ("upper", "lower")]
    upper, lower = (torch.from_numpy(np.ascontiguousarray(each.transpose(1, 0, 2))) for each in seen)
    return Faces(torch.from_numpy(pictures_of(cuts))[:, None], (upper, lower))


def learnt_from(places: Places) -> tuple[Faces, Truth]:
    """Return the faces of which expressions are told, and warped photos of calm ones with known units."""
    meshes, cuts, votes = told_faces(places)
    photos = photos_to_learn(places)
    moved = photos.faces
    hints = np.repeat(hinted_units(votes)[:, :, None], 2, axis=2)
    shares = np.concatenate([hints, moved.intensities / np.float32(5)])[:, _ROWS]
    known = np.ones((len(shares), len(UNITS)), np.float32)
    known[: len(meshes)] = [unit in HINTED for unit in UNITS]
    weights = balance(votes)
    chances = np.concatenate([TOLD * weights / weights.sum(), np.full(len(moved), (1 - TOLD) / len(moved))])
    faces = faces_of(np.concatenate([meshes, moved.meshes]), np.concatenate([cuts, photos.cuts]))
    return faces, Truth(*(torch.from_numpy(each.astype(np.float32)) for each in (shares, known, chances)))


def fit(faces: Faces, truth: Truth, steps: int, state: Path, check: tuple[Faces, NDArray[np.float64]]) -> Learner:
    """Fit network and regressors; what was learnt by then is kept in `state`.

    `check` are faces that are not learnt from and the (n, 8) votes on them.
    """
    learner = Learner(faces.shapes)
    parts = (slice(0, len(UPPER_UNITS)), slice(len(UPPER_UNITS), None))

    def loss_of(one: nn.Module, chance: torch.Generator) -> Tensor:
        rows = torch.multinomial(truth.chances, _BATCH, replacement=True, generator=chance)
        side = (torch.rand(_BATCH, generator=chance) < 0.5).long()
        halves = roughened(jittered(faces.pictures[rows], side > 0, HALF, chance), chance)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = one(
                halves.contiguous(memory_format=torch.channels_last), *(each[rows, side] for each in faces.shapes)
            )
        wanted, known = truth.shares[rows, :, side], truth.known[rows]
        loss = known * nn.functional.binary_cross_entropy_with_logits(found.float(), wanted, reduction="none")
        return torch.stack([loss[:, part].sum() / known[:, part].sum() for part in parts]).sum()

    course = Course(steps, decay=0.03)
    learn(learner, course, loss_of, lambda one: f"validation AUC {told_apart(one, *check):.4f}", state)
    return learner


def told_apart(learner: nn.Module, faces: Faces, votes: NDArray[np.float64]) -> float:
    """Return the mean area under the ROC curve of expressions by the units that they hold."""
    n = len(faces.pictures)
    found = np.zeros((n, len(ACTION_UNITS), 2), np.float32)
    halves = torch.from_numpy(halves_of(faces.pictures[:, 0].numpy())).reshape(2, n, 1, -1, HALF)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for side, half in enumerate(halves):
            seen = half.contiguous(memory_format=torch.channels_last)
            logits = learner(seen, *(each[:, side] for each in faces.shapes))
            found[:, _ROWS, side] = torch.sigmoid(logits.float()).numpy()
    return float(np.mean([row["auc"] for row in prototypes(found, votes).values()]))


def main() -> None:
    """Parse the command line, train, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    Places.ask(parser)
    parser.add_argument("--out", type=Path, default=Path("src/mimika/models/appearance.onnx"))
    parser.add_argument("--state", type=Path, default=Path("build/training/appearance.pt"), help="for going on later")
    parser.add_argument("--steps", type=int, default=16000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    places = Places.chosen(options)
    faces, truth = learnt_from(places)
    meshes, cuts, votes = voted_faces(places, "validation", 5)
    print(f"{len(faces.pictures)} faces", flush=True)
    options.state.parent.mkdir(parents=True, exist_ok=True)
    check = (faces_of(meshes, cuts), votes)
    learner = fit(faces, truth, options.steps, options.state, check)
    card = {
        "name": "appearance",
        "version": "1",
        "architecture": "five convolutions and a dense layer for the upper and for the lower region of half a face",
        "licence": "Apache-2.0",
        "labels": [],
        "input": {"name": "luma", "shape": ["n", 1, faces.pictures.shape[-1], HALF]},
        "data": _DATA,
        "scores": {
            "validation_auc_of_prototypes": round(told_apart(learner, *check), 4),
            "steps": options.steps,
            "command": "python -m mimika.training.appearance",
        },
    }
    chosen = torch.multinomial(truth.chances, SAMPLE, generator=torch.Generator().manual_seed(0))
    sample = halves_of(faces.pictures[chosen, 0].numpy())
    example = torch.from_numpy(sample[:2])
    network, outputs = learner.appearance, ["appearance"]
    print(export_network(network, example, options.out, outputs=outputs, card=card, sample=sample, first_too=False))


if __name__ == "__main__":
    main()
