"""Reports over many recordings, and the audit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mimika.web.series import table_of
from tests import builders
from tests.web.running import Running


def test_a_month_sums_up_what_was_recorded_in_it(guarded: Running) -> None:
    who = guarded.bearer("reporter")
    made = guarded.store.add_recording(
        "reporter", name="talk.mp4", started_at=datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    )
    guarded.store.append_rows("reporter", made.id, table_of(builders.clip(26), "expressions", False))
    march = guarded.client.get("/v1/reports/monthly?month=2026-03", headers=who).json()
    assert (march["recordings"], march["seconds"], march["rows"]) == (1, 1.0, 26)
    assert guarded.client.get("/v1/reports/monthly?month=2026-04", headers=who).json()["recordings"] == 0
    assert guarded.client.get("/v1/reports/monthly", headers=who).status_code == 200


@pytest.mark.parametrize("month", ["2026-13", "2026", "26-01", "2026-01-01", "../..", "9999-12"])
def test_what_is_no_month_is_refused(server: Running, month: str) -> None:
    assert server.client.get("/v1/reports/monthly", params={"month": month}).status_code == 422


def test_the_audit_is_for_administrators(guarded: Running) -> None:
    admin = guarded.bearer("chief", ("admin",))
    assert guarded.client.get("/v1/audit", headers=guarded.bearer("curious")).status_code == 403
    found = guarded.client.get("/v1/audit?limit=5", headers=admin).json()["entries"]
    assert len(found) <= 5
    assert {"action", "owner", "at"} <= set(found[0])
