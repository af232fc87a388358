"""Fine-tuning: an expression network goes on learning from a few hundred labelled faces of a user's own.

The network keeps its eight classes. What the folder says little about, the classes that it lacks and who is who, is
held by a pull towards the base's own answers, and by going back part of the way from the tuned weights to the base's.
"""

from __future__ import annotations

import copy
import sys
import time
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset

from mimika.data.errors import OptionError
from mimika.data.labels import FER2013, FERPLUS
from mimika.engine.card import Card
from mimika.stages.recognize.calibrate import Calibration
from mimika.training.expression_data import augmented
from mimika.training.finetune_data import OwnFaces
from mimika.training.finetune_split import Division
from mimika.training.fit import Task
from mimika.training.mixing import mixup
from mimika.training.networks.expression import ShippedExpression
from mimika.training.rebuild import between, rebuilt
from mimika.training.recipe import Recipe, Schedule

HEADS = (("ferplus", FERPLUS, ""), ("fer2013", FER2013, "7"))
"""The network's heads: name of the layer, its labels, and what its settings on the card end with."""
IMAGINED = 5.0
"""So many faces with the shares that the network expects are counted to the folder's: an absent class is rare in it."""
RARE = 1e-4
BACK = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
"""How far to go from the base's weights to the tuned ones; validation chooses."""
Batch = tuple[Tensor, ...]
Floats = NDArray[np.float64]


