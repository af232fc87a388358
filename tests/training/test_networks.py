"""The networks of the field: each takes luma and gives logits, in PyTorch and as an ONNX file alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mimika.data.errors import OptionError
from mimika.training.augmentations import Augmenter
from mimika.training.export import export_network
from mimika.training.losses import make_loss
from mimika.training.networks.field import fused, make_network
from mimika.training.recipe import Recipe

SMALL: list[dict[str, Any]] = [
    {"name": "four_block_cnn", "widths": [4, 4, 8, 8], "dense": 8, "side": 40},
    {"name": "mini_xception", "stem": 4, "widths": [4, 8]},
    {"name": "resnet", "layers": 18, "stem": "half", "width": 4},
    {"name": "vit", "width": 16, "layers": 1, "heads": 2},
    {"name": "convnext", "depths": [1, 1], "widths": [8, 16]},
    {"name": "conv_attention", "widths": [8, 8, 16], "blocks": [1, 1, 1], "heads": 2},
    {"name": "expression", "widths": [8, 8, 16], "blocks": [1, 1, 1]},
]
MILLIONS = {
    "four_block_cnn": 2.36, "mini_xception": 0.057, "resnet18": 11.2, "resnet50": 23.5, "resnet152": 58.2, "vit": 2.7,
    "convnext_tiny": 27.8, "conv_attention": 2.05, "expression_tight": 2.64,
}  # fmt: skip
"""Parameters of the recipes, in millions."""


@pytest.mark.parametrize("options", SMALL, ids=lambda options: options["name"])
def test_each_takes_luma_and_learns_with_all_it_has(options: dict[str, Any]) -> None:
    network, luma = make_network(options, 5), torch.rand(4, 1, 48, 48)
    logits = network(luma)
    assert logits.shape == (4, 5)
    torch.nn.functional.cross_entropy(logits, torch.arange(4)).backward()
    still = [name for name, p in network.named_parameters() if p.grad is None]
    assert not still, "parameters that nothing reaches"


@pytest.mark.parametrize("name", ["resnet", "conv_attention"])
def test_the_exported_file_computes_the_same(name: str, tmp_path: Path) -> None:
    """Of the library's networks and of our own; after a step, so that the normalisations hold statistics."""
    torch.manual_seed(0)
    network, luma = (
        make_network(next(options for options in SMALL if options["name"] == name), 5),
        torch.rand(4, 1, 48, 48),
    )
    network(luma)
    wanted = network.eval()(luma)
    whole = fused(network)
    torch.testing.assert_close(whole(luma), wanted, atol=1e-5, rtol=1e-4)
    card = export_network(whole, luma, tmp_path / "n.onnx", outputs=["logits"], card={"name": "n"})
    assert card["parity"] < 1e-4


@pytest.mark.parametrize("name", MILLIONS)
def test_every_recipe_of_the_field_can_be_built(name: str, root: Path) -> None:
    recipe = Recipe.load(root / "recipes" / "field" / f"{name}.toml")
    assert (recipe.name, recipe.task) == (name, "classify")
    with torch.device("meta"):
        network = make_network(recipe.network, 7)
    millions = sum(p.numel() for p in network.parameters()) / 1e6
    assert millions == pytest.approx(MILLIONS[name], rel=0.03)
    Augmenter(recipe.augment, colour=False)
    make_loss(recipe.loss, [1] * 7)


def test_the_issues_network_is_what_the_recipe_says(root: Path) -> None:
    """Adam at 1e-3, batch 64, 50 epochs, early stopping, best checkpoint; ±10°, 10 %, zoom, mirror."""
    recipe = Recipe.load(root / "recipes" / "field" / "four_block_cnn.toml")
    schedule = recipe.schedule
    assert (schedule.optimizer, schedule.rate, schedule.batch, schedule.epochs) == ("adam", 1e-3, 64, 50)
    assert schedule.best
    assert schedule.patience > 0
    assert recipe.augment["rotation"]["degrees"] == 10
    assert recipe.augment["shift"]["share"] == 0.1
    assert {"zoom", "mirror"} < set(recipe.augment)


@pytest.mark.parametrize(("options", "text"), [
    ({"name": "lenet"}, "four_block_cnn"), ({"name": "resnet", "layers": 20}, "layers one of 18"),
    ({"name": "resnet", "stem": "tiny"}, "stem one of"), ({"name": "mini_xception", "width": 3}, "width"), ({}, "name"),
])  # fmt: skip
def test_mistakes_are_told(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        make_network(options, 7)


@pytest.mark.parametrize(("stem", "places"), [("full", 48), ("half", 24), ("quarter", 12)])
def test_the_stem_decides_where_a_resnet_looks(stem: str, places: int) -> None:
    network: Any = make_network({"name": "resnet", "stem": stem}, 7)
    maps = network.model.resnet.embedder(torch.zeros(1, 1, 48, 48))
    assert maps.shape == (1, 64, places, places)
