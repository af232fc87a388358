"""What the tests of second opinions on the command line run and read."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from mimika.cli.app import app
from tests.provider import KEY

NOWHERE = "https://faces.invalid/v1"
"""An address that no name leads to; a request there would fail in its own way."""


def mimi(*arguments: str | Path, **more: Any) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"}, **more)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def notes(tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "memory" / "second-opinions.jsonl"
    return [json.loads(text) for text in file.read_text().splitlines()] if file.exists() else []


def no_key_in(tmp_path: Path, *results: Result) -> None:
    """Look for the key in everything that was said and written."""
    for result in results:
        assert KEY not in result.output + result.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
