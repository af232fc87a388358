"""What a month held, summed up by the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select, text

from mimika.data.errors import OptionError
from mimika.store import schema, tables
from mimika.store.archive import Archive
from mimika.store.files import size_of

TABLE = tables.recordings


class Reports(Archive):
    """The part of the memory that counts."""

    def monthly_report(self, owner: str, year: int, month: int) -> dict[str, Any]:
        """Return what an owner recorded in a month of UTC, as plain values.

        `recordings`, `seconds`, `frames`, `rows`; `days`, `kinds` and `persons` with recordings and seconds each (and
        labels a person); `labels` how many rows resemble each expression, `shares` the same 0..1; `valence` and
        `arousal` means; `episodes` count and seconds by kind and label; `events` how often each rule began.

        Raises:
            OptionError: for a month outside 1..12 or a year outside 1970..9998.
        """
        if not (1 <= month <= 12 and 1970 <= year <= 9998):
            raise OptionError(f"month: expected one such as 2026-11, received {year}-{month}")
        start = datetime(year, month, 1, tzinfo=UTC)
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        inside = and_(TABLE.c.owner == owner, TABLE.c.started_at >= start, TABLE.c.started_at < end)
        with self.reading() as connection:
            labels = _labels(connection, inside)
            total = sum(labels.values())
            return {
                "month": f"{year:04d}-{month:02d}",
                **_totals(connection, inside),
                "days": _groups(connection, inside, func.date(TABLE.c.started_at), "day"),
                "kinds": _groups(connection, inside, TABLE.c.kind, "kind"),
                "labels": labels,
                "shares": {label: round(rows / total, 6) for label, rows in labels.items()},
                "persons": _persons(connection, inside),
                "episodes": _episodes(connection, inside),
                "events": _events(connection, inside),
            }

    def info(self) -> dict[str, Any]:
        """Return where the memory lies, how large it is and what it holds, all owners together, as plain values."""
        names = {"recordings": TABLE, "profiles": tables.profiles, "tokens": tables.tokens}
        with self.reading() as connection:
            told: dict[str, Any] = {
                name: connection.scalar(select(func.count()).select_from(each)) for name, each in names.items()
            }
            told["rows"] = int(connection.scalar(select(func.sum(TABLE.c.rows))) or 0)
            waiting = tables.jobs.c.status.in_(("queued", "running"))
            told["jobs_waiting"] = connection.scalar(select(func.count()).where(waiting))
            size = (
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
                if self.sqlite
                else "SELECT pg_database_size(current_database())"
            )
            told |= {"bytes": int(connection.scalar(text(size)) or 0), "revision": schema.revision(connection)}
        purpose = self.purpose()
        told |= {"place": self.place, "data_dir": str(self.data_dir), "media_bytes": size_of(self.files)}
        return told | {"purpose": purpose and purpose.as_json(), "exports": self.exports()}


def _totals(connection: Connection, inside: Any) -> dict[str, Any]:
    sums = [func.sum(TABLE.c[name]) for name in ("duration_s", "frames", "rows", "valued_rows")]
    sums += [func.sum(TABLE.c.valence_sum), func.sum(TABLE.c.arousal_sum)]
    count, seconds, frames, rows, valued, valence, arousal = connection.execute(
        select(func.count(), *sums).where(inside)
    ).one()
    means = {"valence": _mean(valence, valued), "arousal": _mean(arousal, valued)}
    return {
        "recordings": count,
        "seconds": _seconds(seconds),
        "frames": int(frames or 0),
        "rows": int(rows or 0),
    } | means


def _groups(connection: Connection, inside: Any, by: Any, name: str) -> list[dict[str, Any]]:
    wanted = select(by, func.count(), func.sum(TABLE.c.duration_s)).where(inside).group_by(by).order_by(by)
    return [
        {name: str(key), "recordings": count, "seconds": _seconds(seconds)}
        for key, count, seconds in connection.execute(wanted)
    ]


def _labels(connection: Connection, inside: Any) -> dict[str, int]:
    table = tables.labels
    rows = func.sum(table.c.rows)
    wanted = select(table.c.label, rows).join(TABLE, TABLE.c.id == table.c.recording).where(inside)
    found = connection.execute(wanted.group_by(table.c.label).order_by(rows.desc(), table.c.label))
    return {label: int(count) for label, count in found}


def _persons(connection: Connection, inside: Any) -> list[dict[str, Any]]:
    people, table = tables.profiles, tables.labels
    wanted = select(people.c.id, people.c.name, func.count(), func.sum(TABLE.c.duration_s))
    wanted = wanted.join(TABLE, TABLE.c.person == people.c.id).where(inside).group_by(people.c.id, people.c.name)
    found = {
        profile: {"person": profile, "name": name, "recordings": count, "seconds": _seconds(seconds), "labels": {}}
        for profile, name, count, seconds in connection.execute(wanted.order_by(people.c.name, people.c.id))
    }
    by_label = select(TABLE.c.person, table.c.label, func.sum(table.c.rows))
    by_label = by_label.join(TABLE, TABLE.c.id == table.c.recording).where(inside, TABLE.c.person.is_not(None))
    for profile, label, rows in connection.execute(by_label.group_by(TABLE.c.person, table.c.label)):
        found[profile]["labels"][label] = int(rows)
    return list(found.values())


def _episodes(connection: Connection, inside: Any) -> list[dict[str, Any]]:
    table = tables.episodes
    seconds = func.sum(table.c.offset_s - table.c.onset_s)
    wanted = select(table.c.kind, table.c.label, func.count(), seconds)
    wanted = wanted.join(TABLE, TABLE.c.id == table.c.recording).where(
        inside, table.c.kind.not_in(("remark", "opinion"))
    )
    wanted = wanted.group_by(table.c.kind, table.c.label).order_by(table.c.kind, table.c.label)
    return [
        {"kind": kind, "label": label, "count": count, "seconds": _seconds(total)}
        for kind, label, count, total in connection.execute(wanted)
    ]


def _events(connection: Connection, inside: Any) -> dict[str, int]:
    table = tables.events
    wanted = select(table.c.rule, func.count().label("begun")).join(TABLE, TABLE.c.id == table.c.recording)
    wanted = wanted.where(inside, table.c.phase == "begin").group_by(table.c.rule).order_by(table.c.rule)
    return {row.rule: row.begun for row in connection.execute(wanted)}


def _seconds(total: float | None) -> float:
    return round(float(total or 0.0), 3)


def _mean(total: float | None, rows: int | None) -> float | None:
    return round(float(total or 0.0) / int(rows), 6) if rows else None
