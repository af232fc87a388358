"""Videos: whoever measures reaction times needs every frame, at its own time, the right way up."""

from __future__ import annotations

import gc
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from media import CLIPS, corner, numbered, read_number, set_matrix, sound, steady, video
from reading import read

from mimika.data.errors import InputMissing, InputTooLarge, InputUnsupported
from mimika.data.frame import Frame
from mimika.data.options import Options
from mimika.stages.capture import VideoCapture
from mimika.stages.capture.decode import Decoder

UNEVEN = [0, 40, 50, 130, 133, 300, 301, 1000, 1040, 1041, 2500, 2540]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov"])
def test_uneven_presentation_times_are_kept_exactly(tmp_path: Path, ending: str) -> None:
    frames = read(video(tmp_path / f"a.{ending}", UNEVEN))
    assert [frame.number for frame in frames] == list(range(12)) == [read_number(frame.luma) for frame in frames]
    np.testing.assert_allclose([frame.time_s for frame in frames], np.array(UNEVEN) / 1000, atol=1e-3)


def test_time_starts_at_the_first_frame_and_the_containers_own_is_kept(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mkv", [700, 740, 780])
    with VideoCapture(path) as capture:
        np.testing.assert_allclose([frame.time_s for frame in capture], [0, 0.04, 0.08], atol=1e-6)
        assert capture.origin_s == pytest.approx(0.7)


def test_info_says_what_the_container_says(tmp_path: Path) -> None:
    with VideoCapture(video(tmp_path / "a.mp4", steady(50))) as capture:
        info = capture.info
    assert (info.kind, info.width, info.height, info.frames) == ("video", 160, 96, 50)
    assert info.fps == pytest.approx(25, rel=0.05)
    assert info.duration_s == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "ending"),
    [
        ("libx264", "yuv420p", "mp4"), ("libx264", "yuvj420p", "mp4"), ("libx264", "yuv422p", "mkv"),
        ("libx264", "yuv444p", "mkv"), ("libx264", "yuv420p10le", "mkv"), ("libx264", "nv12", "mkv"),
        ("ffv1", "bgr0", "mkv"), ("ffv1", "gray", "mkv"), ("ffv1", "gray10le", "mkv"),
        ("ffv1", "yuva420p", "mkv"), ("mjpeg", "yuvj422p", "avi"), ("png", "rgb24", "mov"), ("mpeg4", "yuv420p", "avi"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("width", [160, 176])
def test_luma_is_that_of_the_photo_whatever_the_pixel_format(
    tmp_path: Path, codec: str, pix_fmt: str, ending: str, width: int
) -> None:
    ramp = np.linspace(0, 255, width).round().astype(np.uint8)[None, :, None].repeat(96, 0).repeat(3, 2)
    path = video(tmp_path / f"a.{ending}", steady(3), width, codec=codec, pix_fmt=pix_fmt, pictures=[ramp] * 3)
    frames = read(path)
    assert len(frames) == 3
    for frame in frames:
        assert np.abs(frame.luma[8:-8].astype(int) - ramp[8:-8, :, 0]).mean() < 2.5
        assert np.abs(frame.rgb()[8:-8].astype(int) - ramp[8:-8]).mean() < 3
        assert not frame.luma[8].min() > 4
        assert not frame.luma[8].max() < 251


def test_luma_of_earlier_frames_stays_when_later_ones_are_decoded(tmp_path: Path) -> None:
    frames = read(video(tmp_path / "a.mp4", steady(60), pix_fmt="yuvj420p"))
    assert [read_number(frame.luma) for frame in frames] == list(range(60))
    assert [read_number(frame.rgb()[..., 0]) for frame in frames] == list(range(60))


@pytest.mark.parametrize(
    ("matrix", "place", "swapped"),
    [
        ((1, 0, 0, 1), "bottom left", False),
        ((0, 1, -1, 0), "top left", True),  # a phone held upright
        ((-1, 0, 0, -1), "top right", False),
        ((0, -1, 1, 0), "bottom right", True),
        ((-1, 0, 0, 1), "bottom right", False),  # a mirrored front camera
        ((1, 0, 0, -1), "top left", False),
    ],
)
def test_the_rotation_that_phones_write_is_applied(
    tmp_path: Path, matrix: tuple[int, int, int, int], place: str, swapped: bool
) -> None:
    path = video(tmp_path / "a.mp4", steady(2), matrix=matrix)
    with VideoCapture(path) as capture:
        frame = next(iter(capture))
        assert (capture.info.width, capture.info.height) == (frame.width, frame.height)
    assert (frame.width, frame.height) == ((96, 160) if swapped else (160, 96))
    assert corner(frame.luma) == corner(frame.rgb()[..., 1]) == place


def test_every_nth_frame(tmp_path: Path) -> None:
    frames = read(video(tmp_path / "a.mp4", steady(20)), Options(every=7))
    assert [frame.number for frame in frames] == [0, 7, 14] == [read_number(frame.luma) for frame in frames]


def test_frames_a_second_go_by_time_not_by_count(tmp_path: Path) -> None:
    frames = read(video(tmp_path / "a.mkv", UNEVEN), Options(fps=2))
    np.testing.assert_allclose([frame.time_s for frame in frames], [0, 1.0, 2.5], atol=1e-3)
    assert len(read(video(tmp_path / "b.mp4", steady(51)), Options(fps=10))) == 21
    assert len(read(video(tmp_path / "c.mkv", steady(60, 30)), Options(fps=30))) == 60


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.3, 0.9), (1.0, 1.5), (2.22, 3.5), (3.9, None)])
def test_a_chosen_range_has_the_numbers_and_times_of_the_whole(
    tmp_path: Path, ending: str, start: float, end: float | None
) -> None:
    codec = "mpeg4" if ending == "avi" else "libx264"
    path = video(tmp_path / f"a.{ending}", steady(100), codec=codec)
    whole = [frame for frame in read(path) if start <= frame.time_s < (end or 99)]
    part = read(path, Options(start_s=start, end_s=end))
    assert whole
    assert [(frame.number, frame.time_s) for frame in part] == [(frame.number, frame.time_s) for frame in whole]
    assert [read_number(frame.luma) for frame in part] == [frame.number for frame in part]


