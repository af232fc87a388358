"""The rules file: TOML tables, each a rule that turns a lasting state into events."""

from __future__ import annotations

import math
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from mimika.data.errors import OptionError
from mimika.data.events import EventRule
from mimika.stages.timeline.signals import SIGNALS

_TEXTS = ("name", "signal", "message", "suggest", "after")
_LEVELS = ("above", "below", "until")
_SECONDS = ("lasting_s", "cooldown_s", "bridge_s", "within_s")
FIELDS = (*_TEXTS, *_LEVELS, *_SECONDS)
"""All that a rule may say."""
_LONGEST_S = 86_400.0
_LONGEST_TEXT = 200


def default_rules() -> tuple[EventRule, ...]:
    """Return the rules that hold when none are given."""
    return read_rules(default_text(), "rules.toml")


def default_text() -> str:
    """Return the file of the default rules, to be copied and changed."""
    return resources.files("mimika.data").joinpath("rules.toml").read_text("utf-8")


def load_rules(path: Path) -> tuple[EventRule, ...]:
    """Read a rules file.

    Raises:
        OptionError: if it cannot be read or is wrong, naming the rule, the field and what is allowed.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise OptionError(f"rules: {path} cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise OptionError(f"rules: {path} is no text in UTF-8") from error
    return read_rules(text, str(path))


def read_rules(text: str, name: str) -> tuple[EventRule, ...]:
    """Read the text of a rules file; `name` is how errors call it.

    Raises:
        OptionError: as `load_rules`.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"rules: {name} is no TOML: {error}") from error
    rules: list[EventRule] = []
    for number, entry in enumerate(_entries(table, name), 1):
        own = entry.get("name")
        called = f'rule "{own}"' if isinstance(own, str) and own else f"rule {number}"
        try:
            rule = _rule(entry)
            if rule.name in [other.name for other in rules]:
                raise OptionError("name: expected a different one for each rule, received it twice")
        except OptionError as error:
            raise OptionError(f"rules: {name}: {called}: {error}") from error
        rules.append(rule)
    return tuple(rules)


def _entries(table: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the tables of the rules."""
    entries, unknown = table.get("rule"), sorted(set(table) - {"rule"})
    right = isinstance(entries, list) and bool(entries) and all(isinstance(each, dict) for each in entries)
    if unknown or not right:
        received = f"also {', '.join(unknown)}" if unknown else "none"
        raise OptionError(f"rules: {name}: expected [[rule]] tables only, at least one, received {received}")
    return list(entries or [])


def _rule(entry: dict[str, Any]) -> EventRule:
    """Read one table."""
    unknown = sorted(set(entry) - set(FIELDS))
    if unknown:
        raise OptionError(f"{unknown[0]}: no such field, expected {', '.join(FIELDS)}")
    texts = {field: _text(entry, field) for field in _TEXTS}
    for field in ("name", "signal"):
        if not texts[field]:
            raise OptionError(f"{field}: expected one, received nothing")
    if texts["signal"] not in SIGNALS:
        raise OptionError(f"signal: expected one of {', '.join(SIGNALS)}, received {texts['signal']!r}")
    if "within_s" in entry and not texts["after"]:
        raise OptionError("within_s: expected together with after, received alone")
    enter, leave = _levels(entry)
    seconds: dict[str, Any] = {field: _number(entry, field, 0.0, _LONGEST_S) for field in _SECONDS if field in entry}
    return EventRule(enter=enter, leave=leave, **(seconds | texts))


def _levels(entry: dict[str, Any]) -> tuple[float, float]:
    """Return where the state begins and ends."""
    ways = [field for field in ("above", "below") if field in entry]
    if len(ways) != 1:
        raise OptionError(f"above, below: expected one of the two, received {' and '.join(ways) or 'neither'}")
    if "until" not in entry:
        raise OptionError("until: expected the level at which the state ends, received nothing")
    enter, leave = (_number(entry, field, -1e6, 1e6) for field in (ways[0], "until"))
    if (enter <= leave) if ways[0] == "above" else (enter >= leave):
        wanted = "less than above" if ways[0] == "above" else "more than below"
        raise OptionError(f"until: expected {wanted} ({enter:g}), received {leave:g}")
    return enter, leave


def _text(entry: dict[str, Any], field: str) -> str:
    value = entry.get(field, "")
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not (value.isprintable() or not value):
        raise OptionError(f"{field}: expected one line of at most {_LONGEST_TEXT} letters, received {value!r}")
    return value


def _number(entry: dict[str, Any], field: str, low: float, high: float) -> float:
    value = entry[field]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise OptionError(f"{field}: expected a number, received {value!r}")
    if not low <= value <= high:
        raise OptionError(f"{field}: expected {low:g}..{high:g}, received {value!r}")
    return float(value)
