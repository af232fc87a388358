"""Following: when the detector looks, what is carried on, and who is pushed out."""

from __future__ import annotations

import numpy as np
import pytest

from mimika.data.faces import Faces
from mimika.data.frame import Frame
from mimika.data.geometry import transform
from mimika.data.options import Options
from mimika.stages.faces.align import MESH_CROP, five_points, mean_face
from mimika.stages.faces.follow import Follower
from mimika.stages.faces.glimpses import credible, glimpses
from mimika.stages.faces.places import FACE_POINTS, Places, Seen

GREY = np.full((480, 640), 100, np.uint8)


def meshes_at(*places):
    return np.float32([scale * mean_face() + [x, y, 0] for x, y, scale in places]).reshape(-1, 478, 3)


def faces_at(*places):
    meshes = meshes_at(*places)
    low, high = meshes[:, :FACE_POINTS, :2].min(1), meshes[:, :FACE_POINTS, :2].max(1)
    n = len(meshes)
    return Faces(np.concatenate([low, high - low], 1), np.full(n, 0.8), five_points(meshes), np.full(n, -1))


class ScriptedDetector:
    """Finds what it is told to and counts how often it was asked."""

    def __init__(self, *places):
        self.places, self.calls = places, 0

    def detect(self, luma, ease=1.0):
        self.calls += 1
        return faces_at(*self.places)


def frame(number, luma=GREY, fps=25.0):
    return Frame(luma, time_s=number / fps, number=number)


def seen_at(places, presence=None):
    """Return what a mesh network would see that finds the mean face upright in each crop."""
    template = mean_face() * MESH_CROP.scale + [MESH_CROP.side / 2, MESH_CROP.side / 2, 0]
    back = np.linalg.inv(places.matrices[:, :, :2])
    inverse = np.concatenate([back, -back @ places.matrices[:, :, 2:]], axis=2)
    meshes = transform(inverse, np.repeat(template[None], len(places), 0)).astype(np.float32)
    return Seen.at(places, meshes, np.ones(len(places), np.float32) if presence is None else np.float32(presence))


def follow(follower, frames):
    """Run frames through, giving each face the id of its row."""
    for number in frames:
        places = follower.places(frame(number))
        seen = seen_at(places)
        follower.remember(seen, np.arange(len(seen)))
    return places


def test_the_detector_looks_at_the_first_and_then_at_every_nth_frame():
    detector = ScriptedDetector((200, 200, 40))
    follower = Follower(detector, Options(detect_every=10))
    calls = []
    for number in range(31):
        follow(follower, [number])
        calls.append(detector.calls)
    assert [n for n in range(31) if calls[n] > (calls[n - 1] if n else 0)] == [0, 10, 20, 30]


def test_while_there_is_no_face_the_detector_looks_at_every_frame():
    detector = ScriptedDetector()
    follow(Follower(detector, Options(detect_every=10)), range(8))
    assert detector.calls == 8


def test_a_face_is_carried_on_with_its_id_and_takes_the_new_score():
    detector = ScriptedDetector((200, 200, 40))
    follower = Follower(detector, Options(detect_every=3))
    first = follow(follower, [0])
    assert first.fresh.tolist() == [True]
    assert follow(follower, [1]).ids.tolist() == [0]
    detector.places = ((203, 201, 41), (450, 200, 40))
    places = follow(follower, [2, 3])
    assert places.ids.tolist() == [0, -1]
    assert places.scores.tolist() == pytest.approx([0.8, 0.8])


def test_a_carried_face_whose_mesh_shrank_at_once_is_lost_and_a_fresh_one_is_not():
    slid, fresh = Places.detected(faces_at((200, 200, 40))), Places.detected(faces_at((450, 200, 40)))
    places = Places.join(Places(slid.matrices, slid.scores, np.array([0])), fresh)
    shrunk = Seen.at(places, meshes_at((200, 200, 30), (450, 200, 30)), np.float32([0.98, 0.98]))
    assert shrunk.faces.ids.tolist() == [-1]
    grown = Seen.at(places, meshes_at((200, 200, 44), (450, 200, 44)), np.float32([0.98, 0.98]))
    assert grown.faces.ids.tolist() == [0, -1]


def test_a_mesh_that_slid_off_is_set_back_where_the_detector_sees_the_face():
    detector = ScriptedDetector((200, 200, 20))
    follower = Follower(detector, Options(detect_every=2))
    follow(follower, [0, 1])
    detector.places = ((204, 206, 40),)
    places = follow(follower, [2])
    assert places.ids.tolist() == [0]
    wanted = Places.detected(faces_at((204, 206, 40))).matrices
    np.testing.assert_allclose(places.matrices, wanted, rtol=1e-3)


def test_after_a_loss_the_detector_looks_at_once_and_only_for_faces_not_yet_seen():
    detector = ScriptedDetector((150, 200, 40), (450, 200, 40))
    follower = Follower(detector, Options(detect_every=100))
    follow(follower, [0])
    places = follower.places(frame(1))
    assert detector.calls == 1
    kept = seen_at(places).take(np.array([0]))
    detector.places = ((152, 200, 40), (500, 220, 40))
    more = follower.places_after_loss(frame(1), kept)
    assert detector.calls == 2
    assert more.fresh.tolist() == [True]
    assert seen_at(more).faces.boxes[0, 0] > 400
    assert len(follower.places_after_loss(frame(1), kept)) == 0
    assert detector.calls == 2


