"""The container image and its composition: nothing to find fault with, and every command in them is one we have."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from mimika.cli.app import app
from tests.conftest import ROOT
from tests.programs import needed

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of compose.yaml."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return found


def last(instruction: str) -> str:
    """Return what follows the last such instruction of the Dockerfile."""
    return re.findall(rf"^{instruction} +(.+)$", DOCKERFILE, re.M)[-1]


def assert_understood(words: list[str]) -> None:
    """Fail unless our command line takes these words."""
    command: Any = typer.main.get_command(app)
    command.commands[words[0]].make_context(words[0], words[1:])


def test_hadolint_finds_nothing() -> None:
    """Who reviews images before they may run begins with this."""
    done = subprocess.run([needed("hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_image_starts_our_server_as_nobody_special() -> None:
    """The last stage runs as a user of its own, and its command is one that the program understands."""
    assert last("USER") == "10001:10001"
    assert json.loads(last("ENTRYPOINT")) == ["mimika"]
    assert_understood(json.loads(last("CMD")))


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_tells_health_from_sickness(status: int, code: int) -> None:
    """A container that no longer answers is started anew; one that answers is left alone."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    words = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        script = words[2].replace(":8460", f":{server.server_port}")
        done = subprocess.run([sys.executable, words[1], script], capture_output=True)
        server.shutdown()
    assert words[0] == "python"
    assert done.returncode == code


def test_only_caddy_can_be_reached_and_the_database_reaches_nobody(services: dict[str, Any]) -> None:
    """Tokens and faces cross no network in the clear, and the database is not on the internet."""
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert services["db"]["networks"] == ["back"]
    assert services["caddy"]["networks"] == ["front"]
    assert yaml.safe_load(COMPOSE)["networks"]["back"] == {"internal": True}


def test_the_servers_cannot_write_to_their_image_or_gain_rights(services: dict[str, Any]) -> None:
    """Whoever breaks out of a decoder finds nothing to break further with."""
    for name in ("mimika", "mimika-2"):
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]


@pytest.mark.parametrize("name", ["mimika", "mimika-2"])
def test_the_servers_are_started_with_options_that_exist(services: dict[str, Any], name: str) -> None:
    """An option that was renamed would keep the whole composition from starting."""
    words = [re.sub(r"\$\{MIMIKA_SITE.*\}", "face.example.org", word) for word in services[name]["command"]]
    assert_understood([re.sub(r"\$\{MIMIKA_SUBNET:-(.*)\}", r"\1", word) for word in words])


def test_no_password_is_written_down(services: dict[str, Any]) -> None:
    """Every password comes from a file that each installation makes for itself."""
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or str(value).startswith("/run/secrets/"), name
    assert not re.search(r"://\w+:\w+@", COMPOSE)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Secrets as deploy/make_secrets.sh makes them."""
    subprocess.run([ROOT / "deploy" / "make_secrets.sh", tmp_path / "secrets"], check=True, capture_output=True)
    return tmp_path / "secrets"


def test_secrets_are_long_match_and_are_made_once(made: Path) -> None:
    """Two files hold one password; a second call must not lock the servers out of their database."""
    password = (made / "db_password").read_text()
    assert re.fullmatch(r"[0-9a-f]{64}", password)
    assert (made / "database_url").read_text() == f"postgresql://mimika:{password}@db/mimika"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    again = subprocess.run([ROOT / "deploy" / "make_secrets.sh", made], capture_output=True, text=True)
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert (made / "db_password").read_text() == password
