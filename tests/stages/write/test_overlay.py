"""A user would see boxes in the wrong place, unreadable names, or labels that run out of the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mimika.data.errors import OptionError, OutputExists
from mimika.data.labels import LANGUAGES, TRANSLATIONS
from mimika.stages.write.draw import draw, mesh_edges, put_text, text_width
from mimika.stages.write.overlay import OverlayPhoto, OverlayVideo
from tests.builders import frame, observation

CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґәғқңөұүһ"


def glyph(letter: str) -> NDArray[np.uint8]:
    picture = np.zeros((64, 64, 3), np.uint8)
    put_text(picture, letter, (8, 48), 32, (255, 255, 255))
    return picture


def test_every_letter_of_the_four_languages_has_its_own_shape() -> None:
    missing, blank = glyph("\uffff").tobytes(), glyph(" ").tobytes()
    used = set("".join(name for names in TRANSLATIONS.values() for name in names.values())) - {" "}
    letters = sorted(used | set(CYRILLIC + CYRILLIC.upper() + "0123456789%"))
    shapes = {letter: glyph(letter).tobytes() for letter in letters}
    assert not [letter for letter, shape in shapes.items() if shape in (missing, blank)]
    twins = {frozenset(pair) for pair in ("ае", "һh")}
    for letter in CYRILLIC:
        same = [other for other in CYRILLIC if shapes[other] == shapes[letter] and other != letter]
        assert not same or frozenset((letter, same[0])) in twins


@pytest.mark.parametrize("language", LANGUAGES)
def test_label_names_differ_in_the_picture_by_language(language: str) -> None:
    item = observation(1, best="happiness")
    drawn = draw(item.frame.rgb(), item, language)
    others = [draw(item.frame.rgb(), item, other) for other in LANGUAGES if other != language]
    assert all((drawn != other).any() for other in others)


def test_the_box_is_drawn_where_the_face_is_and_nothing_far_from_it_changes() -> None:
    item = observation(1, frame(640, 480), boxes=np.array([[200, 150, 120, 160]]))
    before = item.frame.rgb()
    drawn = draw(before, item)
    changed = (drawn != before).any(2)
    assert changed[170:290, 199:202].any(1).all()
    assert changed[170:290, 319:322].any(1).all()
    assert changed[309:312, 220:300].any(0).all()
    rows, columns = np.nonzero(changed)
    assert rows.min() > 100
    assert rows.max() < 320
    assert columns.min() > 190
    assert columns.max() < 420
    assert not changed[170:290, 210:310].any()
    assert (before == 120).all()


@pytest.mark.parametrize("grey", [0, 255])
def test_box_and_text_stand_out_on_black_and_on_white(grey: int) -> None:
    item = observation(1, frame(640, 480, grey=grey), best="neutral")
    drawn = draw(item.frame.rgb(), item).astype(int)
    left = round(float(item.faces.boxes[0, 0]))
    edge = drawn[240, left - 4 : left + 5]
    assert edge.max() - edge.min() > 150


@pytest.mark.parametrize(
    "box",
    [[-50, -40, 120, 120], [280, 200, 90, 90], [0, 0, 320, 240], [-500, 100, 50, 50], [100, 100, 2, 2], [5, 5, 0, 0]],
)
@pytest.mark.parametrize("size", [(320, 240), (33, 21), (8, 8), (1, 1)])
def test_faces_at_and_beyond_the_border_are_drawn_without_failing(box: list[int], size: tuple[int, int]) -> None:
    item = observation(1, frame(*size), boxes=np.array([box]))
    drawn = draw(item.frame.rgb(), item, "kk", mesh=True)
    assert drawn.shape == (size[1], size[0], 3)
    assert drawn.dtype == np.uint8


def test_a_label_at_the_right_border_is_moved_in_and_not_cut() -> None:
    at_border = observation(1, frame(640, 480), best="disgust", boxes=np.array([[560, 200, 80, 80]]))
    drawn = draw(at_border.frame.rgb(), at_border, "ru")
    plate = (drawn != 120).any(2)[150:200]
    columns = np.nonzero(plate.any(0))[0]
    assert columns.max() == 639
    assert columns.max() - columns.min() >= text_width("отвращение", 15)


def test_text_grows_with_the_picture() -> None:
    plates = []
    for scale in (1, 3):
        item = observation(1, frame(640 * scale, 480 * scale))
        changed = (draw(item.frame.rgb(), item) != 120).any(2)
        plates.append(float(item.faces.boxes[0, 1]) - np.nonzero(changed.any(1))[0].min())
    assert 2.5 < plates[1] / plates[0] < 3.5


def test_the_mesh_joins_each_face_point_to_its_neighbours_only() -> None:
    edges = mesh_edges()
    assert set(edges.ravel()) == set(range(468))
    assert 1200 < len(edges) < 1420
    item = observation(1, frame(640, 480))
    plain, meshed = draw(item.frame.rgb(), item), draw(item.frame.rgb(), item, mesh=True)
    rows, columns = np.nonzero((plain != meshed).any(2))
    mesh = item.measurements.meshes[0]
    assert abs(columns.min() - mesh[:, 0].min()) < 4
    assert abs(rows.max() - mesh[:, 1].max()) < 4


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_photo_is_written_once_and_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photo{suffix}"
    item = observation(2, frame(641, 333))
    with OverlayPhoto(path) as sink:
        sink.write(item)
    with Image.open(path) as image:
        assert image.size == (641, 333)
        drawn = draw(item.frame.rgb(), item).astype(int)
        assert np.abs(np.asarray(image.convert("RGB"), int) - drawn).mean() < (0.1 if suffix == ".png" else 6)
    with pytest.raises(OutputExists), OverlayPhoto(path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_names_that_fit_no_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"\.bmp"):
        OverlayPhoto(tmp_path / "a.bmp")
    with pytest.raises(OptionError, match=r"\.avi"):
        OverlayVideo(tmp_path / "a.avi")
