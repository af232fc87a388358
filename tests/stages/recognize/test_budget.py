"""Money would be overspent, a failing endpoint asked for ever, or a face sent in the clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimika.data.cloud import CloudOptions, When
from mimika.data.errors import CloudError, OptionError, OutputError
from mimika.data.prices import Price, price_of
from mimika.second import AuditFile
from mimika.stages.recognize.asking import Asker, priced
from mimika.stages.recognize.budget import Breaker, Budget, RateLimit
from mimika.stages.recognize.prompts import Prompt
from mimika.stages.recognize.sending import Picture
from mimika.stages.recognize.vision_language import Answer
from tests.provider import answer_of


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_run_does_not_cost_more_than_its_budget() -> None:
    class Paid:
        def request(self, prompt: Prompt, picture: Picture | None) -> Answer:
            return Answer(answer_of(), 5.0, (100_000, 0))

    price = Price("m", 1.0, 1.0, "none", base=100_000)
    asker = Asker(CloudOptions(), Paid(), price, Budget(0.35, 9))
    picture = Picture(b"", 10, 10)
    for _ in range(3):
        asker.opinion(picture)
    with pytest.raises(CloudError, match="budget for second opinions is used up"):
        asker.opinion(picture)
    assert asker.cost_usd == pytest.approx(0.3)
    assert (asker.counts["asked"], asker.counts["budget"]) == (3, 1)


def test_money_is_set_aside_for_requests_under_way_and_comes_back_by_the_minute() -> None:
    clock = Clock()
    budget = Budget(1.0, 0.2, clock)
    assert budget.reserve(0.15)
    assert not budget.reserve(0.15), "two together would be more than a minute may cost"
    budget.settle(0.15, 0.1)
    assert budget.reserve(0.1)
    budget.settle(0.1, 0.0)
    assert budget.spent_usd == pytest.approx(0.1)
    assert not budget.reserve(0.15)
    clock.now += 61
    assert budget.reserve(0.15)
    assert Budget(0, 0).reserve(0.0)
    assert not Budget(0, 0).reserve(0.001)


def test_no_more_requests_a_minute_than_allowed() -> None:
    clock = Clock()
    rate = RateLimit(2, clock)
    assert [rate.wait_s(), rate.wait_s()] == [0, 0]
    clock.now += 20
    assert rate.wait_s() == pytest.approx(40)
    clock.now += 40
    assert rate.wait_s() == 0


def test_the_breaker_rests_then_lets_one_try() -> None:
    clock = Clock()
    breaker = Breaker(3, 30, clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    assert not breaker.allows()
    clock.now += 31
    assert [breaker.allows(), breaker.allows()] == [True, False], "one request tries"
    breaker.failed()
    assert not breaker.allows()
    clock.now += 31
    assert breaker.allows()
    breaker.succeeded()
    assert [breaker.allows(), breaker.allows()] == [True, True]
    breaker.failed(for_good=True)
    clock.now += 10_000
    assert not breaker.allows()
    assert breaker.ended


@pytest.mark.parametrize(
    "wrong", ["always", "every", "every:0", "every:x", "audit:0", "audit:1.5", "unsure:1", "every:nan"]
)
def test_a_wrong_choice_is_named(wrong: str) -> None:
    with pytest.raises(OptionError, match=r"second_opinion: expected never, unsure, every:SECONDS or audit:SHARE"):
        When.parse(wrong)


def test_faces_go_to_other_machines_by_https_only_and_keys_are_no_part_of_addresses() -> None:
    with pytest.raises(OptionError, match="by https only"):
        CloudOptions(url="http://example.org/v1")
    with pytest.raises(OptionError, match="use MIMIKA_CLOUD_KEY") as caught:
        CloudOptions(url="https://me:secret@example.org/v1")
    assert "secret" not in str(caught.value)
    assert CloudOptions(url="http://127.0.0.1:8000/v1").stays_here


def test_a_model_without_a_price_is_refused_elsewhere_and_free_here() -> None:
    with pytest.raises(OptionError, match="MIMIKA_CLOUD_PRICES"):
        priced(CloudOptions(model="unheard-of"), price_of("unheard-of"))
    assert priced(CloudOptions(model="unheard-of", url="http://localhost:11434/v1"), None) is None


def test_prices_say_when_and_where_they_were_read(tmp_path: Path) -> None:
    price = price_of("gpt-4.1-mini-2025-04-14")
    assert price is not None
    assert price.checked
    assert price.source.startswith("https://")
    assert price.picture_tokens(224, 224) == 80, "7 × 7 patches at 1.62"
    file = tmp_path / "prices.toml"
    file.write_text('[models.mine]\ninput = 1\noutput = 2\nchecked = 2026-01-01\nsource = "my contract"\n')
    mine = price_of("mine", file)
    assert mine is not None
    assert mine.cost(1_000_000, 500_000) == 2.0
    file.write_text("[models.mine]\ninput = 1\n")
    with pytest.raises(OptionError, match=r'models\."mine" needs input, output, checked and source'):
        price_of("mine", file)


def test_notes_are_only_added_and_what_cannot_be_noted_is_told(tmp_path: Path) -> None:
    notes = AuditFile(tmp_path / "deep" / "notes.jsonl")
    notes.note("second_opinion", "local", "face 0", bytes=10)
    AuditFile(notes.path).note("second_opinion", "local", "face 1", bytes=11)
    assert [line.count('"bytes"') for line in notes.path.read_text().splitlines()] == [1, 1]
    assert notes.path.stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        AuditFile(tmp_path / "file" / "notes.jsonl")
