"""Events to a web address: signed, tried again when that helps, and never in the way of the video."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import queue
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from mimika._version import __version__
from mimika.data.errors import OptionError
from mimika.data.events import Event

SIGNATURE, TIMESTAMP, IDENTITY = "Mimika-Signature", "Mimika-Timestamp", "Mimika-Event-Id"
_AGAIN = {408, 425, 429}
"""Of the answers below 500, those after which trying again may help."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How hard delivery is tried.

    An answer is awaited for `timeout_s`, up to `tries` times; between two tries lies a random pause below `first_s`,
    which doubles each time up to `longest_s`. At most `waiting` events wait, the oldest give way. At the end `close_s`
    seconds are left for what still waits.

    Source of full jitter: Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.
    """

    timeout_s: float = 5.0
    tries: int = 6
    first_s: float = 0.5
    longest_s: float = 30.0
    waiting: int = 1000
    close_s: float = 10.0


class Webhook:
    """Posts each event as JSON to an address, from a thread of its own.

    Each request carries `Mimika-Timestamp` (Unix seconds) and, with a `secret`, `Mimika-Signature`: "sha256=" and the
    hexadecimal HMAC-SHA256 of the timestamp, a point and the body. `Mimika-Event-Id` stays the same over all tries of
    an event. Answers 2xx mean delivered; 408, 425, 429, 5xx, time-outs and failed connections are tried again; anything
    else, redirects included, is final. `delivered` counts; `failures` counts what was given up, by reason.

    Messages name the `host` only, since addresses of webhooks often hold a secret themselves.

    Raises:
        OptionError: if `url` is no http or https address.
    """

    def __init__(
        self, url: str, secret: str = "", patience: Patience | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.host = _host(url)
        self.url, self._secret, self._clock = url, secret.encode(), clock
        self._patience = patience if patience is not None else Patience()
        self._queue: queue.Queue[bytes | None] = queue.Queue(self._patience.waiting)
        self._late = threading.Event()
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._thread = threading.Thread(target=self._run, name="mimika-webhook", daemon=True)
        self.delivered, self.failures = 0, Counter[str]()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put(None)
        self._thread.join(self._patience.close_s)
        if self._thread.is_alive():
            self._late.set()
            # One is under way, and one of those in line only says that there are no more.
            self.failures[f"not delivered within {self._patience.close_s:g} s of the end"] += max(
                self._queue.qsize(), 1
            )

    def send(self, event: Event) -> None:
        """Put an event in line; returns at once."""
        body = event.as_json() | {"id": str(uuid.uuid4())}
        self._put(json.dumps(body, ensure_ascii=False, allow_nan=False).encode())

    def _put(self, body: bytes | None) -> None:
        while True:
            try:
                self._queue.put_nowait(body)
            except queue.Full:
                try:
                    self._queue.get_nowait()
                    self.failures["too many were waiting"] += 1
                except queue.Empty:
                    pass
            else:
                return

    def _run(self) -> None:
        """Deliver one after the other until None comes."""
        while not self._late.is_set() and (body := self._queue.get()) is not None:
            reason = self._deliver(body)
            if self._late.is_set():
                return
            if reason:
                self.failures[reason] += 1
            else:
                self.delivered += 1

    def _deliver(self, body: bytes) -> str:
        """Try until it works or there is no use; returns why it was given up, "" when delivered."""
        pause = self._patience.first_s
        for left in range(self._patience.tries - 1, -1, -1):
            reason, again = self._post(body)
            if not reason or not again or not left:
                return reason
            if self._late.wait(random.uniform(0, pause)):
                return reason
            pause = min(2 * pause, self._patience.longest_s)
        return "never tried"

    def _post(self, body: bytes) -> tuple[str, bool]:
        """Send one request; returns what went wrong and whether trying again may help."""
        request = urllib.request.Request(self.url, body, self._headers(body), method="POST")
        try:
            with self._opener.open(request, timeout=self._patience.timeout_s) as answer:
                answer.read(1024)
                return "", False
        except urllib.error.HTTPError as error:
            error.close()
            return f"answer {error.code}", error.code >= 500 or error.code in _AGAIN
        except urllib.error.URLError as error:
            return _reason(error.reason), True
        except (OSError, http.client.HTTPException) as error:
            return _reason(error), True

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"mimika/{__version__}",
            IDENTITY: json.loads(body)["id"],
            TIMESTAMP: (stamp := str(int(self._clock()))),
        }
        return headers | ({SIGNATURE: signature(self._secret, stamp, body)} if self._secret else {})


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return what `Mimika-Signature` holds: receivers compute it anew and compare with `hmac.compare_digest`.

    Source: RFC 2104 (HMAC); FIPS 180-4 (SHA-256).
    """
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Events go where they were sent; a redirect is an answer like any other failure."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"no connection ({getattr(error, 'strerror', None) or error})"


def _host(url: str) -> str:
    """Return the host of an address that events can be sent to."""
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise OptionError("webhook: expected an address such as https://example.org/hook, received something else")
    return str(parts.hostname)
