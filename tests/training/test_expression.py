"""The expression training in small: its targets, its crop, that it learns, what it exports, and how it is scored."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from mimika.data.errors import InputMissing
from mimika.engine import registry
from mimika.engine.card import Card
from mimika.engine.session import Session
from mimika.engine.weights import verify
from mimika.evaluation import calibration
from mimika.evaluation.votes import clean_rows, vote_targets
from mimika.stages.faces import align
from mimika.stages.faces.crops import crop_batch
from mimika.stages.recognize.calibrate import softmax
from mimika.training import run
from mimika.training.evaluate_expression import evaluate, new_pictures, plain_crops
from mimika.training.export import export_network
from mimika.training.expression import ExpressionTask
from mimika.training.expression_data import ExpressionCrops, jittered, load_split
from mimika.training.expression_extra import answers, with_extra_faces
from mimika.training.expression_identity import fit_projection, verification
from mimika.training.networks.expression import ExpressionNetwork, ShippedExpression, averaging
from mimika.training.rebuild import OUTPUTS
from mimika.training.recipe import Recipe

RECIPE = """name = "expression"
task = "expression"
seed = 1
[data]
embedding = 8
[network]
side = 48
widths = [8, 8, 16, 16]
blocks = [1, 1, 1, 1]
[schedule]
epochs = 1
batch = 8
rate = 1e-3
threads = 1
"""
HAPPY, SURPRISED = 3, 5  # in FER-2013's order


def drawn_face(size: int, mouth: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a face with an open mouth of `mouth` inter-ocular distances; returns luma (size, size) and its mesh."""
    mesh = align.mean_face() * size * rng.uniform(0.3, 0.34) + (size / 2, size / 2, 0)
    luma = np.full((size, size), rng.integers(90, 150), np.uint8)
    five = align.five_points(mesh[None])[0]
    unit = float(np.linalg.norm(five[1] - five[0]))
    for eye in five[:2]:
        cv2.circle(luma, tuple(int(v) for v in eye), max(1, round(0.12 * unit)), 20, -1)
    centre = tuple(int(v) for v in five[3:].mean(0))
    cv2.ellipse(luma, centre, (round(0.35 * unit), max(1, round(mouth * unit))), 0, 0, 360, 250, -1)
    return luma, mesh.astype(np.float32)


def write_set(data: Path, labels: Path, name: str, names: list[str], size: int, **columns: list) -> None:
    """Write pictures of alternating mouths as parquet, and the teacher's meshes; the last face is not found."""
    rng = np.random.default_rng(len(name))
    folder, _, split = name.partition("-")
    rows, points = [], []
    for index, path in enumerate(names):
        luma, mesh = drawn_face(size, 0.06 if index % 2 else 0.3, rng)
        packed = io.BytesIO()
        Image.fromarray(luma).save(packed, "WEBP", lossless=True)
        rows.append({"bytes": packed.getvalue(), "path": path})
        points.append(mesh)
    (data / folder).mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"image": rows, **columns}), data / folder / f"{split or name}-0.parquet")
    found = np.arange(len(names)) < len(names) - 1
    np.savez(labels / f"{name}.npz", points=np.stack(points) * found[:, None, None], found=found, name=np.array(names))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> run.Folders:
    root = tmp_path_factory.mktemp("expression")
    data, labels = root / "data", root / "teacher"
    labels.mkdir()
    for split, count in (("train", 16), ("validation", 12), ("test", 12)):
        write_set(
            data, labels, f"fer2013-{split}", [f"fer{i}.png" for i in range(count)], 48,
            label=[HAPPY if i % 2 else SURPRISED for i in range(count)],
            votes=[[0, 9, 1, 0, 0, 0, 0, 0, 0, 0] if i % 2 else [0, 0, 8, 0, 0, 0, 2, 0, 0, 0] for i in range(count)],
        )  # fmt: skip
    for name in ("people", "faces"):
        write_set(data, labels, name, [f"{name}{i // 2}_{i}.jpg" for i in range(80)], 64)
    return run.Folders(data, labels, root / "cache", root / "out", root / "models")


@pytest.fixture(scope="module")
def task(folders: run.Folders) -> ExpressionTask:
    file = folders.cache.parent / "recipe.toml"
    file.write_text(RECIPE, "utf-8")
    torch.manual_seed(0)
    return ExpressionTask(Recipe.load(file), folders.data, folders.labels, folders.cache)


