"""If these fail, a peer is measured on other pictures than ours, or its noise or death takes the comparison along."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from mimika.data.errors import ModelError
from mimika.data.labels import FER2013
from mimika.evaluation.peers import PEERS, PeerSubject, environment

READY = Path(__file__).parents[2] / "build" / "peers" / "fer" / "ready"
MADE = '''
import numpy as np
WORDS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

class FER:
    """Speaks as fer does: reads the grey of the box, prints what it likes, and dies of a white picture."""

    _model_cache = None

    def __init__(self, offsets=(10, 10), use_tflite=True):
        self.offsets = offsets

    def detect_emotions(self, picture, boxes=None):
        print("a line that nobody asked for")
        assert picture.shape[2] == 3
        if picture.min() == 255:
            raise MemoryError("too bright")
        if boxes is None and picture.max() == 0:
            return []
        boxes = boxes or [(0, 0, 1, 1), (2, 2, 9, 9)]
        found = []
        for x, y, width, height in boxes:
            best = int(picture[y, x, 0]) // 30
            found.append({"box": (x, y, width, height), "emotions": {w: float(i == best) for i, w in enumerate(WORDS)}})
        return found
'''


@pytest.fixture
def peer(tmp_path, monkeypatch):
    """A real process with the worker in it, and a made `fer` that answers by the picture's grey."""
    for name, text in (
        ("fer/__init__.py", ""),
        ("fer/fer.py", MADE),
        ("fer-9.9.dist-info/METADATA", "Metadata-Version: 2.1\nName: fer\nVersion: 9.9\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    subject = PeerSubject("fer", python=Path(sys.executable))
    yield subject
    subject.close()


def test_a_peer_answers_for_crops_and_photos_whatever_it_prints(peer):
    crop, photo, empty = np.full((48, 40), 100, np.uint8), np.full((60, 80), 20, np.uint8), np.zeros((30, 30), np.uint8)
    photo[2:, 2:] = 190
    said = peer.predict([crop, photo, empty, empty], [True, False, False, True])
    assert peer.classes == FER2013
    assert said.probabilities.argmax(1)[:2].tolist() == [3, 6]
    assert said.found.tolist() == [True, True, False, True]
    assert said.probabilities[2].sum() == 0
    assert (said.ms > 0).all()
    assert peer.describe()["version"] == "9.9"


def test_a_peer_that_dies_is_named_with_its_last_words(peer):
    with pytest.raises(ModelError, match=r"fer ended .*too bright"):
        peer.predict([np.full((48, 48), 255, np.uint8)], [True])


def test_a_peer_can_be_asked_again_after_it_was_closed(peer):
    picture = np.full((48, 48), 35, np.uint8)
    first = peer.predict([picture], [True])
    peer.close()
    assert np.array_equal(peer.predict([picture], [True]).probabilities, first.probabilities)


def test_an_unknown_peer_is_refused_with_the_names_there_are():
    with pytest.raises(ModelError, match="mediapipe"):
        PeerSubject("feer")


def test_an_environment_that_lacks_the_peer_says_so():
    with pytest.raises(ModelError, match="No module named"):
        PeerSubject("mediapipe", python=Path(sys.executable)).describe()


@pytest.mark.skipif(not READY.exists(), reason="fer is not installed under build/peers")
def test_the_real_fer_reads_a_smile(shared_data):
    from mimika.evaluation.datasets import open_set

    faces = open_set(shared_data / "fer2013", split="validation")
    smiles = np.flatnonzero(faces.truth == FER2013.index("happiness"))[:30]
    subject = PeerSubject("fer", environments=READY.parents[1])
    said = subject.predict([faces.picture(int(row)) for row in smiles], [True] * len(smiles))
    subject.close()
    assert (said.probabilities.argmax(1) == FER2013.index("happiness")).mean() > 0.7
    assert environment(PEERS["fer"], READY.parents[1]).exists()
