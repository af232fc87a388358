"""Cameras and streams: live numbers must be of now, and an unplugged camera must not hang the program."""

from __future__ import annotations

import contextlib
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from media import numbered, photo, read_number, served, steady, video
from numpy.typing import NDArray

from mimika.data.errors import CameraLost, InputMissing, InputUnsupported
from mimika.data.frame import Frame
from mimika.data.options import Options
from mimika.stages.capture import CameraCapture, VideoCapture, open_capture
from mimika.stages.capture.stream import StreamDevice
from mimika.stages.capture.webcam import Device, OpenCvDevice

TESTS = str(Path(__file__).resolve().parents[2])
SEND_RTSP = """
import sys, time
from fractions import Fraction
import av
from media import numbered
for attempt in range(50):
    try:
        sink = av.open(sys.argv[1], "w", format="rtsp", options={"rtsp_transport": "tcp"})
        stream = sink.add_stream("libx264", rate=25, options={"tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.gop_size = 5
        sink.start_encoding()
        break
    except av.error.ConnectionRefusedError:
        time.sleep(0.1)
for number in range(100):
    frame = av.VideoFrame.from_ndarray(numbered(number), "rgb24")
    frame.pts, frame.time_base = number, Fraction(1, 25)
    sink.mux(stream.encode(frame))
    time.sleep(0.02)
sink.mux(stream.encode())
sink.close()
"""


class FakeCamera:
    """Gives numbered pictures at its own pace, whether or not somebody looks, and then whatever `after` does."""

    width, height, fps = 160, 96, 100.0

    def __init__(self, pictures: int = 10**6, after: Callable[[], None] = lambda: None, pace_s: float = 0.002) -> None:
        self.pictures, self.after, self.pace_s = pictures, after, pace_s
        self.given, self.closed = 0, threading.Event()

    def read(self) -> tuple[Callable[[], NDArray[np.uint8]], Callable[[], NDArray[np.uint8]], None] | None:
        if self.given >= self.pictures:
            self.after()
            return None
        time.sleep(self.pace_s)
        picture = numbered(self.given)
        self.given += 1
        return lambda: np.ascontiguousarray(picture[..., 0]), lambda: picture, None

    def close(self) -> None:
        self.closed.set()


def over(camera: Device, options: Options | None = None, **waits: float) -> CameraCapture:
    return CameraCapture(0, options, opener=lambda source: camera, **waits)


def until_lost(capture: CameraCapture) -> tuple[list[Frame], CameraLost]:
    """Return the frames that came and the error at their end."""
    come: list[Frame] = []
    with pytest.raises(CameraLost) as caught:
        deque(map(come.append, capture))
    return come, caught.value


def test_the_newest_picture_wins_and_time_is_that_of_its_arrival() -> None:
    camera = FakeCamera()
    with over(camera) as capture:
        began = time.monotonic()
        for frame in capture:
            assert read_number(frame.luma) == frame.number == read_number(frame.rgb()[..., 1])
            assert abs(frame.time_s - (time.monotonic() - began)) < 0.25
            assert camera.given - frame.number < 60
            time.sleep(0.05)
            if frame.number > 100:
                break
    assert camera.closed.wait(2)


def test_no_picture_comes_twice_and_times_grow() -> None:
    with over(FakeCamera(pace_s=0.01), Options(end_s=0.4)) as capture:
        frames = [(frame.number, frame.time_s) for frame in capture]
    assert 5 < len(frames) <= 40
    assert frames == sorted(set(frames))
    assert frames[-1][1] < 0.4


def test_frames_a_second_are_picked_by_time() -> None:
    with over(FakeCamera(), Options(fps=20, end_s=0.5)) as capture:
        assert 6 <= len(list(capture)) <= 11


def test_an_unplugged_camera_is_lost_after_its_last_picture() -> None:
    camera = FakeCamera(5)
    with over(camera, lost_s=0.3) as capture:
        frames, error = until_lost(capture)
    assert frames[-1].number == 4
    assert str(error).startswith("camera 0: stopped giving pictures")
    assert camera.closed.wait(2)


def test_a_hiccup_is_not_a_loss() -> None:
    camera = FakeCamera(3)

    def recover() -> None:
        time.sleep(0.05)
        camera.pictures += 1

    camera.after = recover
    with over(camera, Options(end_s=0.6), lost_s=0.3) as capture:
        assert [frame.number for frame in capture][-1] > 4


def test_a_camera_that_blocks_forever_neither_hangs_reading_nor_leaving() -> None:
    release = threading.Event()
    began = time.monotonic()
    with over(FakeCamera(2, after=lambda: release.wait(20) and None), blocked_s=0.3) as capture:
        _, error = until_lost(capture)
    assert error.reason == "no picture for 0.3 s"
    assert time.monotonic() - began < 4
    release.set()


def test_a_driver_that_fails_is_a_lost_camera() -> None:
    def fail() -> None:
        raise OSError(19, "No such device")

    with over(FakeCamera(1, after=fail)) as capture, pytest.raises(CameraLost, match="No such device"):
        list(capture)


