"""A user would set a variable and nothing would happen, or would find no word about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimika import settings
from mimika.data.errors import OptionError
from tests.conftest import ROOT


def test_defaults_are_used_where_nothing_is_set() -> None:
    assert settings.load({}) == settings.Settings(out=Path("mimika-out"), language="en", threads=1)
    assert settings.load({"MIMIKA_LANGUAGE": ""}).language == "en"


def test_what_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMIKA_OUT", "~/results")
    monkeypatch.setenv("MIMIKA_LANGUAGE", "kk")
    monkeypatch.setenv("MIMIKA_THREADS", "0")
    assert settings.load() == settings.Settings(Path.home() / "results", "kk", 0)


@pytest.mark.parametrize(
    ("name", "value"), [("MIMIKA_LANGUAGE", "xx"), ("MIMIKA_THREADS", "-1"), ("MIMIKA_THREADS", "many")]
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(OptionError, match=rf"{name}: expected .* received '{value}'"):
        settings.load({name: value})


def test_a_secret_comes_from_a_file_where_the_variable_is_unset(tmp_path: Path) -> None:
    """Containers and systemd hand out passwords as files; a line feed at the end is not part of one."""
    secret = tmp_path / "database_url"
    secret.write_text("postgresql://mimika:geheim@db/mimika\n", "utf-8")
    told = {"MIMIKA_DATABASE_URL_FILE": str(secret)}
    assert settings.load(told).database_url == "postgresql://mimika:geheim@db/mimika"
    assert settings.load({**told, "MIMIKA_DATABASE_URL": "sqlite:///x"}).database_url == "sqlite:///x"
    with pytest.raises(OptionError, match=r"MIMIKA_THREADS_FILE: cannot read .*absent"):
        settings.load({"MIMIKA_THREADS_FILE": str(tmp_path / "absent")})


def test_the_documentation_names_every_setting_with_its_default() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8")
    for setting in settings.SETTINGS:
        assert f"| `{setting.name}` | `{setting.default}` | {setting.help} |" in page


def test_nothing_else_in_the_package_reads_the_environment() -> None:
    readers = [
        path.name
        for path in (ROOT / "src" / "mimika").rglob("*.py")
        if "training" not in path.parts and ("os.environ" in (text := path.read_text("utf-8")) or "getenv" in text)
    ]
    assert readers == ["settings.py"]