def test_what_lies_before_the_start_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    plain = Decoder.frames

    def watched(decoder: Decoder) -> Iterator[av.VideoFrame]:
        for frame in plain(decoder):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(Decoder, "frames", watched)
    frames = read(video(tmp_path / "a.mp4", steady(250)), Options(start_s=9.5))
    assert [frame.number for frame in frames] == list(range(238, 250))
    assert len(decoded) < 40


def test_a_range_behind_the_end_says_where_the_end_is(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"last one is at 0\.96 s"):
        read(video(tmp_path / "a.mp4", steady(25)), Options(start_s=30))


def test_a_pipe_that_cannot_seek_gives_the_same(tmp_path: Path) -> None:
    class Pipe:
        def __init__(self, data: bytes) -> None:
            self.data = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self.data.read(min(size, 1000))

    path = video(tmp_path / "a.mkv", steady(100))
    for options in (Options(), Options(start_s=2.0)):
        with VideoCapture(Pipe(path.read_bytes()), options, name="-") as capture:  # type: ignore[arg-type]
            piped = [(frame.number, frame.time_s, frame.source) for frame in capture]
        assert piped == [(frame.number, frame.time_s, "-") for frame in read(path, options)]


def test_resolution_may_change_and_time_goes_on_where_recordings_are_joined(tmp_path: Path) -> None:
    first, second = video(tmp_path / "a.ts", steady(50)), video(tmp_path / "b.ts", steady(50), 320, 240)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    frames = read(joined)
    assert {frame.luma.shape for frame in frames} == {(96, 160), (240, 320)}
    assert len(frames) == 100
    times = np.array([frame.time_s for frame in frames])
    np.testing.assert_allclose(np.diff(times), 0.04, atol=0.005)


