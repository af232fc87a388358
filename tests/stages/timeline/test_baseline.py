"""Without this a face that frowns at rest would be angry all day, and an action unit would be a bone."""

import json
from dataclasses import replace

import builders
import numpy as np
import pytest

from mimika.data.baseline import Baseline
from mimika.data.errors import InputCorrupt, InputError, InputMissing, OptionError, ShapeError
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.measurements import PORTRAIT
from mimika.data.methods import BaselineChoice
from mimika.stages.measure.pose import fit_mean_face
from mimika.stages.measure.unit_inputs import shape_of, upright_of
from mimika.stages.timeline.baseline import Baselines, as_text, load, of_photo, relative_openness, without_rest

SMILE = ACTION_UNITS.index("AU12")
MOUTH = (61, 291)


class MouthRuler:
    """Measures AU12 alone, as how much wider the mouth is than in the neutral shape; needs no trained network."""

    compared = None

    def measure(self, meshes, angles, neutrals=None, units=None, *, portraits=None, calm_portraits=None, fit=None):
        self.compared = portraits, calm_portraits
        units = np.zeros((len(meshes), len(ACTION_UNITS), 2), np.float32)
        usual = np.full(len(meshes), 0.7) if neutrals is None else self._widths(neutrals)
        units[:, SMILE] = np.clip((self._widths(upright_of(meshes, fit)) - usual) * 30, 0, 5)[:, None]
        return units

    def neutral_shape(self, meshes, angles):
        return shape_of(meshes)

    def _widths(self, shapes):
        return np.linalg.norm(shapes[:, MOUTH[0]] - shapes[:, MOUTH[1]], axis=1)


UNITS = MouthRuler()


def person() -> np.ndarray:
    """Return the (478, 3) neutral mesh of someone with a crooked, wide-mouthed face."""
    mesh = builders.mean_mesh().astype(np.float64)
    mesh[:, 0] *= 1 + 0.08 * np.clip(mesh[:, 1], 0, 1)
    return mesh


def moved(mesh: np.ndarray, smile: float, jaw: float) -> np.ndarray:
    """Return the mesh with the mouth widened by `smile` and the lower face lowered by `jaw`, 0..1."""
    lower = np.clip(mesh[:, 1] - mesh[1, 1], 0, None)[:, None]
    near = np.exp(-((mesh[:, :2] - mesh[[13, 14], :2].mean(axis=0)) ** 2).sum(axis=1) / 0.15)[:, None]
    return mesh + 0.4 * smile * near * mesh * [1, 0, 0] + 0.15 * jaw * lower * [0, 1, 0]


def talk(smiles=((8.0, 12.0),), seconds=30.0, fps=10.0, face=0, noise=0.004):
    """Give the observations of a face that smiles now and then and talks a little in between."""
    random = np.random.default_rng(3)
    for number in range(int(seconds * fps)):
        time_s = number / fps
        happy = max(float(np.interp(time_s, [a - 0.5, a, b, b + 0.5], [0, 1, 1, 0])) for a, b in smiles)
        jaw = 0.25 * abs(np.sin(7 * time_s)) * (int(time_s) % 3 == 0)
        mesh = moved(person(), happy, jaw)
        seen = builders.observation(1, builders.frame(time_s=time_s, number=number, source="talk.mp4"))
        mesh = 80 * (mesh + random.normal(0, noise, mesh.shape)) + [160, 120, 0]
        eyes = np.full((1, 2), 0.05 if number % 40 < 2 else 0.8)
        shares = np.full((1, 8), 0.02)
        shares[0, [0, 1, 4]] += 0.84 * np.array([0.7 * (1 - happy), happy, 0.3 * (1 - happy)])
        given = {"meshes": mesh[None], "angles": np.zeros((1, 3)), "eye_openness": eyes}
        given["portraits"] = np.full((1, PORTRAIT, PORTRAIT), 50 + round(100 * happy), np.uint8)
        measured = replace(seen.measurements, **given, action_units=UNITS.measure(mesh[None], None))
        yield replace(
            seen,
            faces=replace(seen.faces, ids=np.array([face])),
            measurements=measured,
            expressions=replace(seen.expressions, probabilities=shares),
        )


def found(choice: str, observations, **others) -> Baseline:
    """Return the baseline that hindsight finds."""
    baselines = Baselines(BaselineChoice.parse(choice), UNITS, **others)
    for observation in observations:
        baselines.see(observation)
    baselines.settle()
    (only,) = baselines.all()
    return only


def off(baseline: Baseline) -> float:
    """Return how far a baseline lies from the person's neutral shape, in inter-ocular distances."""
    return float(np.sqrt(((baseline.shape - shape_of(person()[None])[0]) ** 2).sum(axis=1).mean()))


