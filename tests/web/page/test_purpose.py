"""At the first start the page asks what for; work and education need a ground, or no expression is shown anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mimika.web.config import ServerConfig
from tests.web.page.looking import PHONE, Sight
from tests.web.running import Running, picture, running

Look = Callable[..., Sight]


@pytest.fixture
def fresh(static: Path, tmp_path: Path) -> Iterator[Running]:
    """A server for which nobody has declared anything."""
    with running(ServerConfig(port=0, data_dir=tmp_path / "fresh", job_workers=0)) as site:
        yield site


def test_workplace_without_a_ground_shows_movements_only(
    look: Look, fresh: Running, tmp_path: Path, screenshots: Path, axe: str
) -> None:
    sight = look("", fresh)
    dialog = sight.page.get_by_role("dialog")
    dialog.wait_for()
    declare = dialog.get_by_role("button", name="Declare")
    assert declare.is_disabled()
    assert "expression resembles happiness" in dialog.inner_text()
    dialog.get_by_label("Workplace").check()
    assert "Article 5(1)(f)" in dialog.inner_text()
    assert "Only the action-unit mode runs" in dialog.get_by_role("status").inner_text()
    assert declare.is_disabled(), "the people concerned have not been thought of yet"
    dialog.locator(".purpose-agree input").check()
    assert sight.barriers(axe) == []
    sight.keep(screenshots, "purpose-desktop", whole=False)
    declare.click()
    dialog.wait_for(state="detached")
    assert fresh.store.purpose().mode == "action_units"
    for view in ("photo", "video", "live", "history", "profiles", "about"):
        sight.page.goto(f"{sight.root}#/{view}")
        assert "Action-unit mode" in sight.page.locator(".mode-banner").inner_text()
    sight.page.goto(f"{sight.root}#/photo")
    (tmp_path / "face.jpg").write_bytes(picture())
    sight.page.set_input_files("input[type=file]", tmp_path / "face.jpg")
    sight.page.wait_for_selector(".units")
    assert sight.page.locator(".verdict").count() == 0
    said = sight.page.locator("main").inner_text().lower()
    assert not any(word in said for word in ("happiness", "valence"))
    sight.keep(screenshots, "photo-action-units")


def test_a_ground_needs_a_note_and_then_allows_expressions(look: Look, fresh: Running, screenshots: Path) -> None:
    sight = look("", fresh, size=PHONE, language="kk", dark=True)
    dialog = sight.page.get_by_role("dialog")
    dialog.get_by_label("Білім беру").check()
    dialog.get_by_label("Иә, медициналық себеп").check()
    dialog.locator(".purpose-agree input").check()
    dialog.get_by_role("button", name="Мәлімдеу").click()
    assert "ескертпе керек" in dialog.get_by_role("alert").inner_text()
    sight.keep(screenshots, "purpose-phone-dark-kk", whole=False)
    assert fresh.store.purpose() is None
    dialog.get_by_role("textbox").fill("аутизм терапиясы, дәрігер бақылауымен")
    dialog.get_by_role("button", name="Мәлімдеу").click()
    dialog.wait_for(state="detached")
    declared = fresh.store.purpose()
    assert (declared.kind, declared.ground, declared.mode) == ("education", "medical", "expressions")
    assert "терапиясы" in declared.note
    assert sight.page.locator(".mode-banner").count() == 0


def test_the_people_concerned_get_a_notice_in_their_language(look: Look, site: Running, screenshots: Path) -> None:
    sight = look("#/live", language="uk")
    sight.page.get_by_role("button", name="Показати людям перед камерою").click()
    dialog = sight.page.get_by_role("dialog", name="Тут вимірюють обличчя")
    text = dialog.inner_text()
    assert "не знає, що ви відчуваєте" in text
    assert "Мета: Дослідження" in text
    sight.page.emulate_media(media="print")
    assert dialog.get_by_role("button", name="Надрукувати").is_hidden()
    sight.keep(screenshots, "notice-print-uk", whole=False)