def test_a_cut_or_a_gap_or_another_size_forgets_the_faces_before():
    other = GREY.copy()
    other[:, ::2], other[100:300] = 255, 0
    for second in (frame(1, other), frame(25), frame(1, GREY[:240])):
        detector = ScriptedDetector((200, 200, 40))
        follower = Follower(detector, Options(detect_every=100))
        follow(follower, [0])
        assert not follower.cut
        assert follower.places(second).fresh.tolist() == [True]
        assert detector.calls == 2
        assert follower.cut == (second.number == 1)


def test_the_largest_faces_stay_and_a_newcomer_must_be_clearly_larger():
    detector = ScriptedDetector((100, 200, 30), (300, 200, 50), (500, 200, 40))
    follower = Follower(detector, Options(faces_max=2, detect_every=1))
    assert seen_at(follow(follower, [0])).faces.boxes[:, 2].argsort().tolist() == [1, 0]
    detector.places = ((100, 200, 30), (300, 200, 50), (500, 200, 40), (100, 400, 44))
    assert follow(follower, [1]).ids.tolist() == [0, 1]
    detector.places = (*detector.places[:3], (100, 400, 80))
    assert follow(follower, [2]).ids.tolist() == [0, -1]


def test_two_that_fell_onto_the_same_face_become_the_one_that_moved_less():
    places = Places.detected(faces_at((200, 200, 40), (260, 200, 40)))
    carried = Places(places.matrices, places.scores, np.array([5, 6]))
    seen = Seen.at(carried, meshes_at((204, 200, 40), (206, 200, 40)), np.float32([0.9, 0.95]))
    assert seen.distinct().faces.ids.tolist() == [5]


def test_a_new_recording_starts_with_the_detector():
    detector = ScriptedDetector((200, 200, 40))
    follower = Follower(detector, Options(detect_every=100))
    follow(follower, [0])
    follower.reset()
    assert follower.places(frame(0)).fresh.tolist() == [True]


@pytest.mark.parametrize("size", [(48, 48), (600, 450), (31, 40)])
def test_a_face_found_only_in_the_bordered_picture_comes_back_in_the_pictures_own_pixels(size):
    """The picture holds one bright square; the detector here reports where it sees it."""

    class SquareDetector:
        def __init__(self):
            self.shapes = []

        def detect(self, luma, ease=1.0):
            self.shapes.append(luma.shape)
            if len(self.shapes) == 1:
                return Faces.empty()
            y, x = np.nonzero(luma > 128)
            return faces_at((x.mean(), y.mean(), np.ptp(x)))

    luma = np.zeros(size, np.uint8)
    luma[size[0] // 4 : size[0] // 2, size[1] // 2 : 3 * size[1] // 4] = 255
    y, x = np.nonzero(luma)
    detector = SquareDetector()
    first, bordered, *_ = glimpses(detector, luma)
    assert len(first) == 0
    tolerance = 0.01 * max(size) + 0.5
    middle = seen_at(bordered).meshes[0, :, :2].min(0) / 2 + seen_at(bordered).meshes[0, :, :2].max(0) / 2
    assert middle == pytest.approx([x.mean(), y.mean()], abs=tolerance)
    assert bordered.sizes[0] * MESH_CROP.scale / MESH_CROP.side == pytest.approx(np.ptp(x), abs=2 * tolerance)


def test_at_last_a_squarish_picture_is_taken_for_one_face_that_fills_it():
    *_, whole = glimpses(ScriptedDetector(), np.zeros((48, 48), np.uint8))
    x, y, _, height = seen_at(whole).faces.boxes[0]
    assert x >= 0
    assert y >= 0
    assert height > 40
    assert len(list(glimpses(ScriptedDetector(), np.zeros((100, 400), np.uint8)))) == 3


def test_a_guessed_face_counts_only_if_it_is_sure_and_fills_the_picture():
    luma = np.zeros((100, 100), np.uint8)
    meshes = meshes_at((50, 50, 35), (50, 50, 12), (50, 50, 35), (50, 50, 12))
    places = Places(Places.detected(faces_at(*[(50, 50, 35)] * 4)).matrices, np.float32([0, 0, 0, 0.8]), np.full(4, -1))
    seen = Seen.at(places, meshes, np.float32([0.95, 0.95, 0.7, 0.7]))
    np.testing.assert_array_equal(credible(seen, luma, 0.5).presence, np.float32([0.95, 0.7]))
    assert len(credible(Seen.nothing(), luma, 0.5)) == 0


def test_a_faint_face_counts_only_if_it_is_large_and_the_mesh_network_is_as_good_as_certain():
    luma = np.zeros((400, 400), np.uint8)
    meshes = meshes_at((200, 200, 60), (200, 200, 60), (200, 200, 10), (200, 200, 10))
    places = Places(
        Places.detected(faces_at(*[(200, 200, 60)] * 4)).matrices, np.float32([0.2, 0.2, 0.2, 0.4]), np.full(4, -1)
    )
    seen = Seen.at(places, meshes, np.float32([0.995, 0.9, 0.999, 0.7]))
    np.testing.assert_array_equal(credible(seen, luma, 0.5).presence, np.float32([0.995, 0.7]))
