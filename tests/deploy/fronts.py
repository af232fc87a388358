"""Real servers and real proxies before them, as an installation has them; only addresses, ports and paths differ."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import websockets.sync.client as sockets
from websockets.typing import Origin

from mimika.data.purpose import Purpose
from mimika.settings import for_a_process
from mimika.store import Store
from tests.conftest import ROOT
from tests.programs import needed
from tests.store import postgres

NAME = "mimika.localhost"
"""A name for which Caddy makes a certificate of its own."""
_PATIENCE_S = 150
Alive = Callable[[], bool]


class Servers(NamedTuple):
    """Servers at 127.0.0.1, and the `secret` of a token for them."""

    ports: list[int]
    secret: str


@dataclass
class Front:
    """A proxy at 127.0.0.1: `port` speaks HTTPS, `plain` HTTP; `authority` signed its certificate."""

    kind: str
    port: int
    plain: int
    authority: Path
    secret: str

    def trust(self) -> ssl.SSLContext:
        """Return what a browser does: believe this authority and nobody else, and check the name."""
        return ssl.create_default_context(cafile=str(self.authority))

    def client(self, address: str = "127.0.0.1", secret: str | None = None) -> httpx.Client:
        """Return a client that comes from `address`, with a token if given."""
        shown = {"Authorization": f"Bearer {secret}"} if secret else {}

        def by_name(request: httpx.Request) -> None:
            request.extensions["sni_hostname"] = NAME

        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            headers={"Host": f"{NAME}:{self.port}", **shown},
            transport=httpx.HTTPTransport(verify=self.trust(), local_address=address),
            event_hooks={"request": [by_name]},
            timeout=30,
        )

    def answers(self) -> bool:
        """Whether a certificate is there and a server behind it."""
        try:
            with self.client() as client:
                return client.get("/healthz").status_code == 200
        except (OSError, httpx.TransportError):
            return False

    def line(self) -> socket.socket:
        """Return a bare encrypted connection."""
        return self.trust().wrap_socket(socket.create_connection(("127.0.0.1", self.port), 30), server_hostname=NAME)

    def live(self, cookie: str = "") -> sockets.ClientConnection:
        """Open the socket of a live session, as our page does."""
        return sockets.connect(
            f"wss://{NAME}:{self.port}/v1/live",
            sock=socket.create_connection(("127.0.0.1", self.port), 30),
            ssl=self.trust(),
            server_hostname=NAME,
            origin=Origin(f"https://{NAME}:{self.port}"),
            additional_headers={"Cookie": cookie} if cookie else None,
            compression=None,
        )


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]


@contextmanager
def memory(folder: Path) -> Iterator[str]:
    """Give the URL of a new database: in PostgreSQL where it is installed, else SQLite in the folder."""
    if postgres.programs() is None:
        yield f"sqlite:///{folder / 'mimika.db'}"
        return
    with postgres.server() as home:
        yield postgres.create(home, "shared")


@contextmanager
def servers(folder: Path, count: int) -> Iterator[Servers]:
    """Run servers that share one memory, as docs/how-to/deploy.md starts them, its address in a file as secrets are."""
    command = [sys.executable, "-m", "mimika", "serve", "--data-dir", str(folder), "--workers", "1"]
    command += ["--job-workers", "0", "--name", NAME, "--proxy", "127.0.0.1"]
    with ExitStack() as stack:
        url = stack.enter_context(memory(folder))
        with Store.open(url, folder) as store:
            store.declare(Purpose("research"))
            _, secret = store.create_token("test", {"read", "analyze"})
        (folder / "url").write_text(url + "\n", "utf-8")
        told = for_a_process({"MIMIKA_DATABASE_URL_FILE": str(folder / "url")})
        ports = free_ports(count)
        logs = [folder / f"{port}.log" for port in ports]
        alive = [
            stack.enter_context(_running([*command, "--port", str(port)], log, env=told))
            for port, log in zip(ports, logs, strict=True)
        ]
        for port, runs, log in zip(ports, alive, logs, strict=True):
            _until(partial(_open, port), runs, log)
        yield Servers(ports, secret)


@contextmanager
def caddy(folder: Path, upstreams: list[int], secret: str) -> Iterator[Front]:
    """Run deploy/Caddyfile as it is; what differs comes from the environment, as the file itself provides."""
    port, plain = free_ports(2)
    told = {
        "MIMIKA_SITE": NAME,
        "MIMIKA_UPSTREAMS": " ".join(f"127.0.0.1:{each}" for each in upstreams),
        "MIMIKA_HTTPS_PORT": str(port),
        "MIMIKA_HTTP_PORT": str(plain),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    command = [needed("caddy"), "run", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
    with _running(command, folder / "caddy.log", env=for_a_process(told)) as alive:
        authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        front = Front("caddy", port, plain, authority, secret)
        _until(front.answers, alive, folder / "caddy.log")
        yield front


@contextmanager
def nginx(folder: Path, upstreams: list[int], secret: str) -> Iterator[Front]:
    """Run deploy/nginx.conf with its name, addresses and certificate replaced, each of which must be there."""
    port, plain = free_ports(2)
    adapted(folder, port, plain, upstreams)
    certificate = folder / "fullchain.pem"
    command = [needed("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"]
    command += ["-keyout", str(folder / "privkey.pem"), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    started = [needed("nginx"), "-p", str(folder), "-c", str(folder / "whole.conf"), "-e", str(folder / "nginx.log")]
    subprocess.run([*started, "-t", "-q"], check=True)
    with _running(started, folder / "nginx.out") as alive:
        front = Front("nginx", port, plain, certificate, secret)
        _until(front.answers, alive, folder / "nginx.log")
        yield front


def adapted(folder: Path, port: int, plain: int, upstreams: list[int]) -> None:
    """Write the example into a folder, and around it what Debian's own nginx.conf holds."""
    text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    first, second = upstreams
    for old, new in (
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/letsencrypt/live/face.example.org", str(folder)),
        ("server_name face.example.org", f"server_name {NAME}"),
        ("server 127.0.0.1:8460;", f"server 127.0.0.1:{first};"),
        ("# server 127.0.0.1:8461;", f"server 127.0.0.1:{second};"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (folder / "mimika.conf").write_text(text, "utf-8")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "whole.conf").write_text(
        f"user root;\ndaemon off;\npid {folder}/pid;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}include {folder}/mimika.conf;\n}}\n",
        "utf-8",
    )


@contextmanager
def _running(command: list[str], log: Path, **options: Any) -> Iterator[Alive]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **options)
    try:
        yield lambda: process.poll() is None
    finally:
        process.terminate()
        process.wait(30)


def _open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _until(done: Callable[[], bool], alive: Alive, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not done():
        assert alive(), log.read_text("utf-8", "replace")
        assert time.monotonic() < until, log.read_text("utf-8", "replace")
        time.sleep(0.05)
