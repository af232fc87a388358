"""Who may come in, what the installation is for, and the audit that nobody can change."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from mimika.data._check import one_of
from mimika.data.errors import OptionError
from mimika.data.purpose import Purpose
from mimika.store import tables
from mimika.store.database import Database, checked_id, missing, text
from mimika.store.records import SCOPES, AuditEntry, Token
from mimika.store.values import plain_json

PREFIX = "mk_"
_SECRET = re.compile(r"mk_[A-Za-z0-9_-]{43}")
_DETAIL = re.compile(r"[\w.,:;/+-]{0,80}", re.ASCII)
_PRIVATE = ("name", "names", "file", "filename", "path", "person", "notes", "note", "image", "text", "email", "secret")


class Access(Database):
    """The part of the memory that keeps tokens, purposes and the audit."""

    def create_token(self, name: str, scopes: Iterable[str], owner: str | None = None) -> tuple[Token, str]:
        """Make a token; returns it with its secret, which is shown this once and kept nowhere.

        `owner` is whose recordings its bearer sees, by default the name itself. Of the secret, 256 random bits, only
        the SHA-256 is kept: that is enough, for unlike a password it cannot be guessed from a list.

        Raises:
            OptionError: for an unknown scope, none, or a name that a valid token has already.
        """
        wanted = {one_of("scope", scope, SCOPES) for scope in scopes}
        allowed = [scope for scope in SCOPES if scope in wanted]
        if not allowed or not name.strip():
            raise OptionError("token: expected a name and at least one scope: read, analyze or admin")
        secret = PREFIX + secrets.token_urlsafe(32)
        values: dict[str, Any] = {
            "id": uuid4().hex,
            "name": text(name),
            "owner": text(owner or name),
            "scopes": allowed,
        }
        values |= {"hash": _hash(secret), "created_at": self.clock(), "revoked_at": None}
        table = tables.tokens
        taken = select(table.c.id).where(table.c.name == values["name"], table.c.revoked_at.is_(None))
        moment = self.clock()
        with self.writing() as connection:
            if connection.execute(taken).first() is not None:
                raise OptionError(f"token {name!r}: a valid one has this name; revoke it or choose another")
            connection.execute(insert(table).values(values))
            _note(connection, moment, "token.create", values["owner"], values["id"], {"scopes": allowed})
        return self._token(values["id"]), secret

    def token_of(self, secret: str) -> Token | None:
        """Return the valid token of a secret, or None."""
        if not _SECRET.fullmatch(secret):
            return None
        # Looked up by its hash: how long that takes tells nothing about the secret.
        wanted = select(tables.tokens).where(tables.tokens.c.hash == _hash(secret))
        with self.reading() as connection:
            row = connection.execute(wanted.where(tables.tokens.c.revoked_at.is_(None))).one_or_none()
        return None if row is None else _as_token(row)

    def tokens(self) -> list[Token]:
        """Return all tokens, the revoked ones too, in the order in which they were made."""
        wanted = select(tables.tokens).order_by(tables.tokens.c.created_at, tables.tokens.c.id)
        with self.reading() as connection:
            return [_as_token(row) for row in connection.execute(wanted)]

    def revoke_token(self, token: str) -> Token:
        """Make a token invalid from now on.

        Raises:
            StoreMissing: if there is none of this id.
        """
        found, table = self._token(checked_id("token", token)), tables.tokens
        with self.writing() as connection:
            valid = update(table).where(table.c.id == token, table.c.revoked_at.is_(None))
            if connection.execute(valid.values(revoked_at=self.clock())).rowcount:
                _note(connection, self.clock(), "token.revoke", found.owner, token, {})
        return self._token(token)

    def declare(self, purpose: Purpose) -> None:
        """Remember what the installation is for from now on; the audit names kind, ground and mode."""
        values = {"kind": purpose.kind, "ground": purpose.ground, "note": text(purpose.note)}
        values |= {"declared_by": text(purpose.declared_by)}
        when = datetime.fromisoformat(purpose.declared_at)
        details = {"kind": purpose.kind, "ground": purpose.ground, "mode": purpose.mode}
        with self.writing() as connection:
            connection.execute(insert(tables.purposes).values(declared_at=when, **values))
            _note(connection, self.clock(), "purpose.declare", purpose.declared_by, "", details)

    def purpose(self) -> Purpose | None:
        """Return the purpose declared last, None if none was."""
        with self.reading() as connection:
            row = connection.execute(select(tables.purposes).order_by(tables.purposes.c.id.desc()).limit(1)).first()
        return None if row is None else _as_purpose(row)

    def purposes(self) -> list[Purpose]:
        """Return all purposes that were declared, the oldest first."""
        wanted = select(tables.purposes).order_by(tables.purposes.c.id)
        with self.reading() as connection:
            return [_as_purpose(row) for row in connection.execute(wanted)]

    def note(self, action: str, owner: str, subject: str = "", **details: Any) -> None:
        """Add a line to the audit: `subject` an id, `details` numbers and single words, no names and no images.

        Raises:
            OptionError: for a detail that is, or could hold, a name, a text or a picture.
        """
        with self.writing() as connection:
            _note(connection, self.clock(), action, owner, subject, details)

    def _noted(self, connection: Connection, action: str, owner: str, subject: str, **details: Any) -> None:
        """Add a line to the audit in the transaction of what it tells of."""
        _note(connection, self.clock(), action, owner, subject, details)

    def audit(self, limit: int = 100, after: int | None = None) -> list[AuditEntry]:
        """Return the latest lines of the audit, newest first; `after` is the id of the last line of the page before.

        Raises:
            OptionError: for a limit outside 1..10000.
        """
        if not 1 <= limit <= 10_000:
            raise OptionError(f"limit: expected 1..10000, received {limit}")
        wanted = select(tables.audit).order_by(tables.audit.c.id.desc()).limit(limit)
        if after is not None:
            wanted = wanted.where(tables.audit.c.id < after)
        with self.reading() as connection:
            return [AuditEntry(*row) for row in connection.execute(wanted)]

    def _token(self, token: str) -> Token:
        with self.reading() as connection:
            row = connection.execute(select(tables.tokens).where(tables.tokens.c.id == token)).one_or_none()
        if row is None:
            raise missing("token", token)
        return _as_token(row)


def _note(
    connection: Connection, moment: datetime, action: str, owner: str, subject: str, details: dict[str, Any]
) -> None:
    for name, value in details.items():
        words = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        plain = value is None or isinstance(value, bool | int | float | str | list | tuple)
        if not plain or name.lower() in _PRIVATE or not all(_DETAIL.fullmatch(str(word)) for word in words):
            raise OptionError(f"audit: {name}: expected a number or a short word, no name, text or picture")
    values = {"at": moment, "action": text(action)[:80], "owner": text(owner)[:200], "subject": text(subject)[:80]}
    connection.execute(insert(tables.audit).values(details=plain_json(details), **values))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _as_token(row: Row[Any]) -> Token:
    return Token(row.id, row.name, row.owner, frozenset(row.scopes), row.created_at, row.revoked_at)


def _as_purpose(row: Row[Any]) -> Purpose:
    return Purpose(row.kind, row.ground, row.note, row.declared_by, row.declared_at.isoformat())