def test_a_missing_camera_is_told_at_once_and_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    with pytest.raises(InputMissing, match="camera 97: no such camera"), CameraCapture(97):
        pass
    assert time.monotonic() - began < 5
    assert capfd.readouterr() == ("", "")


def test_opencvs_own_device_gives_luma_and_colour_and_is_lost_at_its_end(tmp_path: Path) -> None:
    path = video(tmp_path / "a.avi", steady(30), codec="mjpeg", pix_fmt="yuvj420p")
    level = cv2.utils.logging.getLogLevel()
    with CameraCapture(0, opener=lambda source: OpenCvDevice(str(path)), lost_s=0.3) as capture:
        assert (capture.info.kind, capture.info.width, capture.info.height) == ("camera", 160, 96)
        frames, _ = until_lost(capture)
    assert frames[-1].number == 29
    for frame in frames:
        assert read_number(frame.luma) == frame.number == read_number(frame.rgb()[..., 0])
    assert cv2.utils.logging.getLogLevel() == level


def test_an_http_video_is_analysed_frame_by_frame(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", steady(60))
    with served(tmp_path) as address:
        capture = open_capture(f"{address}/a.mp4", Options(start_s=1.0))
        assert isinstance(capture, VideoCapture)
        with capture:
            frames = list(capture)
        assert capture.info.kind == "stream"
    assert [frame.number for frame in frames] == list(range(25, 60)) == [read_number(frame.luma) for frame in frames]
    assert frames[0].time_s == pytest.approx(1.0)


def test_an_http_video_watched_live_plays_at_its_own_speed_and_drops_frames(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", steady(30))
    with served(tmp_path) as address, CameraCapture(f"{address}/a.mp4") as capture:
        began, seen = time.monotonic(), []
        for frame in capture:
            assert read_number(frame.luma) == frame.number
            seen.append((frame.number, frame.time_s))
            time.sleep(0.1)
    assert time.monotonic() - began > 1.1
    assert 5 <= len(seen) <= 13
    np.testing.assert_allclose([number / 25 for number, _ in seen], [at for _, at in seen], atol=1e-3)


def test_an_endless_http_stream_is_live_and_lost_when_it_ends(tmp_path: Path) -> None:
    with motion_jpeg(tmp_path, pictures=40) as address:
        capture = open_capture(address)
        assert isinstance(capture, CameraCapture)
        with capture:
            frames, error = until_lost(capture)
    assert error.reason == "the stream ended"
    assert {frame.luma.shape for frame in frames} == {(96, 160)}


def test_a_stream_that_falls_silent_is_lost(tmp_path: Path) -> None:
    with motion_jpeg(tmp_path, pictures=30, silent_s=6) as address:
        camera = CameraCapture(address, opener=lambda source: StreamDevice(str(source), timeout_s=1.0))
        with camera as capture, pytest.raises(CameraLost):
            list(capture)


def test_a_real_rtsp_stream_is_read_with_its_own_times(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"rtsp://127.0.0.1:{free.getsockname()[1]}/live"
    sender = subprocess.Popen([sys.executable, "-c", SEND_RTSP, address], env={**os.environ, "PYTHONPATH": TESTS})
    listen = {"rtsp_flags": "listen", "listen_timeout": "20"}
    with CameraCapture(address, opener=lambda source: StreamDevice(str(source), ffmpeg=listen)) as capture:
        frames, error = until_lost(capture)
    assert sender.wait(10) == 0
    assert (capture.info.kind, error.reason) == ("stream", "the stream ended")
    numbers = [read_number(frame.luma) for frame in frames]
    assert len(numbers) > 10
    np.testing.assert_allclose(
        [frame.time_s - frames[0].time_s for frame in frames], (np.array(numbers) - numbers[0]) / 25, atol=0.01
    )


def test_addresses_that_give_nothing_say_why(tmp_path: Path) -> None:
    (tmp_path / "text.html").write_text("<html>no video</html>" * 50)
    with served(tmp_path) as address:
        for make in (CameraCapture, VideoCapture):
            with pytest.raises(InputMissing, match="cannot be reached"), make(f"{address}/none.mp4"):
                pass
            with pytest.raises(InputUnsupported, match="not a picture or a video"), make(f"{address}/text.html"):
                pass
    with pytest.raises(InputMissing, match="cannot be reached"):
        open_capture(f"{address}/a.mp4")
    with pytest.raises(InputMissing), CameraCapture("rtsp://127.0.0.1:9/none"):
        pass


def test_an_address_that_never_answers_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        with pytest.raises(InputMissing, match="no answer within 1 s"):
            StreamDevice(f"http://127.0.0.1:{server.getsockname()[1]}/a.mp4", timeout_s=1.0)
        assert time.monotonic() - began < 5


@contextlib.contextmanager
def motion_jpeg(folder: Path, pictures: int, silent_s: float = 0) -> Iterator[str]:
    """Serve what network cameras serve: JPEG after JPEG without a length, then silence, then the end."""
    picture = photo(folder / "a.jpg").read_bytes()

    class Camera(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(pictures):
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    self.wfile.write(head.encode() + picture + b"\r\n")
                    time.sleep(0.02)
                time.sleep(silent_s)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/stream"
        finally:
            server.shutdown()
