"""Somebody who types `mimika serve` would see no address, get no answer, or could not stop it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from mimika.data.errors import OptionError
from mimika.web.config import ServerConfig
from mimika.web.serving import bind, greeting
from tests.web.running import picture


def test_the_command_serves_the_page_and_the_api_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mimika", "serve", "--port", "0", "--job-workers", "0"]
    log = tmp_path / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--data-dir", str(tmp_path / "data")], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:3] == ["mimika", "is", "ready:"]
        address = words[3]
        assert "text/html" in httpx.get(address).headers["content-type"]
        httpx.put(f"{address}v1/purpose", json={"kind": "personal"}).raise_for_status()
        files = {"files": ("a.jpg", picture(256))}
        (image,) = httpx.post(f"{address}v1/images", files=files, timeout=60).json()["images"]
        assert image["faces"][0]["label"] == "happiness"
        assert (tmp_path / "data").is_dir()
        children = _children(process.pid)
        assert children
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (143, -signal.SIGTERM)
        assert all(not _alive(child) for child in children)
    finally:
        process.kill()
    assert "Traceback" not in log.read_text()


def test_decoders_do_not_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mimika", "serve", "--port", "0", "--job-workers", "0"]
    process = subprocess.Popen([*command, "--data-dir", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    children = _children(process.pid)
    assert children
    process.kill()
    process.wait()
    process.stdout.close()
    until = time.monotonic() + 15
    while any(_alive(child) for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(_alive(child) for child in children)


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with bind(ServerConfig(port=0)) as taken:
        taken.listen()
        again = ServerConfig(port=taken.getsockname()[1])
        with pytest.raises(OptionError, match=r"cannot listen on .* in use"):
            bind(again)


def test_whoever_opens_it_to_others_is_told_of_tokens_and_https() -> None:
    assert "token" not in greeting(ServerConfig(), "http://127.0.0.1:8460/")
    told = greeting(ServerConfig(host="0.0.0.0"), "http://0.0.0.0:8460/")
    assert "mimika token create" in told
    assert "HTTPS" in told
    assert "caddy" in told
    assert "HTTPS" not in greeting(ServerConfig(names=("faces.test",)), "http://127.0.0.1:8460/")


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(folder.name))
    return found


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and os.path.exists(f"/proc/{process}")


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import importlib.util, sys; real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'fastapi' else real(name, *rest)\n"
        "sys.argv = ['mimika', 'serve']\n"
        "from mimika.cli.app import app; app()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "error: the server needs fastapi: pip install 'mimika[web]'\n"
    assert list(tmp_path.iterdir()) == []
