"""The detect training in small: labels that follow the picture, cells that answer, measures, and the export."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mimika.data.geometry import iou
from mimika.engine.card import Card
from mimika.engine.session import Session
from mimika.stages.faces import align
from mimika.stages.faces import detect as stage
from mimika.training.composites import Scene, clipped, paste, photo_scene
from mimika.training.detect_data import COLUMNS, DetectScenes, Material, Photo, negative_split, person_split
from mimika.training.detect_loss import Faces, assign, candidates, detect_loss
from mimika.training.detect_scores import average_precision, recall_at
from mimika.training.detect_threshold import choose
from mimika.training.export import export_network
from mimika.training.networks.detect import DetectNetwork, ShippedDetect, cells, decode, flatten
from mimika.training.pictures import LabelledFaces
from mimika.training.portraits import portraits
from mimika.training.splits import held_out

SMALL = {"stem": 8, "kernel": 4, "widths": (8, 8, 8), "blocks": (1, 1, 1), "neck": 8}


@pytest.fixture(scope="module")
def faces() -> LabelledFaces:
    """Four bright drawn faces on dark ground whose meshes are known."""
    points = np.stack([align.mean_face() * size + (64, 64, 0) for size in (38, 42, 46, 50)]).astype(np.float32)
    luma = np.full((4, 128, 128), 30, np.uint8)
    for picture, mesh in zip(luma, points, strict=True):
        cv2.fillConvexPoly(picture, cv2.convexHull(np.round(mesh[:468, :2]).astype(np.int32)), 230)
    names = np.array([f"P{i}_1.jpg" for i in range(4)])
    return LabelledFaces(luma, np.full((4, 2), 128, np.int32), points, np.ones(4, bool), names)


@pytest.fixture(scope="module")
def material(faces: LabelledFaces) -> Material:
    """The drawn faces, one photo with a bright rectangle as its face, and dark scenes."""
    luma = np.full((150, 200), 30, np.uint8)
    luma[40:90, 60:100] = 230
    scene = Scene.of(luma)
    scene.add(np.array([60, 40, 100, 90]), np.full((5, 2), (80, 65)))
    return Material([Photo(luma, scene, "train")], [(faces, np.arange(4))], [np.full((100, 120), 30, np.uint8)] * 3)


def brightness(luma: np.ndarray, box: np.ndarray) -> float:
    x0, y0, x1, y1 = np.round(box).astype(int)
    return float(luma[y0:y1, x0:x1].mean())


@pytest.mark.parametrize("seed", range(6))
def test_pasted_faces_lie_where_their_labels_say(faces: LabelledFaces, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = Scene.of(np.full((320, 320), 30, np.uint8))
    done = paste(scene, faces.picture(1), faces.points[1], 80.0, rng.uniform(-45, 45), (150, 160), rng, occluded=0)
    assert done
    x0, y0, x1, y1 = scene.boxes[0]
    assert brightness(scene.luma, scene.boxes[0]) > 130
    outside = scene.luma.astype(int).sum() - scene.luma[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1].astype(int).sum()
    assert outside / (320 * 320 - (x1 - x0) * (y1 - y0)) < 35
    right, left = scene.points[0, 0], scene.points[0, 1]
    assert right[0] < left[0], "the subject's right eye is on the left of the picture, mirrored or not"


def test_a_face_is_not_pasted_over_another(faces: LabelledFaces) -> None:
    rng = np.random.default_rng(0)
    scene = Scene.of(np.full((200, 200), 30, np.uint8))
    assert paste(scene, faces.picture(0), faces.points[0], 60.0, 0.0, (100, 100), rng)
    assert not paste(scene, faces.picture(0), faces.points[0], 60.0, 0.0, (120, 100), rng)
    assert len(scene.boxes) == 1


def test_photo_labels_follow_the_photo(material: Material) -> None:
    photo = material.photos[0]
    for seed in range(30):
        canvas = np.full((160, 160), 30, np.uint8)
        scene = photo_scene(photo.luma, photo.faces, canvas, np.random.default_rng(seed))
        for box, ignored in zip(scene.boxes, scene.ignored, strict=True):
            if not ignored and min(box[2:] - box[:2]) > 4:
                assert brightness(scene.luma, box) > 110


def test_faces_that_are_cut_off_or_tiny_are_ignored() -> None:
    scene = Scene.of(np.zeros((100, 100), np.uint8))
    for box in ([10, 10, 50, 50], [-60, 10, 10, 50], [20, 20, 25, 25], [200, 10, 240, 50]):
        scene.add(np.array(box), np.zeros((5, 2)))
    cut = clipped(scene)
    assert cut.ignored.tolist() == [False, True, True]
    assert (cut.boxes[1] == (0, 10, 10, 50)).all()


def test_scenes_are_what_the_loss_takes_and_seeded_ones_repeat(material: Material) -> None:
    luma, labels = DetectScenes(material, 4, 96, seed=5)[2]
    again = DetectScenes(material, 4, 96, seed=5)[2]
    assert luma.shape == (1, 96, 96)
    assert luma.dtype == torch.uint8
    assert labels.shape[1] == COLUMNS
    assert torch.equal(luma, again[0])
    assert torch.equal(labels, again[1])


def test_test_scenes_are_never_trained_on() -> None:
    names = [f"scene/{i}.jpg" for i in range(2000)]
    splits = [negative_split(name) for name in names]
    assert splits == [negative_split(name) for name in names]
    assert 0.25 < splits.count("test") / len(splits) < 0.35
    assert 0.5 < splits.count("train") / len(splits) < 0.6


def test_pictures_of_one_person_stay_in_one_split_and_the_held_out_are_shared_out() -> None:
    splits = [person_split(f"Some_{i}_0001.jpg") for i in range(3000)]
    assert splits == [person_split(f"Some_{i}_0077.jpg") for i in range(3000)]
    assert 80 < splits.count("test") < 145
    assert 80 < splits.count("validation") < 145
    assert all(held_out(f"Some_{i}_1.jpg") != (split == "train") for i, split in enumerate(splits))


def test_each_face_is_answered_for_near_its_centre_by_a_fitting_stride() -> None:
    grid = cells(320, 320)
    boxes = torch.tensor([[10.0, 10, 26, 26], [100, 100, 300, 300], [150, 150, 170, 170]])
    spots, allowed = candidates(boxes, 320, 320)
    for row, strides in enumerate(({8.0}, {32.0}, {8.0})):
        near = grid[spots[row][allowed[row]]]
        assert {float(stride) for stride in near[:, 2]} == strides
        centre = (boxes[row, :2] + boxes[row, 2:]) / 2
        assert ((near[:, :2] - centre).abs() <= 1.5 * near[:, 2:] + 1e-3).all()


def test_no_cell_answers_for_two_faces_and_no_face_goes_without() -> None:
    torch.manual_seed(0)
    grid = cells(96, 96)
    boxes = torch.tensor([[20.0, 20, 44, 44], [46, 22, 70, 46], [60, 60, 90, 90]])
    labelled = Faces(torch.tensor([0, 0, 1]), boxes, torch.zeros(3, 10), torch.ones(3))
    predicted, _ = decode(torch.randn(2, len(grid), 15) * 0.3, grid)
    spots, face = assign(labelled, predicted, torch.randn(2, len(grid)), grid, (96, 96))
    assert len(set(spots.tolist())) == len(spots)
    assert set(face.tolist()) == {0, 1, 2}
    assert ((spots // len(grid)) == labelled.image[face]).all()


def test_ignored_faces_do_not_count_as_background() -> None:
    grid = cells(96, 96)
    raw = torch.zeros(1, len(grid), 15)
    inside = ((grid[:, :2] > 20) & (grid[:, :2] < 44)).all(1)
    raw[0, :, 0] = -12
    raw[0, inside, 0] = 4.0
    labels = torch.zeros(1, 2, COLUMNS)
    plain = detect_loss(raw, grid, labels, (96, 96))["score"]
    labels[0, 0, :4], labels[0, 0, 15] = torch.tensor([20.0, 20, 44, 44]), 2
    assert float(plain) > 1
    assert float(detect_loss(raw, grid, labels, (96, 96))["score"]) < 1e-3


def test_the_network_learns_the_faces_it_sees(material: Material) -> None:
    torch.manual_seed(0)
    scenes = DetectScenes(material, 8, 96, (0.3, 0.7, 0.0), seed=3)
    luma, labels = (torch.stack(part) for part in zip(*[scenes[i] for i in range(8)], strict=True))
    network, grid = DetectNetwork(**SMALL).train(), cells(96, 96)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    boxes = []
    for _ in range(40):
        parts = detect_loss(flatten(network(luma.float() / 255)), grid, labels, (96, 96))
        optimizer.zero_grad()
        (parts["score"] + 2 * parts["box"] + 4 * parts["points"]).backward()
        optimizer.step()
        boxes.append(float(parts["box"].detach()))
    assert np.mean(boxes[-5:]) < 0.75 * np.mean(boxes[:3])


def test_the_exported_network_reads_bytes_of_any_size_and_decodes_as_in_training(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = DetectNetwork(**SMALL).eval()
    target = tmp_path / "detect.onnx"
    card = {"name": "detect", "version": "1", "architecture": "small", "licence": "Apache-2.0", "input": {}}
    rows, columns = (torch.export.Dim(name, min=1, max=64) for name in ("rows", "columns"))
    example = torch.randint(0, 256, (1, 1, 64, 96), dtype=torch.uint8)
    export_network(
        ShippedDetect(network, 0.7),
        example,
        target,
        outputs=["scores", "shapes"],
        dynamic={2: 32 * rows, 3: 32 * columns},
        card=card,
    )
    assert Card.load(target).macs > 0
    luma = np.random.default_rng(0).integers(0, 256, (1, 1, 160, 96), np.uint8)
    found = Session(target).run(luma)
    with torch.no_grad():
        raw = flatten(network(torch.from_numpy(luma).float() / 255))
    wanted, points = decode(raw, cells(160, 96))
    boxes, five, scores = stage.decode(found["scores"][0], found["shapes"][0], (160, 96), 0.0)
    order = np.argsort(-found["scores"][0], kind="stable")
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    assert np.allclose(scores, torch.sigmoid(raw[0, :, 0] + 0.7).numpy()[order], atol=1e-4)
    assert np.allclose(corners, wanted[0].numpy()[order], atol=0.05)
    assert np.allclose(five.reshape(-1, 10), points[0].numpy()[order], atol=0.05)


def test_the_threshold_lets_few_false_boxes_through(material: Material) -> None:
    torch.manual_seed(2)
    network = DetectNetwork(**SMALL).eval()
    with torch.no_grad():
        for head in network.heads:
            head[-1].bias[0] = 0.0
    shift, chosen = choose(network, material, portrait_count=3)
    level = 1 / (1 + np.exp(shift))
    assert level == pytest.approx(chosen["raw_threshold"], abs=1e-6)
    batch, _ = stage.prepare(material.backgrounds[0], 640)
    with torch.no_grad():
        scores, _ = ShippedDetect(network, shift)(torch.from_numpy(batch))
    assert (scores >= 0.5).sum() <= 1


def test_portraits_repeat_and_hold_one_face_each(faces: LabelledFaces) -> None:
    scenes = [np.full((90, 120), 30, np.uint8)]
    first, second = (portraits([(faces, np.arange(4))], scenes, 5, seed=9) for _ in range(2))
    for (luma, box), (again, _) in zip(first, second, strict=True):
        assert np.array_equal(luma, again)
        assert brightness(luma, np.concatenate([box[:2], box[:2] + box[2:]])) > 130


def test_average_precision_by_hand() -> None:
    truth = [np.array([[0, 0, 40, 40], [100, 100, 10, 10]], np.float32), np.array([[0, 0, 50, 50]], np.float32)]
    hit, small, off = [0, 0, 40, 40], [100, 100, 10, 10], [200, 0, 40, 40]
    first = (np.array([hit, small, off, hit], np.float32), np.array([0.9, 0.95, 0.8, 0.3], np.float32))
    second = (np.array([[2, 0, 50, 50]], np.float32), np.array([0.6], np.float32))
    # In falling order: hit, false, hit, false; the small face counts neither way. 1/2 * 1 + 1/2 * 2/3.
    assert average_precision([first, second], truth) == pytest.approx(5 / 6)
    nothing = (np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    assert average_precision([nothing, nothing], truth) == 0
    assert iou(first[0], truth[0]).shape == (4, 2)


def test_recall_at_a_bound_on_false_boxes() -> None:
    truth = [np.array([[0, 0, 40, 40]], np.float32)] * 4
    good, bad = [0, 0, 40, 40], [100, 0, 40, 40]
    found = [(np.array([good, bad], np.float32), np.array([score, 0.5], np.float32)) for score in (0.9, 0.8, 0.7, 0.4)]
    assert recall_at(found, truth, 0.45) == pytest.approx((0.75, 1.0, 0.45))
    recall, false, _ = recall_at(found, truth, None)
    assert (recall, false) == (0.75, 0.0)
