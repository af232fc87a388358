"""A month in numbers: without it nobody sees what a server recorded, or a page tells more than the purpose allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mimika.data.purpose import Purpose
from mimika.web.config import ServerConfig
from tests.web.page.looking import PHONE, Sight
from tests.web.page.seeding import recorded
from tests.web.running import Running, running

Look = Callable[..., Sight]


@pytest.fixture(scope="module")
def memory(static: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that remembers recordings of March 2026, one of them without expressions, and one of April."""
    config = ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("month"), job_workers=0)
    with running(config, Purpose("research")) as site:
        anna = site.store.add_profile("local", "Anna").id
        for name, shows, purpose, person, month, day in (
            ("First interview", "happiness", "research", anna, 3, 2),
            ("Second interview", "happiness", "research", None, 3, 17),
            ("Meeting", "fear", "workplace", None, 3, 17),
            ("Later", "anger", "research", None, 4, 1),
        ):
            key = recorded(site, name, shows, purpose, person)
            site.store.update_recording("local", key, started_at=datetime(2026, month, day, 10, tzinfo=UTC))
        yield site


def test_a_month_is_shown_with_totals_days_shares_and_recordings(
    look: Look, memory: Running, screenshots: Path, axe: str
) -> None:
    sight = look("#/history/month/2026-03", memory)
    sight.page.get_by_role("link", name="First interview").wait_for()
    totals = " ".join(sight.page.locator(".month-totals").inner_text().split())
    assert totals.startswith("Recordings 3 Recorded 0:12 Frames 120 Faces measured 120")
    assert "Valence" in totals
    heights = sight.page.eval_on_selector_all(".month-column", "all => all.map(one => one.style.height)")
    assert [day + 1 for day, height in enumerate(heights) if height != "0%"] == [2, 17]
    assert len(heights) == 31
    shares = sight.page.get_by_role("group", name="Which expressions the faces resembled").inner_text()
    assert shares.split("happiness")[1].split()[0] == "63%"
    assert "anger\n0%" in shares
    people = sight.page.get_by_role("region", name="People", exact=True).first.inner_text()
    assert "Anna" in people
    assert sight.barriers(axe) == []
    sight.keep(screenshots, "month-desktop")
    sight.page.get_by_role("button", name="The month after").click()
    sight.page.get_by_role("link", name="Later").wait_for()
    sight.page.get_by_role("combobox", name="Month").select_option("2026-05")
    sight.page.get_by_text("Nothing was recorded in May 2026.").wait_for()


def test_in_action_unit_mode_nothing_of_expressions_is_shown(
    look: Look, memory: Running, screenshots: Path, axe: str
) -> None:
    memory.store.declare(Purpose("workplace"))
    try:
        sight = look("#/history/month/2026-03", memory)
        sight.page.get_by_role("link", name="First interview").wait_for()
        said = sight.page.locator("main").inner_text().lower()
        assert not any(word in said for word in ("happiness", "fear", "valence", "arousal", "neutral"))
        assert "nothing of expressions is shown" in said
        assert sight.barriers(axe) == []
    finally:
        memory.store.declare(Purpose("research"))


@pytest.mark.parametrize(
    ("language", "month", "first"),
    [("ru", "март 2026", "Записи"), ("uk", "березень 2026", "Записи"), ("kk", "03.2026", "Жазбалар")],
)
def test_it_speaks_four_languages_and_fits_a_phone(
    look: Look, memory: Running, screenshots: Path, language: str, month: str, first: str
) -> None:
    sight = look("#/history/month/2026-03", memory, size=PHONE, language=language, dark=language == "uk")
    sight.page.get_by_role("link", name="First interview").wait_for()
    assert sight.page.locator(".month-picker option:checked").inner_text().startswith(month)
    assert sight.page.locator(".month-totals").inner_text().startswith(first)
    assert not sight.is_wider_than_the_window()
    sight.keep(screenshots, f"month-phone-{language}")


def test_it_is_reached_from_the_history(look: Look, memory: Running) -> None:
    sight = look("#/history", memory)
    sight.page.get_by_role("link", name="A month in numbers").click()
    sight.page.get_by_role("heading", name="A month in numbers").wait_for()
    assert sight.page.get_by_role("combobox", name="Month").input_value() == datetime.now(UTC).strftime("%Y-%m")
