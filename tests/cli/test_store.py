"""Whoever keeps the memory would not know what is in it, or could not give a person what is theirs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mimika.cli.app import app
from mimika.cli.exit_codes import ExitCode
from mimika.data.purpose import Purpose
from mimika.store import Store
from tests.store import making


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A memory with one person and two recordings, which the settings name."""
    monkeypatch.setenv("MIMIKA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MIMIKA_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    with Store.open(data_dir=tmp_path / "data") as store:
        person = store.add_profile("local", "Анна").id
        kept = store.add_recording("local", name="visit", person=person).id
        store.append_rows("local", kept, making.clip(4))
        store.add_recording("local", name="old", retention_days=0)
        store.declare(Purpose("workplace"))
    return tmp_path


def mimi(*arguments: str | Path, **more: Any) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **more)


def told(*arguments: str | Path) -> Any:
    done = mimi(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_info_says_what_there_is(folder: Path) -> None:
    facts = told("store", "info")
    assert (facts["recordings"], facts["rows"], facts["profiles"], facts["jobs_waiting"]) == (2, 4, 1, 0)
    assert facts["place"] == str(folder / "data" / "mimika.db")
    assert facts["bytes"] > 100_000
    assert facts["purpose"]["mode"] == "action_units"
    text = mimi("store", "info").stdout
    assert "recordings: 2" in text
    assert "purpose: workplace (action_units)" in text
    empty = told("store", "info", "--data-dir", folder / "other")
    assert (empty["recordings"], empty["purpose"]) == (0, None)


def test_everything_goes_out_and_comes_back(folder: Path) -> None:
    assert told("store", "export", "all.zip") == {"recordings": 2, "profiles": 1, "path": "all.zip"}
    again = mimi("store", "export", "all.zip")
    assert (again.exit_code, "use --force" in again.stderr) == (ExitCode.OUTPUT, True)
    assert told("store", "import", "all.zip") == {"recordings": 0, "profiles": 0, "there": 3, "deleted": 0}
    added = mimi("store", "import", "all.zip", "--data-dir", "other")
    assert added.stdout == "added 2 recordings, 1 profile; passed over 0 there already, 0 deleted here\n"
    assert f"export: {folder / 'all.zip'}" in mimi("store", "info").stdout.replace("\n", "")
    assert mimi("store", "import", "nothing.zip").exit_code == ExitCode.SOME_FAILED


def test_a_person_gets_a_copy_and_is_forgotten(folder: Path) -> None:
    mimi("store", "export", "all.zip")
    assert told("store", "export", "anna.zip", "--person", "Анна") == {
        "recordings": 1,
        "profiles": 1,
        "path": "anna.zip",
    }
    kept = (folder / "anna.zip").read_bytes()
    refused = mimi("store", "delete-person", "Анна")
    assert (refused.exit_code, "--yes" in refused.stderr) == (ExitCode.USAGE, True)
    assert mimi("store", "delete-person", "Анна", "--owner", "bob", "--yes").exit_code == ExitCode.STORE
    done = mimi("store", "delete-person", "Анна", "--yes")
    assert done.stdout == "deleted the profile and 1 recording\n"
    assert (folder / "anna.zip").read_bytes() == kept
    facts = told("store", "info")
    assert (facts["recordings"], facts["profiles"]) == (1, 0)
    assert told("store", "import", "all.zip") == {"recordings": 0, "profiles": 0, "there": 1, "deleted": 0}
    assert told("store", "import", "anna.zip") == {"recordings": 0, "profiles": 0, "there": 0, "deleted": 2}


def test_two_persons_of_one_name_are_not_mixed_up(folder: Path) -> None:
    with Store.open(data_dir=folder / "data") as store:
        other = store.add_profile("local", "Анна").id
    both = mimi("store", "delete-person", "Анна", "--yes")
    assert both.exit_code == ExitCode.USAGE
    assert other in both.stderr
    assert told("store", "delete-person", other, "--yes", "--keep-recordings") == {"profile": other, "recordings": 0}


def test_the_sweep_deletes_what_is_over(folder: Path) -> None:
    assert len(told("store", "sweep")["deleted"]) == 1
    assert mimi("store", "sweep").stdout == "deleted 0 recordings\n"


def test_the_audit_is_listed(folder: Path) -> None:
    mimi("store", "sweep")
    lines = mimi("store", "audit", "--limit", "2").stdout.splitlines()
    assert re.fullmatch(r" +2  \d{4}-\d\d-\d\d [\d:]{8}  local  recording\.expire  [0-9a-f]{32}", lines[0])
    assert lines[1].endswith("local  purpose.declare    kind=workplace ground= mode=action_units")
    assert [entry["id"] for entry in told("store", "audit", "--after", "2")] == [1]


def test_tokens_are_made_listed_and_revoked(folder: Path) -> None:
    made = mimi("token", "create", "bob", "--scope", "read")
    assert re.fullmatch(r"mk_[\w-]{43}\n", made.stdout)
    assert "kept nowhere" in made.stderr
    with Store.open(data_dir=folder / "data") as store:
        token = store.token_of(made.stdout.strip())
        assert token is not None
        assert (token.name, token.owner, token.scopes) == ("bob", "bob", {"read"})
    other = told("token", "create", "phone", "--owner", "bob")
    assert (other["owner"], other["scopes"], other["secret"][:3]) == ("bob", ["read", "analyze"], "mk_")
    listed = told("token", "list")
    assert [each["name"] for each in listed] == ["bob", "phone"]
    assert other["secret"] not in mimi("token", "list").stdout
    assert mimi("token", "revoke", "bob").exit_code == 0
    assert told("token", "revoke", other["id"])["revoked_at"]
    assert mimi("token", "revoke", "bob").exit_code == ExitCode.STORE
    assert mimi("token", "create", "eve", "--scope", "root").exit_code == ExitCode.USAGE
    assert all(each["revoked_at"] for each in told("token", "list"))


def test_a_database_that_is_away_is_one_line_without_the_password(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIMIKA_DATABASE_URL", "postgresql://ann:hidden-word@127.0.0.1:9/mimika")
    done = mimi("store", "info")
    assert done.exit_code == ExitCode.STORE
    assert done.stderr.startswith("error: PostgreSQL at 127.0.0.1:9, database mimika: cannot be reached")
    assert done.stderr.count("\n") == 1
    assert "hidden-word" not in done.output
