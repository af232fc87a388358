"""Defaults a person sets once for a machine. This is the only place that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimika.data.cloud import STYLES, CloudOptions
from mimika.data.errors import OptionError
from mimika.data.labels import LANGUAGES

_CLOUD = CloudOptions()


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: `name`, what it is when unset, and what it means; `read` raises ValueError."""

    name: str
    default: str
    help: str
    read: Callable[[str], Any]


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(f"expected one of {', '.join(LANGUAGES)}")
    return text


def _threads(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 256:
        raise ValueError("expected a whole number 0..256")
    return int(text)


def _folder(text: str) -> Path:
    return Path(text).expanduser()


def _style(text: str) -> str:
    if text not in STYLES:
        raise ValueError(f"expected one of {', '.join(STYLES)}")
    return text


def _folder_or_none(text: str) -> Path | None:
    return _folder(text) if text else None


SETTINGS = (
    Setting("MIMIKA_OUT", "mimika-out", "Folder for results when --out is not given.", _folder),
    Setting(
        "MIMIKA_LANGUAGE", "en", "Language of the words on overlays and in summaries: en, ru, uk or kk.", _language
    ),
    Setting("MIMIKA_THREADS", "1", "Compute threads for each network, 0 for all cores.", _threads),
    Setting("MIMIKA_WEBHOOK_SECRET", "", "Secret that signs what --webhook sends; empty sends it unsigned.", str),
    Setting(
        "MIMIKA_DATABASE_URL", "", "PostgreSQL or SQLite URL of the memory; empty for a file in the data folder.", str
    ),
    Setting(
        "MIMIKA_DATA_DIR", "", "Folder of the memory and of kept media; empty for the user's own.", _folder_or_none
    ),
    Setting("MIMIKA_CLOUD_URL", _CLOUD.url, "Address of the endpoint that is asked for second opinions.", str),
    Setting("MIMIKA_CLOUD_MODEL", _CLOUD.model, "Model that is asked there.", str),
    Setting("MIMIKA_CLOUD_STYLE", _CLOUD.style, "Style of its requests: chat or responses.", _style),
    Setting("MIMIKA_CLOUD_KEY", "", "Key for it; empty looks into the keyring of the system.", str),
    Setting("MIMIKA_CLOUD_PRICES", "", "TOML file of prices of models that the shipped list lacks.", _folder_or_none),
    Setting(
        "MIMIKA_CLOUD_FUSION",
        "",
        "TOML file of weights that mix both opinions; empty for the shipped.",
        _folder_or_none,
    ),
)
"""All settings; options on the command line win over them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force."""

    out: Path
    language: str
    threads: int
    webhook_secret: str = field(default="", repr=False)
    database_url: str = field(default="", repr=False)
    data_dir: Path | None = None
    cloud_url: str = _CLOUD.url
    cloud_model: str = _CLOUD.model
    cloud_style: str = _CLOUD.style
    cloud_key: str = field(default="", repr=False)
    cloud_prices: Path | None = None
    cloud_fusion: Path | None = None


def for_a_process(changes: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with `changes`, for starting another program."""
    return os.environ | dict(changes)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment, or from the mapping given; unset and empty mean the default.

    NAME_FILE names a file that holds the value where NAME itself is unset: containers and systemd hand out secrets so.

    Raises:
        OptionError: naming the variable, what was expected and what was received; also if the file cannot be read.
    """
    source = os.environ if environment is None else environment
    values = {}
    for setting in SETTINGS:
        text = source.get(setting.name) or _from_file(setting.name, source) or setting.default
        try:
            values[setting.name.removeprefix("MIMIKA_").lower()] = setting.read(text)
        except ValueError as error:
            raise OptionError(f"{setting.name}: {error}, received {text!r}") from error
    return Settings(**values)


def _from_file(name: str, source: Mapping[str, str]) -> str:
    path = source.get(f"{name}_FILE", "")
    try:
        return Path(path).read_text("utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{name}_FILE: cannot read {path} ({error})") from error
