"""The choices about a second opinion: when to ask, whom, with which picture, and how much it may cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from mimika.data._check import one_of
from mimika.data.errors import OptionError
from mimika.data.labels import LANGUAGES

WHEN_HELP = "never, unsure, every:SECONDS or audit:SHARE"
STYLES = ("chat", "responses")
"""The two shapes of request that OpenAI-compatible endpoints know: Chat Completions and Responses."""

LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class When:
    """When a second opinion is asked for.

    `method` "never"; "unsure" asks about faces whose label is "unsure"; "every" asks about each face again after
    `value` seconds; "audit" asks about a random share `value` (0..1) of the faces and only compares: the local answer
    stays.
    """

    method: str = "never"
    value: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a user wrote.

        >>> When.parse("every:2").value
        2.0

        Raises:
            OptionError: for anything else than `WHEN_HELP` says.
        """
        method, colon, amount = text.partition(":")
        if method in ("never", "unsure") and not colon:
            return cls(method)
        try:
            value = float(amount)
        except ValueError:
            value = math.nan
        if (method == "every" and 0.1 <= value <= 3600) or (method == "audit" and 0 < value <= 1):
            return cls(method, value)
        raise OptionError(
            f"second_opinion: expected {WHEN_HELP}, with 0.1..3600 seconds or a share above 0 and up to 1, "
            f"received {text!r}"
        )


@dataclass(frozen=True, slots=True)
class CloudOptions:
    """Whom to ask and what to send; the key is not part of it.

    `url`: base address of an OpenAI-compatible endpoint. `model`: its name there. `style`: one of `STYLES`. `send`:
    "crop", the aligned face, or "frame", the whole picture. `side`: pixels of the square crop, or of the frame's long
    side (64..1024). `quality` of the JPEG (30..95). `mask`: paint everything but the face grey. `language` of the
    prompt and of the sentence that comes back. `timeout_s` for one request, `tries` at most so many requests for one
    answer, `deadline_s` from the question to the last moment at which an answer is still used.
    `requests_per_minute` and `parallel` requests at most.

    Raises:
        OptionError: naming the field, its range and the value received.
    """

    url: str = "https://api.openai.com/v1"
    model: str = "gpt-4.1-mini"
    style: str = "chat"
    send: str = "crop"
    side: int = 224
    quality: int = 85
    mask: bool = False
    language: str = "en"
    timeout_s: float = 20.0
    tries: int = 3
    deadline_s: float = 30.0
    requests_per_minute: int = 60
    parallel: int = 4

    def __post_init__(self) -> None:
        _address(self.url)
        if not self.model.strip():
            raise OptionError("cloud model: expected a name, received nothing")
        one_of("cloud style", self.style, STYLES)
        one_of("send", self.send, ("crop", "frame"))
        one_of("language", self.language, LANGUAGES)
        for name, low, high in (
            ("side", 64, 1024), ("quality", 30, 95), ("timeout_s", 0.05, 600), ("tries", 1, 10),
            ("deadline_s", 0, 3600), ("requests_per_minute", 1, 100_000), ("parallel", 1, 64),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"{name}: expected {low}..{high}, received {value}")

    @property
    def host(self) -> str:
        """The host that pictures would go to."""
        return str(urlsplit(self.url).hostname)

    @property
    def stays_here(self) -> bool:
        """Whether the endpoint is on this very machine, so that nothing leaves it."""
        return self.host in LOCAL_HOSTS

    @property
    def origin(self) -> str:
        """What marks an answer of this model."""
        return f"cloud:{self.model}"


def _address(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise OptionError(f"cloud address: expected one such as https://api.openai.com/v1, received {url!r}")
    if parts.username or parts.password:
        raise OptionError("cloud address: a name or password in it would end up in files; use MIMIKA_CLOUD_KEY")
    if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        raise OptionError(f"cloud address: pictures of faces go to another machine by https only, received {url!r}")
