"""Sessions, cards and the registry: a user whose model file is broken must read why, not a C++ trace."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from networks import doubling, write_card

from mimika.data.errors import ModelError
from mimika.engine import registry
from mimika.engine.card import Card
from mimika.engine.session import Session
from mimika.engine.weights import verify


def test_a_session_takes_any_batch_and_names_its_outputs(tmp_path):
    session = Session(doubling(tmp_path))
    assert session.input_shape == (None, 1, 4, 4)
    assert session.output_names == ("double", "mean")
    for n in (1, 5, 64):
        batch = np.random.default_rng(n).random((n, 1, 4, 4), np.float32)
        outputs = session.run(batch)
        np.testing.assert_allclose(outputs["double"], batch * 2)
        np.testing.assert_allclose(outputs["mean"], batch.mean((1, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_the_number_of_threads_does_not_change_the_answer(tmp_path, threads):
    batch = np.ones((3, 1, 4, 4), np.float32)
    np.testing.assert_array_equal(Session(doubling(tmp_path), threads).run(batch)["double"], batch * 2)


def test_a_wrong_input_is_named_with_what_the_network_takes(tmp_path):
    with pytest.raises(ModelError, match=r"double\.onnx: cannot run on float32 \(2, 1, 5, 5\).*'n', 1, 4, 4"):
        Session(doubling(tmp_path)).run(np.zeros((2, 1, 5, 5), np.float32))
    with pytest.raises(ModelError, match="uint8"):
        Session(doubling(tmp_path)).run(np.zeros((2, 1, 4, 4), np.uint8))


def test_a_missing_or_damaged_file_is_a_model_error_without_noise(tmp_path, capfd):
    with pytest.raises(ModelError, match=r"nothing.onnx: no such model file"):
        Session(tmp_path / "nothing.onnx")
    broken = tmp_path / "broken.onnx"
    whole = doubling(tmp_path).read_bytes()
    for content in (b"", b"not a network at all", whole[: len(whole) // 2]):
        broken.write_bytes(content)
        with pytest.raises(ModelError, match=r"broken.onnx: "):
            Session(broken)
    out, err = capfd.readouterr()
    assert out == err == ""


def test_a_card_says_what_the_network_is(tmp_path):
    card = Card.load(doubling(tmp_path, "temperature = 1.5"))
    assert card.name == "double"
    assert card.path == tmp_path / "double.onnx"
    assert card.input["shape"] == [-1, 1, 4, 4]
    assert card.bytes == card.path.stat().st_size
    assert card.setting("temperature", 1.0) == 1.5
    assert card.setting("absent", 2.0) == 2.0
    verify(card)


def test_a_card_that_cannot_be_used_says_why(tmp_path):
    path = doubling(tmp_path)
    card = path.with_suffix(".toml")
    whole = card.read_text("utf-8")
    card.write_text(whole.replace("licence", "license"), "utf-8")
    with pytest.raises(ModelError, match=r"double.toml: the model's card lacks 'licence'"):
        Card.load(path)
    card.write_text("name = ", "utf-8")
    with pytest.raises(ModelError, match="not TOML"):
        Card.load(path)
    card.write_text(whole.replace("[settings]", '[settings]\ntemperature = "warm"'), "utf-8")
    with pytest.raises(ModelError, match=r"settings.temperature is not a number: 'warm'"):
        Card.load(path).setting("temperature", 1.0)
    card.unlink()
    with pytest.raises(ModelError, match=r"double.toml: the model's card cannot be read"):
        Card.load(path)


def test_altered_weights_are_refused(tmp_path):
    path = doubling(tmp_path)
    registry.open_session(path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="altered or damaged"):
        registry.open_session(path)
    write_card(path, ["n", 1, 4, 4])
    assert registry.open_session(path)[0].sha256 == Card.load(path).sha256


def test_a_session_is_opened_once(tmp_path):
    path = doubling(tmp_path)
    assert registry.open_session(path)[1] is registry.open_session(str(path))[1]
    assert registry.open_session(path, threads=2)[1] is not registry.open_session(path)[1]


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(ModelError, match=r"nose: no such model; there are .*, or the path of an .onnx file"):
        registry.open_session("nose")
    with pytest.raises(ModelError, match="no such model file"):
        registry.card(tmp_path / "nose.onnx")
    with pytest.raises(ModelError, match="no such model"):
        registry.card(tmp_path)


def test_listing_the_models_does_not_load_the_runtime():
    code = "import sys; from mimika.engine import registry; registry.names(); assert 'onnxruntime' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
