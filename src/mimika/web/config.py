"""What the server was told when it was started."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from mimika.data.errors import OptionError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may bring, and how long things may take; all of it is checked before anything is decoded.

    `image_bytes` one picture, `request_bytes` a whole request of pictures, `upload_bytes` one video; `files` pictures a
    request; `pixels` a picture or frame of a video; `seconds` and `frames` a video; `decode_s` and `decode_bytes`
    time and memory of the process that decodes a picture; `body_s` seconds a request body may take before it must come
    at `body_rate` bytes a second; `header_s` seconds for the head of a request; `in_flight_bytes` all request bodies in
    memory together; `connections` open sockets; `live` open live sessions.

    Raises:
        OptionError: if one of them is not above 0.
    """

    image_bytes: int = 25 * MIB
    request_bytes: int = 64 * MIB
    upload_bytes: int = 2048 * MIB
    files: int = 32
    pixels: int = 40_000_000
    seconds: float = 4 * 3600.0
    frames: int = 1_000_000
    decode_s: float = 10.0
    decode_bytes: int = 1536 * MIB
    body_s: float = 20.0
    body_rate: int = 16 * 1024
    header_s: float = 10.0
    in_flight_bytes: int = 512 * MIB
    connections: int = 512
    live: int = 256

    def __post_init__(self) -> None:
        _above_nothing(self)


@dataclass(frozen=True, slots=True)
class Rates:
    """How often one caller may ask: `requests` a second with `burst` at once; `guesses` wrong tokens a minute.

    Raises:
        OptionError: if one of them is not above 0.
    """

    requests: float = 50.0
    burst: int = 200
    guesses: int = 10

    def __post_init__(self) -> None:
        _above_nothing(self)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How the server runs.

    `host`, `port`: the address it is bound to. `names`: the names under which a proxy shows it to others (`--name`);
    with them, or at another address than loopback, every caller needs a token. `proxies`: addresses of proxies whose
    word on the caller's address is believed. `origins`: pages of other origins that may call (CORS), none by default.
    `database` and `data_dir`: where the store lives, None for the settings' own. `workers`: threads that run the
    networks, 0 for every core; `queue`: how many requests may wait for them. `threads`: compute threads of each
    network. `model`: the expression network. `keep_media` and `retention_days`: what new recordings start with.
    `require_token`: ask for a token on loopback too. `job_workers`: processes that analyse uploaded videos, each
    with at most `job_seconds` of computing a video and `job_bytes` of memory. `webhook`: the address that is told of
    events, signed with `webhook_secret`.
    `second_opinion`, `budget_usd`, `budget_usd_minute`: as in `data.options.Options`, for photos, live and uploaded
    videos, all callers together; `mask_background` as in `data.cloud.CloudOptions`; `send_faces`: whoever runs the
    server agrees that faces go to an endpoint elsewhere.

    Raises:
        OptionError: if a value is out of its range.
    """

    host: str = "127.0.0.1"
    port: int = 8460
    names: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    database: str | None = field(default=None, repr=False)
    data_dir: Path | None = None
    workers: int = 0
    queue: int = 32
    threads: int = 1
    model: str = "expression"
    keep_media: bool = False
    retention_days: float | None = None
    require_token: bool = False
    job_workers: int = 1
    job_seconds: float = 4 * 3600.0
    job_bytes: int = 6144 * MIB
    webhook: str = ""
    webhook_secret: str = field(default="", repr=False)
    second_opinion: str = "never"
    budget_usd: float = 1.0
    budget_usd_minute: float = 0.25
    mask_background: bool = False
    send_faces: bool = False
    limits: Limits = field(default_factory=Limits)
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise OptionError(f"port: expected 0..65535, received {self.port}")
        if not 0 <= self.workers <= 256:
            raise OptionError(f"workers: expected 0..256, received {self.workers}")
        if not 0 <= self.job_workers <= 64:
            raise OptionError(f"job_workers: expected 0..64, received {self.job_workers}")
        if not 1 <= self.queue <= 10_000:
            raise OptionError(f"queue: expected 1..10000, received {self.queue}")
        if self.retention_days is not None and self.retention_days <= 0:
            raise OptionError(f"retention_days: expected more than 0, received {self.retention_days}")
        for origin in self.origins:
            if origin == "*" or not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise OptionError(f"origin: expected https://name or http://name:port, received {origin!r}")

    @property
    def tokens_required(self) -> bool:
        """Whether every caller must show a token: always, except on this machine alone."""
        return self.require_token or bool(self.names) or not is_loopback(self.host)

    @property
    def host_names(self) -> tuple[str, ...]:
        """The names that the Host header may hold; empty for any."""
        if is_loopback(self.host):
            return (*LOOPBACK_NAMES, self.host, *self.names)
        return (*LOOPBACK_NAMES, *self.names) if self.names else ()


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _above_nothing(bounds: Limits | Rates) -> None:
    for name in bounds.__slots__:
        if getattr(bounds, name) <= 0:
            raise OptionError(f"{name}: expected more than 0, received {getattr(bounds, name)}")
