"""Fine-tuning on a user's own folder: no person on both sides, nothing lost in silence, a network that works."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mimika.cli.app import app
from mimika.data.errors import ModelError, OptionError, OutputExists
from mimika.data.labels import FERPLUS
from mimika.engine import registry
from mimika.engine.card import Card
from mimika.engine.session import Session
from mimika.stages.faces.align import EXPRESSION_CROP, crop
from mimika.training.export import rounded, write_network
from mimika.training.finetune import FinetuneTask, Head, recipe_for
from mimika.training.finetune_data import OwnFaces, read_faces
from mimika.training.finetune_run import Order, finetune
from mimika.training.finetune_split import PARTS, divide, near_copies, persons_of
from mimika.training.rebuild import OUTPUTS, rebuilt
from tests.films import head
from tests.networks import doubling

EXPRESSION = [name for name in registry.names() if name.startswith("expression")]


def portrait(mouth: bool, number: int) -> np.ndarray:
    """Return a photo of one face, a little different each time; with `mouth` its mouth is a dark hole."""
    rng = np.random.default_rng(number)
    picture = head().copy()
    if mouth:
        cv2.ellipse(picture, (122, 138), (11, 9), 0, 0, 360, 25, -1)
    turn = cv2.getRotationMatrix2D((120, 114), rng.uniform(-8, 8), rng.uniform(0.85, 1.1))
    light = np.clip(picture * rng.uniform(0.7, 1.2), 0, 255).astype(np.uint8)
    return cv2.warpAffine(light, turn, (240, 240), borderMode=cv2.BORDER_REPLICATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("own") / "holiday"
    for place, (name, mouth) in enumerate((("Neutral", False), ("surprised", True))):
        (root / name).mkdir(parents=True)
        for number in range(16):
            # Two pictures of each of eight persons in each class, as far as their names say.
            file = root / name / f"person{number // 2}_{2 * place + number % 2}.png"
            cv2.imwrite(str(file), portrait(mouth, 100 * place + number))
    (root / "Neutral" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    cv2.imwrite(str(root / "surprised" / "wall.png"), np.full((200, 200), 130, np.uint8))
    return root


@pytest.fixture(scope="module")
def faces(folder: Path) -> OwnFaces:
    return read_faces(folder)


def made(names: list[str], truth: list[int], persons: tuple[str, ...] | None = None) -> OwnFaces:
    """Return faces of which only names and classes matter; every crop is noise of its own."""
    n, rng = len(names), np.random.default_rng(0)
    crops = rng.integers(0, 255, (n, 8, 8)).astype(np.uint8).repeat(8, 1).repeat(8, 2)
    return OwnFaces(
        "made", ("neutral", "happiness"), np.array(truth), tuple(names), persons, ("",) * n, tuple(crops),
        np.zeros((n, 2, 3)), crops, np.ones(n, bool),
    )  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSION)
def test_the_network_in_a_file_is_rebuilt(name: str) -> None:
    """Who goes on from another network than the shipped one would lose what that one knows."""
    file = registry.card(name).path
    luma = np.random.default_rng(0).random((3, 1, 64, 64), np.float32)
    with torch.no_grad():
        received = rebuilt(file)(torch.from_numpy(luma))
    wanted = Session(file).run(luma)
    for output, value in zip(OUTPUTS, received, strict=True):
        np.testing.assert_allclose(value.numpy(), wanted[output], atol=0.15 * max(1.0, abs(wanted[output]).max()))


def test_changed_weights_reach_the_new_file(tmp_path: Path) -> None:
    base, before, after = registry.card("expression").path, tmp_path / "before.onnx", tmp_path / "after.onnx"
    luma = torch.zeros(2, 1, 64, 64)
    whole = rounded(rebuilt(base))
    assert write_network(whole, luma, before, OUTPUTS) < 1e-4
    with torch.no_grad():
        whole.network.ferplus.bias[3] += 2.5  # type: ignore[union-attr,operator]
    assert write_network(whole, luma, after, OUTPUTS) < 1e-4
    change = Session(after).run(luma.numpy())["logits"] - Session(before).run(luma.numpy())["logits"]
    np.testing.assert_allclose(change[0], 2.5 * np.eye(8)[3], atol=1e-4)


def test_a_foreign_network_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"double\.onnx.*cannot be trained further"):
        rebuilt(doubling(tmp_path))


def test_what_cannot_be_used_is_named(faces: OwnFaces) -> None:
    assert faces.classes == ("neutral", "surprise")
    assert faces.counts() == {"neutral": 16, "surprise": 16}
    assert [name for name, _ in faces.unreadable] == ["Neutral/broken.jpg"]
    assert faces.faceless == ("surprised/wall.png",)


def test_training_cuts_faces_as_the_product_does(faces: OwnFaces) -> None:
    again = [crop(part, matrix, EXPRESSION_CROP) for part, matrix in zip(faces.parts, faces.matrices, strict=True)]
    assert np.abs(np.stack(again).astype(int) - faces.crops).mean() < 2


def test_a_class_that_there_is_not_is_told_with_those_there_are(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bored").mkdir()
    (tmp_path / "happy").mkdir()
    with pytest.raises(OptionError, match=r"bored.*--map.*neutral, happiness, .*contempt"):
        read_faces(tmp_path)


def test_no_person_is_on_both_sides_and_every_class_on_all() -> None:
    names = [f"{label}/p{person}_{number}.jpg" for person in range(30) for number, label in enumerate("abab")]
    faces = made(names, [number % 2 for number in range(len(names))])
    division = divide(faces, seed=3)
    assert division.persons
    parts = {person: set(division.part[[f"p{person}_" in name for name in names]]) for person in range(30)}
    assert all(len(found) == 1 for found in parts.values())
    for part, share in zip(PARTS, (0.6, 0.15, 0.25), strict=True):
        for count in faces.counts(division.rows(part)).values():
            assert count == pytest.approx(60 * share, abs=3)


@pytest.mark.parametrize(
    ("names", "pattern", "wanted"),
    [
        ([f"{c}/{p}/{i}.jpg" for c in "ab" for p in ("ann", "bob", "eve") for i in range(3)], None, 3),
        ([f"{c}/{i}-id{p}.jpg" for c in "ab" for p in range(4) for i in range(3)], r"id(?P<person>\d+)", 4),
        ([f"{c}/{p}_{i}.jpg" for c in "ab" for p in ("ann", "bob", "eve", "kai", "liv") for i in range(3)], None, 5),
        ([f"{c}/IMG_{i}.jpg" for c in "ab" for i in range(9)], None, None),
        ([f"{c}/{c}{c}_{i}.jpg" for c in "abcdefg" for i in range(9)], None, None),
    ],
    ids=["folders", "pattern", "file names", "camera's numbers", "classes in the names"],
)
def test_who_is_who_is_read_where_names_say_it(names: list[str], pattern: str | None, wanted: int | None) -> None:
    folders = tuple(name.split("/")[1] for name in names) if names[0].count("/") == 2 else None
    classes = sorted({name[0] for name in names})
    faces = replace(made(names, [classes.index(name[0]) for name in names], folders), classes=FERPLUS[: len(classes)])
    persons, how = persons_of(faces, pattern)
    assert (len(set(persons)) if persons else None) == wanted
    assert "person" in how


@pytest.mark.parametrize("pattern", ["(", "id", r"(?P<person>x\d)"])
def test_a_pattern_that_cannot_be_used_is_an_error(pattern: str) -> None:
    with pytest.raises(OptionError, match="--person-pattern"):
        persons_of(made([f"a/{i}.jpg" for i in range(40)], [0, 1] * 20), pattern)


def test_copies_stay_together_or_are_warned_of() -> None:
    names = [f"a/{number}.jpg" for number in range(60)]
    faces = made(names, [0, 1] * 30)
    crops = faces.crops.copy()
    crops[30:] = crops[:30, :, ::-1] // 2 + 60
    faces = replace(faces, crops=crops)
    assert [(a, b) for a, b, _ in near_copies(faces)] == [(row, row + 30) for row in range(30)]
    division = divide(faces)
    assert (division.part[:30] == division.part[30:]).all()
    assert any("same person may be on both sides" in warning for warning in division.warnings)
    named = divide(replace(faces, persons=tuple(f"p{number}" for number in range(60))))
    assert any("nearly the same picture" in warning for warning in named.warnings)


def test_small_classes_and_small_folders_are_told_in_numbers() -> None:
    faces = made([f"a/{number}.jpg" for number in range(60)], [1] * 8 + [0] * 52)
    assert any("happiness has 8 pictures" in warning for warning in divide(faces).warnings)
    with pytest.raises(OptionError, match="20 pictures with a face are too few"):
        divide(made([f"a/{number}.jpg" for number in range(20)], [0, 1] * 10))


def test_classes_that_the_folder_lacks_stay_as_common_as_the_base_thinks() -> None:
    faces = made([f"a/{number}.jpg" for number in range(40)], [0] * 30 + [1] * 10)
    base = np.array([0.3, 0.3, 0.1, 0.1, 0.1, 0.05, 0.04, 0.01])
    learnt = Head(faces, np.ones(40, bool), FERPLUS, base)
    np.testing.assert_allclose(learnt.expected[2:], base[2:])
    np.testing.assert_allclose(learnt.expected[:2], 0.3)
    assert learnt.shift[0] > learnt.shift[1] > learnt.shift[2:].max()


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(OptionError, match=r"schedule\.epoch$"):
        recipe_for("own", 100, 0, {"schedule.epoch": 3})


@pytest.fixture(scope="module")
def tuned(folder: Path, faces: OwnFaces, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """Return the network that a training made which was stopped once, and its report."""
    out = tmp_path_factory.mktemp("tuned")
    order = Order(folder, out=out, overrides={"schedule.epochs": 3, "schedule.threads": 1}, command=("mimika", "train"))
    whole_epoch = FinetuneTask.on_train_epoch_end

    def stop(task: FinetuneTask) -> None:
        whole_epoch(task)
        if task.current_epoch == 1:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FinetuneTask, "on_train_epoch_end", stop)
        with pytest.raises(KeyboardInterrupt):
            finetune(order, faces=faces)
        assert not list(out.glob("*.onnx"))
        assert (out / "training" / "last.ckpt").exists()
        patch.setattr(FinetuneTask, "on_train_epoch_end", whole_epoch)
        report = finetune(order, faces=faces)
    return Path(report["file"]), report


def test_a_stopped_training_goes_on_and_leaves_a_network_with_its_card(tuned: tuple[Path, dict]) -> None:
    file, report = tuned
    card, base = Card.load(file), registry.card("expression")
    assert report["schedule"]["epochs"] == 3
    assert card.labels == FERPLUS
    assert card.name == "expression-holiday"
    text = file.with_suffix(".toml").read_text("utf-8")
    assert base.sha256 in text, "the base can be told"
    assert "holiday" in text
    assert not re.search(r"[\"' ]/\w", text + (file.parent / "report.json").read_text("utf-8")), (
        "no path of this machine"
    )
    assert not (file.parent / "training").exists()


def test_the_tuned_network_is_taken_by_analyze(tuned: tuple[Path, dict], folder: Path, tmp_path: Path) -> None:
    photo = folder / "surprised" / "person0_2.png"
    result = CliRunner().invoke(app, ["analyze", str(photo), "--model", str(tuned[0]), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    (row,) = csv.DictReader((tmp_path / "person0_2.csv").read_text("utf-8").splitlines())
    assert row["label"] in (*FERPLUS, "unsure")
    assert tuned[1]["model"]["sha256"] in (tmp_path / "person0_2.csv.meta.json").read_text("utf-8")


def test_what_was_learnt_is_reported(tuned: tuple[Path, dict]) -> None:
    test, page = tuned[1]["test"], (tuned[0].parent / "report.html").read_text("utf-8")
    assert test["after"]["n"] == tuned[1]["data"]["parts"]["test"]["neutral"] * 2
    assert test["after"]["brier"] < test["before"]["brier"], "a hole for a mouth is surprise from now on"
    assert test["looks"] > 0.7, "faces are still told apart"
    for word in ("before", "after", "Neutral/broken.jpg", "surprised/wall.png", "too few to learn"):
        assert word in page


def test_a_tuned_network_can_be_tuned_again_and_is_not_replaced_unasked(tuned: tuple[Path, dict], folder: Path) -> None:
    assert len(list(rebuilt(tuned[0]).parameters())) > 10
    with pytest.raises(OutputExists, match="--force"):
        finetune(Order(folder, out=tuned[0].parent))
