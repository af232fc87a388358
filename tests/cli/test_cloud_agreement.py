"""Faces would leave unasked, or a key would be looked for where none belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimika.cli.exit_codes import ExitCode
from mimika.data.purpose import Purpose
from tests import media, provider
from tests.cli.cloud_line import NOWHERE, mimi, no_key_in, notes
from tests.provider import KEY, Injector, Provider

pytestmark = pytest.mark.usefixtures("steady")


def test_nothing_is_sent_elsewhere_before_somebody_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMIKA_CLOUD_URL", NOWHERE)
    monkeypatch.setenv("MIMIKA_CLOUD_KEY", KEY)
    photo = media.photo(tmp_path / "face.png", 320, 240)
    result = mimi("analyze", photo, "--second-opinion", "every:1")
    assert result.exit_code == ExitCode.USAGE
    assert "A second opinion sends a picture of each face asked about (224 pixels square" in result.stderr
    assert "to faces.invalid, model gpt-4.1-mini" in result.stderr
    assert "use --yes-send-faces" in result.stderr
    assert notes(tmp_path) == []
    assert not (tmp_path / "mimika-out" / "face.csv").exists()
    no_key_in(tmp_path, result)


def test_agreement_is_asked_for_once_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mimika.cli import consent
    from mimika.data.cloud import CloudOptions
    from mimika.data.errors import OptionError
    from mimika.data.options import Options
    from mimika.settings import load

    answers, asked = [False, True], list[str]()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda text, **_: asked.append(text) or answers.pop(0))
    cloud, known = CloudOptions(url=NOWHERE), load()
    with pytest.raises(OptionError, match="not agreed to"):
        consent.agree(cloud, Options(), known, yes=False)
    consent.agree(cloud, Options(), known, yes=False)
    consent.agree(cloud, Options(), known, yes=False)
    assert len(asked) == 2
    with pytest.raises(IndexError):
        consent.agree(CloudOptions(url=NOWHERE, send="frame"), Options(), known, yes=False)


def test_without_a_key_or_a_price_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMIKA_CLOUD_URL", NOWHERE)
    monkeypatch.setattr("mimika.second._from_keyring", lambda: "")
    photo = media.photo(tmp_path / "face.png", 320, 240)
    result = mimi("analyze", photo, "--second-opinion", "unsure", "--yes-send-faces")
    assert (result.exit_code, "set MIMIKA_CLOUD_KEY" in result.stderr) == (ExitCode.USAGE, True)
    monkeypatch.setenv("MIMIKA_CLOUD_KEY", KEY)
    monkeypatch.setenv("MIMIKA_CLOUD_MODEL", "unheard-of")
    result = mimi("analyze", photo, "--second-opinion", "unsure", "--yes-send-faces")
    assert (result.exit_code, "no price is known for 'unheard-of'" in result.stderr) == (ExitCode.USAGE, True)
    assert notes(tmp_path) == []


def test_the_key_may_lie_in_the_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    from mimika.data.cloud import CloudOptions
    from mimika.second import key_of
    from mimika.settings import load

    class Ring(KeyringBackend):
        priority = 1  # type: ignore[assignment]

        def get_password(self, service: str, username: str) -> str | None:
            return {("mimika", "cloud"): KEY}.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            raise AssertionError("mimika writes no keys")

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        assert key_of(load({}), CloudOptions()) == KEY
        assert key_of(load({"MIMIKA_CLOUD_KEY": "sk-other"}), CloudOptions()) == "sk-other"
    finally:
        keyring.set_keyring(before)


def test_no_option_takes_a_key() -> None:
    for command in (["analyze"], ["live"], ["explain"], ["cloud", "check"], ["cloud", "estimate"]):
        assert "key" not in mimi(*command, "--help").stdout.casefold()


def test_a_purpose_that_allows_action_units_only_sends_no_face(tmp_path: Path, line: tuple[Provider, Injector]) -> None:
    from mimika.store import Store

    with Store.open(data_dir=tmp_path / "memory") as store:
        store.declare(Purpose("workplace"))
    photo = media.photo(tmp_path / "face.png", 320, 240)
    result = mimi("analyze", photo, "--second-opinion", "every:1")
    assert result.exit_code == ExitCode.USAGE
    assert "the purpose 'workplace' allows action units only" in result.stderr
    told = mimi("explain", photo)
    assert (told.exit_code, "resembles" in told.stdout, "The head" in told.stdout) == (0, False, True)
    assert line[1].met == []


def test_requests_are_in_the_audit_of_the_memory_where_there_is_one(
    tmp_path: Path, line: tuple[Provider, Injector]
) -> None:
    from mimika.store import Store

    with Store.open(data_dir=tmp_path / "memory") as store:
        store.declare(Purpose("research"))
    result = mimi("analyze", media.photo(tmp_path / "face.png", 320, 240), "--second-opinion", "every:1")
    assert result.exit_code == 0, result.output
    with Store.open(data_dir=tmp_path / "memory") as store:
        found = [entry for entry in store.audit() if entry.action == "second_opinion"]
    assert [entry.details["step"] for entry in found] == ["done", "sent"]
    assert found[0].details["tokens_out"] == provider.USAGE[1]
    assert found[1].details["bytes"] > 500
    no_key_in(tmp_path, result)
