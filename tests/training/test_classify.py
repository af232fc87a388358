"""A network of the field from pictures to a file that the product's runtime opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from training.test_expression import write_set

from mimika.data.errors import InputMissing, OptionError
from mimika.data.labels import FER2013
from mimika.engine.card import Card
from mimika.engine.session import Session
from mimika.engine.weights import verify
from mimika.training import run
from mimika.training.classify import ClassifyTask
from mimika.training.classify_data import load_pictures
from mimika.training.recipe import Recipe

RECIPE = """name = "small"
task = "classify"
seed = 1
[data]
labels = "fer2013"
vote_share = 0.4
side = 48
sides = [[36, 0.5]]

mixup = 0.2
[network]
name = "expression"
widths = [8, 8, 16]
blocks = [1, 1, 1]
[loss]
smoothing = 0.05
[augment]
mirror = 0.5
rotation = { chance = 0.5, degrees = 5 }
[schedule]
epochs = 24
batch = 8
rate = 1e-2
threads = 1
ema = 0.8
best = true
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> run.Folders:
    root = tmp_path_factory.mktemp("classify")
    (root / "teacher").mkdir()
    happy, surprised, votes = 3, 5, {3: [0, 9, 1, 0, 0, 0, 0, 0, 0, 0], 5: [1, 0, 6, 0, 0, 0, 3, 0, 0, 0]}
    for split, count in (("train", 32), ("validation", 12)):
        labels = [happy if i % 2 else surprised for i in range(count)]
        labels[-1] = -1
        counts = [votes.get(label, [0, 0, 0, 0, 0, 0, 0, 0, 9, 1]) for label in labels]
        write_set(root, root / "teacher", f"fer2013-{split}", [f"{i}.png" for i in range(count)], 48,
                  label=labels, votes=counts)  # fmt: skip
    return run.Folders(root, root / "teacher", root / "cache", root / "out", root / "models")


def recipe(folder: Path, text: str = RECIPE) -> Path:
    file = folder / "small.toml"
    file.write_text(text, "utf-8")
    return file


def test_it_learns_exports_and_says_what_it_eats(folders: run.Folders, tmp_path: Path) -> None:
    card = run.train(recipe(tmp_path), folders)
    file = folders.models / "small.onnx"
    loaded = Card.load(file)
    verify(loaded)
    assert loaded.labels == FER2013
    assert loaded.input == {"name": "luma", "shape": ["n", 1, 48, 48], "range": [0, 1], "crop": "tight"}
    assert 0.25 <= loaded.setting("temperature", 0.0) <= 4
    assert card["scores"] == {"validation_accuracy": 1.0, "validation_rows": 11}
    pictures = load_pictures(folders.data, "validation", "fer2013", 48)
    logits = Session(file).run(pictures.pictures[:, None].astype(np.float32) / 255)["logits"]
    assert (logits.argmax(1) == pictures.targets.argmax(1)).all()
    assert (folders.out / "small" / "best.ckpt").exists()
    assert (folders.out / "small" / "curves.svg").exists()


def test_targets_are_labels_tempered_by_votes(folders: run.Folders) -> None:
    plain = load_pictures(folders.data, "train", "fer2013", 48)
    assert len(plain) == 31, "the row without a label is left out"
    assert set(plain.targets.argmax(1)) == {3, 5}
    blended = load_pictures(folders.data, "train", "fer2013", 48, vote_share=0.5)
    surprised = dict(zip(FER2013, blended.targets[0].tolist(), strict=True))
    assert surprised["surprise"] == pytest.approx(0.5 + 0.5 * 6 / 9)
    assert surprised["fear"] == pytest.approx(0.5 * 3 / 9)
    raters = load_pictures(folders.data, "train", "ferplus", 48)
    assert len(raters) == 31, "the row that raters call unknown is left out"
    assert raters.targets.shape[1] == 8


def test_small_pictures_come_first(folders: run.Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = ClassifyTask(Recipe.load(recipe(tmp_path)), folders.data, folders.labels, folders.cache)
    sides = []
    for done in (0.0, 0.49, 0.5, 1.0):
        monkeypatch.setattr(task, "progress", lambda done=done: done)
        sides.append(task.shrunk(torch.rand(2, 1, 48, 48)).shape[-1])
    assert sides == [36, 36, 48, 48]


def test_a_folder_of_class_folders_will_do(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("happy", "sad"):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for person in range(20):
            for shot in range(2):
                picture = Image.fromarray(rng.integers(0, 255, (60, 70), np.uint8))
                picture.save(tmp_path / "faces" / name / f"Person{person}_{shot}.png")
    train, validation = (load_pictures(tmp_path / "faces", split, "folders", 32) for split in ("train", "validation"))
    assert train.classes == validation.classes == ("happiness", "sadness")
    assert train.pictures.shape[1:] == (32, 32)
    assert len(train) + len(validation) == 80
    assert len(train) % 2 == len(validation) % 2 == 0, "both pictures of a person are on one side"
    assert 0.05 < len(validation) / 80 < 0.4


def test_mistakes_are_told(folders: run.Folders, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"data\.labels"):
        load_pictures(folders.data, "train", "affectnet", 48)
    with pytest.raises(InputMissing):
        load_pictures(tmp_path / "nothing", "train", "folders", 48)
    coloured = Recipe.load(recipe(tmp_path, RECIPE.replace("mirror = 0.5", "saturation = 0.5")))
    with pytest.raises(OptionError, match="luma"):
        run.build(coloured, folders)