def test_auto_finds_the_neutral_face_of_one_who_talks_and_smiles():
    auto = found("auto", talk(smiles=((2.0, 9.0), (14.0, 20.0), (24.0, 27.0))))
    assert off(auto) < 0.01
    assert off(found("first:1", talk(smiles=((0.0, 9.0),)))) > 0.02
    assert auto.eye_openness == pytest.approx([0.8, 0.8], abs=0.01)
    assert auto.rest[FERPLUS.index("anger")] == pytest.approx(0.27, abs=0.03)
    assert (auto.method, auto.source, auto.face, auto.since_s) == ("auto", "talk.mp4", 0, 0.0)


def test_a_pose_that_is_known_is_not_looked_for_again_and_changes_nothing():
    neutral = found("first:2", talk(seconds=3))
    seen = next(talk(smiles=((0, 1),)))
    baselines = Baselines(BaselineChoice.parse("auto"), UNITS, known=neutral)
    alone = baselines.apply(seen).measurements.action_units
    known = baselines.apply(seen, fit_mean_face(seen.measurements.meshes)).measurements.action_units
    np.testing.assert_allclose(known, alone, atol=1e-4)
    elsewhere = fit_mean_face(seen.measurements.meshes * 1.1)
    assert np.abs(baselines.apply(seen, elsewhere).measurements.action_units - alone).max() > 0.1


def test_first_takes_the_first_seconds():
    assert off(found("first:5", talk(smiles=((8, 12),)))) < 0.005


def test_live_it_settles_and_says_since_when():
    baselines, since = Baselines(BaselineChoice.parse("auto"), UNITS), None
    for observation in talk(seconds=12):
        result = baselines.follow(observation)
        known = baselines.of(0)
        if known is None:
            assert result is observation
        elif since is None:
            since = known.since_s
            assert since == observation.frame.time_s
    assert 2 <= since <= 5
    assert baselines.of(0).since_s == since
    assert off(baselines.of(0)) < 0.012


def test_units_and_eyes_are_measured_against_the_person():
    observations = list(talk(seconds=16))
    baselines = Baselines(BaselineChoice.parse("auto"), UNITS)
    for observation in observations:
        baselines.see(observation)
    baselines.settle()
    calm, smile = (baselines.apply(observations[number]).measurements for number in (64, 100))
    assert calm.action_units[0, SMILE].max() < 0.5
    assert smile.action_units[0, SMILE].min() > 2
    assert calm.eye_openness == pytest.approx(np.ones((1, 2)), abs=0.02)


def test_how_the_calm_face_looks_is_known_and_compared_with():
    observations, units = list(talk(seconds=16)), MouthRuler()
    baselines = Baselines(BaselineChoice.parse("auto"), units)
    for observation in observations:
        baselines.see(observation)
    baselines.settle()
    baselines.apply(observations[100])
    now, calm = units.compared
    assert (now == 150).all()
    assert (calm == 50).all()


def test_faces_without_a_baseline_and_frames_without_faces_pass_unchanged():
    baselines = Baselines(BaselineChoice.parse("auto"), UNITS)
    for observation in (builders.observation(2), builders.observation(0)):
        assert baselines.follow(observation) is observation
    assert baselines.all() == []
    none = Baselines(BaselineChoice.parse("none"), UNITS)
    observation = next(talk())
    assert none.follow(observation) is observation


def test_a_resting_frown_is_taken_out_and_nothing_else_is_touched():
    rest = np.full(8, 0.02)
    rest[[0, 4]] = 0.56, 0.32
    baseline = replace(found("auto", talk(seconds=3)), rest=rest)
    resting = without_rest(rest[None], baseline)[0]
    assert resting[0] > 0.8
    assert resting[4] == pytest.approx(0.02, abs=0.005)
    calm = np.array([[0.9, *[0.1 / 7] * 7]])
    assert without_rest(calm, replace(baseline, rest=calm[0])) == pytest.approx(calm, abs=1e-6)
    glad = np.array([[0.05, 0.81, *[0.14 / 6] * 6]])
    assert without_rest(glad, baseline)[0, 1] > 0.8


def test_expressions_change_only_on_request():
    observation = next(talk())
    known = found("auto", talk(seconds=3))
    plain = Baselines(BaselineChoice.parse("x.json"), UNITS, known)
    assert plain.apply(observation).expressions is observation.expressions
    asked = Baselines(BaselineChoice.parse("x.json"), UNITS, known, expressions=True)
    shown = asked.apply(observation).expressions.probabilities
    assert shown[0, 0] > observation.expressions.probabilities[0, 0]
    assert shown.sum() == pytest.approx(1)


