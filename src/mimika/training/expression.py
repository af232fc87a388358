"""What the `expression` network learns: FER+ vote distributions and FER-2013 labels on the product's own crop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mimika.data.labels import FER2013, FERPLUS
from mimika.stages.faces.align import EXPRESSION_CROP
from mimika.training import calibrating, evaluate_expression
from mimika.training.export import export_network, folded, write_card
from mimika.training.expression_data import ExpressionCrops, load_split
from mimika.training.expression_extra import answers, with_extra_faces
from mimika.training.expression_identity import (
    descriptors,
    fit_projection,
    identity_crops,
    is_held_out,
    verification,
)
from mimika.training.fit import Task
from mimika.training.mixing import mixup
from mimika.training.networks.expression import ExpressionNetwork, ShippedExpression
from mimika.training.rebuild import OUTPUTS, between, rebuilt
from mimika.training.recipe import Recipe
from mimika.training.shapes import shape_targets

Batch = tuple[Tensor, ...]

ARCHITECTURE = (
    "residual network of dense 3x3 convolutions on a 64 px aligned luma crop; heads for FER+ votes and FER-2013 "
    "labels; embedding by linear discriminant analysis of its features"
)
VERSIONS = {"expression": "6", "expression-fast": "4"}
"""The next number of a network's card, to be raised when it is trained anew."""
SAMPLE = 500
"""Crops that the ranges of whole numbers are read off."""
DATA = [
    {
        "name": "FER-2013",
        "use": "pictures and seven-class labels, training split",
        "terms": "research benchmark, images from web search",
    },
    {"name": "FER+", "use": "ten votes a picture, training split", "terms": "MIT"},
    {
        "name": "people, faces (YouTube Faces, LFW)",
        "use": "who is who, for the embedding only",
        "terms": "research use",
    },
    {
        "name": "MediaPipe Face Mesh 0.10.21",
        "use": "teacher's points that place the training crops",
        "terms": "Apache-2.0",
    },
]
UNLABELLED = {"name": "", "use": "faces without a label, as a larger network reads them", "terms": "research use"}