def test_missing_timestamps_follow_the_average_rate(tmp_path: Path) -> None:
    source = video(tmp_path / "a.h264", steady(30))
    times = [frame.time_s for frame in read(source)]
    assert len(times) == 30
    assert times[0] == 0
    assert all(late > early for early, late in itertools.pairwise(times))
    assert np.ptp(np.diff(times)) < 1e-6


def test_sound_only_has_no_video(tmp_path: Path) -> None:
    for path in (sound(tmp_path / "a.m4a"), sound(tmp_path / "a.mp4"), sound(tmp_path / "a.mp3")):
        with pytest.raises(InputUnsupported, match="has no video"), VideoCapture(path):
            pass


def test_the_cover_of_music_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(InputUnsupported, match="has no video"), VideoCapture(sound(tmp_path / "a.mp3", cover=True)):
        pass


def test_too_large_a_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputTooLarge, match="160 × 96"):
        read(video(tmp_path / "a.mp4", steady(2)), Options(pixels_max=15_000))


def test_a_name_with_a_colon_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    video(tmp_path / "a.mp4", steady(3)).rename(tmp_path / "concat:a|b.mp4")
    assert len(read(Path("concat:a|b.mp4"))) == 3


def test_numbers_and_times_of_a_real_clip_are_exact() -> None:
    path = CLIPS / "mediapipe-format_MP4_AVC720P_AAC.mp4"
    if not path.exists():
        pytest.skip("no ../shared/data/clips beside the repository")
    frames = [(frame.number, frame.time_s, frame.luma.shape) for frame in VideoFrames(path)]
    assert [number for number, _, _ in frames] == list(range(180))
    np.testing.assert_allclose([time for _, time, _ in frames], np.arange(180) / 30, atol=1e-9)
    assert {shape for _, _, shape in frames} == {(640, 1280)}
    part = [(frame.number, frame.time_s, frame.luma.shape) for frame in VideoFrames(path, Options(start_s=4.0))]
    assert part == frames[120:]


def test_every_real_clip_is_read_to_its_end() -> None:
    if not CLIPS.exists():
        pytest.skip("no ../shared/data/clips beside the repository")
    for path in sorted(CLIPS.glob("intel-*")) + sorted(CLIPS.glob("pyfeat-*")):
        times = [frame.time_s for frame in VideoFrames(path, Options(every=5))]
        assert times[0] == 0
        assert all(late > early for early, late in itertools.pairwise(times)), path


def test_an_upright_frame_of_a_turned_video_equals_the_turned_frame(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", steady(3))
    plain = read(path)[2].luma
    set_matrix(path, 0, 1, -1, 0)
    np.testing.assert_array_equal(read(path)[2].luma, np.rot90(plain, -1))
    assert read_number(plain) == 2 == read_number(numbered(2)[..., 0])


class VideoFrames:
    """Iterates over a video without keeping its frames."""

    def __init__(self, path: Path, options: Options | None = None) -> None:
        self.capture = VideoCapture(path, options)

    def __iter__(self) -> Iterator[Frame]:
        with self.capture:
            yield from self.capture


def test_a_title_in_an_old_russian_encoding_does_not_stop_the_reading(tmp_path: Path) -> None:
    path = video(tmp_path / "a.avi", steady(3), codec="mpeg4", title="XXXXXX")
    path.write_bytes(path.read_bytes().replace(b"XXXXXX", "Привет".encode("cp1251")))
    assert len(read(path)) == 3


def test_frames_are_gone_once_they_are_let_go(tmp_path: Path) -> None:
    """Hundreds of frames that wait for the garbage collector are hundreds of megabytes."""
    path = video(tmp_path / "a.mp4", steady(60))
    gc.collect()
    gc.disable()
    try:
        with VideoCapture(path) as capture:
            come = sum(frame.luma.size > 0 for frame in capture)
        waiting = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert come == 60
    assert waiting < 5
