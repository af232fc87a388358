"""The page would need a connection, hide what a face did, or show a face that was to be unrecognisable."""

from __future__ import annotations

import base64
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from mimika.data.errors import OutputError
from mimika.data.frame import Frame
from mimika.data.observation import Observation
from mimika.stages.write.report_chart import binned
from mimika.stages.write.report_tables import clock, seconds, units_at
from mimika.stages.write.thumbnails import KEPT, Thumbnails
from tests.builders import observation
from tests.films import FACE_BOX, portrait
from tests.stages.timeline.made import course, timeline
from tests.stages.write.made import export, smile, source

VOID = {"meta", "img", "br", "path", "use", "rect", "image"}


class Page(HTMLParser):
    """Reads a page and checks that its tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    return export("report", tmp_path_factory.mktemp("report"), smile(faces=2)).read_text("utf-8")


def test_the_page_is_whole_and_asks_for_nothing_from_anywhere(written: str) -> None:
    page = Page(written)
    assert page.open == []
    assert page.addresses
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert "@import" not in written
    assert "<script" not in written


def test_the_page_tells_what_each_face_did(written: str) -> None:
    words = " ".join(" ".join(Page(written).text).split())
    for told in (
        "talk.mp4",
        "Face 0",
        "Face 1",
        "Micro-expressions",
        "fear",
        "AU12 L 3.5",
        "Lip Corner Puller",
        "1 blink,",
    ):
        assert told in words, told
    assert "neutral to happiness" in words
    assert "75 % of the recording" in words


def test_an_input_named_like_markup_stays_text_and_its_folder_is_not_told(tmp_path: Path) -> None:
    name = "/home/anna/<b>&.mp4"
    text = export("report", tmp_path, smile(30), source=source(name), command=("mimika", "analyze", name)).read_text(
        "utf-8"
    )
    assert "anna" not in text
    assert "<b>&.mp4" not in text
    assert "&lt;b&gt;&amp;.mp4" in text


def test_a_recording_without_faces_says_so(tmp_path: Path) -> None:
    assert "No face was found" in export("report", tmp_path, iter([observation(0)])).read_text("utf-8")


def test_a_missing_matplotlib_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r"mimika\[report\]"):
        export("report", tmp_path)


def shown(blur: bool) -> np.ndarray:
    """Return the picture kept of the astronaut's face."""
    frame = Frame(np.zeros((512, 512), np.uint8), color=portrait)
    thumbnails = Thumbnails(blur)
    thumbnails.add(observation(1, frame, "happiness", np.array([FACE_BOX], np.float32)))
    shot = thumbnails.near(0, "happiness", 0, 1)
    assert shot is not None
    assert base64.b64decode(shot.address.split(",")[1]) == shot.jpeg
    return np.asarray(cv2.imdecode(np.frombuffer(shot.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE))


def test_a_blurred_face_keeps_nothing_to_know_it_by() -> None:
    plain, blurred = shown(blur=False), shown(blur=True)
    assert plain.shape == blurred.shape
    # Away from the drawn outlines, what is left after taking out broad shades is next to nothing.
    cheek = np.s_[95:105, 58:66]
    fine = [
        np.abs(item[cheek] - cv2.GaussianBlur(item, (0, 0), 4)[cheek].astype(float)).mean() for item in (plain, blurred)
    ]
    assert fine[1] < 3
    assert np.abs(plain.astype(float) - blurred).mean() > 15


def peaks(times: list[float], shares: list[float]) -> Iterator[Observation]:
    for time_s, share in zip(times, shares, strict=True):
        item = observation(1, Frame(np.zeros((64, 64), np.uint8), time_s=time_s))
        rows = np.full((1, 8), (1 - share) / 7, np.float32)
        rows[0, 1] = share
        yield replace(item, expressions=replace(item.expressions, probabilities=rows))


def test_the_best_moment_of_each_stretch_is_kept_and_memory_stays_bounded() -> None:
    thumbnails = Thumbnails()
    for item in peaks([0, 0.2, 0.4, 5.0, 5.2], [0.5, 0.9, 0.6, 0.7, 0.5]):
        thumbnails.add(item)
    first, second = thumbnails.near(0, "happiness", 0, 1), thumbnails.near(0, "happiness", 4, 6)
    assert first is not None
    assert second is not None
    assert (first.time_s, second.time_s) == (0.2, 5.0)
    for item in peaks([float(10 * n) for n in range(1, 40)], [0.45 + 0.01 * n for n in range(1, 40)]):
        thumbnails.add(item)
    assert sum(len(shots) for shots in thumbnails._kept.values()) == KEPT
    assert thumbnails.near(0, "happiness", 380, 400) is not None


def test_a_chart_has_no_holes_between_frames_and_one_where_the_face_was_away() -> None:
    time_s = np.concatenate([np.arange(0, 4, 0.04), np.arange(6, 10, 0.08)])
    line = timeline(time_s, course(time_s, (-1, {"happiness": 0.8})))
    middles, columns = binned(line, (0.0, 10.0))
    known = np.isfinite(columns["probabilities"][:, 0])
    away = (middles > 4.05) & (middles < 5.9)
    assert not known[away].any()
    assert known[(middles < 3.9) | ((middles > 6.1) & (middles < 9.9))].all()
    assert len(middles) <= 800


def test_times_are_told_as_people_say_them() -> None:
    assert (clock(0), clock(61.26), clock(3599.99)) == ("0:00.0", "1:01.3", "60:00.0")
    assert (seconds(9.96), seconds(125), seconds(7260)) == ("10.0 s", "2 min 5 s", "2 h 1 min")


def test_units_at_a_moment_name_the_stronger_side() -> None:
    line = timeline([0.0, 1.0], units={"AU12": np.array([[0, 0], [3.2, 1.0]]), "AU25": np.array([0, 2.0])})
    assert units_at(line, 0.9) == "AU12 L 3.2 C, AU25 2.0 B"
    assert units_at(line, 0.1) == ""


def test_text_in_charts_is_text_that_can_be_searched(written: str) -> None:
    assert re.search(r"<text[^>]*>lip corner puller  AU12</text>", written)
