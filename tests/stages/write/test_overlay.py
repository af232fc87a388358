"""A user would see boxes in the wrong place, unreadable names, or a video that is out of step with its sound."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mimika.data.errors import OptionError, OutputExists, OutputFull
from mimika.data.frame import Frame
from mimika.data.labels import LANGUAGES, TRANSLATIONS
from mimika.stages.write.draw import draw, mesh_edges, put_text, text_width
from mimika.stages.write.overlay import OverlayPhoto, OverlayVideo
from tests.builders import clip, fill, frame, observation
from tests.stages.write.test_robust import ROOT, small_disk

__all__ = ["small_disk"]
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


def stamps(path: Path) -> list[float]:
    """Read the times of all frames up to the end, or to where a file breaks off."""
    times = []
    with av.open(str(path)) as container, suppress(av.error.InvalidDataError):
        for shown in container.decode(video=0):
            times.append(float(shown.pts * shown.time_base))
    return times


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_video_with_uneven_times_and_odd_size_keeps_its_times(tmp_path: Path, suffix: str) -> None:
    times = [0.0, 0.04, 0.08, 0.5, 0.511, 2.0, 2.04, 3.1]
    path = tmp_path / f"out{suffix}"
    with OverlayVideo(path) as sink:
        for number, time_s in enumerate(times):
            sink.write(observation(1, frame(161, 121, time_s=time_s, number=number)))
    np.testing.assert_allclose(stamps(path), times, atol=0.0011 if suffix == ".mkv" else 2e-5)
    with av.open(str(path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (162, 122)


def test_colours_are_those_drawn(tmp_path: Path) -> None:
    colour = np.full((240, 320, 3), (200, 60, 40), np.uint8)
    item = observation(0, Frame(colour[..., 0], color=lambda: colour))
    with OverlayVideo(tmp_path / "c.mp4") as sink:
        sink.write(item)
    with av.open(str(tmp_path / "c.mp4")) as container:
        shown = next(container.decode(video=0))
        back = shown.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
        assert int(shown.colorspace) == 1
    np.testing.assert_allclose(back[100, 100].astype(int), (200, 60, 40), atol=4)


def make_sound(path: Path, codec: str, seconds: float = 2.0, start_s: float = 0.0) -> None:
    """Write a video with a tone that is silent but for a click at 1.0 s."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = output.add_stream(codec, rate=48_000)
        audio.layout = "mono"
        wave = np.zeros((1, int(seconds * 48_000)), np.float32)
        wave[0, 48_000:48_480] = 0.9
        audio.codec_context.open()
        size = audio.codec_context.frame_size or 1024
        resampler = av.AudioResampler(audio.codec_context.format, "mono", 48_000, size)
        for number in range(int(seconds * 25)):
            shown = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
            shown.pts, shown.time_base = number + round(start_s * 25), Fraction(1, 25)
            output.mux(video.encode(shown))
        for at in range(0, wave.shape[1] - size + 1, size):
            part = av.AudioFrame.from_ndarray(wave[:, at : at + size], "fltp", "mono")
            part.sample_rate, part.pts, part.time_base = 48_000, at + round(start_s * 48_000), Fraction(1, 48_000)
            for fitting in resampler.resample(part):
                output.mux(audio.encode(fitting))
        output.mux(audio.encode(None))
        output.mux(video.encode(None))


def click_time(path: Path) -> float:
    """Return when the click is heard."""
    with av.open(str(path)) as container:
        for part in container.decode(audio=0):
            loud = np.nonzero(np.abs(part.to_ndarray().astype(float)).max(0) > 0.2 * 0.9)[0]
            if len(loud):
                return float(part.pts * part.time_base) + loud[0] / part.sample_rate
    raise AssertionError("no click")


@pytest.mark.parametrize(
    ("codec", "suffix", "how"),
    [
        ("aac", ".mp4", "copied"),
        ("mp3", ".mkv", "copied"),
        ("pcm_s16le", ".mkv", "encoded as aac"),
        ("mp2", ".mkv", "encoded as aac"),
    ],
)
@pytest.mark.parametrize("start_s", [0.0, 0.4])
def test_sound_stays_in_step_with_the_picture(
    tmp_path: Path, codec: str, suffix: str, how: str, start_s: float
) -> None:
    source, path = tmp_path / f"in{suffix}", tmp_path / "out.mp4"
    if codec == "mp3":
        codec = "libmp3lame"
    make_sound(source, codec)
    with OverlayVideo(path, sound_from=str(source), start_s=start_s) as sink:
        for item in clip(50, width=64, height=64):
            if item.frame.time_s >= start_s:
                sink.write(item)
    assert sink.sound == how
    assert click_time(path) == pytest.approx(click_time(source) - start_s, abs=0.03)
    assert stamps(path)[0] == pytest.approx(0, abs=1e-4)
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name.startswith("mp3" if "mp3" in codec else "aac")


def test_a_source_whose_clock_does_not_start_at_zero_stays_in_step(tmp_path: Path) -> None:
    source, path = tmp_path / "in.mkv", tmp_path / "out.mp4"
    make_sound(source, "aac", start_s=7.0)
    with OverlayVideo(path, sound_from=str(source), origin_s=7.0) as sink:
        for item in clip(50, width=64, height=64):
            sink.write(item)
    assert click_time(path) == pytest.approx(click_time(source) - 7.0, abs=0.03)


def test_sound_ends_with_the_picture_when_the_run_is_stopped(tmp_path: Path) -> None:
    source, path = tmp_path / "in.mp4", tmp_path / "out.mp4"
    make_sound(source, "aac")
    with pytest.raises(KeyboardInterrupt):
        fill(OverlayVideo(path, sound_from=str(source)), clip(20, width=64, height=64), then=KeyboardInterrupt())
    assert len(stamps(path)) == 20
    with av.open(str(path)) as container:
        track = container.streams.audio[0]
        assert 0.7 < float(track.duration * track.time_base) < 0.9


def test_no_frame_leaves_no_file(tmp_path: Path) -> None:
    with OverlayVideo(tmp_path / "out.mp4"):
        pass
    assert not list(tmp_path.iterdir())


SCRIPT = """
import sys
from pathlib import Path
from mimika.stages.write.overlay import OverlayVideo
from tests.builders import clip
with OverlayVideo(Path(sys.argv[1])) as sink:
    for number, item in enumerate(clip(10**6, width=64, height=64)):
        sink.write(item)
        print(number, flush=True)
"""


def test_a_killed_process_leaves_a_video_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    while int(process.stdout.readline() or 10**9) < 1000:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    played = stamps(path)
    assert len(played) > 200
    np.testing.assert_allclose(played, np.arange(len(played)) / 25, atol=1e-4)


def test_a_full_disk_is_reported_as_one_line(small_disk: Path) -> None:
    path = small_disk / "out.mp4"
    noise = np.random.default_rng(0).integers(0, 255, (48, 64), np.uint8)
    noisy = (observation(1, Frame(np.roll(noise, number * 7), number / 25, number)) for number in range(500))
    with pytest.raises(OutputFull, match="no space left") as caught:
        fill(OverlayVideo(path), noisy)
    assert "\n" not in str(caught.value)
    assert len(stamps(path)) > 20
    large = observation(1, Frame(noise.repeat(20, 0).repeat(20, 1)))
    with pytest.raises(OutputFull, match=r"photo\.png"):
        fill(OverlayPhoto(small_disk / "photo.png"), [large])
    assert not list(small_disk.glob(".photo*"))
