"""The systemd unit: systemd reads it without a complaint, finds it closed, and what it starts is a command we have."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from mimika.cli.app import app
from tests.conftest import ROOT
from tests.programs import needed

UNIT = (ROOT / "deploy" / "mimika.service").read_text("utf-8")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program in it that exists on this machine."""
    place = tmp_path / "mimika.service"
    place.write_text(UNIT.replace("/opt/mimika/bin/mimika", sys.executable), "utf-8")
    return place


def test_systemd_understands_every_line(unit: Path) -> None:
    """A setting that systemd does not know is left out with a word in the log that nobody reads."""
    done = subprocess.run([needed("systemd-analyze"), "verify", str(unit)], capture_output=True, text=True)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "mimika" in line]
    assert (done.returncode, ours) == (0, [])


def test_systemd_finds_the_service_closed(unit: Path) -> None:
    """The rating by systemd itself, 0 (nothing open) to 10: Debian's nginx has 9.6, ours stays under 2."""
    command = [needed("systemd-analyze"), "security", "--offline=yes", "--threshold=20", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-400:]


@pytest.mark.parametrize("line", re.findall(r"^(?:# )?ExecStart=(.+)$", UNIT, re.M))
def test_what_it_starts_is_a_command_of_ours(line: str) -> None:
    """An option that was renamed would keep the service from starting."""
    program, name, *words = shlex.split(line)
    command: Any = typer.main.get_command(app)
    command.commands[name].make_context(name, words)
    assert program == "/opt/mimika/bin/mimika"
