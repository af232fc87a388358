"""The mesh training in small: what it feeds the network, that it learns, survives a stop, and exports what it knows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mimika.data.geometry import transform
from mimika.engine.card import Card
from mimika.engine.session import Session
from mimika.engine.weights import verify
from mimika.evaluation.statistics import interval, roc_auc
from mimika.stages.faces import align
from mimika.training import augment
from mimika.training.export import export_network
from mimika.training.fit import fit
from mimika.training.mesh import MeshTask
from mimika.training.mesh_data import MeshFaces, half_face, plausible
from mimika.training.networks.mesh import MeshNetwork, ShippedMesh
from mimika.training.pictures import LabelledFaces
from mimika.training.recipe import Recipe, Schedule


@pytest.fixture(scope="module")
def faces() -> LabelledFaces:
    """Six drawn faces whose meshes are known."""
    rng = np.random.default_rng(0)
    points = np.stack([align.mean_face() * rng.uniform(40, 50) + (64, 64, 0) for _ in range(6)]).astype(np.float32)
    luma = np.full((6, 128, 128), 60, np.uint8)
    for picture, mesh in zip(luma, points, strict=True):
        cv2.fillConvexPoly(picture, cv2.convexHull(np.round(mesh[:, :2]).astype(np.int32)), 200)
    return LabelledFaces(
        luma, np.full((6, 2), 128, np.int32), points, np.ones(6, bool), np.array([f"P{i}_1.jpg" for i in range(6)])
    )


@pytest.fixture
def dataset(faces: LabelledFaces) -> MeshFaces:
    return MeshFaces([(faces, np.arange(6))], [1.0], [np.zeros((80, 90), np.uint8)], 32, None, absent=0.4)


def test_items_are_what_the_network_takes(dataset: MeshFaces) -> None:
    items = [dataset[i] for i in range(40)]
    side = align.MESH_CROP.side
    assert all(item["luma"].shape == (1, side, side) for item in items)
    assert all(0 <= item["luma"].min() <= item["luma"].max() <= 1 for item in items)
    assert {float(item["presence"]) for item in items} == {0.0, 1.0}
    distance = [float(item["scale"]) for item in items if item["presence"]]
    assert 0.5 * align.MESH_CROP.scale < np.median(distance) < 1.6 * align.MESH_CROP.scale


def seen(crop: np.ndarray, mesh: np.ndarray) -> float:
    """Share of the points that lie on the bright face in the crop."""
    x, y = np.round(mesh[:, :2]).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < crop.shape[1]) & (y < crop.shape[0])
    return float((crop[y[inside], x[inside]] > 150).sum() / len(mesh))


def test_half_faces_have_lost_half(faces: LabelledFaces) -> None:
    rng = np.random.default_rng(3)
    whole = align.matrices_from_meshes(faces.points[:1], align.MESH_CROP)
    picture = align.crop(faces.picture(0), whole[0], align.MESH_CROP)
    full = seen(picture, transform(whole, faces.points[:1])[0])
    shares = []
    for _ in range(60):
        crop, mesh = half_face(faces.picture(0), faces.points[0], rng)
        shares.append(seen(np.where(crop <= 205, crop, 0), mesh))
    assert full > 0.8
    assert np.median(shares) < 0.6 * full


def test_collapsed_labels_are_dropped(faces: LabelledFaces) -> None:
    broken = faces.points.copy()
    broken[0, :, :2] = broken[0, 0, :2]
    broken[1] = np.random.default_rng(0).normal(60, 40, broken[1].shape)
    chosen = plausible(LabelledFaces(faces.luma, faces.sizes, broken, faces.found, faces.names))
    assert chosen.tolist() == [False, False, True, True, True, True]


@pytest.mark.parametrize("augmentation", [getattr(augment, name) for name in (
    "light", "shade", "blur", "motion", "noise", "coarse", "jpeg", "occlude")])  # fmt: skip
def test_augmentations_change_a_picture_and_keep_its_form(augmentation: augment.Augmentation) -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (48, 64), dtype=np.uint8)
    changed = [augmentation(picture, rng) for _ in range(8)]
    assert all(result.shape == picture.shape and result.dtype == np.uint8 for result in changed)
    assert any(not np.array_equal(result, picture) for result in changed)


class TinyTask(MeshTask):
    """The mesh task on sixteen crops that never change."""

    def __init__(self, recipe: Recipe, items: list[dict[str, Any]]) -> None:
        super().__init__(recipe, Path(), Path(), Path())
        self.items = items

    def train_dataset(self) -> list[dict[str, Any]]:  # type: ignore[override]
        return self.items

    def validation_dataset(self) -> list[dict[str, Any]]:  # type: ignore[override]
        return self.items


def test_training_learns_and_goes_on_after_a_stop(
    dataset: MeshFaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tiny(epochs: int) -> TinyTask:
        schedule = Schedule(epochs=epochs, batch=8, rate=3e-3, ema=0.5, threads=1)
        network = {"widths": [4, 8, 8, 16, 16], "features": 24}
        return TinyTask(Recipe("tiny", "mesh", 1, schedule, {}, network), items)

    monkeypatch.setattr("mimika.training.mesh.COMPONENT_SHAPES", 200)
    items = [dataset[i] for i in range(16)]
    first = tiny(1)
    first.start_from(dataset)
    fit(first, tmp_path)
    assert torch.load(tmp_path / "last.ckpt", weights_only=False)["epoch"] == 0
    again = fit(tiny(25), tmp_path)
    assert again.current_epoch == 25
    assert again.global_step == 50, "the first epoch was not repeated"
    losses = [logged(tmp_path / "log" / f"version_{start}" / "metrics.csv") for start in (0, 1)]
    assert len(losses[1]) == 24
    assert losses[1][-1] < 0.6 * losses[0][0]


def logged(file: Path) -> list[float]:
    with file.open(encoding="utf-8") as rows:
        return [float(row["train_loss"]) for row in csv.DictReader(rows) if row["train_loss"]]


def test_the_export_computes_what_was_trained_and_its_card_fits(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ShippedMesh(MeshNetwork(widths=(4, 8, 8, 16, 16), features=24))
    for module in network.modules():
        if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.BatchNorm1d)):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    side = align.MESH_CROP.side
    target = tmp_path / "mesh.onnx"
    fields = {"name": "mesh", "version": "1", "architecture": "a", "licence": "l", "input": {"name": "luma"}}
    card = export_network(network, torch.rand(2, 1, side, side), target, outputs=["points", "presence"], card=fields)
    assert card["parity"] < 1e-4
    verify(Card.load(target))
    outputs = Session(target).run(np.random.default_rng(0).random((5, 1, side, side), dtype=np.float32))
    assert outputs["points"].shape == (5, 478, 3)
    assert outputs["presence"].shape == (5,)
    assert 0 <= outputs["presence"].min() <= outputs["presence"].max() <= 1


def test_statistics_know_simple_cases() -> None:
    assert roc_auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert roc_auc(np.array([1.0]), np.array([1.0])) == 0.5
    low, high = interval(np.random.default_rng(0).normal(5, 1, 400))
    assert low < 5 < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.2)
