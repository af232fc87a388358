"""What was recorded is found, looked at, compared, changed and erased: without this, the memory is out of reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mimika.data.errors import StoreMissing
from mimika.data.purpose import Purpose
from mimika.web.config import ServerConfig
from tests.web.page.looking import PHONE, TABLET, Sight
from tests.web.page.seeding import recorded
from tests.web.running import Running, running

Look = Callable[..., Sight]


@pytest.fixture(scope="module")
def memory(static: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that remembers a few recordings, one of them without expressions."""
    config = ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("memory"), job_workers=0)
    with running(config, Purpose("research")) as site:
        anna = site.store.add_profile("local", "Anna").id
        recorded(site, "First interview", "happiness", person=anna)
        recorded(site, "Second interview", "anger")
        recorded(site, "Meeting", "fear", purpose="workplace")
        yield site


def rows(sight: Sight) -> Any:
    return sight.page.get_by_test_id("recording-row")


def shown(sight: Sight, names: list[str]) -> None:
    """Wait until exactly these recordings are listed, in this order."""
    listed = "[...document.querySelectorAll('[data-testid=recording-row] th a')].map(a => a.innerText.trim())"
    sight.page.wait_for_function(f"names => JSON.stringify({listed}) === JSON.stringify(names)", arg=names)


def test_recordings_are_found_by_word_expression_kind_and_person(
    look: Look, memory: Running, screenshots: Path
) -> None:
    sight = look("#/history", memory)
    shown(sight, ["Meeting", "Second interview", "First interview"])
    assert "happiness" in rows(sight).nth(2).inner_text()
    assert "action units only" in rows(sight).nth(0).inner_text()
    sight.keep(screenshots, "history-desktop")
    sight.page.get_by_label("Name or note").fill("interview")
    shown(sight, ["Second interview", "First interview"])
    sight.page.get_by_label("Expression").select_option("anger")
    shown(sight, ["Second interview"])
    sight.page.get_by_role("button", name="Clear the filter").click()
    sight.page.get_by_label("Person").select_option(label="Anna")
    shown(sight, ["First interview"])
    sight.page.get_by_label("Kind").select_option("video")
    sight.page.get_by_text("Nothing fits this filter.").wait_for()


def test_long_lists_come_page_by_page(look: Look, memory: Running) -> None:
    many = [memory.store.add_recording("local", name=f"Page {n}", kind="photo").id for n in range(27)]
    sight = look("#/history", memory)
    sight.page.get_by_label("Name or note").fill("Page")
    newest_first = [f"Page {n}" for n in reversed(range(27))]
    shown(sight, newest_first[:25])
    sight.page.get_by_role("button", name="Show more").click()
    shown(sight, newest_first)
    for each in many:
        memory.store.delete_recording("local", each)


def test_a_recording_is_opened_with_curves_episodes_and_exports(look: Look, memory: Running, screenshots: Path) -> None:
    sight = look("#/history", memory)
    sight.page.get_by_role("link", name="First interview").click()
    sight.page.wait_for_selector(".curves canvas")
    sight.page.get_by_role("region", name="Episodes").get_by_role("rowheader", name="happiness").wait_for()
    sight.page.get_by_role("region", name="Events").get_by_text("task 1 begins").wait_for()
    ink = sight.picture(".curves .u-over").astype(int)
    assert (abs(ink - (179, 116, 0)).sum(2) < 60).sum() > 100, "the curve of happiness is drawn"
    with sight.page.expect_download() as coming:
        sight.page.get_by_role("link", name="CSV table").click()
    table = Path(coming.value.path()).read_text(encoding="utf-8")
    assert table.count("\n") == 41
    assert "p_happiness" in table
    sight.keep(screenshots, "recording-desktop")


def test_a_recording_in_action_unit_mode_shows_no_expressions(look: Look, memory: Running, axe: str) -> None:
    sight = look("#/history", memory)
    sight.page.get_by_role("link", name="Meeting").click()
    sight.page.wait_for_selector(".curves canvas")
    assert "action units only" in sight.page.locator(".history-facts").inner_text()
    tabs = sight.page.get_by_role("region", name="Over time").get_by_role("tab").all_inner_texts()
    assert tabs == ["Action units", "Head pose"]
    said = sight.page.locator("main").inner_text().lower()
    assert not any(word in said for word in ("happiness", "anger", "fear", "valence"))
    assert sight.barriers(axe) == []


def test_two_recordings_are_compared(look: Look, memory: Running, screenshots: Path, axe: str) -> None:
    sight = look("#/history", memory)
    assert sight.page.get_by_role("button", name="Compare two").is_disabled()
    sight.page.get_by_label("Choose “First interview” for comparing").check()
    sight.page.get_by_label("Choose “Second interview” for comparing").check()
    assert sight.page.get_by_label("Choose “Meeting” for comparing").is_disabled()
    sight.page.get_by_role("button", name="Compare two").click()
    sight.page.wait_for_function("() => document.querySelectorAll('.curves canvas').length === 2")
    shares = sight.page.get_by_role("region", name="Share of the time").get_by_role("row")
    happiness = [row for row in shares.all_inner_texts() if row.startswith("happiness")]
    assert len(happiness) == 1
    first, second = [int(word.rstrip("%")) for word in happiness[0].split() if word.endswith("%")]
    assert first > 40
    assert second == 0
    assert sight.barriers(axe) == []
    sight.keep(screenshots, "compare-desktop")


def test_name_person_and_retention_are_changed(look: Look, memory: Running) -> None:
    key = recorded(memory, "Untidy name")
    sight = look(f"#/history/{key}", memory)
    sight.page.get_by_role("button", name="Edit").click()
    sight.page.get_by_role("textbox", name="Name").fill("Tidy name")
    sight.page.get_by_role("combobox", name="Person").select_option(label="Anna")
    sight.page.get_by_role("combobox", name="Delete by itself").select_option("30")
    sight.page.get_by_role("button", name="Save").click()
    sight.page.get_by_role("heading", name="Tidy name", exact=True).wait_for()
    kept = memory.store.recording("local", key)
    assert kept.name == "Tidy name"
    assert kept.person is not None
    assert kept.expires_at is not None
    assert "kept until" in sight.page.locator(".history-facts").inner_text()
    memory.store.delete_recording("local", key)


def test_deletion_asks_first_and_is_complete(look: Look, memory: Running, screenshots: Path) -> None:
    key = recorded(memory, "To be erased")
    sight = look("#/history", memory, size=PHONE, language="ru", dark=True)
    sight.page.get_by_role("button", name="Удалить: To be erased").click()
    assert sight.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    sight.keep(screenshots, "history-delete-phone-dark-ru", whole=False)
    sight.page.get_by_role("button", name="Отмена").click()
    assert memory.store.recording("local", key).name == "To be erased"
    sight.page.get_by_role("button", name="Удалить: To be erased").click()
    sight.page.get_by_role("dialog").get_by_role("button", name="Удалить", exact=True).click()
    sight.page.get_by_text("Запись «To be erased» удалена.").wait_for()
    shown(sight, ["Meeting", "Second interview", "First interview"])
    with pytest.raises(StoreMissing):
        memory.store.recording("local", key)


def test_history_has_no_barriers_and_fits_a_tablet(look: Look, memory: Running, axe: str, screenshots: Path) -> None:
    sight = look("#/history", memory, size=TABLET, language="kk")
    shown(sight, ["Meeting", "Second interview", "First interview"])
    assert sight.barriers(axe) == []
    assert sight.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    sight.keep(screenshots, "history-tablet-kk")
