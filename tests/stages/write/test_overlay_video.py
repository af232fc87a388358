"""A user would get a video that is out of step with itself or its sound, or none after a crash."""

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

from mimika.data.errors import OutputFull
from mimika.data.frame import Frame
from mimika.stages.write.overlay import OverlayPhoto, OverlayVideo
from tests.builders import clip, fill, frame, observation
from tests.stages.write.test_robust import ROOT, small_disk

__all__ = ["small_disk"]


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
