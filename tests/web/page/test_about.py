"""What a face cannot tell, the law, the networks, the log: honest, in four languages, for every reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.page.looking import PHONE, Sight
from tests.web.running import Running

Look = Callable[..., Sight]
TITLES = {
    "en": ("About", "What a face cannot tell"),
    "ru": ("О программе", "Чего лицо сказать не может"),
    "uk": ("Про програму", "Чого обличчя сказати не може"),
    "kk": ("Бағдарлама туралы", "Бет нені айта алмайды"),
}


def test_limits_networks_and_the_log_are_told(look: Look, site: Running, screenshots: Path) -> None:
    sight = look("#/about")
    said = sight.page.locator("main").inner_text()
    assert "What a person feels, thinks or intends." in said
    for name in ("detect", "mesh", "eyes", "appearance", "changes", "expression", "expression-fast"):
        assert sight.page.get_by_role("heading", name=re.compile(rf"^{name}( |$)")).is_visible()
    networks = sight.page.get_by_role("region", name="Networks")
    assert "Apache-2.0" in networks.inner_text()
    for measured in networks.get_by_text("Measured (").all():
        measured.click()
    assert networks.get_by_role("row").count() > 3
    assert "nothing leaves this server" in said
    sight.page.get_by_role("button", name="Show the log").click()
    assert "purpose" in sight.page.get_by_role("region", name="Log").get_by_role("table").inner_text()
    sight.keep(screenshots, "about-desktop")


def test_the_docs_own_texts_are_read_in_the_page(look: Look) -> None:
    sight = look("#/about")
    sight.page.get_by_role("link", name="Law and limits").click()
    article = sight.page.get_by_role("article")
    assert "Article 5(1)(f)" in article.inner_text()
    assert "not legal advice" in article.inner_text()
    article.get_by_role("link", name="what a face can and cannot tell").click()
    article.get_by_role("heading", name="What a face can and cannot tell").wait_for()
    links = article.get_by_role("link").all()
    assert all((link.get_attribute("href") or "").startswith(("https://", "http://", "#/about")) for link in links)


def test_the_language_is_switched_at_once_and_remembered(look: Look) -> None:
    sight = look("#/about")
    for code, (title, limits) in TITLES.items():
        sight.page.get_by_test_id("language").select_option(code)
        sight.page.get_by_role("heading", name=title, exact=True).wait_for()
        assert sight.page.get_by_role("heading", name=limits).is_visible()
        assert sight.page.evaluate("() => document.documentElement.lang") == code
    sight.page.reload()
    sight.page.get_by_role("heading", name=TITLES["kk"][0], exact=True).wait_for()


@pytest.mark.parametrize("view", ["about", "profiles", "live"])
def test_views_have_no_barriers_and_fit_a_phone(look: Look, view: str, axe: str, screenshots: Path) -> None:
    sight = look(f"#/{view}", size=PHONE, language="ru", dark=True)
    assert sight.barriers(axe) == []
    assert sight.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    sight.keep(screenshots, f"{view}-phone-dark-ru")
