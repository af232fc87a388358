"""The docs cannot drift from the program: commands, options, columns, names, links and paths in them are checked."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

import mimika
from mimika.cli.app import app
from mimika.stages.write.columns import COLUMNS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = ROOT / "docs" / "reference"

page = pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _code(path: Path) -> Iterator[str]:
    """Yield lines of code blocks and pieces of code in running text."""
    text = _text(path)
    for block in re.findall(r"```(?:sh|bash|console)?\n(.*?)```", text, re.S):
        yield from block.splitlines()
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    yield from re.findall(r"^ {4,}(\S.*)$", text, re.M)
    yield from re.findall(r"`([^`\n]+)`", text)


def _commands() -> dict[str, set[str]]:
    """Return the full name of each command with its options."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, name: str) -> None:
        options = {"--help"}
        for parameter in command.params:
            options.update([*getattr(parameter, "opts", ()), *getattr(parameter, "secondary_opts", ())])
        found[name] = options
        for child, below in getattr(command, "commands", {}).items():
            walk(below, f"{name} {child}".strip())

    walk(typer.main.get_command(app), "")
    return found


@page
def test_commands_in_docs_exist(path: Path) -> None:
    """Someone who copies a command from the docs must not be told that there is no such command or option."""
    known = _commands()
    for line in _code(path):
        match = re.match(r"(?:\$ )?(?:\S*/)?mimika (?=[a-z-])(.+)", line)
        if not match:
            continue
        words = shlex.split(match[1].split("|")[0].split("#")[0])
        depth = next((n for n in (2, 1) if " ".join(words[:n]) in known), 0)
        if depth == 0 and words[0].startswith("--"):
            assert words[0] in known[""], line
            continue
        assert depth, f"{line!r}: no such command"
        options = known[" ".join(words[:depth])]
        for word in words[depth:]:
            if word.startswith("--"):
                assert word.split("=")[0] in options, f"{line!r}: no option {word}"


def test_every_command_has_its_place_in_the_reference() -> None:
    """A command that is added is described, with all its own options."""
    text = _text(REFERENCE / "commands.md")
    for command, options in _commands().items():
        assert f"mimika {command}".strip() in text
        for option in options - {"-h", "--help", "--version", "--install-completion", "--show-completion"}:
            assert not option.startswith("--") or f"`{option}" in text, f"{option} of mimika {command}"


def test_options_are_documented_with_their_defaults() -> None:
    """The options page names each field of Options, and no other, with the default it has."""
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? *\|", _text(REFERENCE / "options.md"), re.M)
    wanted = [(f.name, "" if f.default is None else str(f.default)) for f in fields(mimika.Options)]
    assert rows == wanted


def test_columns_are_documented_in_order() -> None:
    """The table page names each column with its unit and meaning, as the program knows them."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) *\| (.*?) *\|$", _text(REFERENCE / "table.md"), re.M)
    assert rows == [(column.name, column.unit, column.meaning) for column in COLUMNS]


def test_public_names_are_documented() -> None:
    """Each public name is found on the Python page."""
    text = _text(REFERENCE / "python.md")
    for name in mimika.__all__:
        assert re.search(rf"\b{name}\b", text), name


@page
def test_links_resolve(path: Path) -> None:
    """No link of ours leads nowhere."""
    text = re.sub(r"```.*?```", "", _text(path), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        assert place.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", _text(place), re.M)
            assert anchor in [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads], target


@page
def test_paths_in_docs_exist(path: Path) -> None:
    """A file or folder of the repository that the docs name is there."""
    for piece in re.findall(r"`((?:src|docs|tests|recipes|examples|benchmarks)/[\w./-]+)`", _text(path)):
        assert (ROOT / piece).exists(), piece


@page
def test_python_in_docs_uses_public_names(path: Path) -> None:
    """Python that is shown can be parsed, and every name of mimika in it is public."""
    for block in re.findall(r"```python\n(.*?)```", _text(path), re.S):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mimika":
                assert node.attr in mimika.__all__


def test_architecture_names_every_package_and_module() -> None:
    """Every part of the house that exists is on its map."""
    text = _text(ROOT / "docs" / "architecture.md")
    source = ROOT / "src" / "mimika"
    places = [*source.glob("*.py"), *source.iterdir(), *(source / "stages").iterdir()]
    for place in places:
        is_package = place.is_dir() and any(place.glob("*.py")) and not place.name.startswith("__")
        is_module = place.suffix == ".py" and place.name != "__main__.py" and place.parent == source
        if is_package or is_module:
            assert f"`{place.relative_to(ROOT)}" in text, place


def test_figures_of_the_readme_are_the_measured_ones() -> None:
    """No figure in the README is older than, or other than, what was measured."""
    spec = importlib.util.spec_from_file_location("figures", ROOT / "benchmarks" / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    text = _text(ROOT / "README.md")
    assert figures.updated(text) == text, "run python benchmarks/figures.py"
