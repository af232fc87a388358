"""A log would tell who was in a picture, or hand out tokens to whoever reads it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimika.web.logs import JsonLines
from tests.web.running import Running, picture


class Kept(logging.Handler):
    """Keeps the lines as they would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(JsonLines().format(record)))


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler, logger = Kept(), logging.getLogger("mimika.web")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_a_request_is_one_line_without_anything_personal(server: Running, kept: Kept) -> None:
    token = "mk_" + "secret" * 7
    server.client.post(
        "/v1/images?patient=Ivanova",
        files={"files": ("Ivanova.jpg", picture(128))},
        headers={"User-Agent": "Ivanova's telephone", "Cookie": "name=Ivanova"},
    )
    server.client.get("/v1/recordings/ivanova-1987", headers={"Authorization": f"Bearer {token}"})
    server.client.get("/Ivanova")
    lines = kept.lines
    text = json.dumps(lines).lower()
    assert "ivanova" not in text
    assert "secret" not in text
    assert "127.0.0.1" not in text
    first = lines[0]
    assert (first["method"], first["route"], first["status"]) == ("POST", "/v1/images", 200)
    assert first["ms"] > 0
    assert [line["route"] for line in lines] == ["/v1/images", "/v1/recordings/{recording}", "(none)"]


def test_an_exception_is_told_by_class_and_place_without_its_words() -> None:
    try:
        Path("/home/ivanova/face.jpg").read_bytes()
    except OSError:
        logger = logging.getLogger("x")
        record = logger.makeRecord("x", logging.ERROR, "f", 1, "request failed", (), sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["error"]) == ("request failed", "FileNotFoundError")
    assert line["where"][0].startswith("test_logs.py:")
    assert "ivanova" not in json.dumps(line)


def test_metrics_count_by_route_and_never_by_address(server: Running) -> None:
    server.client.get("/v1/recordings/ivanova-1987")
    server.client.get("/Ivanova")
    server.client.post("/v1/images", files={"files": ("a.jpg", picture(256))})
    text = server.client.get("/metrics").text
    assert "ivanova" not in text.lower()
    assert 'mimika_requests_total{method="GET",route="/v1/recordings/{recording}",status="404"}' in text
    counted = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(counted["mimika_faces_total"]) >= 1
    assert counted["mimika_pool_waiting"] == "0.0"
