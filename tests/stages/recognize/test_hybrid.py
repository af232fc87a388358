"""Video would wait for the cloud, money would be overspent, or an answer would be put onto another face."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mimika.data.cloud import CloudOptions, When
from mimika.data.errors import CloudError, OptionError, OutputError
from mimika.data.expressions import Expressions
from mimika.data.labels import FERPLUS
from mimika.data.observation import Observation
from mimika.data.opinion import Opinion
from mimika.data.prices import Price, price_of
from mimika.second import AuditFile
from mimika.stages.recognize.asking import Asker, priced
from mimika.stages.recognize.budget import Breaker, Budget, RateLimit
from mimika.stages.recognize.hybrid import SecondOpinion, report
from mimika.stages.recognize.looks import Looks, look_of
from mimika.stages.recognize.prompts import Prompt
from mimika.stages.recognize.sending import Picture
from mimika.stages.recognize.vision_language import Answer, Client
from tests import builders, provider
from tests.provider import KEY, answer_of

PRICE = Price("m", 1.0, 1.0, "none", base=100)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Endpoint:
    """Stands where the client would: answers after `pause_s`, or when `gate` opens, with `label`."""

    def __init__(self, label: str = "happiness", pause_s: float = 0.0, options: CloudOptions | None = None) -> None:
        self.label, self.pause_s, self.gate = label, pause_s, threading.Event()
        self.options = options or CloudOptions()
        self.counts, self.reasons, self.asked = Counter[str](), dict[str, str](), list[str]()
        self.at_once: Counter[str] = Counter()
        self.most = 0
        self.fails = False
        self.gate.set()

    def opinion(self, picture: Picture, subject: str = "", patient: bool = False) -> Opinion:
        track = subject.split()[1]
        self.asked.append(subject)
        self.at_once[track] += 1
        self.most = max(self.most, self.at_once[track])
        self.gate.wait(5)
        time.sleep(self.pause_s)
        self.at_once[track] -= 1
        if self.fails:
            raise CloudError("server", "it fails")
        shares = np.full(8, 0.01, np.float32)
        shares[FERPLUS.index(self.label)] = 0.93
        return Opinion(self.label, shares, "seen", "cloud:m")

    def close(self) -> None:
        self.gate.set()


def seen(
    time_s: float = 0.0, faces: int = 1, unsure: bool = True, source: str = "clip.mp4", grey: int = 120
) -> Observation:
    """Return an observation whose faces are unsure, a little more neutral than happy, or sure to be neutral."""
    made = builders.observation(faces, builders.frame(time_s=time_s, number=int(time_s * 25), source=source, grey=grey))
    row = np.full(8, 0.04, np.float32)
    row[:2] = (0.4, 0.36) if unsure else (0.7, 0.06)
    shown = Expressions(np.tile(row, (faces, 1)), made.expressions.embeddings, unsure_below=0.5)
    return replace(made, expressions=shown)


def test_only_unsure_faces_are_asked_about_and_the_answer_replaces_the_row() -> None:
    endpoint = Endpoint()
    with SecondOpinion(endpoint, When.parse("unsure")) as second:
        second.see(seen(0, unsure=False))
        assert second.settle(2)
        assert endpoint.asked == []
        second.see(seen(1))
        assert second.settle(2)
        refined = second.refine(seen(1))
    assert endpoint.asked == ["face 0 at 1.000 s"]
    assert refined.expressions.labels == ["happiness"]
    assert refined.origin(0) == "cloud:m"
    assert refined.opinions[0] is not None
    assert refined.opinions[0].evidence == "seen"
    assert refined.expressions.probabilities.sum() == pytest.approx(1)
    assert second.refined == 1


def test_live_video_never_waits_and_is_refined_from_when_the_answer_comes() -> None:
    endpoint = Endpoint()
    endpoint.gate.clear()
    slowest, origins = 0.0, []
    with SecondOpinion(endpoint, When.parse("unsure")) as second:
        for number in range(20):
            if number == 10:
                endpoint.gate.set()
                assert second.settle(2)
            item = seen(number / 25)
            began = time.perf_counter()
            origins.append(second.follow(item).origin(0))
            slowest = max(slowest, time.perf_counter() - began)
    assert slowest < 0.25
    assert origins == ["local"] * 10 + ["cloud:m"] * 10
    assert (len(endpoint.asked), endpoint.most) == (1, 1)


def test_one_request_a_track_at_a_time() -> None:
    endpoint = Endpoint()
    endpoint.gate.clear()
    with SecondOpinion(endpoint, When.parse("every:0.1")) as second:
        for number in range(30):
            second.follow(seen(number / 10, faces=3))
        time.sleep(0.05)
        assert sorted(endpoint.asked) == [f"face {face} at 0.000 s" for face in range(3)]
        endpoint.gate.set()
        assert second.settle(2)
    assert endpoint.most == 1


def test_an_answer_counts_only_while_the_face_looks_as_it_did() -> None:
    with SecondOpinion(Endpoint(), When.parse("unsure")) as second:
        second.see(seen(5))
        assert second.settle(2)
        other = seen(5.1)
        angry = np.full((1, 8), 0.02, np.float32)
        angry[0, FERPLUS.index("anger")] = 0.86
        other = replace(other, expressions=replace(other.expressions, probabilities=angry))
        assert second.refine(other).origin(0) == "local", "the expression has changed since"
        assert second.refine(seen(9)).origin(0) == "local", "too long ago"
        assert second.refine(seen(4.5)).origin(0) == "cloud:m", "of files the future is known"
        assert second.refine(seen(4.5), ahead=False).origin(0) == "local"


def test_answers_do_not_cross_into_another_recording() -> None:
    endpoint = Endpoint()
    endpoint.gate.clear()
    with SecondOpinion(endpoint, When.parse("unsure")) as second:
        second.see(seen(0))
        second.begin()
        endpoint.gate.set()
        time.sleep(0.1)
        assert second.refine(seen(0, source="other.mp4")).origin(0) == "local"
        second.see(seen(0, source="other.mp4"))
        assert second.settle(2)
        assert second.refine(seen(0, source="other.mp4")).origin(0) == "cloud:m"


def test_the_same_look_within_a_moment_is_not_asked_about_twice() -> None:
    endpoint = Endpoint()
    with SecondOpinion(endpoint, When.parse("every:1")) as second:
        for moment in (0.0, 1.5, 3.0):
            second.see(seen(moment))
            assert second.settle(2)
        assert (len(endpoint.asked), endpoint.counts["cached"]) == (1, 2)
        reused = second.refine(seen(3.0)).opinions[0]
        assert reused is not None
        assert (reused.cached, reused.cost_usd) == (True, 0.0)
        second.see(seen(30.0))
        assert second.settle(2)
    assert len(endpoint.asked) == 2


def test_a_look_changes_with_the_face_and_hardly_with_light_or_noise() -> None:
    mesh = builders.observation(1).measurements.meshes[0]
    chance = np.random.default_rng(1)
    yy, xx = np.mgrid[:240, :320]
    face = (120 + 60 * np.sin(xx / 17) * np.cos(yy / 13)).astype(np.float32)
    other = (120 + 60 * np.cos(xx / 9) * np.sin(yy / 21)).astype(np.float32)
    plain = look_of(face.astype(np.uint8), mesh)
    noisy = look_of((0.8 * face + 20 + chance.normal(0, 4, face.shape)).clip(0, 255).astype(np.uint8), mesh)
    assert (plain ^ noisy).bit_count() <= 6 < (plain ^ look_of(other.astype(np.uint8), mesh)).bit_count()
    known = Looks(moment_s=5)
    opinion = Opinion("neutral", np.full(8, 0.125, np.float32), cost_usd=0.1)
    known.keep("a.mp4", 0, 10.0, plain, opinion)
    assert known.find("a.mp4", 0, 14.0, noisy) is not None
    assert known.find("a.mp4", 0, 16.0, noisy) is None
    assert known.find("a.mp4", 1, 11.0, noisy) is None
    assert known.find("b.mp4", 0, 11.0, noisy) is None


def test_an_audit_compares_a_share_and_changes_nothing() -> None:
    endpoint = Endpoint("neutral")
    with SecondOpinion(endpoint, When.parse("audit:0.3")) as second:
        for number in range(100):
            item = seen(1.1 * number, unsure=False, grey=60 + number % 120)
            second.see(item)
            assert second.settle(2)
            assert second.refine(item) is item
    share = (len(endpoint.asked) + endpoint.counts["cached"]) / 100
    assert 0.15 < share < 0.45
    assert second.compared["same"] == len(endpoint.asked)
    assert "both named the same on" in report(second)[0][1]


def test_after_a_failure_a_track_is_left_alone_for_a_while() -> None:
    endpoint = Endpoint()
    endpoint.fails = True
    with SecondOpinion(endpoint, When.parse("unsure")) as second:
        for number in range(40):
            second.see(seen(number / 10))
            assert second.settle(2)
        assert len(endpoint.asked) == 1
        assert second.refine(seen(0)).origin(0) == "local"


def test_an_answer_after_the_deadline_is_not_used() -> None:
    endpoint = Endpoint(pause_s=0.1, options=CloudOptions(deadline_s=0.02))
    with SecondOpinion(endpoint, When.parse("unsure")) as second:
        second.see(seen(0))
        assert second.settle() is False
        assert second.settle(2)
        assert second.refine(seen(0)).origin(0) == "local"
        assert second.skipped["too late"] == 1


def test_closing_does_not_wait_for_a_request_under_way() -> None:
    with provider.provided() as (_, injector):
        injector.always = "hang"
        options = CloudOptions(url=injector.url, timeout_s=4)
        asker = Asker(options, Client(options, KEY), None, Budget(0, 0))
        with SecondOpinion(asker, When.parse("unsure")) as second:
            second.see(seen(0))
            time.sleep(0.2)
            began = time.perf_counter()
        assert time.perf_counter() - began < 0.5


def test_two_failures_of_a_kind_are_one_line() -> None:
    with provider.provided() as (_, injector):
        injector.always = "500"
        options = CloudOptions(url=injector.url, tries=1)
        asker = Asker(options, Client(options, KEY), None, Budget(0, 0))
        with SecondOpinion(asker, When.parse("unsure")) as second:
            second.see(seen(0, faces=2))
            assert second.settle(5)
            told, troubles = report(second)
    assert told == ["second opinion: 2 requests to 127.0.0.1, 0 answers, 0.0000 USD; 0 rows refined"]
    assert troubles == ["second opinion: 2 not had (127.0.0.1: the endpoint fails (500)); the local answer stands"]


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
