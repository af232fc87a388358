"""A stolen database would let its thief in, a revoked token would go on, or the audit could be made to forget."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from mimika.data.errors import OptionError, StoreError, StoreMissing
from mimika.data.purpose import Purpose
from mimika.store import Store
from tests.store.conftest import Place


def test_a_token_lets_in_until_it_is_revoked(store: Store) -> None:
    token, secret = store.create_token("bob", {"read", "analyze"})
    assert re.fullmatch(r"mk_[A-Za-z0-9_-]{43}", secret)
    assert (token.owner, token.scopes, token.revoked_at) == ("bob", {"read", "analyze"}, None)
    assert token.as_json()["scopes"] == ["read", "analyze"]
    assert store.token_of(secret) == token
    other, second = store.create_token("bob's phone", ["admin"], owner="bob")
    assert (other.owner, second == secret) == ("bob", False)
    for wrong in ("", "mk_", secret[:-1], secret + "x", secret.swapcase(), "mk_" + "x" * 43, "\x00" * 46):
        assert store.token_of(wrong) is None
    revoked = store.revoke_token(token.id)
    assert revoked.revoked_at is not None
    assert store.token_of(secret) is None
    assert store.revoke_token(token.id) == revoked
    assert store.tokens() == [revoked, other]
    assert [entry.action for entry in store.audit()] == ["token.revoke", "token.create", "token.create"]
    again, _ = store.create_token("bob", {"read"})
    assert again.owner == "bob"


def test_tokens_that_mean_nothing_are_refused(store: Store) -> None:
    store.create_token("taken", {"read"})
    for name, scopes in (("bob", {"root"}), ("bob", set[str]()), (" ", {"read"}), ("taken", {"read"})):
        with pytest.raises(OptionError):
            store.create_token(name, scopes)
    with pytest.raises(StoreMissing):
        store.revoke_token("0" * 32)


def test_the_secret_is_nowhere_in_the_database(tmp_path: Path) -> None:
    with Store.open(data_dir=tmp_path) as store:
        _, secret = store.create_token("bob", {"read"})
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert secret.encode() not in kept
        assert secret[3:].encode() not in kept


def test_the_purpose_is_the_one_declared_last(place: Place) -> None:
    purposes = [
        Purpose("research"),
        Purpose("workplace", declared_by="ann"),
        Purpose("workplace", "safety", "crane cab"),
    ]
    with place.open() as store:
        assert store.purpose() is None
        for purpose in purposes:
            store.declare(purpose)
        assert (store.purpose(), store.purposes()) == (purposes[-1], purposes)
        assert [entry.details["mode"] for entry in store.audit()] == ["expressions", "action_units", "expressions"]
    with place.open() as store:
        assert store.purpose() == purposes[-1]


def test_the_audit_is_read_page_by_page(store: Store) -> None:
    for number in range(5):
        store.note("image.analyze", "ann", "a" * 32, faces=number, ok=True, kind="photo")
    first = store.audit(limit=2)
    assert [entry.details["faces"] for entry in first] == [4, 3]
    assert [entry.details["faces"] for entry in store.audit(limit=10, after=first[-1].id)] == [2, 1, 0]
    assert first[0].as_json()["at"].endswith("+00:00")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET owner = 'nobody'", "DELETE FROM audit", "DELETE FROM audit WHERE id < 0", "TRUNCATE audit"],
)
def test_the_audit_cannot_be_changed(store: Store, statement: str) -> None:
    store.note("image.analyze", "ann")
    # Of a deletion that meets no row, SQLite does not even ask.
    refused = r"append-only|syntax error" if store.sqlite else "append-only"
    if "< 0" in statement and store.sqlite:
        pytest.skip("SQLite's triggers are for each row")
    with pytest.raises(StoreError, match=refused), store.writing() as connection:
        connection.execute(text(statement))
    assert [entry.owner for entry in store.audit()] == ["ann"]


def test_no_name_and_no_picture_gets_into_the_audit(store: Store) -> None:
    for wrong in (
        *({"name": "Ann"}, {"file": "a.mp4"}, {"image": b"x"}, {"x": b"\xff\xd8"}, {"x": "Әсел"}, {"x": {"a": 1}}),
        *({"x": "two words"}, {"x": "a" * 81}, {"x": ["ok", "not ok"]}),
    ):
        with pytest.raises(OptionError, match="audit"):
            store.note("image.analyze", "ann", **wrong)
    assert store.audit() == []