def test_votes_become_targets_without_outliers_and_non_faces() -> None:
    votes = np.array(
        [
            [8, 1, 0, 0, 0, 0, 0, 0, 1, 0],  # two outliers
            [0, 6, 3, 0, 0, 0, 0, 0, 0, 0],  # torn
            [0, 0, 0, 2, 0, 0, 0, 0, 6, 2],  # mostly unknown
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 0],  # nothing but outliers
        ]
    )
    targets, usable = vote_targets(votes)
    assert usable.tolist() == [True, True, False, False]
    np.testing.assert_allclose(targets[0], [1, 0, 0, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(targets[1][:3], [0, 2 / 3, 1 / 3], rtol=1e-6)


def test_clean_rows_are_unique_strong_expressions() -> None:
    votes = np.zeros((4, 10), int)
    votes[0, 3] = 6  # sadness, six votes
    votes[1, 3] = 5  # too few
    votes[2, [0, 3]] = 6  # a tie
    votes[3, 8] = 9  # unknown
    assert clean_rows(votes).tolist() == [True, False, False, False]


def test_crop_in_training_is_the_product_s(folders: run.Folders) -> None:
    faces = load_split(folders.data, folders.labels, "validation")
    dataset = ExpressionCrops(faces)
    wanted = np.concatenate(
        [crop_batch(faces.pictures[i], faces.matrices[i : i + 1], align.EXPRESSION_CROP) for i in range(len(faces))]
    )
    received = np.stack([dataset[i][0].numpy() for i in range(len(dataset))])
    np.testing.assert_allclose(received, wanted, atol=1e-6)
    np.testing.assert_allclose(plain_crops(faces, faces.matrices), wanted, atol=1e-6)


def test_a_face_without_teacher_s_points_is_cropped_like_the_others(folders: run.Folders) -> None:
    faces = load_split(folders.data, folders.labels, "test")
    np.testing.assert_allclose(faces.matrices[-1], np.median(faces.matrices[:-1], axis=0))


def test_missing_labels_say_which_script_makes_them(folders: run.Folders, tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"label_mesh\.py"):
        load_split(folders.data, tmp_path, "train")


def test_crop_errs_about_its_centre() -> None:
    rng = np.random.default_rng(0)
    half = align.EXPRESSION_CROP.side / 2
    plain = np.array([[1.0, 0, 0], [0, 1, 0]])
    moved = np.stack([jittered(plain, rng) for _ in range(400)])
    shift = moved @ np.array([half, half, 1]) - half
    assert np.abs(shift.mean(0)).max() < 0.5
    assert 1.0 < shift.std() < 4.0
    assert 2 < np.degrees(np.arctan2(moved[:, 1, 0], moved[:, 0, 0])).std() < 12


def test_plainer_pictures_are_nearer_to_the_plain_crop(folders: run.Folders) -> None:
    faces = load_split(folders.data, folders.labels, "train")
    rows = range(12)

    def away(strength: float) -> float:
        torch.manual_seed(0)
        dataset = ExpressionCrops(faces, augment=True, strength=strength)
        plain = ExpressionCrops(faces)
        both = [(dataset[row], plain[row][0].numpy()) for row in rows]
        return float(
            np.mean([np.abs(seen[0].numpy()[..., :: -1 if seen[5] else 1] - wanted).mean() for seen, wanted in both])
        )

    assert away(0.0) < 0.01, "mirrored at most"
    assert away(0.4) < 0.75 * away(1.0)


def test_network_learns_a_handful(folders: run.Folders, task: ExpressionTask) -> None:
    crops = ExpressionCrops(load_split(folders.data, folders.labels, "train"))
    batch = tuple(torch.stack(part) for part in zip(*(crops[i] for i in range(16)), strict=True))
    optimizer = torch.optim.AdamW(task.network.parameters(), 1e-2)
    task.network.train()
    for _ in range(25):
        loss, _ = task.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    logits, logits7 = task.network(batch[0])
    assert (logits.argmax(1) == batch[1].argmax(1)).all()
    assert (logits7.argmax(1) == batch[3]).all()


def test_rows_without_a_truth_change_nothing(task: ExpressionTask) -> None:
    torch.manual_seed(0)
    luma, targets = torch.rand(4, 1, 64, 64), torch.eye(8)[:4]
    task.network.eval()
    weights, labels = torch.tensor([1.0, 1, 0, 0]), torch.tensor([0, 1, -1, -1])
    number, mirror = torch.arange(4), torch.zeros(4, dtype=torch.bool)
    parts = (luma, targets, weights, labels, number, mirror)
    wanted, _ = task.loss(tuple(part[:2] for part in parts))
    received, _ = task.loss(parts)
    assert received.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_averaging_keeps_a_flat_picture_flat_and_removes_a_checkerboard() -> None:
    matrix = averaging(64, 32)
    flat, board = torch.full((64, 64), 0.3), (torch.arange(64)[:, None] + torch.arange(64)) % 2 * 1.0
    torch.testing.assert_close(matrix @ flat @ matrix.T, torch.full((32, 32), 0.3), atol=1e-3, rtol=0)
    assert (matrix @ board @ matrix.T - 0.5).abs().max() < 0.1


def test_exported_file_computes_what_the_network_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ExpressionNetwork(48, (8, 8, 16, 16), (1, 2, 1, 1))
    network.train()(torch.rand(16, 1, 64, 64))  # so that the norms have something to fold
    whole = ShippedExpression(network, 8).eval()
    target = tmp_path / "expression.onnx"
    card = {"name": "expression", "version": "0", "architecture": "t", "licence": "t", "input": {"name": "luma"}}
    luma = torch.rand(5, 1, 64, 64)
    export_network(whole, luma[:2], target, outputs=["logits", "logits7", "embedding"], card=card)
    verify(Card.load(target))
    received = Session(target).run(luma.numpy())
    assert [received[name].shape for name in ("logits", "logits7", "embedding")] == [(5, 8), (5, 7), (5, 8)]
    np.testing.assert_allclose(np.linalg.norm(received["embedding"], axis=1), 1, atol=1e-5)
    with torch.no_grad():
        np.testing.assert_allclose(received["logits"], whole(luma)[0].numpy(), atol=2e-2)  # weights are halved


def test_recipe_trains_exports_and_scores(folders: run.Folders, task: ExpressionTask) -> None:
    card = run.train(folders.cache.parent / "recipe.toml", folders)
    model = folders.models / "expression.onnx"
    verify(Card.load(model))
    assert card["settings"]["temperature"] > 0
    assert card["scores"]["ferplus_rows"] == 12
    report = evaluate(model, folders.data, folders.labels)
    assert report["test"]["teacher_crop"]["ferplus_accuracy"] == card["scores"]["ferplus_accuracy"]


def test_pictures_that_training_holds_too_are_left_out(folders: run.Folders) -> None:
    faces, rng = load_split(folders.data, folders.labels, "test"), np.random.default_rng(0)
    textures = [cv2.GaussianBlur(rng.integers(0, 255, (48, 48), np.uint8), (0, 0), 2) for _ in range(2 * len(faces))]
    faces = replace(faces, pictures=textures[: len(faces)], labels=np.arange(len(faces)) % 7)
    seen = replace(faces, pictures=[*textures[len(faces) :], *textures[:3]][-len(faces) :])
    outputs = {"logits": rng.normal(size=(len(faces), 8)), "logits7": 9.0 * np.eye(7)[faces.labels]}
    outputs["logits7"][:3] *= -1
    found = new_pictures(outputs, faces, registry.card("expression"), seen)
    assert found["duplicates"] == 3
    assert found["fer2013_rows"] == len(faces) - 3
    assert found["fer2013_accuracy"] == 1.0, "the three that were read wrongly are those that were seen"


def test_what_ships_may_lie_between_the_beginning_and_what_was_learnt(folders: run.Folders, tmp_path: Path) -> None:
    torch.manual_seed(3)
    begun = tmp_path / "begun.onnx"
    network = ExpressionNetwork(48, (8, 8, 16, 16), (1, 1, 1, 1)).eval()
    for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        norm.bias.data.normal_(0, 0.2)  # an exporter makes one of several arrays of zeros
    fields = {"name": "x", "version": "1", "architecture": "a", "licence": "l", "input": {"name": "luma"}}
    export_network(ShippedExpression(network, 8), torch.rand(2, 1, 64, 64), begun, outputs=OUTPUTS, card=fields)
    file = tmp_path / "recipe.toml"
    file.write_text(RECIPE + f'[start]\nweights = "{begun}"\n[ship]\nway = 0.25\n', "utf-8")
    task = ExpressionTask(Recipe.load(file), folders.data, folders.labels, folders.cache)
    task.start()
    start, learnt = network.ferplus.weight.detach(), task.averaged.module.ferplus.weight
    learnt.data += 1
    whole, _ = task.shipped()
    torch.testing.assert_close(whole.network.ferplus.weight.detach(), start + 0.25, atol=2e-3, rtol=0)


def test_embedding_ignores_how_one_person_varies() -> None:
    rng = np.random.default_rng(0)
    who, mood = rng.normal(size=(60, 4)), rng.normal(size=(600, 4)) * 3
    persons = np.repeat(np.arange(60).astype(str), 10)
    features = np.concatenate([who.repeat(10, 0), mood], 1) + rng.normal(0, 0.05, (600, 8))
    train, test = np.arange(600) < 400, np.arange(600) >= 400
    weight, centre = fit_projection(features[train], persons[train], 4)

    def area(vectors: np.ndarray) -> float:
        return verification(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), persons[test])["auc"]

    assert area(features[test]) < 0.8
    assert area((features[test] - centre) @ weight.T) > 0.97


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 8))
    honest = softmax(logits)
    truth = (honest.cumsum(1) > rng.random((4000, 1))).argmax(1)
    temperature = calibration.best_temperature(logits * 2.5, np.eye(8)[truth])
    assert temperature == pytest.approx(2.5, rel=0.1)
    before = calibration.calibration_error(softmax(logits * 2.5), np.eye(8)[truth])
    after = calibration.calibration_error(softmax(logits * 2.5, temperature), np.eye(8)[truth])
    assert after < 0.03 < 0.1 < before


