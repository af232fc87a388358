"""The `mesh` task: learn MediaPipe's 478 points from its labels on faces of all our sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mimika.evaluation.statistics import plain
from mimika.training import turned
from mimika.training.export import export_network, write_card
from mimika.training.fit import Task
from mimika.training.mesh_data import SPEC, HeldOutFaces, MeshFaces, rows_of
from mimika.training.networks.mesh import MeshNetwork, ShippedMesh
from mimika.training.pictures import LabelledFaces, labelled_faces, read_luma
from mimika.training.recipe import Recipe

COMPONENT_SHAPES = 3000
"""Shapes drawn for the principal components that the last layer starts with."""


class MeshTask(Task):
    """Mean absolute point error in inter-ocular distances plus presence."""

    network: MeshNetwork

    def __init__(self, recipe: Recipe, data: Path, labels: Path, cache: Path) -> None:
        super().__init__(recipe, MeshNetwork(SPEC.side, **recipe.network))
        self.folders = (data, labels, cache)
        self.depth_weight = float(recipe.data.get("depth_weight", 0.4))
        self.mild_epochs = int(recipe.data.get("mild_epochs", 0))
        self._sets: list[LabelledFaces] | None = None
        self._shown: MeshFaces | None = None

    @property
    def sets(self) -> list[LabelledFaces]:
        """The labelled sets, decoded on first use."""
        if self._sets is None:
            self._sets = [labelled_faces(*self.folders, name) for name in self.recipe.data["sets"]]
        return self._sets

    def train_dataset(self) -> MeshFaces:
        """Faces of persons that are not held out."""
        chosen = [(faces, rows_of(faces, False)) for faces in self.sets]
        data, _, _ = self.folders
        scenes = [scene for i, scene in enumerate(read_luma(data, "negatives")) if i % 5]
        mesh = turned.triangles(data / "face_model" / "canonical_face_model.obj")
        weights = [float(weight) for weight in self.recipe.data["weights"]]
        self._shown = MeshFaces(chosen, weights, scenes, int(self.recipe.data["epoch_items"]), mesh)
        return self._shown

    def on_train_epoch_start(self) -> None:
        """Make the last epochs mild."""
        if self._shown is not None:
            self._shown.mild = self.current_epoch >= self.recipe.schedule.epochs - self.mild_epochs

    def validation_dataset(self) -> HeldOutFaces:
        """The held-out persons of `faces` and `people`."""
        names = self.recipe.data["sets"]
        return HeldOutFaces(
            [
                (faces, rows_of(faces, True))
                for name, faces in zip(names, self.sets, strict=True)
                if name in ("faces", "people")
            ]
        )

    def start(self) -> None:
        """Set the last layer to the principal components of augmented training shapes."""
        self.start_from(self.train_dataset())

    def start_from(self, dataset: MeshFaces) -> None:
        """Take the components from the shapes that a data set draws."""
        dataset.absent = 0.0
        shapes = torch.stack([dataset[i]["points"].reshape(-1) for i in range(COMPONENT_SHAPES)])
        mean = shapes.mean(0)
        _, spread, components = torch.linalg.svd(shapes - mean, full_matrices=False)
        features = self.network.shape.in_features
        scaled = components[:features] * (spread[:features, None] / len(shapes) ** 0.5)
        self.network.set_components(mean, scaled)
        self.averaged.module.load_state_dict(self.network.state_dict())

    def loss(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """L1 in inter-ocular distances on present faces, binary cross-entropy on presence."""
        points, presence = self.network(batch["luma"])
        here = batch["presence"] > 0
        error = (points.float() - batch["points"])[here] / batch["scale"][here, None, None]
        flat, depth = error[..., :2].abs().mean(), error[..., 2].abs().mean()
        seen = functional.binary_cross_entropy_with_logits(presence.float(), batch["presence"])
        return flat + self.depth_weight * depth + 0.03 * seen, {"flat": flat, "depth": depth, "presence": seen}

    def scores(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Normalised mean error of one pass, two-dimensional, in percent."""
        points, presence = self.averaged(batch["luma"])
        error = (points.float() - batch["points"])[..., :2].norm(dim=2).mean(1) / batch["scale"]
        return {
            "nme": 100 * error.mean(),
            "median": 100 * error.median(),
            "presence": presence.float().sigmoid().mean(),
        }

    def export(self, target: Path, *, scored: bool = True) -> dict[str, Any]:
        """Write the network and its card; `scored` measures it on the held-out faces."""
        example = torch.stack([self.validation_dataset()[index]["luma"] for index in range(4)])
        network = ShippedMesh(self.averaged.module)  # type: ignore[arg-type]
        card = export_network(network, example, target, outputs=["points", "presence"], card=self._card())
        if scored:
            from mimika.training.evaluate_mesh import evaluate

            card["scores"] = plain(evaluate(str(target), *self.folders))
            card["scores"]["command"] = "python -m mimika.training.evaluate_mesh"
            write_card(target, card)
        return card

    def _card(self) -> dict[str, Any]:
        """What the card says beyond what can be counted."""
        return {
            "name": "mesh",
            "version": "1",
            "architecture": "residual network, 96 px luma crop to 478 points through a principal-component head",
            "licence": "Apache-2.0",
            "input": {"name": "luma", "shape": ["n", 1, SPEC.side, SPEC.side], "range": [0, 1], "span": SPEC.span},
            "labels": [],
            "data": {
                "teacher": "MediaPipe Face Mesh 0.10.21, refined landmarks (Apache-2.0); its labels, not its weights",
                "faces": "faces/ of an Apache-2.0 repository, many LFW news photos",
                "people": "video frames of YouTube Faces (research use), MIT repository",
                "fer2013": "FER-2013 training pictures (research benchmark, images found by web search)",
                "clips": "frames of sample clips (CC BY 4.0 and MIT repositories)",
                "negatives": "scenes without faces (CC0 and MIT)",
                "held_out": "persons of faces/ and people/ by a hash of the name; all of studio/",
            },
            "recipe": "recipes/mesh.toml",
        }