def recipe_for(name: str, count: int, seed: int, overrides: dict[str, Any] | None = None) -> Recipe:
    """Return the schedule for `count` faces; `overrides` are names such as "schedule.epochs" or "data.pull".

    [data]: `pull` weighs the base's answers, `looks` its embedding, `mixup` (alpha) on a share `mixup_chance` of the
    batches, `smoothing` of the labels, `caution` for `FinetuneTask.chosen`, in standard errors. [start]:
    `trunk_rate` is the share of the rate at which convolutions learn, `frozen` how many of the first stages do not.

    Raises:
        OptionError: if a name is unknown.
    """
    parts: dict[str, dict[str, Any]] = {
        "schedule": {
            "epochs": 10, "batch": int(np.clip(count // 8, 4, 32)), "rate": 1e-3, "weight_decay": 0.01, "warmup": 0.1,
            "ema": 0.9, "best": True, "patience": 4, "threads": 0,
        },
        "data": {"pull": 1.0, "looks": 1.0, "mixup": 0.3, "mixup_chance": 0.5, "smoothing": 0.05, "dropout": 0.1,
                 "caution": 1.0},
        "start": {"trunk_rate": 0.1, "frozen": 1},
    }  # fmt: skip
    given = {"seed": seed}
    for dotted, value in (overrides or {}).items():
        part, _, key = dotted.partition(".")
        if dotted == "seed":
            given["seed"] = int(value)
        elif part in parts and (key in parts[part] or (part == "schedule" and key in Schedule.__slots__)):
            parts[part][key] = value
        else:
            known = ", ".join(f"{part}.{key}" for part, keys in parts.items() for key in keys)
            raise OptionError(f"--set: expected one of seed, {known}, received {dotted}")
    return Recipe(name, "finetune", given["seed"], Schedule(**parts["schedule"]), parts["data"], start=parts["start"])


class Head:
    """What one head is to learn: which of its logits compete how, by Bayes.

    `expected` (k,) are the shares under which the network's answers hold: each class of the folder the same, the others
    what the base expects of them. `seen` (k,) are the shares in the folder. `truth` (n,) is -1 where the head lacks the
    class. Source: Menon et al., "Long-tail learning via logit adjustment", ICLR 2021.
    """

    def __init__(self, faces: OwnFaces, learnt: NDArray[np.bool_], labels: tuple[str, ...], base: Floats) -> None:
        self.truth = faces.place_in(labels)
        own = np.isin(labels, faces.classes)
        rest = np.where(own, 0, np.maximum(base, RARE))
        self.expected: Floats = np.where(own, (1 - rest.sum()) / max(own.sum(), 1), rest)
        counts = np.bincount(self.truth[learnt & (self.truth >= 0)], minlength=len(labels)) + IMAGINED * self.expected
        self.seen: Floats = counts / counts.sum()
        self.shift: Floats = np.log(self.seen / self.expected)


class OwnCrops(Dataset[tuple[Tensor, ...]]):
    """Augmented crops (1, 64, 64) float32 0..1 of the faces learnt from, with their row among all faces."""

    def __init__(self, faces: OwnFaces, rows: NDArray[np.intp]) -> None:
        self.faces, self.rows = faces, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Return one sample."""
        row = int(self.rows[index])
        rng = np.random.default_rng(int(torch.randint(0, 2**31, ()).item()))
        luma = augmented(self.faces.parts[row], self.faces.matrices[row], rng, bool(rng.random() < 0.5))
        return torch.from_numpy(luma[None].astype(np.float32) / 255), torch.tensor(row)


class FinetuneTask(Task):
    """Labels by cross-entropy, the base's answers by Kullback-Leibler divergence, its embedding by the cosine.

    The calibration on the base's card becomes part of its weights first, with the shares that `Head` expects, so that
    the answers are probabilities from the start.

    Sources: Li & Hoiem, "Learning without forgetting", ECCV 2016 (pull to the base's answers); Wortsman et al., "Robust
    fine-tuning of zero-shot models", CVPR 2022 (between both weights); Howard & Ruder, ACL 2018 (rates by depth).
    """

    monitor = "val_likelihood"
    network: ShippedExpression

    def __init__(self, recipe: Recipe, base: Card, faces: OwnFaces, division: Division) -> None:
        whole = rebuilt(base.path, float(recipe.data["dropout"]))
        learnt = division.rows("train")
        heads = [_started(whole, base, faces, learnt, *head) for head in HEADS]
        super().__init__(recipe, whole.train())
        self.faces, self.division = faces, division
        self.heads = {name: head for (name, *_), head in zip(HEADS, heads, strict=True)}
        # In a tuple, so that it is no part of what is saved and trained.
        self.bases = (copy.deepcopy(whole).eval().requires_grad_(False),)
        for name, value in self._answers().items():
            self.register_buffer(f"said_{name}", value, persistent=False)
        for name, head in self.heads.items():
            self.register_buffer(f"shift_{name}", torch.from_numpy(head.shift).float(), persistent=False)
            self.register_buffer(f"truth_{name}", torch.from_numpy(head.truth), persistent=False)
        self.learnt_rows = np.flatnonzero(learnt)
        self.network.projection.requires_grad_(False)
        for stage in list(self.network.network.stages)[: int(recipe.start["frozen"])]:
            stage.requires_grad_(False)

    def train_dataset(self) -> OwnCrops:
        """Return the augmented faces learnt from."""
        return OwnCrops(self.faces, self.learnt_rows)

    def validation_dataset(self) -> TensorDataset:
        """Return the plain crops to choose by."""
        rows = np.flatnonzero(self.division.rows("validation"))
        return TensorDataset(plain(self.faces, rows), torch.from_numpy(rows))

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the heads at the full rate and the convolutions at a share of it; biases do not decay."""
        schedule, slow = self.recipe.schedule, float(self.recipe.start["trunk_rate"])
        learnt = [(name, p) for name, p in self.network.named_parameters() if p.requires_grad]
        groups = []
        for rate, trunk in ((schedule.rate, False), (schedule.rate * slow, True)):
            chosen = [p for name, p in learnt if ("stages." in name) == trunk]
            groups.append(
                {"params": [p for p in chosen if p.ndim > 1], "weight_decay": schedule.weight_decay, "lr": rate}
            )
            groups.append({"params": [p for p in chosen if p.ndim <= 1], "weight_decay": 0.0, "lr": rate})
        return groups

    def on_train_epoch_start(self) -> None:
        """Start each epoch's chances from its own seed: a training that was stopped goes on as it would have."""
        torch.manual_seed(1000 * self.recipe.seed + self.current_epoch)
        self.epoch_began = time.monotonic()

    def on_train_epoch_end(self) -> None:
        """Say how long it will take at most."""
        left = (self.recipe.schedule.epochs - self.current_epoch - 1) * (time.monotonic() - self.epoch_began)
        print(f"  at most {left:.0f} s left", file=sys.stderr, flush=True)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and its parts."""
        given = self.recipe.data
        luma, rows = batch
        shares = [(1.0, rows)]
        if bool(torch.rand(()) < given["mixup_chance"]) and given["mixup"] > 0:
            luma, order, share = mixup(luma, float(given["mixup"]))
            shares = [(share, rows), (1 - share, rows[order])]
        maps = self.network.network.features(luma)
        parts = {name: torch.zeros((), device=luma.device) for name in ("label", "pull", "looks")}
        for (name, *_), logits in zip(HEADS, self.network.network.heads(maps), strict=True):
            for share, place in shares:
                label, pull = self._costs(name, logits.float(), place)
                parts["label"], parts["pull"] = parts["label"] + share * label, parts["pull"] + share * pull
        if len(shares) == 1:
            looks = self.network.projection(self.network.network.describe(maps) - self.network.centre)
            parts["looks"] = 1 - F.cosine_similarity(looks.float(), self._of("said_embedding", rows)).mean()
        return parts["label"] + given["pull"] * parts["pull"] + given["looks"] * parts["looks"], parts

    def _costs(self, name: str, logits: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return what a head's logits (n, k) cost against the labels of the rows, and against the base's answers."""
        truth, said = self._of(f"truth_{name}", rows), self._of(f"said_{name}", rows)
        smoothing = float(self.recipe.data["smoothing"])
        wanted = F.one_hot(truth.clamp(min=0), logits.shape[1]) * (1 - smoothing) + smoothing * said
        costs = F.cross_entropy(logits + self._of(f"shift_{name}"), wanted, reduction="none")
        return (costs * (truth >= 0)).mean(), F.kl_div(logits.log_softmax(1), said, reduction="batchmean")

    def _of(self, name: str, rows: Tensor | None = None) -> Tensor:
        """Return a buffer, or its chosen rows."""
        value: Tensor = getattr(self, name)
        return value if rows is None else value[rows]

    def scores(self, batch: Batch) -> dict[str, Tensor]:
        """Return how likely the averaged network holds the truth to be, and how often it is right."""
        losses, said = self.losses(self.averaged.module, *batch)  # type: ignore[arg-type]
        return {
            "likelihood": -losses.mean(),
            "accuracy": (said == self._of("truth_ferplus", batch[1])).float().mean(),
        }

    def losses(self, whole: ShippedExpression, luma: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return a network's cross-entropy (n,) on crops of the `rows` under the folder's shares, and its answers."""
        with torch.no_grad():
            logits = whole(luma)[0].float() + self._of("shift_ferplus")
        return F.cross_entropy(logits, self._of("truth_ferplus", rows), reduction="none"), logits.argmax(1)

    def chosen(self) -> tuple[ShippedExpression, float]:
        """Return the network between the base and the tuned weights that is kept, and how far it is from the base.

        The nearest to the base that is not worse on validation than the best by more than `caution` standard errors of
        the difference, picture by picture, because each step away costs some of what the base knows. Source: the
        one-standard-error rule of Breiman et al., "Classification and regression trees", 1984.
        """
        luma, rows = self.validation_dataset().tensors
        networks, losses = [], []
        for share in BACK:
            networks.append(between(self.bases[0], self.averaged.module, share))
            losses.append(self.losses(networks[-1], luma, rows)[0].numpy())
        worse = np.stack(losses) - losses[int(np.argmin([loss.mean() for loss in losses]))]
        within = float(self.recipe.data["caution"]) * worse.std(1) / len(rows) ** 0.5
        nearest = int(np.flatnonzero(worse.mean(1) <= within)[0])
        return networks[nearest], BACK[nearest]

    def _answers(self) -> dict[str, Tensor]:
        """Return the base's probabilities of each head and its embedding for all faces, each seen both ways round."""
        luma = plain(self.faces, np.arange(len(self.faces)))
        with torch.no_grad():
            first, second = self.bases[0](luma), self.bases[0](luma.flip(3))
        return {
            "ferplus": (first[0].softmax(1) + second[0].softmax(1)) / 2,
            "fer2013": (first[1].softmax(1) + second[1].softmax(1)) / 2,
            "embedding": F.normalize(first[2] + second[2], dim=1),
        }


def plain(faces: OwnFaces, rows: NDArray[np.intp]) -> Tensor:
    """Return the product's own crops (n, 1, 64, 64) of the rows."""
    return torch.from_numpy(faces.crops[rows][:, None].astype(np.float32) / 255)


def _started(
    whole: ShippedExpression,
    base: Card,
    faces: OwnFaces,
    learnt: NDArray[np.bool_],
    name: str,
    labels: tuple[str, ...],
    end: str,
) -> Head:
    """Make the base's calibration, moved to the shares that are expected, part of a head's weights."""
    calibration = Calibration.of(base, len(labels), end)
    prior = np.ones(len(labels)) if calibration.prior is None else np.maximum(calibration.prior, RARE)
    head = Head(faces, learnt, labels, prior / prior.sum())
    layer: torch.nn.Linear = getattr(whole.network, name)
    offset = calibration.bias + np.log(head.expected / prior)
    with torch.no_grad():
        layer.weight /= calibration.temperature
        layer.bias.copy_(layer.bias / calibration.temperature + torch.from_numpy(offset).float())
    return head
