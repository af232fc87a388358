"""The `detect` task: learn human face boxes of photos and the known places of pasted faces."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mimika.training.detect_data import DetectScenes, Material, read_material
from mimika.training.detect_loss import detect_loss
from mimika.training.detect_threshold import choose
from mimika.training.export import export_network, write_card
from mimika.training.fit import Task
from mimika.training.networks.detect import DetectNetwork, ShippedDetect, cells, flatten
from mimika.training.recipe import Recipe

WEIGHTS = {"score": 1.0, "box": 2.0, "points": 10.0}
VALIDATION_SCENES = 320
STEP = 32
"""Height and width of the input are multiples of this."""


class DetectTask(Task):
    """Quality focal score, generalised IoU of the box, smooth L1 of the points."""

    def __init__(self, recipe: Recipe, data: Path, labels: Path, cache: Path) -> None:
        super().__init__(recipe, DetectNetwork(**recipe.network))
        self.folders = (data, labels, cache)
        self.side = int(recipe.data.get("side", 320))
        self._read: dict[str, Material] = {}

    def material(self, split: str) -> Material:
        """Return what the scenes of "train" or "validation" are made of, read once."""
        if split not in self._read:
            self._read[split] = read_material(*self.folders, split)
        return self._read[split]

    def start(self) -> None:
        """Say what there is to learn from; the weights start at random."""
        material = self.material("train")
        pasted = sum(len(rows) for _, rows in material.faces)
        print(
            f"detect: {len(material.photos)} photos, {pasted} faces to paste, {len(material.backgrounds)} scenes",
            file=sys.stderr,
        )

    def train_dataset(self) -> Dataset[Any]:
        """Return endless fresh scenes."""
        shares = tuple(self.recipe.data.get("shares", (0.45, 0.28, 0.27)))
        return DetectScenes(self.material("train"), int(self.recipe.data["epoch_items"]), self.side, shares)

    def validation_dataset(self) -> Dataset[Any]:
        """Return the same scenes each time, of photos and persons that are not trained on."""
        return DetectScenes(self.material("validation"), VALIDATION_SCENES, self.side, seed=self.recipe.seed)

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """Weigh the three parts."""
        parts = self._parts(self.network, batch)
        return sum((WEIGHTS[name] * part for name, part in parts.items()), torch.zeros((), device=self.device)), parts

    def scores(self, batch: Any) -> dict[str, Tensor]:
        """Return the parts of the loss on validation scenes."""
        return self._parts(self.averaged, batch)

    def _parts(self, network: torch.nn.Module, batch: Any) -> dict[str, Tensor]:
        luma, labels = batch
        height, width = luma.shape[-2:]
        pictures = (luma.float() / 255).contiguous(memory_format=torch.channels_last)
        raw = flatten(network(pictures)).float()
        with torch.autocast(raw.device.type, enabled=False):
            return detect_loss(raw, cells(height, width, raw.device), labels, (height, width))

    def export(self, target: Path) -> dict[str, Any]:
        """Choose the threshold on validation pictures, put it at a score of 0.5, and write network and card."""
        network = cast(DetectNetwork, self.averaged.module.eval().float())
        shift, chosen = choose(network, self.material("validation"))
        shipped = ShippedDetect(network, shift)
        example = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 1, 224, 320), np.uint8))
        rows, columns = (torch.export.Dim(name, min=1, max=64) for name in ("rows", "columns"))
        card = export_network(
            shipped,
            example,
            target,
            outputs=["scores", "shapes"],
            dynamic={2: STEP * rows, 3: STEP * columns},
            card=_card(self.recipe, shift, chosen),
        )
        from mimika.training.evaluate_detect import score  # it reads the pictures again, which only a whole run needs

        card["scores"] = score(str(target), *self.folders)
        write_card(target, card)
        return card


def _card(recipe: Recipe, shift: float, chosen: dict[str, float]) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "version": "1",
        "architecture": "patch stem, three depthwise stages, top-down path, a head a stride (networks/detect.py)",
        "licence": "Apache-2.0",
        "labels": ["face"],
        "input": {
            "name": "luma",
            "type": "uint8",
            "shape": [1, 1, "height", "width"],
            "range": "0..255; height and width are multiples of 32",
        },
        "output": {
            "scores": "(1, k) 0..1; cells of strides 8, 16, 32 one after the other, each in row order",
            "shapes": "(1, 14, k) in cells: centre shift x, y; log width, height; five points x, y from the centre",
        },
        "data": {
            "photos": "MIT; train split, human boxes; five points, and faces to ignore, by YuNet at 640 and 1280",
            "faces": "Apache-2.0; pasted, boxes and points from MediaPipe Face Mesh labels",
            "people": "MIT, frames of YouTube Faces (research use); pasted, boxes and points from MediaPipe labels",
            "negatives": "CC0 and MIT; scenes without a face, 55 % of them by hash",
        },
        "settings": {"shift": shift},
        "validation": chosen,
        "recipe": {"file": f"recipes/{recipe.name}.toml", "seed": recipe.seed, "epochs": recipe.schedule.epochs},
    }
