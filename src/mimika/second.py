"""The second opinion as the settings of this machine and the choices of a run want it, with its gates.

Nothing leaves the machine by what stands here alone: whoever opens a second opinion has asked for consent before.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mimika.data.cloud import CloudOptions, When
from mimika.data.errors import OptionError
from mimika.data.options import Options
from mimika.data.prices import price_of
from mimika.data.purpose import Purpose
from mimika.settings import Settings, load
from mimika.stages.recognize.asking import Asker, priced
from mimika.stages.recognize.audit import Audit
from mimika.stages.recognize.budget import Budget
from mimika.stages.recognize.fusion import Fusion
from mimika.stages.recognize.hybrid import SecondOpinion
from mimika.stages.write.files import output_error

STORE_FILE = "mimika.db"
AUDIT_FILE = "second-opinions.jsonl"
KEYRING = ("mimika", "cloud")
"""Service and user under which the system's keyring is asked for the key."""


class AuditFile:
    """A file of JSON lines to which notes are only ever added; readable by its owner alone.

    Raises:
        OutputError: if it cannot be written; then nothing must be sent either.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(0o600)
        except OSError as error:
            raise output_error(error, path) from error

    def note(self, action: str, owner: str, subject: str = "", **details: Any) -> None:
        """Add one note."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": now, "action": action, "owner": owner, "subject": subject} | details
        try:
            with self._lock, self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise output_error(error, self.path) from error


def cloud_options(settings: Settings, **given: Any) -> CloudOptions:
    """Return whom to ask and what to send, from the settings, with what a command was told instead.

    Raises:
        OptionError: naming the field, its range and the value received.
    """
    known = {"url": settings.cloud_url, "model": settings.cloud_model, "style": settings.cloud_style}
    return CloudOptions(**(known | {name: value for name, value in given.items() if value is not None}))


def key_of(settings: Settings, options: CloudOptions) -> str:
    """Return the key: from the environment, else from the system's keyring; "" where the endpoint is on this machine.

    Raises:
        OptionError: if there is none and the endpoint is elsewhere.
    """
    key = settings.cloud_key or _from_keyring()
    if not key and not options.stays_here:
        raise OptionError(
            f"{options.host} wants a key: set MIMIKA_CLOUD_KEY, or put it into the keyring (mimika, cloud)"
        )
    return key


def allowed(purpose: Purpose | None) -> None:
    """Check that the declared purpose lets expressions be inferred at all.

    Raises:
        OptionError: if it allows action units only.
    """
    if purpose is not None and purpose.mode == "action_units":
        raise OptionError(
            f"second opinion: the purpose {purpose.kind!r} allows action units only; no face is sent for its expression"
        )


def open_asker(
    options: Options, cloud: CloudOptions, settings: Settings, audit: Audit | None, owner: str = "local"
) -> Asker:
    """Return what asks the endpoint, within the budget of the options, noted in `audit`.

    Raises:
        OptionError: if the extra `cloud`, the key or the price is missing.
    """
    from mimika.stages.recognize.vision_language import Client

    price = priced(cloud, price_of(cloud.model, settings.cloud_prices))
    budget = Budget(options.budget_usd, options.budget_usd_minute)
    return Asker(cloud, Client(cloud, key_of(settings, cloud)), price, budget, audit, owner)


def open_second(
    options: Options, cloud: CloudOptions, settings: Settings, audit: Audit | None, owner: str = "local"
) -> SecondOpinion:
    """Return the router, with the weights of the fusion that the settings name.

    Raises:
        OptionError: as `open_asker`, or if the weights cannot be read.
    """
    fusion = Fusion.read(settings.cloud_fusion) if settings.cloud_fusion is not None else Fusion()
    asker = open_asker(options, replace(cloud, language=options.language), settings, audit, owner)
    return SecondOpinion(asker, When.parse(options.second_opinion), fusion)


@contextmanager
def opened(options: Options, send_faces: bool) -> Iterator[SecondOpinion | None]:
    """Give the second opinion that the options of a program ask for, None where they ask for none.

    `send_faces`: the program agrees that faces are sent to an endpoint elsewhere.

    Raises:
        OptionError: if it does not agree, or key, price, purpose or the extra `cloud` stand against it; nothing was
            sent then.
    """
    if options.second_opinion == "never":
        yield None
        return
    known = load()
    cloud = cloud_options(known)
    if not (cloud.stays_here or send_faces):
        raise OptionError(f"second opinion: nobody agreed that faces are sent to {cloud.host}; say send_faces=True")
    with memory(known) as (audit, purpose):
        allowed(purpose)
        with open_second(options, cloud, known, audit) as second:
            yield second


@contextmanager
def memory(settings: Settings) -> Iterator[tuple[Audit, Purpose | None]]:
    """Give where requests are noted, and the declared purpose: the store where there is one, else a file beside it.

    Raises:
        StoreError: if there is a store and it cannot be used; nothing must be sent then.
        OutputError: if the file cannot be written.
    """
    folder = data_dir(settings)
    if _has_store(settings):
        from mimika.store import Store

        with Store.open(settings.database_url or None, folder) as store:
            yield store, store.purpose()
    else:
        yield AuditFile(folder / AUDIT_FILE), None


def declared(settings: Settings) -> Purpose | None:
    """Return the declared purpose, None where there is no memory to declare it in.

    Raises:
        StoreError: if there is a memory and it cannot be used.
    """
    if not _has_store(settings):
        return None
    with memory(settings) as (_, purpose):
        return purpose


def _has_store(settings: Settings) -> bool:
    """Return whether this machine has a memory; without the extra that brings it there can be none."""
    if settings.database_url:
        return True
    installed = settings.data_dir is not None or find_spec("platformdirs") is not None
    return installed and (data_dir(settings) / STORE_FILE).exists()


def data_dir(settings: Settings) -> Path:
    """Return the folder of what mimika remembers on this machine."""
    if settings.data_dir is not None:
        return settings.data_dir.absolute()
    from platformdirs import user_data_path

    return Path(user_data_path("mimika", appauthor=False))


def _from_keyring() -> str:
    """Return the key that the system keeps, "" where it keeps none or has no keyring."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(*KEYRING) or ""
    except KeyringError:
        return ""