class ExpressionTask(Task):
    """Soft cross-entropy to the votes and to the seven-class label, and the face's shape as a second thing to learn.

    The recipe's [data]: `smoothing` of the labels, `fer2013_weight` (the second loss), `shape_weight` (the third),
    `mixup` (alpha) on a share `mixup_chance` of the batches, `belief_start` (progress after which the network's own
    answers make `belief_share` of the seven-class targets) and `belief_pace`, `sides` (crop sides to begin with, and
    until which progress), `embedding` (its length), `extra` (sets of unlabelled faces), `teachers` (network files)
    whose answers make `teacher_share` of the targets, `teacher_shift` (see `answers`), `strength` of the changes to
    pictures (see `ExpressionCrops`). [network]: the arguments of
    `ExpressionNetwork`. [ship]: `int8` (see `quantize.py`), false unless told, `looks` (see `ShippedExpression`), 1
    unless told, and `way`: how far to go from the network that it began with, a file as it ships, to what was learnt.

    Many seven-class labels are doubtful: beliefs b follow the answers p of the network, b = (1 - pace) b + pace p, and
    soften the labels. Not so the votes, which say themselves how doubtful they are: without them as they were given,
    targets grew ever softer and accuracy fell. Source: after Huang et al., "Self-adaptive training: beyond empirical
    risk minimization", NeurIPS 2020.
    """

    network: ExpressionNetwork
    votes: Tensor
    labels: Tensor
    beliefs: Tensor
    shapes: Tensor

    def __init__(self, recipe: Recipe, data: Path, labels: Path, cache: Path) -> None:
        super().__init__(recipe, ExpressionNetwork(**{key: _frozen(value) for key, value in recipe.network.items()}))
        self.folders = (data, labels, cache)
        given = recipe.data.get
        self.smoothing, self.fer2013_weight = float(given("smoothing", 0.1)), float(given("fer2013_weight", 1.0))
        self.shape_weight = float(given("shape_weight", 0.0))
        self.alpha, self.mixup_chance = float(given("mixup", 0.0)), float(given("mixup_chance", 0.5))
        self.belief_start, self.belief_pace = float(given("belief_start", 1.0)), float(given("belief_pace", 0.1))
        self.belief_share = float(given("belief_share", 0.4))
        self.believing = False
        self.sides: list[list[float]] = given("sides", [])
        self.embedding = int(given("embedding", 128))
        faces = with_extra_faces(load_split(data, labels, "train"), data, labels, cache, given("extra", []))
        teachers = [Path(name) for name in given("teachers", [])]
        strength = float(given("strength", 1.0))
        self.crops = ExpressionCrops(faces, augment=True, unlabelled=bool(teachers), strength=strength)
        self.register_buffer("votes", self.crops.targets.clone())
        known = self.crops.labels.clamp(min=0)
        self.register_buffer("labels", F.one_hot(known, len(FER2013)).float())
        if teachers:
            said = answers(teachers, faces.take(self.crops.rows), float(given("teacher_shift", 0.0)))
            self.follow(said, float(given("teacher_share", 0.7)))
        shapes = shape_targets(faces.points, faces.found, faces.matrices)
        self.register_buffer("beliefs", self.labels.clone())
        both = torch.from_numpy(np.stack(shapes, 1)[self.crops.rows])
        self.register_buffer("shapes", both, persistent=False)
        self.shape_head = torch.nn.Linear(self.network.ferplus.in_features, both.shape[2])

    def train_dataset(self) -> ExpressionCrops:
        """Return the augmented crops of the training split."""
        return self.crops

    def validation_dataset(self) -> ExpressionCrops:
        """Return the plain crops of PublicTest."""
        return ExpressionCrops(load_split(*self.folders[:2], "validation"))

    def on_train_epoch_start(self) -> None:
        """Start each epoch's chances from its own seed: a training that was stopped must not see the same again."""
        torch.manual_seed(1000 * self.recipe.seed + self.current_epoch)
        done = self.progress()
        side = next((side for side, until in self.sides if done < until), self.recipe.network.get("side", 48))
        self.network.set_side(int(side))
        self.believing = done >= self.belief_start

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and its parts; rows without votes or without label count in the other parts only."""
        luma, _, weights, labels, number, mirror = batch
        shares = [(1.0, torch.arange(len(luma), device=luma.device))]
        mixed = bool(torch.rand(()) < self.mixup_chance) and self.alpha > 0
        if mixed:
            luma, order, share = mixup(luma, self.alpha)
            shares = [(share, shares[0][1]), (1 - share, order)]
        maps = self.network.features(luma)
        logits, logits7 = self.network.heads(maps)
        named = self.shape_head(maps[-1].mean((2, 3))).float()
        known = (labels >= 0).float()
        shape = self.shapes[number, mirror.long()]
        votes = self.votes[number]
        seven = torch.lerp(self.labels[number], self.beliefs[number], self.belief_share)
        seven = seven * (1 - self.smoothing) + self.smoothing / len(FER2013)
        parts = dict.fromkeys(("votes", "fer2013", "shape"), torch.zeros((), device=luma.device))
        for part, rows in shares:
            parts["votes"] = parts["votes"] + part * _mean(_cross_entropy(logits, votes[rows]), weights[rows])
            parts["fer2013"] = parts["fer2013"] + part * _mean(_cross_entropy(logits7, seven[rows]), known[rows])
            parts["shape"] = parts["shape"] + part * F.smooth_l1_loss(named, shape[rows])
        if self.believing and not mixed:
            self.believe(number, logits7.detach())
        weighed = parts["votes"] + self.fer2013_weight * parts["fer2013"] + self.shape_weight * parts["shape"]
        return weighed, parts

    def follow(self, said: tuple[NDArray[np.float32], NDArray[np.float32]], share: float) -> None:
        """Mix the teachers' answers ((n, 8), (n, 7)) into the targets; without a truth they are all there is."""
        crops = self.crops
        for targets, answer, known in (
            (self.votes, said[0], crops.weights > 0),
            (self.labels, said[1], crops.labels >= 0),
        ):
            part = torch.where(known, share, 1.0)[:, None]
            targets += part * (torch.from_numpy(answer) - targets)
        crops.weights.fill_(1.0)
        crops.labels.clamp_(min=0)

    def believe(self, number: Tensor, logits7: Tensor) -> None:
        """Move the beliefs about the samples `number` (n,) a step towards the network's answers (n, 7)."""
        self.beliefs[number] += self.belief_pace * (logits7.float().softmax(1) - self.beliefs[number])

    def scores(self, batch: Batch) -> dict[str, Tensor]:
        """Return the vote cross-entropy and both accuracies, over the rows that have the truth."""
        luma, targets, weights, labels, *_ = batch
        logits, logits7 = self.averaged(luma)
        share = weights.sum().clamp(min=1)
        right = (logits.argmax(1) == targets.argmax(1)).float()
        labelled = (labels >= 0).float()
        right7 = (logits7.argmax(1) == labels).float()
        return {
            "votes": (F.cross_entropy(logits.float(), targets, reduction="none") * weights).sum() / share,
            "accuracy8": (right * weights).sum() / share,
            "accuracy7": (right7 * labelled).sum() / labelled.sum().clamp(min=1),
        }

    def shipped(self) -> tuple[ShippedExpression, dict[str, float]]:
        """Return the averaged network with its embedding, and how well that tells persons apart who were held out."""
        network: ExpressionNetwork = self.averaged.module  # type: ignore[assignment]
        network = network.float().eval()
        if way := self.recipe.ship.get("way"):
            base = rebuilt(Path(self.recipe.start["weights"])).network
            network = between(base, folded(network), float(way)).eval()
        crops, persons = identity_crops(*self.folders)
        features, out = descriptors(network, crops), is_held_out(persons)
        weight, centre = fit_projection(features[~out], persons[~out], self.embedding)
        whole = ShippedExpression(network, len(weight), int(self.recipe.ship.get("looks", 1)))
        whole.set_projection(torch.from_numpy(weight).float(), torch.from_numpy(centre).float())
        embeddings = (features[out] - centre) @ weight.T
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        return whole.eval(), {name: round(value, 4) for name, value in verification(embeddings, persons[out]).items()}

    def sample(self) -> NDArray[np.float32]:
        """Return `SAMPLE` augmented training crops (n, 1, 64, 64): from hard pictures the ranges are wide enough."""
        torch.manual_seed(self.recipe.seed)
        rows = np.linspace(0, len(self.crops) - 1, SAMPLE).astype(int)
        return np.stack([self.crops[int(row)][0].numpy() for row in rows])

    def export(self, target: Path) -> dict[str, Any]:
        """Fit embedding and calibration, write network and card, and score the file on the test split once."""
        data, labels, _ = self.folders
        whole, identity = self.shipped()
        validation = load_split(data, labels, "validation")
        example = torch.from_numpy(evaluate_expression.plain_crops(validation, validation.matrices)[:8])
        sample = self.sample() if self.recipe.ship.get("int8") else None
        card: dict[str, Any] = {
            "name": self.recipe.name,
            "version": VERSIONS.get(self.recipe.name, "1"),
            "recipe": f"recipes/{self.recipe.file}",
            "architecture": ARCHITECTURE,
            "licence": "Apache-2.0 (weights); see data for the terms of what they learnt from",
            "labels": list(FERPLUS),
            "labels7": list(FER2013),
            "data": [*DATA, *(UNLABELLED | {"name": name} for name in self.recipe.data.get("extra", []))],
            "input": {"name": "luma", "shape": ["n", 1, 64, 64], "range": [0, 1], "span": EXPRESSION_CROP.span},
            "settings": {"embedding_threshold": round(identity["threshold"], 3)},
        }
        full = export_network(whole, example, target, outputs=OUTPUTS, card=card, sample=sample)
        full["settings"] |= calibrating.settings(target, data, labels)
        write_card(target, full)
        report = evaluate_expression.evaluate(target, data, labels)
        full["scores"] = report["test"]["teacher_crop"] | {"identity": identity}
        full["scores"]["command"] = evaluate_expression.COMMAND
        write_card(target, full)
        return full


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.float(), targets, reduction="none")


def _mean(losses: Tensor, weights: Tensor) -> Tensor:
    return (losses * weights).sum() / weights.sum().clamp(min=1)


def _frozen(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value
