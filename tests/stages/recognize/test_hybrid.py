"""Video would wait for the cloud, money would be overspent, or an answer would be put onto another face."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from mimika.data.cloud import CloudOptions, When
from mimika.data.errors import CloudError
from mimika.data.expressions import Expressions
from mimika.data.labels import FERPLUS
from mimika.data.observation import Observation
from mimika.data.opinion import Opinion
from mimika.data.prices import Price
from mimika.stages.recognize.asking import Asker
from mimika.stages.recognize.budget import Budget
from mimika.stages.recognize.hybrid import SecondOpinion, report
from mimika.stages.recognize.looks import Looks, look_of
from mimika.stages.recognize.sending import Picture
from mimika.stages.recognize.vision_language import Client
from tests import builders, provider
from tests.provider import KEY

PRICE = Price("m", 1.0, 1.0, "none", base=100)


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
