"""Inputs: what people type, and what is wrong with it, in one clear line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media import photo, read_number, sound, steady, video

from mimika.data.errors import InputCorrupt, InputError, InputMissing, InputUnsupported
from mimika.stages.capture import CameraCapture, PhotoCapture, VideoCapture, expand, open_capture
from mimika.stages.capture.inputs import natural_key


def reason(path: Path | str) -> str:
    """Open an input that cannot be opened and return the line a person reads, without the name."""
    with pytest.raises(InputError) as caught, open_capture(str(path)) as capture:
        list(capture)
    assert str(caught.value) == f"{path}: {caught.value.reason}"
    assert "\n" not in caught.value.reason
    return f"{type(caught.value).__name__}: {caught.value.reason}"


def test_content_decides_not_the_ending(tmp_path: Path) -> None:
    film = video(tmp_path / "film.mp4", steady(3)).rename(tmp_path / "film.jpg")
    picture = photo(tmp_path / "picture.png").rename(tmp_path / "picture.mp4")
    nameless = photo(tmp_path / "a.webp").rename(tmp_path / "nameless")
    assert isinstance(open_capture(str(film)), VideoCapture)
    assert isinstance(open_capture(str(picture)), PhotoCapture)
    assert isinstance(open_capture(str(nameless)), PhotoCapture)
    for path in (film, picture, nameless):
        with open_capture(str(path)) as capture:
            assert read_number(next(iter(capture)).luma) == 0


@pytest.mark.parametrize("ending", ["bmp", "ppm", "tga", "pcx", "ico", "sgi", "jp2", "avif", "dib", "qoi", "dds"])
def test_rarer_photos_are_found_too(tmp_path: Path, ending: str) -> None:
    path = photo(tmp_path / f"a.{ending}")
    with open_capture(str(path)) as capture:
        assert next(iter(capture)).luma.size
    assert expand([str(tmp_path)]) == [str(path)]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm", "avi", "ts", "mpg", "flv", "wmv", "h264", "3gp"])
def test_videos_of_many_kinds_are_found(tmp_path: Path, ending: str) -> None:
    codec = {"webm": "libvpx", "mpg": "mpeg2video", "wmv": "wmv2", "flv": "flv", "avi": "mpeg4"}.get(ending, "libx264")
    path = video(tmp_path / f"a.{ending}", steady(12), codec=codec)
    with open_capture(str(path)) as capture:
        assert [read_number(frame.luma) for frame in capture] == list(range(12))


def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    empty, text, pdf, program = (tmp_path / name for name in ("empty.mp4", "a.txt", "a.pdf", "program"))
    empty.touch()
    text.write_text("just words\n" * 400)
    pdf.write_bytes(b"%PDF-1.7\n/Encrypt")
    program.write_bytes(b"\x7fELF" + bytes(300))
    os.mkfifo(tmp_path / "pipe")
    assert reason(tmp_path / "none.mp4") == "InputMissing: no such file"
    assert reason(text / "below") == "InputMissing: no such file"
    assert reason(empty) == "InputCorrupt: file is empty"
    assert reason(text) == "InputUnsupported: is a text file, not a picture or a video"
    named = text.rename(tmp_path / "notes.png")
    assert reason(named) == "InputUnsupported: is a text file, not a picture or a video"
    assert reason(pdf) == "InputUnsupported: is a PDF document, not a picture or a video"
    assert reason(program) == "InputUnsupported: is a program, not a picture or a video"
    assert reason(tmp_path / "pipe").startswith("InputUnreadable: is a pipe")
    assert reason("/dev/zero") == "InputUnreadable: is a device, not a file"
    assert reason("a\0b") == "InputMissing: no such file"
    assert reason("x" * 5000).startswith("InputUnreadable: cannot be read")
    assert reason(sound(tmp_path / "a.m4a")) == "InputUnsupported: is an audio file and has no video"
    assert reason(sound(tmp_path / "a.mp3")) == "InputUnsupported: is an audio file and has no video"


def test_a_password_protected_archive_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", b"secret")
    assert reason(path) == "InputUnsupported: is a zip archive or office document, not a picture or a video"
    data = bytearray(path.read_bytes())
    data[6] |= 1
    path.write_bytes(bytes(data))
    assert reason(path) == "InputUnsupported: is a password-protected zip archive, not a picture or a video"


def test_a_file_one_may_not_read(tmp_path: Path) -> None:
    path = photo(tmp_path / "private.jpg")
    path.chmod(0)
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(0)
    code = (
        "import os, sys\n"
        "from mimika.stages.capture import open_capture\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "for name in sys.argv[1:]:\n"
        "    try: open_capture(name)\n"
        "    except Exception as error: print(type(error).__name__, error.reason, sep=': ')\n"
    )
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(0o755)
    said = subprocess.run([sys.executable, "-c", code, path, shut], capture_output=True, text=True, check=True)
    shut.chmod(0o755)
    assert said.stdout.splitlines() == [
        "InputUnreadable: no permission to read it",
        "InputUnreadable: no permission to look into the folder",
    ]


def test_noise_of_any_kind_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "noise"

    @given(st.binary(min_size=1, max_size=600))
    def check(data: bytes) -> None:
        path.write_bytes(data)
        with pytest.raises(InputError), open_capture(str(path)) as capture:
            list(capture)

    check()


def test_a_folder_gives_its_media_in_natural_order(tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    (tmp_path / ".hidden").mkdir()
    photo(tmp_path / ".hidden" / "a.jpg")
    photo(tmp_path / ".b.jpg")
    for name in ("img10.jpg", "img2.jpg", "IMG1.jpg"):
        photo(tmp_path / name)
    video(tmp_path / "later" / "film.mp4", steady(2))
    sound(tmp_path / "music.m4a")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "empty.txt").touch()
    found = [os.path.relpath(name, tmp_path) for name in expand([str(tmp_path)])]
    assert found == ["empty.jpg", "IMG1.jpg", "img2.jpg", "img10.jpg", "later/film.mp4"]


def test_a_pattern_the_shell_did_not_expand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a10.jpg", "a9.jpg", "b.jpg"):
        photo(tmp_path / name)
    assert expand(["a*.jpg"]) == ["a9.jpg", "a10.jpg"]
    assert expand(["**/*.jpg", "b.jpg", "-", "rtsp://host/x?y=[1]"]) == [
        "a9.jpg", "a10.jpg", "b.jpg", "-", "rtsp://host/x?y=[1]"
    ]  # fmt: skip
    photo(tmp_path / "odd[1].jpg")
    assert expand(["odd[1].jpg"]) == ["odd[1].jpg"]
    with open_capture("odd[1].jpg") as capture:
        assert len(list(capture)) == 1


def test_what_gives_nothing_is_told_when_it_is_opened_so_that_the_rest_goes_on(tmp_path: Path) -> None:
    pattern, folder, there = str(tmp_path / "*.mp4"), tmp_path / "bare", str(photo(tmp_path / "a.jpg"))
    folder.mkdir()
    assert expand([pattern, str(folder), "gone.jpg", there]) == [pattern, str(folder), "gone.jpg", there]
    assert reason(pattern) == "InputMissing: no file matches this pattern"
    assert reason(folder) == "InputMissing: the folder holds no photo and no video"
    assert reason(tmp_path) == "InputUnreadable: is a folder, not a file"


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=8))
def test_natural_order_is_the_order_of_the_numbers(numbers: list[int]) -> None:
    names = [f"take{number}b" for number in numbers]
    assert sorted(names, key=natural_key) == [f"take{number}b" for number in sorted(numbers)]


def test_natural_order_takes_any_names() -> None:
    assert sorted(["1", "a", "1a", "a1", "", "²", "Ж2", "ж10"], key=natural_key)[:3] == ["", "1", "1a"]


def test_live_addresses_are_cameras() -> None:
    assert isinstance(open_capture("rtsp://127.0.0.1/a"), CameraCapture)


@pytest.mark.parametrize("way", ["pipe", "file"])
@pytest.mark.parametrize("what", ["photo", "mkv", "mp4", "faststart"])
def test_standard_input_takes_photos_and_videos(tmp_path: Path, way: str, what: str) -> None:
    if what == "photo":
        path, frames = photo(tmp_path / "a.jpg", orientation=6), 1
    else:
        options = {"movflags": "faststart"} if what == "faststart" else {}
        path, frames = video(tmp_path / f"a.{'mkv' if what == 'mkv' else 'mp4'}", steady(80), options=options), 80
    code = (
        "from mimika.stages.capture import open_capture\n"
        "with open_capture('-') as capture: frames = list(capture)\n"
        "print(len(frames), frames[-1].source, frames[-1].number, frames[0].rgb().shape, round(frames[-1].time_s, 3))\n"
    )
    with path.open("rb") as file:
        feed = {"stdin": file} if way == "file" else {"input": file.read()}
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, **feed)  # type: ignore[call-overload]
    shape = (160, 96, 3) if what == "photo" else (96, 160, 3)
    assert said.stdout.decode().strip() == f"{frames} - {frames - 1} {shape} {round((frames - 1) / 25, 3)}"
    assert said.stderr == b""


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", InputCorrupt),
        (b"words\n" * 900, InputUnsupported),
        (b"%PDF-1.4", InputUnsupported),
        (b"\xff\xd8\xff", InputCorrupt),
    ],
)
def test_nothing_useful_on_standard_input(data: bytes, kind: type[InputError]) -> None:
    with pytest.raises(kind, match=r"^-: "), open_capture("-", stdin=io.BytesIO(data)) as capture:
        list(capture)


def test_a_terminal_as_standard_input_is_not_waited_for() -> None:
    main, side = os.openpty()
    with os.fdopen(side, "rb", buffering=0) as terminal, pytest.raises(InputMissing, match="standard input"):
        open_capture("-", stdin=terminal)  # type: ignore[arg-type]
    os.close(main)
