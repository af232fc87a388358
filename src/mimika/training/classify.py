"""What the networks of the field learn: the class of a plain, tight picture of a face."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mimika.evaluation import calibration
from mimika.training.augmentations import Augmenter
from mimika.training.classify_data import Classified, ClassPictures, load_pictures
from mimika.training.export import export_network, write_card
from mimika.training.fit import Task
from mimika.training.losses import make_loss
from mimika.training.mixing import cutmix, mixup
from mimika.training.networks.field import fused, make_network
from mimika.training.recipe import Recipe

DATA = {
    "fer2013": [
        {
            "name": "FER-2013",
            "use": "pictures and seven-class labels, training split",
            "terms": "research benchmark, images from web search",
        }
    ],
    "ferplus": [
        {
            "name": "FER-2013",
            "use": "pictures, training split",
            "terms": "research benchmark, images from web search",
        },
        {"name": "FER+", "use": "ten votes a picture, training split", "terms": "MIT"},
    ],
    "folders": [{"name": "a folder of class folders", "use": "training", "terms": "not known"}],
}
"""What a card says of the data."""


class ClassifyTask(Task):
    """One network of `networks/field.py` on tight pictures of one `side`, with the recipe's loss and augmentations.

    The recipe's [data]: `labels` ("fer2013", "ferplus", "folders"), `vote_share` of FER+'s votes in the targets of
    "fer2013", `side` in pixels, `mixup` and `cutmix` (their alphas; 0 is off), `blend_chance` of a batch being blended
    by one of the two that are on, `sides` (sides to begin with and until which progress, as [[36, 0.4]]). [network]:
    `name` and the arguments of its class. [loss]: see `losses.make_loss`. [augment]: see `augmentations.Augmenter`.
    """

    monitor = "val_accuracy"

    def __init__(self, recipe: Recipe, data: Path, labels: Path, cache: Path) -> None:
        given = recipe.data.get
        self.labels, self.side = str(given("labels", "fer2013")), int(given("side", 48))
        pictures = load_pictures(data, "train", self.labels, self.side, float(given("vote_share", 0.0)))
        super().__init__(recipe, make_network(recipe.network, len(pictures.classes)))
        self.folder, self.classes = data, pictures.classes
        self.training_data = Classified(pictures, Augmenter(recipe.augment, colour=False))
        self.criterion = make_loss(recipe.loss, pictures.targets.sum(0).tolist())
        self.blends = [
            (blend, float(given(name, 0.0))) for name, blend in (("mixup", mixup), ("cutmix", cutmix)) if given(name)
        ]
        self.blend_chance = float(given("blend_chance", 0.5))
        self.sides: list[list[float]] = given("sides", [])

    def train_dataset(self) -> Classified:
        """Return the augmented pictures of the training split."""
        return self.training_data

    def validation_dataset(self) -> Classified:
        """Return the plain pictures of the validation split."""
        return Classified(load_pictures(self.folder, "validation", self.labels, self.side))

    def on_train_epoch_start(self) -> None:
        """Start each epoch's chances from its own seed: a training that was stopped must not see the same again."""
        torch.manual_seed(1000 * self.recipe.seed + self.current_epoch)

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, blended by chance, and the accuracy on it where it is not blended."""
        luma, targets = batch
        if self.blends and torch.rand(()) < self.blend_chance:
            blend, alpha = self.blends[int(torch.randint(len(self.blends), ()))]
            luma, order, share = blend(luma, alpha)
            targets = share * targets + (1 - share) * targets[order]
        logits = self.network(self.shrunk(luma))
        return self.criterion(logits, targets).mean(), {
            "accuracy": (logits.argmax(1) == targets.argmax(1)).float().mean()
        }

    def shrunk(self, luma: Tensor) -> Tensor:
        """Bring a batch to the side of this time of the training; small pictures first save time."""
        done = self.progress()
        side = int(next((side for side, until in self.sides if done < until), self.side))
        if side == luma.shape[-1]:
            return luma
        return F.interpolate(luma, size=(side, side), mode="bilinear", antialias=True)

    def scores(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Return the accuracy and the plain cross-entropy."""
        luma, targets = batch
        logits = self.averaged(luma).float()
        right = (logits.argmax(1) == targets.argmax(1)).float().mean()
        return {"accuracy": right, "cross_entropy": F.cross_entropy(logits, targets)}

    def export(self, target: Path) -> dict[str, Any]:
        """Write the network and its card, with the temperature that validation asks for."""
        validation = load_pictures(self.folder, "validation", self.labels, self.side)
        network = self.averaged.module.float().eval()
        logits = logits_of(network, validation)
        example = torch.from_numpy(validation.pictures[:8, None].astype(np.float32) / 255)
        card: dict[str, Any] = {
            "name": target.stem,
            "version": "1",
            "recipe": f"recipes/field/{self.recipe.name}.toml",
            "architecture": " ".join((type(self.network).__doc__ or "").split("\n\n")[0].split()),
            "licence": "Apache-2.0 (weights); see data for the terms of what they learnt from",
            "labels": list(self.classes),
            "data": DATA[self.labels],
            "input": {"name": "luma", "shape": ["n", 1, self.side, self.side], "range": [0, 1], "crop": "tight"},
            "settings": {
                "temperature": round(calibration.best_temperature(logits, validation.targets), 4),
                "prior": [round(float(share), 4) for share in self.training_data.data.targets.mean(0)],
            },
        }
        full = export_network(fused(network), example, target, outputs=["logits"], card=card)
        right = logits.argmax(1) == validation.targets.argmax(1)
        full["scores"] = {"validation_accuracy": round(float(right.mean()), 4), "validation_rows": len(right)}
        write_card(target, full)
        return full


def logits_of(network: torch.nn.Module, data: ClassPictures, batch: int = 128) -> np.ndarray[Any, Any]:
    """Return the logits (n, k) of all pictures of a split."""
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(data.pictures[start : start + batch, None].astype(np.float32) / 255))
            for start in range(0, len(data), batch)
        ]
    return torch.cat(parts).float().numpy()
