"""Every network that ships: whole, described, small, and answering as its card and the stages that use it expect."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from mimika.data.errors import ModelError
from mimika.data.labels import FERPLUS
from mimika.engine import registry
from mimika.engine.weights import verify
from mimika.stages.faces.align import EXPRESSION_CROP, MESH_CROP

SHIPPED = ("detect", "expression", "mesh")
BUDGET = 15_000_000
MESH_INPUT, EXPRESSION_INPUT = (None, 1, MESH_CROP.side, MESH_CROP.side), (None, 1, 64, 64)


def test_these_networks_ship():
    assert set(SHIPPED) <= set(registry.names())


def test_the_regressors_have_a_card_too_and_are_no_network():
    card = registry.card("action_units")
    assert (card.name, len(card.sha256)) == ("action_units", 64)
    assert "action_units" not in registry.names()
    with pytest.raises(ModelError, match="no such model"):
        registry.card("heart_rate")


def test_the_weights_of_the_package_fit_the_budget():
    files = list(Path(str(resources.files("mimika.models"))).glob("*.onnx"))
    assert files
    assert sum(file.stat().st_size for file in files) <= BUDGET


@pytest.mark.parametrize("name", registry.names())
def test_a_shipped_network_is_the_one_on_its_card(name):
    card = registry.card(name)
    assert card.name == name
    assert hashlib.sha256(card.path.read_bytes()).hexdigest() == card.sha256
    verify(card)
    assert card.bytes == card.path.stat().st_size


@pytest.mark.parametrize("name", registry.names())
def test_a_card_tells_where_the_network_comes_from_and_how_good_it_is(name):
    card = registry.card(name)
    for field in ("version", "architecture", "licence", "input", "data", "scores", "parameters", "macs"):
        assert getattr(card, field), f"{name}: the card says nothing about {field}"
    assert "Apache-2.0" in card.licence
    assert not list(card.path.parent.glob("*.data")), "weights must be inside the .onnx file"


@pytest.mark.parametrize("n", [1, 2, 64])
def test_mesh_gives_points_inside_reach_of_the_crop_and_a_probability(n):
    _, session = registry.open_session("mesh")
    assert session.input_shape == MESH_INPUT
    outputs = session.run(noise(n, MESH_CROP.side))
    assert outputs["points"].shape == (n, 478, 3)
    assert outputs["presence"].reshape(-1).shape == (n,)
    assert np.isfinite(outputs["points"]).all()
    assert ((outputs["presence"] >= 0) & (outputs["presence"] <= 1)).all()


@pytest.mark.parametrize("n", [1, 2, 64])
def test_expression_gives_both_sets_of_classes_and_an_embedding(n):
    card, session = registry.open_session("expression")
    assert session.input_shape == EXPRESSION_INPUT
    assert card.labels == FERPLUS
    assert 0.2 < card.setting("temperature", 1.0) < 5
    outputs = session.run(noise(n, EXPRESSION_CROP.side))
    assert outputs["logits"].shape == (n, 8)
    assert outputs["logits7"].shape == (n, 7)
    assert outputs["embedding"].shape[0] == n
    assert outputs["embedding"].shape[1] >= 32
    assert all(np.isfinite(values).all() for values in outputs.values())


@pytest.mark.parametrize("name", ["mesh", "expression"])
def test_a_face_in_a_batch_gets_what_it_gets_alone(name):
    _, session = registry.open_session(name)
    batch = noise(5, session.input_shape[-1] or 0)
    together = session.run(batch)
    for key, values in together.items():
        alone = np.concatenate([session.run(batch[row : row + 1])[key] for row in range(5)])
        np.testing.assert_allclose(values, alone, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("size", [(224, 320), (640, 480), (32, 32)])
def test_detect_takes_any_aspect_in_steps_of_32(size):
    _, session = registry.open_session("detect")
    outputs = session.run(np.random.default_rng(0).integers(0, 256, (1, 1, *size), np.uint8))
    cells = sum((size[0] // stride) * (size[1] // stride) for stride in (8, 16, 32))
    assert outputs["scores"].shape == (1, cells)
    assert outputs["shapes"].shape == (1, 14, cells)
    assert ((outputs["scores"] >= 0) & (outputs["scores"] <= 1)).all()


def test_a_card_without_its_network_is_not_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "folder", lambda: tmp_path)
    (tmp_path / "half.toml").write_text("", "utf-8")
    (tmp_path / "other.onnx").write_bytes(b"")
    assert registry.names() == ()


def noise(n, side):
    return np.random.default_rng(n).random((n, 1, side, side), np.float32)
