"""A webhook that loses events, sends them unsigned, or holds up the video would be worse than none."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mimika.data.errors import OptionError
from mimika.data.events import Event
from mimika.stages.write.webhook import IDENTITY, SIGNATURE, TIMESTAMP, Patience, Webhook

EVENT = Event("drowsy", "begin", 1, "clip.mp4", 42.0, 20.0, 22.0, "drowsiness", 0.7, "looks drowsy — müde", "break")
QUICK = Patience(timeout_s=0.3, tries=4, first_s=0.01, longest_s=0.02, waiting=5, close_s=3.0)


class Receiver(ThreadingHTTPServer):
    """A server on loopback that answers as told, one entry of `answers` a request, and 204 afterwards."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int | float] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook?key=1"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        answer = self.server.answers.pop(0) if self.server.answers else 204
        if isinstance(answer, float):
            time.sleep(answer)
            answer = 204
        self.send_response(answer)
        if answer == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def test_an_event_arrives_whole_and_signed(receiver: Receiver):
    with Webhook(receiver.url, "s3cret", QUICK, clock=lambda: 1_700_000_000.9) as hook:
        hook.send(EVENT)
    (path, headers, body), *more = receiver.requests
    assert not more
    assert path == "/hook?key=1"
    told = json.loads(body)
    assert told.pop("id") == headers[IDENTITY]
    assert told == EVENT.as_json()
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers[TIMESTAMP] == "1700000000"
    wanted = hmac.new(b"s3cret", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == f"sha256={wanted}"
    assert (hook.delivered, hook.failures.total()) == (1, 0)


def test_the_receiver_shown_on_the_page_knows_genuine_events_from_others(receiver: Receiver, root: Path):
    page = (root / "docs" / "how-to" / "events.md").read_text("utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "is_genuine" in block)
    shown: dict[str, Any] = {}
    exec(code, shown)
    with Webhook(receiver.url, "s3cret", QUICK) as hook:
        hook.send(EVENT)
    _, headers, body = receiver.requests[0]
    assert shown["is_genuine"](b"s3cret", headers, body)
    assert not shown["is_genuine"](b"other", headers, body)
    assert not shown["is_genuine"](b"s3cret", headers, body.replace(b"drowsy", b"dreamy"))
    assert not shown["is_genuine"](b"s3cret", headers | {TIMESTAMP: "1700000000"}, body)


def test_without_a_secret_nothing_is_signed(receiver: Receiver):
    with Webhook(receiver.url, patience=QUICK) as hook:
        hook.send(EVENT)
    assert SIGNATURE not in receiver.requests[0][1]


def test_failures_of_the_server_are_tried_again_as_the_same_event(receiver: Receiver):
    receiver.answers = [500, 429, 503]
    with Webhook(receiver.url, "s3cret", QUICK) as hook:
        hook.send(EVENT)
    assert len(receiver.requests) == 4
    assert len({headers[IDENTITY] for _, headers, _ in receiver.requests}) == 1
    assert (hook.delivered, hook.failures.total()) == (1, 0)


def test_it_gives_up_in_the_end_and_goes_on_with_the_next(receiver: Receiver):
    receiver.answers = [500] * 4
    with Webhook(receiver.url, patience=QUICK) as hook:
        hook.send(EVENT)
        hook.send(EVENT)
    assert len(receiver.requests) == 5
    assert (hook.delivered, dict(hook.failures)) == (1, {"answer 500": 1})


@pytest.mark.parametrize("answer", [400, 401, 404, 302])
def test_what_will_not_change_is_not_tried_again(receiver: Receiver, answer: int):
    receiver.answers = [answer]
    with Webhook(receiver.url, patience=QUICK) as hook:
        hook.send(EVENT)
    assert len(receiver.requests) == 1
    assert dict(hook.failures) == {f"answer {answer}": 1}


def test_a_server_that_does_not_answer_in_time_is_tried_again(receiver: Receiver):
    receiver.answers = [0.8]
    with Webhook(receiver.url, patience=QUICK) as hook:
        hook.send(EVENT)
    assert len(receiver.requests) == 2
    assert hook.delivered == 1


def test_nobody_there_is_a_counted_failure_and_no_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Webhook(f"http://127.0.0.1:{port}/", patience=QUICK) as hook:
        hook.send(EVENT)
    assert hook.delivered == 0
    assert [reason.split(" (")[0] for reason in hook.failures] == ["no connection"]


def test_a_server_that_comes_back_gets_what_it_missed(receiver: Receiver):
    receiver.answers = [500, 500]
    with Webhook(receiver.url, patience=QUICK) as hook:
        for _ in range(3):
            hook.send(EVENT)
    assert hook.delivered == 3
    assert len({headers[IDENTITY] for _, headers, _ in receiver.requests}) == 3


def test_sending_never_waits_and_the_oldest_give_way(receiver: Receiver):
    receiver.answers = [0.25]
    began = time.monotonic()
    with Webhook(receiver.url, patience=QUICK) as hook:
        for number in range(50):
            hook.send(Event(f"e{number}", "begin", 0, "", number, 0, 0, "yaw", 1.0))
        assert time.monotonic() - began < 0.2
    sent = [json.loads(body)["event"] for _, _, body in receiver.requests]
    assert sent[-1] == "e49"
    assert hook.delivered + hook.failures["too many were waiting"] == 50
    assert hook.delivered <= 7


def test_the_end_does_not_wait_for_ever_and_tells_what_was_left(receiver: Receiver):
    receiver.answers = [5.0] * 9
    began = time.monotonic()
    patience = Patience(timeout_s=4.0, tries=2, waiting=10, close_s=0.3)
    with Webhook(receiver.url, patience=patience) as hook:
        for _ in range(3):
            hook.send(EVENT)
    assert time.monotonic() - began < 2
    assert hook.failures.total() == 3
    assert "0.3 s of the end" in next(iter(hook.failures))


@pytest.mark.parametrize("url", ["", "intranet", "ftp://intranet/", "http://", "http://a:b@c/", "http://a:port/"])
def test_only_web_addresses_are_taken_and_never_repeated_in_messages(url: str):
    with pytest.raises(OptionError, match=r"^webhook: expected an address such as https") as error:
        Webhook(url)
    assert not url or url not in str(error.value)
