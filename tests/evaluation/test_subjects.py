"""A model under test sees what it would see in use, and answers with the head that fits the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimika.data.errors import ModelError, ShapeError
from mimika.data.frame import Frame
from mimika.data.labels import FER2013, FERPLUS
from mimika.data.options import Options
from mimika.evaluation.crops import Aligner, CropJudge, tight_view
from mimika.evaluation.subjects import OnnxSubject, Predictions, open_subject
from mimika.pipeline import Pipeline
from mimika.stages.recognize.classify import Classifier
from tests import films
from tests.evaluation import made


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return films.grey_portrait()


@pytest.fixture(scope="module")
def mesh(photo: np.ndarray) -> np.ndarray:
    return np.asarray(Pipeline(Options(faces_max=1)).process_photo(Frame(photo)).measurements.meshes[0])


@pytest.fixture(scope="module")
def face(photo: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    return tight_view(photo, mesh, 96)


def test_a_network_of_the_field_sees_the_tight_picture_itself(tmp_path: Path) -> None:
    """A plain classifier is measured with its own words for classes, on the whole crop, whatever its size."""
    words = ["angry", "disgusted", "scared", "happy", "sad", "surprised", "calm"]
    subject = open_subject(made.classifier(tmp_path, FER2013, words), FER2013)
    assert subject.classes == FER2013
    pictures = [made.grey(name, FER2013, (side, side)) for name, side in zip(FER2013, range(20, 90, 10), strict=True)]
    said = subject.predict(pictures, [True] * 7)
    assert said.probabilities.argmax(1).tolist() == list(range(7))
    assert said.found.all()
    assert (said.ms > 0).all()
    np.testing.assert_allclose(said.probabilities.sum(1), 1, atol=1e-5)


def test_our_network_reads_a_tight_picture_as_the_product_reads_an_aligned_face(face: np.ndarray) -> None:
    """What is measured is what users get: same crop, same calibration."""
    subject = OnnxSubject("expression")
    said = subject.predict([face], [True])
    matrix = Aligner().align(face).matrix
    used = Classifier(Options()).classify(face, matrix[None])
    np.testing.assert_allclose(said.probabilities, used.probabilities, atol=1e-3)
    assert said.found[0]


def test_our_network_reads_a_photo_as_the_product_does(photo: np.ndarray, face: np.ndarray) -> None:
    """A whole photo goes through the detector, and comes out close to the face cut from it."""
    subject = OnnxSubject("expression")
    said = subject.predict([photo, face], [False, True])
    used = Pipeline(Options(faces_max=1)).process_photo(Frame(photo)).expressions
    # The network computes in whole numbers: the last bit of a grey value may move an activation by a step.
    np.testing.assert_allclose(said.probabilities[:1], used.probabilities, atol=1e-3)
    assert np.abs(said.probabilities[0] - said.probabilities[1]).max() < 0.2


def test_the_prior_is_the_product_s_prior(photo: np.ndarray) -> None:
    subject = OnnxSubject("expression")
    if subject.card.settings.get("prior") is None:
        with pytest.raises(ModelError, match=r"no settings\.prior"):
            OnnxSubject("expression", prior="uniform")
        return
    said = OnnxSubject("expression", prior="uniform").predict([photo], [False])
    used = Pipeline(Options(faces_max=1, prior="uniform")).process_photo(Frame(photo)).expressions
    np.testing.assert_allclose(said.probabilities, used.probabilities, atol=1e-3)


def test_no_face_is_no_answer(photo: np.ndarray) -> None:
    """A photo without a face does not become an expression by accident."""
    said = OnnxSubject("expression").predict([np.full((200, 200), 90, np.uint8)], [False])
    assert not said.found[0]
    assert said.probabilities.sum() == 0


def test_seven_class_data_are_answered_by_the_seven_class_head(face: np.ndarray) -> None:
    """FER-2013 is answered by the head that learnt its labels; other data by the product's own eight classes."""
    seven = OnnxSubject("expression", FER2013)
    assert (seven.classes, seven.describe()["output"]) == (FER2013, "logits7")
    assert OnnxSubject("expression", FERPLUS).describe()["output"] == "logits"
    assert OnnxSubject("expression", ("neutral", "happiness")).classes == FERPLUS
    said = seven.predict([face], [True]).probabilities
    assert said.shape == (1, 7)
    assert said.sum() == pytest.approx(1, abs=1e-5)


def test_a_plain_network_is_shown_the_face_of_a_photo(tmp_path: Path, photo: np.ndarray, mesh: np.ndarray) -> None:
    """Of a photo it gets the face alone, in the place where tight pictures have it."""
    subject = open_subject(made.classifier(tmp_path))
    view = tight_view(photo, mesh, 8)
    from_photo, from_view = subject.predict([photo, view], [False, True]).probabilities
    np.testing.assert_allclose(from_photo, from_view, atol=1e-4)


def test_cards_that_name_no_expressions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no expression network"):
        OnnxSubject("mesh")
    file = made.classifier(tmp_path, FER2013, ["angry", "bored", "x", "happy", "sad", "surprised", "calm"])
    with pytest.raises(ModelError, match="labels on the card must be expressions"):
        OnnxSubject(file)


def test_the_model_is_described_by_its_card() -> None:
    about = OnnxSubject("expression").describe()
    assert about["name"] == "expression"
    assert len(about["sha256"]) == 64
    assert about["parameters"] > 0
    assert about["macs"] > 0
    assert about["bytes"] > 0


def test_predictions_must_fit_together() -> None:
    with pytest.raises(ShapeError, match="one row a face"):
        Predictions(np.zeros((2, 3), np.float32), np.ones(1, np.bool_), np.zeros(2))


def test_a_cut_out_face_is_told_from_a_photo(photo: np.ndarray, face: np.ndarray) -> None:
    """Without a word from the user, photos go through the detector and crops do not; an unclear one is a crop."""
    judge = CropJudge()
    assert judge.is_tight(face)
    assert not judge.is_tight(photo)
    assert judge.is_tight(np.random.default_rng(0).integers(0, 255, (48, 48), np.uint8))
