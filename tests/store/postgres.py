"""A real PostgreSQL for tests: started in a folder of its own, by an unprivileged user, reached by a local socket."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL that is installed, None without one."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _user() -> str | None:
    """Return the user that runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def server() -> Iterator[Path]:
    """Run a server and give the folder of its socket; it is stopped and its folder removed at the end."""
    binaries, user = programs(), _user()
    assert binaries is not None
    # pytest's folders are closed to other users, and the path of a socket must be short.
    home = Path(tempfile.mkdtemp(prefix="mimika-pg-", dir="/tmp"))
    data = home / "data"
    if user is not None:
        shutil.chown(home, user)
    made = [binaries / "initdb", "-D", data, "-U", "mimika", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(made, check=True, user=user, cwd=home, capture_output=True)
    settings = {"listen_addresses": "", "unix_socket_directories": home, "fsync": "off", "autovacuum": "off"}
    command = [binaries / "postgres", "-D", data, *(f"-c{name}={value}" for name, value in settings.items())]
    with (home / "log").open("wb") as log:
        running = subprocess.Popen(command, user=user, cwd=home, stdout=log, stderr=log)
    try:
        _wait(home, running)
        yield home
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def _wait(home: Path, running: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            psycopg.connect(host=str(home), user="mimika", dbname="postgres").close()
        except psycopg.OperationalError:
            assert running.poll() is None, (home / "log").read_text()
            try:
                running.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        else:
            return
    raise AssertionError((home / "log").read_text())


def url(home: Path, database: str) -> str:
    """Return the URL of a database of the server."""
    return f"postgresql://mimika@/{database}?host={home}"


def create(home: Path, database: str, template: str = "template1") -> str:
    """Make a database, as a copy of `template`, and return its URL."""
    run(home, f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
    return url(home, database)


def drop(home: Path, database: str) -> None:
    """Remove a database, with whoever is still connected."""
    run(home, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def run(home: Path, statement: str) -> None:
    """Run one statement that needs no transaction."""
    with psycopg.connect(host=str(home), user="mimika", dbname="postgres", autocommit=True) as connection:
        connection.execute(statement.encode())
