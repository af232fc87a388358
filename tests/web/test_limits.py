"""A few slow or greedy clients would take the server away from everybody else."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest

from mimika.data.errors import OptionError
from mimika.data.purpose import Purpose
from mimika.web.config import Limits, Rates, ServerConfig
from mimika.web.errors import ApiError
from mimika.web.limits import Buckets, most_bytes
from tests.conftest import ROOT
from tests.web.running import Running, empty_picture, running

LIMITS = Limits(body_s=1.0, body_rate=100_000, header_s=1.0, request_bytes=300_000, in_flight_bytes=500_000)


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with small limits and little patience."""
    config = ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("tight"), job_workers=0, limits=LIMITS)
    with running(config, Purpose("research")) as found:
        yield found


def opened(server: Running) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), 10)
    connection.settimeout(10)
    return connection


def rest(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def head(server: Running, length: int) -> bytes:
    lines = ["POST /v1/images HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Content-Type: application/json"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def test_a_body_that_drips_is_cut_off(tight: Running) -> None:
    with opened(tight) as connection:
        connection.sendall(head(tight, 1000))
        began = time.perf_counter()
        connection.sendall(b'{"images": ')
        answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"too_slow" in answer
    assert 0.8 < time.perf_counter() - began < 6


@pytest.mark.parametrize("sent", [b"", b"GET / HTT", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "])
def test_a_request_that_does_not_begin_is_closed(tight: Running, sent: bytes) -> None:
    with opened(tight) as connection:
        connection.sendall(sent)
        began = time.perf_counter()
        assert rest(connection) == b""
        assert 0.8 < time.perf_counter() - began < 6


def test_a_head_that_drips_gets_no_more_time_for_each_byte(tight: Running) -> None:
    began = time.perf_counter()
    with opened(tight) as connection, suppress(OSError):
        for byte in b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 400:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)
    assert time.perf_counter() - began < 10


def test_a_second_request_on_the_same_line_has_time_again(tight: Running) -> None:
    ask = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{tight.port}\r\n\r\n".encode()
    with opened(tight) as connection:
        for _ in range(3):
            connection.sendall(ask)
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200")
            while not answer.endswith(b'{"status":"ok"}'):  # head and body may come apart
                answer += connection.recv(65536)
            time.sleep(0.4)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(tight: Running) -> None:
    with opened(tight) as connection:
        connection.sendall(head(tight, 10**12))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_body_without_a_length_is_counted(tight: Running) -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 10_000

    answer = tight.client.post("/v1/images", content=drip(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_all_bodies_together_are_bounded(tight: Running) -> None:
    lines = [opened(tight) for _ in range(3)]
    for line in lines:
        line.sendall(head(tight, 250_000) + b" " * 200_000)
    answers = [rest(line) for line in lines]
    assert any(b"overloaded" in answer and b"retry-after" in answer.lower() for answer in answers)
    files = {"files": ("a.png", empty_picture())}
    assert tight.client.post("/v1/images", files=files).status_code == 200


def test_when_all_are_busy_the_answer_comes_at_once_and_says_when_to_come_back(tight: Running) -> None:
    pool, done = tight.app.state.pool, threading.Event()
    held = [pool.submit(done.wait, 30) for _ in range(pool.workers)]
    try:
        while pool.depth:
            time.sleep(0.01)
        held += [pool.submit(int) for _ in range(pool.queue)]
        began = time.perf_counter()
        answer = tight.client.post("/v1/images", files={"files": ("a.png", empty_picture())})
        assert time.perf_counter() - began < 5
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "overloaded")
        assert int(answer.headers["retry-after"]) >= 1
        assert pool.depth == pool.queue
    finally:
        done.set()
    for future in held:
        future.result(10)
    answer = tight.client.post("/v1/images", files={"files": ("a.png", empty_picture())})
    assert answer.status_code == 200


def test_two_hundred_open_connections_leave_the_server_working(server: Running) -> None:
    lines = [opened(server) for _ in range(200)]
    try:
        for line in lines[::2]:
            line.sendall(b"GET / HTTP/1.1\r\n")
        began = time.perf_counter()
        files = {"files": ("a.png", empty_picture())}
        assert server.client.post("/v1/images", files=files).status_code == 200
        assert server.client.get("/healthz").status_code == 200
        assert time.perf_counter() - began < 8
    finally:
        for line in lines:
            line.close()


def test_a_caller_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    config = ServerConfig(port=0, data_dir=tmp_path, job_workers=0, rates=Rates(requests=0.5, burst=5))
    with running(config) as server:
        answers = [server.client.get("/v1/session") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].json()["error"]["code"] == "too_many"
        assert int(answers[-1].headers["retry-after"]) == 2
        assert server.client.get("/healthz").status_code == 200


def test_a_bucket_fills_again_and_is_each_callers_own() -> None:
    now = [0.0]
    bucket = Buckets(2.0, 3, "requests", clock=lambda: now[0])
    for _ in range(3):
        bucket.spend("a")
    with pytest.raises(ApiError, match="too many requests"):
        bucket.spend("a")
    bucket.spend("b")
    now[0] = 0.5
    bucket.spend("a")
    with pytest.raises(ApiError):
        bucket.check("a")
    now[0] = 100
    for _ in range(3):
        bucket.spend("a")
    with pytest.raises(ApiError):
        bucket.spend("a")


def test_only_uploads_and_pictures_may_be_large() -> None:
    limits = Limits()
    assert most_bytes("/v1/videos", limits) > limits.upload_bytes
    assert most_bytes("/v1/images", limits) == limits.request_bytes
    assert most_bytes("/v1/purpose", limits) == most_bytes("/v1/profiles", limits) == 1 << 20


def test_limits_are_documented_with_their_defaults() -> None:
    text = (ROOT / "docs" / "reference" / "server.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", text, re.M)
    assert rows == [(item.name, str(getattr(Limits(), item.name))) for item in fields(Limits)]
    rates = Rates()
    assert f"{rates.requests:.0f} times a second, {rates.burst} times at once" in text


@pytest.mark.parametrize("name", [item.name for item in fields(Limits)])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name}: expected more than 0"):
        Limits(**{name: 0})
