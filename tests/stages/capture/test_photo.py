"""Photos: whoever gives a sideways, transparent or 16-bit photo must not get a wrong or no face."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media import animation, corner, cut, numbered, photo, read_number
from PIL import Image

from mimika.data.errors import InputCorrupt, InputError, InputMissing, InputTooLarge, InputUnsupported
from mimika.data.frame import Frame
from mimika.data.options import Options
from mimika.stages.capture import PhotoCapture

PLACES = (
    "",
    "bottom left",
    "bottom right",
    "top right",
    "top left",
    "top right",
    "top left",
    "bottom left",
    "bottom right",
)
"""Where the white block of the bottom left corner is shown, by EXIF orientation 1..8."""


def read(path: Path, options: Options | None = None) -> Frame:
    with PhotoCapture(path, options) as capture:
        frames = list(capture)
        assert (frames[0].width, frames[0].height) == (capture.info.width, capture.info.height)
    assert len(frames) == 1
    return frames[0]


def test_luma_is_that_of_pillow_and_colour_comes_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "colour.png"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    frame = read(path)
    with Image.open(path) as image:
        np.testing.assert_array_equal(frame.luma, np.asarray(image.convert("L")))
        np.testing.assert_array_equal(frame.rgb(), np.asarray(image))
    assert (frame.time_s, frame.number, frame.source) == (0.0, 0, str(path))


def test_luma_of_a_jpeg_equals_pillows_within_rounding(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg", quality=95)
    frame = read(path)
    with Image.open(path) as image:
        wanted = np.asarray(image.convert("L"), np.int16)
    assert np.abs(frame.luma.astype(np.int16) - wanted).max() <= 2


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize(
    ("orientation", "place"),
    list(enumerate(PLACES))[1:],
)
def test_exif_orientation_is_applied_to_luma_and_colour(
    tmp_path: Path, ending: str, orientation: int, place: str
) -> None:
    frame = read(photo(tmp_path / f"a.{ending}", orientation=orientation))
    assert (frame.width, frame.height) == ((160, 96) if orientation < 5 else (96, 160))
    assert corner(frame.luma) == place
    assert corner(frame.rgb()[..., 0]) == place


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, ending: str) -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16)[None].repeat(8, 0)
    path = tmp_path / f"deep.{ending}"
    Image.fromarray(ramp).save(path)
    frame = read(path)
    np.testing.assert_allclose(frame.luma[0], np.arange(256), atol=1)
    assert frame.rgb().shape == (8, 256, 3)


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_floating_point_grey_is_scaled(tmp_path: Path, top: float) -> None:
    path = tmp_path / "float.tiff"
    Image.fromarray(np.linspace(0, top, 256, dtype=np.float32)[None].repeat(4, 0)).save(path)
    np.testing.assert_allclose(read(path).luma[0], np.arange(256), atol=1)


@pytest.mark.parametrize(("mode", "ending"), [("CMYK", "jpg"), ("CMYK", "tiff"), ("LAB", "tiff"), ("YCbCr", "jpg")])
def test_other_colour_spaces_look_as_in_rgb(tmp_path: Path, mode: str, ending: str) -> None:
    image = Image.fromarray(numbered(5))
    if mode == "LAB":
        from PIL import ImageCms

        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(image, *profiles, outputMode="LAB") or image
    path = tmp_path / f"a.{ending}"
    (image if mode == "LAB" else image.convert(mode)).save(path)
    frame = read(path)
    assert np.abs(frame.rgb().astype(int) - numbered(5)).mean() < 4
    assert read_number(frame.luma) == 5


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L"])
def test_transparent_pixels_show_white(tmp_path: Path, mode: str) -> None:
    alpha = np.zeros((8, 8), np.uint8)
    alpha[:, 4:] = 255
    path = tmp_path / "a.png"
    if mode in ("P", "L"):
        Image.fromarray(np.where(alpha > 0, 40, 7).astype(np.uint8)).convert(mode).save(path, transparency=7)
    else:
        image = Image.new("RGB", (8, 8), (40, 40, 40)).convert(mode)
        image.putalpha(Image.fromarray(alpha))
        image.save(path)
    frame = read(path)
    assert frame.luma[:, :4].min() == 255
    np.testing.assert_array_equal(frame.luma[:, 4:], 40)
    np.testing.assert_array_equal(frame.rgb()[..., 1], frame.luma)


@pytest.mark.parametrize("mode", ["P", "1"])
def test_palette_and_bilevel(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(numbered(9)).convert(mode, dither=Image.Dither.NONE).save(path)
    assert read_number(read(path).luma) == 9


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path, ending: str) -> None:
    assert read_number(read(animation(tmp_path / f"a.{ending}")).luma) == 0


def test_a_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.png", format="JPEG")
    assert corner(read(path).luma) == "bottom left"


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_side_of_20000_pixels_works(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"wide.{ending}"
    Image.new("L", (20_000, 300), 90).save(path)
    frame = read(path)
    assert frame.luma.shape == (300, 20_000)
    assert abs(int(frame.luma[150, 19_999]) - 90) <= 1


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_from_the_header(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(width, height, zlib.compress(b"")))
    with pytest.raises(InputTooLarge, match=f"{width} × {height} pixels"), PhotoCapture(path):
        pass


def test_pillows_own_limit_is_neither_used_nor_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert read(photo(tmp_path / "a.png")).width == 160
    assert Image.MAX_IMAGE_PIXELS == 100
    with pytest.raises(InputTooLarge):
        read(photo(tmp_path / "a.png"), Options(pixels_max=160 * 96 - 1))


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "webp", "tiff", "bmp", "avif", "jp2"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated_photos_are_called_damaged(tmp_path: Path, ending: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = tmp_path / f"a.{ending}"
    Image.fromarray(noise).save(path)
    with pytest.raises(InputCorrupt) as caught:
        read(cut(path, share))
    assert str(caught.value).startswith(f"{path}: picture is damaged")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0)])
def test_a_picture_without_pixels_is_damaged(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "none.png"
    path.write_bytes(png(width, height, zlib.compress(b"")))
    with pytest.raises(InputCorrupt):
        read(path)


def test_text_is_no_photo(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_text("not a photo\n" * 50)
    with pytest.raises(InputUnsupported, match="is a text file"):
        read(path)


def test_postscript_is_not_given_to_an_interpreter(tmp_path: Path) -> None:
    path = tmp_path / "a.eps"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(InputUnsupported):
        read(path)


def test_a_photo_that_goes_away_before_its_colour_is_asked_for(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg")
    frame = read(path)
    path.unlink()
    with pytest.raises(InputMissing):
        frame.rgb()


def test_a_file_object_is_read_once_and_gives_colour_too(tmp_path: Path) -> None:
    data = io.BytesIO(photo(tmp_path / "a.jpg", orientation=6).read_bytes())
    with PhotoCapture(data, name="-") as capture:
        frame = next(iter(capture))
    assert corner(frame.rgb()[..., 0]) == corner(frame.luma) == "top left"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP"]), st.integers(0, 400), st.binary(max_size=40))
def test_damage_anywhere_is_an_input_error_or_a_picture(kind: str, at: int, noise: bytes) -> None:
    buffer = io.BytesIO()
    Image.fromarray(numbered(3, 32, 32)).save(buffer, kind)
    data = bytearray(buffer.getvalue())
    data[at : at + len(noise)] = noise
    try:
        with PhotoCapture(io.BytesIO(bytes(data)), Options(pixels_max=1_000_000), name="damaged") as capture:
            assert next(iter(capture)).luma.ndim == 2
    except InputError as error:
        assert error.source == "damaged"  # noqa: PT017 a picture is as good an outcome


def png(width: int, height: int, pixels: bytes) -> bytes:
    """Return a grey PNG whose header claims any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
