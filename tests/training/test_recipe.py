"""A recipe that is read wrongly trains the wrong network for hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimika.data.errors import InputCorrupt, InputMissing, OptionError
from mimika.training.recipe import Recipe
from mimika.training.run import TASKS
from mimika.training.splits import held_out, person_of

TEXT = 'name = "n"\ntask = "mesh"\nseed = 3\n[schedule]\nepochs = 2\n[data]\nsets = ["faces"]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, "utf-8")
    return path


def test_overrides_reach_nested_values(tmp_path: Path) -> None:
    recipe = Recipe.load(written(tmp_path, TEXT), {"schedule.epochs": 7, "data.extra": 1})
    assert recipe.schedule.epochs == 7
    assert recipe.data == {"sets": ["faces"], "extra": 1}
    assert recipe.schedule.batch == 64


@pytest.mark.parametrize(
    ("text", "error"),
    [("name = ", InputCorrupt), (TEXT + "[nonsense]\n", OptionError), ("[schedule]\nepoks = 3\n", OptionError)],
)
def test_mistakes_are_named(tmp_path: Path, text: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"recipe\.toml"):
        Recipe.load(written(tmp_path, text))


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="no such recipe"):
        Recipe.load(tmp_path / "nothing.toml")


def test_every_recipe_in_the_repository_loads(root: Path) -> None:
    files = sorted((root / "recipes").glob("*.toml"))
    assert {"mesh.toml", "expression.toml", "detect.toml"} <= {file.name for file in files}
    for file in files:
        assert Recipe.load(file).task in TASKS


def test_pictures_of_one_person_stay_on_one_side() -> None:
    assert person_of("Bob_Hope_0008.jpg") == person_of("a/Bob_Hope_12.png") == "Bob_Hope"
    assert held_out("Bob_Hope_0008.jpg") == held_out("Bob_Hope_0001.jpg")
    assert held_out("clip:3") == held_out("clip:400")
    share = sum(held_out(f"Person{i}_1.jpg") for i in range(4000)) / 4000
    assert 0.05 < share < 0.1