def test_a_photo_gives_a_baseline_and_without_a_face_it_is_an_error():
    photo = of_photo(next(talk(noise=0)), UNITS)
    assert (photo.method, photo.frames) == ("image", 1)
    assert (photo.portrait == 50).all()
    assert off(photo) < 1e-3
    with pytest.raises(InputError, match=r"clip\.mp4: no face was found"):
        of_photo(builders.observation(0), UNITS)


def test_a_saved_baseline_is_the_same_again(tmp_path):
    one = found("auto", talk(seconds=3))
    unseen = np.zeros((PORTRAIT, PORTRAIT), np.uint8)
    two = replace(one, face=7, frames=one.frames + 5, eye_openness=np.array([np.nan, 0.5]), portrait=unseen)
    path = tmp_path / "anna-baseline.json"
    path.write_text(as_text([one, two], portraits=True), "utf-8")
    first = load(BaselineChoice.parse(str(path)))
    assert first.face == 7
    assert np.isnan(first.eye_openness[0])
    chosen = load(BaselineChoice.parse(f"{path}#0"))
    assert chosen.shape == pytest.approx(one.shape, abs=1e-5)
    assert chosen.rest == pytest.approx(one.rest, abs=1e-5)
    assert (chosen.portrait == 50).all()
    assert not first.portrait.any()
    assert relative_openness(np.full((1, 2), 0.4), [first])[0] == pytest.approx([0.4, 0.8], abs=0.01)


def test_a_picture_of_a_person_is_saved_only_on_request_and_older_files_are_read(tmp_path):
    one = found("auto", talk(seconds=3))
    plain = json.loads(as_text([one]))
    assert "portrait" not in plain["faces"][0]
    plain["faces"][0]["appearance"] = [0.5] * 576
    path = tmp_path / "older.json"
    path.write_text(json.dumps(plain), "utf-8")
    again = load(BaselineChoice.parse(str(path)))
    assert not again.portrait.any()
    assert again.shape == pytest.approx(one.shape, abs=1e-5)
    plain["faces"][0]["portrait"] = "c2hvcnQ="
    path.write_text(json.dumps(plain), "utf-8")
    with pytest.raises(InputCorrupt, match="is no baseline that mimika has saved"):
        load(BaselineChoice.parse(str(path)))


def test_the_picture_kept_is_that_of_the_frame_nearest_to_the_neutral_shape():
    observations = [
        replace(each, measurements=replace(each.measurements, portraits=np.full((1, PORTRAIT, PORTRAIT), 1 + n % 200)))
        for n, each in enumerate(talk(seconds=16))
    ]
    known = found("auto", observations)
    distances = [np.abs(shape_of(each.measurements.meshes)[0] - known.shape).mean() for each in observations]
    assert distances[int(known.portrait[0, 0]) - 1] == pytest.approx(min(distances), rel=0.3)


def test_a_baseline_file_that_is_none_is_told_in_one_line(tmp_path):
    with pytest.raises(InputMissing, match="no such baseline file"):
        load(BaselineChoice.parse(str(tmp_path / "gone.json")))
    path = tmp_path / "other.json"
    for text in ("{}", "[]", "no JSON", '{"faces": [{"face": 1}]}', '{"faces": [3]}', '{"faces": 3}'):
        path.write_text(text, "utf-8")
        with pytest.raises(InputCorrupt, match="no baseline that mimika has saved"):
            load(BaselineChoice.parse(str(path)))
    path.write_text(json.dumps({"faces": []}), "utf-8")
    with pytest.raises(InputError, match="holds no baseline"):
        load(BaselineChoice.parse(f"{path}#4"))


def test_shapes_are_checked():
    one = found("auto", talk(seconds=3))
    with pytest.raises(ShapeError, match="shape: expected"):
        replace(one, shape=np.zeros((478, 3)))


@pytest.mark.parametrize("text", ["", "first", "first:0", "image:", "auto:1", "photo.jpg", "autoo"])
def test_a_wrong_choice_is_told_with_the_right_ones(text):
    with pytest.raises(OptionError, match=r"baseline: expected none, auto, first:SECONDS"):
        BaselineChoice.parse(text)


def test_a_long_recording_takes_no_more_memory():
    baselines = Baselines(BaselineChoice.parse("auto"), UNITS)
    seen = next(talk())
    for second in range(3000):
        baselines.see(replace(seen, frame=builders.frame(time_s=float(second))))
    assert len(baselines._finders[0]._samples) <= 400