def test_f1_counts_only_classes_that_occur() -> None:
    table = calibration.confusion(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 3)
    assert table.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert calibration.macro_f1(table) == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_teachers_teach_what_no_label_says(folders: run.Folders, task: ExpressionTask, tmp_path: Path) -> None:
    faces = with_extra_faces(
        load_split(folders.data, folders.labels, "train"), folders.data, folders.labels, folders.cache, ["people"]
    )
    assert len(faces) == 16 + 79, "the person whom the mesh teacher did not find cannot be cropped"
    assert (faces.labels[16:] == -1).all()
    whole = ShippedExpression(task.network.eval(), 8).eval()
    example = torch.rand(2, 1, 64, 64)
    teacher = tmp_path / "teacher.onnx"
    card = {"name": "t", "version": "1", "architecture": "t", "licence": "t", "input": {"name": "luma"}}
    export_network(whole, example, teacher, outputs=["logits", "logits7", "embedding"], card=card)
    recipe = Recipe.load(folders.cache.parent / "recipe.toml", {"data.extra": ["people"], "data.teachers": [teacher]})
    student = ExpressionTask(recipe, folders.data, folders.labels, folders.cache)
    assert len(student.crops) == len(faces)
    wanted, _ = answers([teacher], faces)
    moved, _ = answers([teacher], faces, shift=2)
    assert np.abs(moved - wanted).max() > 0
    np.testing.assert_allclose(moved.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(student.votes[16:].numpy(), wanted[16:], atol=1e-5)
    truth = vote_targets(faces.votes[:16])[0]
    np.testing.assert_allclose(student.votes[:16].numpy(), 0.3 * truth + 0.7 * wanted[:16], atol=1e-5)


def test_beliefs_follow_the_network_s_answers_and_the_truth_stays(task: ExpressionTask) -> None:
    before, votes, labels = task.beliefs[:2].clone(), task.votes.clone(), task.labels.clone()
    task.believe(torch.arange(2), torch.zeros(2, 7))
    torch.testing.assert_close(task.beliefs[:2], 0.9 * before + 0.1 / 7)
    torch.testing.assert_close(task.votes, votes)
    torch.testing.assert_close(task.labels, labels)
    task.beliefs[:2] = before
