"""Before the first face leaves the machine: what would leave, where to, at what cost, and whether that is wanted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mimika.data.cloud import CloudOptions
from mimika.data.errors import OptionError

if TYPE_CHECKING:
    from mimika.data.options import Options
    from mimika.settings import Settings
    from mimika.stages.recognize.asking import Asker
    from mimika.stages.recognize.hybrid import SecondOpinion

_FILE = "consent.json"
_SENT = {
    "crop": "a picture of each face asked about ({side} pixels square, JPEG without EXIF{masked})",
    "frame": "the whole picture around each face asked about (up to {side} pixels, JPEG without EXIF{masked})",
}


@contextmanager
def second_opinion(options: Options, cloud: CloudOptions, yes: bool) -> Iterator[SecondOpinion]:
    """Open the second opinion of a run, after purpose, key, price and consent are checked.

    Raises:
        OptionError: if one of them is missing; nothing was sent then.
    """
    from mimika import second, settings

    known = settings.load()
    with second.memory(known) as (audit, purpose):
        second.allowed(purpose)
        opened = second.open_second(options, cloud, known, audit)
        agree(cloud, options, known, yes)
        with opened:
            yield opened


@contextmanager
def asker(options: Options, cloud: CloudOptions, yes: bool, faces: bool = True) -> Iterator[Asker]:
    """Open what asks single questions; `faces` False where no face is sent, so that none needs consent.

    Raises:
        OptionError: as `second_opinion`.
    """
    from mimika import second, settings

    known = settings.load()
    with second.memory(known) as (audit, purpose):
        if faces:
            second.allowed(purpose)
        opened = second.open_asker(options, cloud, known, audit)
        if faces:
            agree(cloud, options, known, yes)
        try:
            yield opened
        finally:
            opened.close()


def agree(cloud: CloudOptions, options: Options, known: Settings, yes: bool) -> None:
    """Say what leaves the machine, and ask, unless it was agreed to before or `yes` was given.

    An answer given at the terminal is remembered for this endpoint, model and kind of picture.

    Raises:
        OptionError: if nobody can be asked, or the answer is no.
    """
    from mimika.cli.terminal import err
    from mimika.second import data_dir

    if cloud.stays_here or yes:
        return
    file = data_dir(known) / _FILE
    wanted = {"url": cloud.url, "model": cloud.model, "send": cloud.send, "mask": cloud.mask}
    if wanted in _agreed(file):
        return
    err().print(told(cloud, options), soft_wrap=True)
    if not sys.stdin.isatty():
        raise OptionError("second opinion: nobody is there to agree that faces are sent; use --yes-send-faces")
    if not typer.confirm("Send faces there?", err=True):
        raise OptionError("second opinion: not agreed to; nothing was sent")
    _remember(file, [*_agreed(file), wanted])


def told(cloud: CloudOptions, options: Options) -> str:
    """Return in words what leaves the machine, where to, and what it may cost."""
    masked = ", everything but the face painted grey" if cloud.mask else ""
    what = _SENT[cloud.send].format(side=cloud.side, masked=masked)
    return (
        f"A second opinion sends {what} to {cloud.host}, model {cloud.model}. No file name and no time goes with it. A "
        "picture of a face is personal data; the provider's terms say what is done with it. "
        f"At most {options.budget_usd:g} USD a run and {options.budget_usd_minute:g} USD a minute are spent."
    )


def _agreed(file: Path) -> list[object]:
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return value if isinstance(value, list) else []


def _remember(file: Path, agreed: list[object]) -> None:
    from mimika.stages.write.files import claim, write_json

    claim(file, force=True)
    write_json(file, agreed)
