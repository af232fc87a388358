"""Recognition: probabilities under the right names, calibrated, one row a face."""

from __future__ import annotations

import numpy as np
import pytest
from networks import write_network
from onnx import helper

from mimika.data.errors import ModelError
from mimika.data.labels import FERPLUS, UNSURE
from mimika.data.options import Options
from mimika.stages.faces.align import EXPRESSION_CROP, matrices_from_meshes, mean_face
from mimika.stages.recognize.calibrate import softmax
from mimika.stages.recognize.classify import Classifier

SIDE = EXPRESSION_CROP.side


def network(folder, weights, settings="", labels="[]"):
    """Write a network: embedding the mean of the crop's left and right half, logits the left one's times `weights`."""
    halves = np.zeros((SIDE * SIDE, 2), np.float32)
    left = np.arange(SIDE * SIDE) % SIDE < SIDE // 2
    halves[left, 0] = halves[~left, 1] = 2 / SIDE**2
    nodes = [
        helper.make_node("Flatten", ["luma"], ["flat"]),
        helper.make_node("MatMul", ["flat", "halves"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "weights"], ["logits"]),
    ]
    constants = {"halves": halves, "weights": np.float32([weights, np.zeros(len(weights))])}
    outputs = {"logits": ["n", len(weights)], "embedding": ["n", 2]}
    path = write_network(folder / "own.onnx", nodes, ["n", 1, SIDE, SIDE], outputs, constants, settings)
    card = path.with_suffix(".toml")
    card.write_text(card.read_text("utf-8").replace("labels = []", f"labels = {labels}"), "utf-8")
    return str(path)


def matrices(*places):
    return matrices_from_meshes(np.stack([20 * mean_face() + [x, y, 0] for x, y in places]), EXPRESSION_CROP)


def test_each_face_gets_its_own_row_in_ferplus_order(tmp_path):
    path = network(tmp_path, np.arange(8) * 2.0)
    picture = np.zeros((120, 300), np.uint8)
    picture[:, 150:] = 255
    shown = Classifier(Options(model=path)).classify(picture, matrices((60, 60), (230, 60)))
    np.testing.assert_allclose(shown.probabilities[0], 1 / 8, atol=1e-6)
    np.testing.assert_allclose(shown.probabilities[1], softmax(np.arange(8)[None] * 2.0)[0], atol=1e-4)
    assert shown.labels == [UNSURE, FERPLUS[7]]


def test_embeddings_are_unit_vectors(tmp_path):
    shown = Classifier(Options(model=network(tmp_path, np.arange(8)))).classify(
        np.full((100, 100), 90, np.uint8), matrices((50, 50))
    )
    np.testing.assert_allclose(shown.embeddings, [[2**-0.5, 2**-0.5]], atol=1e-4)


def test_the_cards_temperature_softens(tmp_path):
    picture = np.full((100, 100), 255, np.uint8)
    path = network(tmp_path, np.arange(8) * 1.0, settings="temperature = 2.0")
    shown = Classifier(Options(model=path)).classify(picture, matrices((50, 50)))
    np.testing.assert_allclose(shown.probabilities, softmax(np.arange(8)[None] / 2.0), atol=1e-4)


def test_a_model_with_its_own_order_or_fewer_labels_is_read_by_name(tmp_path):
    path = network(tmp_path, [0.0, 5.0, 0.0], labels='["surprise", "happiness", "neutral"]')
    shown = Classifier(Options(model=path)).classify(np.full((100, 100), 255, np.uint8), matrices((50, 50)))
    assert shown.labels == ["happiness"]
    assert shown.probabilities[0, FERPLUS.index("fear")] == 0
    assert shown.probabilities.sum() == pytest.approx(1)


def test_a_model_with_unknown_labels_is_refused(tmp_path):
    path = network(tmp_path, [0.0, 1.0], labels='["happy", "sad"]')
    with pytest.raises(ModelError, match=r"labels on the card must be of neutral, .* not happy, sad"):
        Classifier(Options(model=path))


def test_with_mirror_a_face_and_its_mirror_image_read_the_same(tmp_path):
    path = network(tmp_path, np.arange(8) * 3.0)
    picture = np.tile(np.linspace(0, 255, 101).astype(np.uint8), (100, 1))
    place = matrices((50, 50))
    plain, both = Classifier(Options(model=path)), Classifier(Options(model=path, mirror=True))
    ours, flipped = (both.classify(view, place) for view in (picture, np.ascontiguousarray(picture[:, ::-1])))
    # The crop is centred on a pixel and not between two, so the mirrored crop lies one pixel of the crop beside it.
    np.testing.assert_allclose(ours.probabilities, flipped.probabilities, atol=1e-2)
    one, other = (plain.classify(view, place) for view in (picture, np.ascontiguousarray(picture[:, ::-1])))
    assert np.abs(one.probabilities - other.probabilities).max() > 0.1
    np.testing.assert_allclose(ours.probabilities, (one.probabilities + other.probabilities) / 2, atol=5e-3)


def test_no_face_is_an_empty_result(tmp_path):
    path = network(tmp_path, np.arange(8))
    assert len(Classifier(Options(model=path)).classify(np.zeros((9, 9), np.uint8), np.zeros((0, 2, 3)))) == 0


def test_the_cards_bias_and_limit_count(tmp_path):
    picture = np.full((100, 100), 255, np.uint8)
    bias = [0, 0, 0, 3.0, 0, 0, 0, 0]
    path = network(tmp_path, np.zeros(8), settings=f"bias = {bias}\nunsure_below = 0.8")
    shown = Classifier(Options(model=path)).classify(picture, matrices((50, 50)))
    np.testing.assert_allclose(shown.probabilities, softmax(np.array([bias])), atol=1e-5)
    assert shown.labels == [UNSURE]
    assert Classifier(Options(model=path, unsure_below=0.7)).classify(picture, matrices((50, 50))).labels == ["sadness"]


def test_without_a_limit_on_the_card_a_face_is_named_when_it_should_be_right_three_times_in_five(tmp_path):
    picture = np.full((100, 100), 255, np.uint8)
    for logit, label in ((2.2, UNSURE), (2.5, "neutral")):  # probabilities 0.56 and 0.63
        path = network(tmp_path, [logit, *np.zeros(7)])
        assert Classifier(Options(model=path)).classify(picture, matrices((50, 50))).labels == [label]


def test_a_prior_moves_probabilities_by_bayes(tmp_path):
    picture = np.full((100, 100), 255, np.uint8)
    prior = [0.5, 0.2, 0.1, 0.1, 0.04, 0.02, 0.02, 0.02]
    path = network(tmp_path, np.arange(8) * 0.5, settings=f"prior = {prior}")
    data, uniform = (Classifier(Options(model=path, prior=name)) for name in ("data", "uniform"))
    before, after = (each.classify(picture, matrices((50, 50))).probabilities for each in (data, uniform))
    wanted = before / np.array(prior)
    np.testing.assert_allclose(after, wanted / wanted.sum(), rtol=1e-4)


def test_another_prior_than_that_of_the_data_needs_to_know_that_of_the_data(tmp_path):
    with pytest.raises(ModelError, match=r"its card has no settings\.prior"):
        Classifier(Options(model=network(tmp_path, np.arange(8)), prior="uniform"))
