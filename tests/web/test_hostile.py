"""A file made to harm would stop the server, fill its memory, or make it open something; each is made here by code."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.web.running import Running, picture


def png_of(width: int, height: int, rows: bytes, kind: int = 0, bits: int = 8) -> bytes:
    """Return a PNG whose header says `width` × `height`, holding `rows` compressed."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def saved(kind: str, size: tuple[int, int] = (64, 64), mode: str = "RGB", **save: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind, **save)
    return file.getvalue()


def png_bomb() -> bytes:
    """60,000 × 60,000 pixels in 60 kB: 3.6 GB once they are unpacked."""
    return png_of(60_000, 60_000, zlib.compress(bytes(60_001 * 1000), 1))


def png_that_unpacks_to_more_than_its_header_says() -> bytes:
    return png_of(64, 64, zlib.compress(bytes(50_000_000), 1))


def png_text_bomb() -> bytes:
    """A small picture with a compressed text of 100 MB."""
    text = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 1)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    whole = png_of(64, 64, zlib.compress(bytes(65 * 64)))
    return whole[:33] + chunk + whole[33:]


def jpeg_with_a_lying_size() -> bytes:
    """A small JPEG whose frame header says 65,535 × 65,535."""
    data = bytearray(saved("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    return bytes(data)


def gif_of_many_large_frames() -> bytes:
    """2,000 × 1,000 pixels, 3,000 frames."""
    frames = [Image.new("P", (2000, 1000)) for _ in range(2)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    data = file.getvalue()
    last = data.rindex(b"\x2c")
    return data[:-1] + data[last:-1] * 3000 + b";"


def gif_with_a_lying_size() -> bytes:
    data = bytearray(saved("GIF"))
    data[6:10] = b"\xff\xff\xff\xff"
    return bytes(data)


def bmp_with_a_negative_size() -> bytes:
    data = bytearray(saved("BMP"))
    data[18:26] = struct.pack("<ii", -(2**31), -(2**31))
    return bytes(data)


def webp_with_a_lying_size() -> bytes:
    data = bytearray(saved("WEBP", lossless=True))
    data[4:8] = b"\xff\xff\xff\x7f"
    data[21:25] = b"\xff\xff\xff\x0f"
    return bytes(data)


def tiff_whose_directory_points_to_itself() -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHII", 1, 256, 3, 1, 1) + struct.pack("<I", 8)


def tiff_with_a_billion_entries() -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 65535) + struct.pack("<HHII", 270, 2, 2**31, 8) * 2000


def svg() -> bytes:
    return b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg><text>&a;</text></svg>'


def svg_in_a_png_coat() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + svg()


def picture_and_archive() -> bytes:
    """A photo that is a zip archive as well."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../evil.py", "raise SystemExit")
    return picture(256) + file.getvalue()


def picture_and_page() -> bytes:
    """A photo whose comment is a web page with a script."""
    data = picture(256)
    page = b"<html><script>alert(1)</script></html>"
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(page) + 2) + page + data[2:]


def postscript() -> bytes:
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) (r) file\n"


def playlist() -> bytes:
    return b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"


def video_header() -> bytes:
    return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(200)


TOO_LARGE, CORRUPT, UNSUPPORTED = "input_too_large", "input_corrupt", "input_unsupported"
BAD: list[tuple[Callable[[], bytes], set[str]]] = [
    (png_bomb, {TOO_LARGE}),
    (png_that_unpacks_to_more_than_its_header_says, {CORRUPT, "fine"}),
    (png_text_bomb, {CORRUPT, TOO_LARGE, "fine"}),
    (jpeg_with_a_lying_size, {TOO_LARGE}),
    (gif_of_many_large_frames, {"fine"}),
    (gif_with_a_lying_size, {TOO_LARGE}),
    (bmp_with_a_negative_size, {CORRUPT, TOO_LARGE}),
    (webp_with_a_lying_size, {CORRUPT, TOO_LARGE}),
    (tiff_whose_directory_points_to_itself, {CORRUPT}),
    (tiff_with_a_billion_entries, {CORRUPT}),
    (svg, {UNSUPPORTED}),
    (svg_in_a_png_coat, {CORRUPT}),
    (postscript, {UNSUPPORTED}),
    (playlist, {UNSUPPORTED}),
    (video_header, {UNSUPPORTED}),
    (lambda: b"", {CORRUPT}),
    (lambda: b"\0" * 5000, {UNSUPPORTED}),
]


@pytest.mark.parametrize(("make", "codes"), BAD, ids=[make.__name__ for make, _ in BAD])
def test_a_hostile_file_is_refused_quickly(server: Running, make: Callable[[], bytes], codes: set[str]) -> None:
    data = make()
    began = time.perf_counter()
    answer = server.client.post("/v1/images", files={"files": ("x.png", data)})
    assert time.perf_counter() - began < 9
    assert answer.status_code == 200
    error = answer.json()["images"][0]["error"]
    assert (error["code"] if error else "fine") in codes
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"])
def test_a_file_cut_anywhere_is_no_failure(server: Running, kind: str) -> None:
    whole = saved(kind, (96, 96))
    pieces = [whole[: len(whole) * part // 8] for part in range(8)]
    files = [("files", (f"{number}.bin", piece)) for number, piece in enumerate(pieces)]
    answer = server.client.post("/v1/images", files=files)
    assert answer.status_code == 200
    for image in answer.json()["images"]:
        assert image["error"] is None or image["error"]["code"].startswith("input_")


@pytest.mark.parametrize("make", [picture_and_archive, picture_and_page])
def test_a_file_that_is_two_things_is_only_a_picture(server: Running, make: Callable[[], bytes]) -> None:
    answer = server.client.post("/v1/images", files={"files": ("x.html", make(), "text/html")})
    (image,) = answer.json()["images"]
    assert len(image["faces"]) == 1
    assert answer.headers["content-type"] == "application/json"
    assert b"script" not in answer.content


def test_after_all_that_the_server_works_as_before(server: Running) -> None:
    answer = server.client.post("/v1/images", files={"files": ("a.jpg", picture())})
    assert answer.json()["images"][0]["faces"][0]["label"] == "happiness"
    metrics = server.client.get("/metrics").text
    assert 'status="500"' not in metrics
