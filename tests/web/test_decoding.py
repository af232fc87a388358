"""A picture that takes forever or all memory would stop everybody's pictures."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from mimika.data.errors import InputCorrupt, InputTooLarge, InputUnsupported
from mimika.web.config import Limits
from mimika.web.decoding import Decoder, Decoders
from tests.films import portrait
from tests.web.running import empty_picture, picture
from tests.web.test_hostile import png_bomb, png_of


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    made = Decoders(Limits(), 2)
    made.start()
    yield made
    made.close()


def test_the_luma_is_what_the_library_reads(decoders: Decoders) -> None:
    frame = asyncio.run(decoders.frame(picture(suffix=".png"), "a.png", 1.5))
    wanted = portrait() @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(frame.luma, wanted, atol=1)
    assert (frame.time_s, frame.source) == (1.5, "a.png")


def test_a_picture_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    killed = threading.Event()
    decoder = Decoder(Limits(decode_s=1.0), killed.set)
    decoder.start()
    assert decoder.decode(empty_picture(), "warm.png").shape == (64, 64)
    assert decoder._process is not None
    process = decoder._process
    os.kill(process.pid, signal.SIGSTOP)
    began = time.perf_counter()
    with pytest.raises(InputTooLarge, match=r"x\.png: takes too long to decode"):
        decoder.decode(empty_picture(), "x.png")
    assert time.perf_counter() - began < 5
    assert killed.is_set()
    assert process.poll() is not None
    decoder._limits = Limits()
    assert decoder.decode(empty_picture(), "next.png").shape == (64, 64)
    decoder.stop()


def test_a_decoder_that_dies_is_replaced() -> None:
    decoder = Decoder(Limits())
    decoder.start()
    assert decoder._process is not None
    decoder._process.kill()
    decoder._process.wait()
    assert decoder.decode(empty_picture(), "b.png").shape == (64, 64)
    decoder.stop()


def test_memory_is_bounded() -> None:
    decoder = Decoder(Limits(decode_bytes=400 << 20, pixels=10**9))
    with pytest.raises(InputTooLarge, match=r"memory|more than the decoder may use"):
        decoder.decode(png_of(20_000, 20_000, zlib.compress(bytes(20_001))), "large.png")
    assert decoder.decode(empty_picture(), "b.png").shape == (64, 64)
    decoder.stop()


def test_a_bomb_is_refused_by_its_header(decoders: Decoders) -> None:
    bomb = png_bomb()
    began = time.perf_counter()
    with pytest.raises(InputTooLarge, match="pixels"):
        decoders.luma(bomb, "bomb.png")
    assert time.perf_counter() - began < 2


def test_formats_that_nobody_sends_are_not_tried(decoders: Decoders) -> None:
    with pytest.raises(InputUnsupported, match="format that the server does not take"):
        decoders.luma(b"8BPS" + bytes(100), "a.psd")
    with pytest.raises(InputUnsupported, match="send it to /v1/videos"):
        decoders.luma(b"\x1a\x45\xdf\xa3" + bytes(100), "a.mkv")
    with pytest.raises(InputTooLarge, match="larger than 25 MiB"):
        decoders.luma(b"\xff\xd8\xff" + bytes(26 << 20), "a.jpg")
    with pytest.raises(InputCorrupt, match="empty"):
        decoders.luma(b"", "a.jpg")


def test_the_process_sees_no_secret_and_can_write_nothing(decoders: Decoders) -> None:
    decoder = decoders._all[0]
    decoder.start()
    assert decoder._process is not None
    with open(f"/proc/{decoder._process.pid}/environ", "rb") as file:
        names = {line.partition(b"=")[0].decode() for line in file.read().split(b"\0")}
    assert not {name for name in names if name.startswith("MIMIKA")}
    assert decoders.luma(empty_picture(), "a.png").shape == (64, 64)
    with open(f"/proc/{decoder._process.pid}/limits") as limits:
        rows = {line[:26].strip(): line[26:].split()[0] for line in limits.read().splitlines()[1:]}
    assert rows["Max file size"] == "0"
    assert rows["Max address space"] == str(Limits().decode_bytes)


def test_many_at_once_are_all_answered(decoders: Decoders) -> None:
    async def ask() -> list[tuple[int, int]]:
        frames = await asyncio.gather(*(decoders.frame(empty_picture(), f"{n}.png") for n in range(20)))
        return [frame.luma.shape for frame in frames]

    assert asyncio.run(ask()) == [(64, 64)] * 20
