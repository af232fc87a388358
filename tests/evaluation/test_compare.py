"""If these fail, a comparison repeats hours of work, mixes up results, or one broken model takes the others along."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from mimika.cli.app import app
from mimika.data.errors import InputCorrupt, OptionError
from mimika.data.frame import Frame
from mimika.data.labels import FER2013
from mimika.evaluation import compare as module
from mimika.evaluation.compare import Comparison, compare
from mimika.evaluation.conditions import CLEAN, CROP_OFF, SEEK, TABLE, OffCrop, Scene, with_room
from mimika.evaluation.crops import tight_view
from mimika.evaluation.datasets import open_set
from mimika.evaluation.subjects import OnnxSubject, Predictions
from mimika.pipeline import Pipeline
from tests import films
from tests.evaluation import made

LOOKS = {"happy": ["happiness"] * 6, "sad": ["sadness"] * 4 + ["anger"] * 2, "fear": ["fear"] * 3}


@pytest.fixture
def faces(tmp_path):
    """A folder of class folders; the made network reads two of the sad faces as anger."""
    return open_set(made.class_folders(tmp_path / "faces", LOOKS), crop="tight")


@pytest.fixture
def model(tmp_path):
    return str(made.classifier(tmp_path))


def plan(faces, model, tmp_path, **more):
    return Comparison([faces], [model], tmp_path / "out", **more)


def name_of(result):
    (name,) = result["scores"]
    return name


def test_scores_and_the_corruption_table_are_there(faces, model, tmp_path):
    seen = []
    result = compare(plan(faces, model, tmp_path, corrupted=[0]), lambda *told: seen.append(told))
    scores = result["scores"][name_of(result)]["grey"]
    assert scores["top1"] == pytest.approx(13 / 15, abs=1e-4)
    assert scores["latency_ms"]["p50"] > 0
    table = result["corruptions"][name_of(result)]["grey"]
    assert set(table) == {CLEAN, *(line.key for line in TABLE)}
    assert table["side-32"]["loss_points"] == 0
    # A fifth of the light makes every class look like the darkest.
    assert table["dark"]["loss_points"] > 50
    assert seen[-1][1] == seen[-1][2] == 15 * (1 + len(TABLE))
    assert [told[1] for told in seen] == sorted(told[1] for told in seen)


def test_a_stopped_run_goes_on_where_it_was(faces, model, tmp_path, monkeypatch):
    asked, ask = [], OnnxSubject.predict

    def counted(self, pictures, tight):
        asked.append(len(pictures))
        return ask(self, pictures, tight)

    def stop(what, done, total):
        if "blur" in what:
            raise KeyboardInterrupt

    monkeypatch.setattr(OnnxSubject, "predict", counted)
    with pytest.raises(KeyboardInterrupt):
        compare(plan(faces, model, tmp_path, corrupted=[0]), stop)
    before = len(asked)
    whole = compare(plan(faces, model, tmp_path, corrupted=[0]))
    assert before > 5
    assert len(asked) - before == len(TABLE) - 4
    again = compare(plan(faces, model, tmp_path, corrupted=[0]))
    assert len(asked) - before == len(TABLE) - 4
    assert again == whole


def test_results_of_another_network_are_not_taken_for_this_ones(faces, model, tmp_path):
    first = compare(plan(faces, model, tmp_path))
    wrong = made.classifier(tmp_path, FER2013)
    other = compare(plan(faces, str(wrong), tmp_path))
    scores = [result["scores"][name_of(result)]["grey"]["top1"] for result in (first, other)]
    assert scores[0] > scores[1]


def test_results_from_before_a_calibration_are_measured_again(faces, model, tmp_path):
    before = compare(plan(faces, model, tmp_path))
    card = tmp_path / "grey.toml"
    card.write_text(card.read_text("utf-8") + "temperature = 40.0\n", "utf-8")
    after = compare(plan(faces, model, tmp_path))
    errors = [result["scores"][name_of(result)]["grey"]["ece"] for result in (before, after)]
    assert errors[0] != errors[1]


def test_a_model_that_cannot_be_used_is_told_and_the_others_go_on(faces, model, tmp_path):
    missing = str(tmp_path / "missing.onnx")
    result = compare(Comparison([faces], [missing, model], tmp_path / "out"))
    assert list(result["models"]) == ["grey"]
    assert "missing.onnx: no such" in result["errors"][missing]


def test_a_picture_that_cannot_be_read_is_left_out_and_named(faces, model, tmp_path):
    broken = next((tmp_path / "faces" / "fear").iterdir())
    broken.write_bytes(b"\x89PNG broken")
    result = compare(plan(faces, model, tmp_path))
    assert result["scores"][name_of(result)]["grey"]["n"] == 14
    assert [broken.name in reason for reason in result["unreadable"].values()] == [True]
    for file in (tmp_path / "faces").rglob("*.png"):
        file.write_bytes(b"")
    with pytest.raises(InputCorrupt, match="no picture"):
        compare(plan(faces, model, tmp_path))


def test_losses_are_those_of_the_pictures_that_were_corrupted(faces, model, tmp_path):
    result = compare(plan(faces, model, tmp_path, corrupted=[0], sample=5))
    table = result["corruptions"][name_of(result)]["grey"]
    assert set(result["corrupted_pictures"].values()) == {5}
    assert table["side-48"] | {"ms": 0} == {"found": 1.0, "top1": table[CLEAN]["top1"], "loss_points": 0.0, "ms": 0}


def test_pictures_known_from_training_are_counted_and_scored_apart(faces, model, tmp_path):
    train = open_set(made.class_folders(tmp_path / "train", {"joy": ["happiness"], "anger": ["sadness"]}), crop="tight")
    result = compare(plan(faces, model, tmp_path, known=[(0, train)]))
    (found,) = result["duplicates"]
    assert found["exact"] == {"pictures": 10, "same_label": 6, "different_label": 4, "unlabelled": 0}
    parts = found["accuracy"][name_of(result)]["grey"]
    assert (parts["only"]["n"], parts["without"]["n"]) == (10, 3 + 2)
    assert parts["only"]["top1"] == 1.0


def test_nothing_to_compare_is_refused(faces, tmp_path):
    with pytest.raises(OptionError):
        compare(Comparison([faces], [], tmp_path))


@pytest.fixture(scope="module")
def face():
    """A tight crop of a real face."""
    photo = films.grey_portrait()
    mesh = Pipeline().process_photo(Frame(photo)).measurements.meshes[0]
    return tight_view(photo, mesh, 96)


def test_the_face_is_found_in_the_picture_made_for_it(face):
    assert len(Pipeline().process_photo(Frame(with_room(face))).faces) == 1


def test_our_own_crop_is_moved_by_a_tenth_of_its_side(face):
    straight, off = OnnxSubject("expression"), OffCrop("expression")
    mine, moved = straight._cut(face, True)[0].astype(int), off._cut(face, True)[0].astype(int)
    step = round(0.1 * len(mine))
    inner = slice(step, -step)
    errors = [
        np.abs(np.roll(mine, shift, (0, 1)) - moved)[inner, inner].mean()
        for shift in ((0, step), (0, -step), (step, 0), (-step, 0))
    ]
    assert min(errors) < 0.2 * np.abs(mine - moved)[inner, inner].mean()
    assert not np.array_equal(straight.predict([face], [True]).probabilities, off.predict([face], [True]).probabilities)


def test_covers_lie_where_our_mesh_sees_the_eyes(face, tmp_path):
    pictures = made.table(tmp_path / "test.parquet", [face], label=["happy"])
    scene = Scene(open_set(pictures, crop="tight"))
    (covered, tight), (sought, cut) = (next(scene.pictures(key, range(1))) for key in ("eyes", SEEK))
    rows = np.flatnonzero((covered != face).any(1))
    assert tight
    assert not cut
    assert sought.shape[0] > 192
    assert rows.min() > 0.2 * 96
    assert rows.max() < 0.6 * 96


def test_the_command_writes_page_and_results(faces, model, tmp_path):
    out = tmp_path / "report"
    words = ["compare", str(tmp_path / "faces"), "--models", model, "--report", str(out), "--corruptions", "none"]
    done = CliRunner().invoke(app, words + ["--crop", "tight", "--results", str(tmp_path / "kept")])
    assert done.exit_code == 0, done.output
    result = json.loads((tmp_path / "kept" / "compare.json").read_text("utf-8"))
    assert re.search(r"grey 86\.7 %", done.output)
    assert result["command"].startswith("mimika")
    assert result["corruptions"] == {}
    assert "grey" in (out / "index.html").read_text("utf-8")


def test_a_wrong_choice_is_one_line(faces, tmp_path):
    words = ["compare", str(tmp_path / "faces"), "--models", "grey", "--report", str(tmp_path), "--corruptions", "some"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "--corruptions" in done.output


def test_the_direct_crop_is_only_ours_to_move(faces, model):
    subject = OnnxSubject(model, faces.classes)
    assert module._under(subject, model, Scene(faces), CROP_OFF) == (subject, "frame-off")
    assert isinstance(module._under(OnnxSubject("expression"), "expression", Scene(faces), CROP_OFF)[0], OffCrop)


def test_a_program_without_expressions_is_asked_for_faces_only_and_once(tmp_path, monkeypatch):
    votes = [[0, 10, *[0] * 8]] * 3
    both = [
        open_set(made.kaggle(tmp_path, [(3, "happiness", "PrivateTest")] * 3, votes), labels=labels)
        for labels in ("fer2013", "ferplus")
    ]

    class Finder:
        name, classes = "finder", ()

        def __init__(self, name, environments):
            self.asked = 0

        def describe(self):
            return {"name": "finder", "sha256": None}

        def predict(self, pictures, tight):
            return Predictions(np.zeros((len(pictures), 0), np.float32), np.array(tight), np.ones(len(pictures)))

        def close(self):
            self.asked = 0

    monkeypatch.setattr(module, "PeerSubject", Finder)
    result = compare(Comparison(both, ["mediapipe"], tmp_path / "out", corrupted=[0, 1]))
    ((name, scores),) = result["scores"].items()
    assert name.endswith("fer2013")
    assert (scores["finder"]["found"], "top1" in scores["finder"]) == (1.0, False)
    assert set(result["corruptions"][name]["finder"]) == {SEEK}
    assert result["corruptions"][name]["finder"][SEEK]["found"] == 0.0
