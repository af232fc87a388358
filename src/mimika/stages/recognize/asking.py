"""Asking with care: money, rate, rest after failures, tries with jitter, and a note of every request."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from mimika.data.cloud import CloudOptions
from mimika.data.errors import CloudError, OptionError
from mimika.data.opinion import Opinion
from mimika.data.prices import Price
from mimika.stages.recognize.answers import read
from mimika.stages.recognize.audit import ACTION, Audit
from mimika.stages.recognize.budget import Breaker, Budget, RateLimit, reserved
from mimika.stages.recognize.prompts import Prompt, explain_prompt, label_prompt, tokens_of
from mimika.stages.recognize.sending import Picture
from mimika.stages.recognize.vision_language import Answer

T = TypeVar("T")

ANSWER_TOKENS_USUAL = 130
"""Tokens of an answer with eight numbers and a sentence, for estimates."""
AGAIN = frozenset({"offline", "rate", "server", "timeout", "cut"})
"""Failures after which another try may help."""
FOR_GOOD = frozenset({"key", "forbidden", "missing"})
"""Failures that every further request would meet too."""
_FIRST_S, _LONGEST_S = 0.5, 8.0


class Requests(Protocol):
    """Something that sends a prompt with a picture: the client, or a stand-in that only estimates."""

    def request(self, prompt: Prompt, picture: Picture | None) -> Answer:
        """Send one request."""
        ...


@dataclass(slots=True)
class _Question:
    """When a question began, by the clock of the asker; a `patient` one waits for its place however long."""

    began: float
    patient: bool = False


@dataclass(slots=True)
class Asker:
    """Asks an endpoint through `client`, with `price` None where it costs nothing.

    `audit` is told of every request under `owner`. `rate` and `room` hold back requests a minute, and at once. `counts`
    counts what became of them: "asked" requests sent, "answered", "repaired", and failures by kind; `cost_usd` and
    `tokens` add up. Safe to share between threads; `close` ends waiting tries.
    """

    options: CloudOptions
    client: Requests
    price: Price | None
    budget: Budget
    audit: Audit | None = None
    owner: str = "local"
    rate: RateLimit | None = None
    room: threading.Semaphore | None = None
    breaker: Breaker = field(default_factory=Breaker)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)
    tokens: tuple[int, int] = (0, 0)
    clock: Callable[[], float] = time.monotonic
    first_s: float = _FIRST_S
    _closed: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.rate is None:
            self.rate = RateLimit(self.options.requests_per_minute, self.clock)
        if self.room is None:
            self.room = threading.Semaphore(self.options.parallel)

    def for_owner(self, owner: str) -> Asker:
        """Return one that asks and notes for another owner and shares client, money, rate, room and rest with this."""
        return Asker(
            self.options, self.client, self.price, self.budget, self.audit, owner, self.rate, self.room, self.breaker,
            clock=self.clock, first_s=self.first_s,
        )  # fmt: skip

    @property
    def cost_usd(self) -> float:
        """What the answers have cost so far, in US dollars."""
        return self.budget.spent_usd

    def close(self) -> None:
        """End waiting; what is under way is not waited for."""
        self._closed.set()

    def opinion(self, picture: Picture, subject: str = "", patient: bool = False) -> Opinion:
        """Ask for the expression of the face on a picture; `patient` waits for its place among the requests.

        Raises:
            CloudError: after the last try; counted, with one line for each kind in `reasons`.
            OutputError, StoreError: if the request cannot be noted; then it was not sent.
        """
        prompt = label_prompt(self.options.language, picture.place)

        def understood(answer: Answer) -> Opinion:
            said = read(answer.text)
            origin, cost = self.options.origin, self._cost(answer)
            return Opinion(
                said.label, said.probabilities, said.evidence, origin, answer.ms, cost, answer.tokens, said.repaired
            )

        found = self._asked(prompt, picture, subject, understood, patient)
        self._count("repaired", found.repaired)
        return found

    def explanation(self, picture: Picture, facts: str, subject: str = "") -> str:
        """Ask for a paragraph about the face on a picture, grounded in `facts`.

        Raises:
            CloudError: as `opinion`.
        """
        prompt = explain_prompt(self.options.language, facts, picture.place)

        def understood(answer: Answer) -> str:
            text = " ".join(answer.text.split())
            if len(text) < 20 or text.startswith("{"):
                raise CloudError("nonsense", f"{self.options.host}: the model's answer is no paragraph")
            return text

        return self._asked(prompt, picture, subject, understood)

    def estimate_usd(self, prompt: Prompt, picture: Picture) -> float:
        """Return what a request will about cost."""
        if self.price is None:
            return 0.0
        return self.price.cost(tokens_in(self.price, prompt, picture), ANSWER_TOKENS_USUAL)

    def _asked(
        self, prompt: Prompt, picture: Picture, subject: str, understood: Callable[[Answer], T], patient: bool = False
    ) -> T:
        """Try until an answer is understood, there is no use, or it is too late."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt

        question = _Question(self.clock(), patient)
        trying = Retrying(
            stop=lambda state: (
                stop_after_attempt(self.options.tries)(state)
                or self._closed.is_set()
                or self.clock() - question.began + (state.upcoming_sleep or 0) > self.options.deadline_s
            ),
            wait=lambda state: self._pause(state.attempt_number, state.outcome.exception() if state.outcome else None),
            retry=retry_if_exception(lambda error: isinstance(error, CloudError) and error.kind in AGAIN),
            sleep=lambda seconds: (self._closed.wait(seconds), None)[1],
            reraise=True,
        )
        try:
            found: T = trying(self._once, prompt, picture, subject, understood, question)
        except CloudError as error:
            self._count(error.kind)
            with self._lock:
                self.reasons.setdefault(error.kind, str(error))
            raise
        self._count("answered")
        return found

    def _pause(self, attempt: int, error: BaseException | None) -> float:
        """Return the seconds before the next try: what the endpoint asks for, or a random time that grows.

        Source of full jitter: Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.
        """
        jitter = random.uniform(0, min(_LONGEST_S, self.first_s * 2.0 ** (attempt - 1)))
        wanted = error.again_s if isinstance(error, CloudError) else None
        return jitter if wanted is None else wanted + jitter

    def _once(
        self, prompt: Prompt, picture: Picture, subject: str, understood: Callable[[Answer], T], question: _Question
    ) -> T:
        """Send one request if it may go, note it, and read the answer."""
        self._admit(question)
        estimate = self.estimate_usd(prompt, picture)
        if not self.budget.reserve(estimate):
            raise CloudError("budget", "the budget for second opinions is used up, for this minute or this run")
        outcome, answer = "failed", None
        sent = self.clock()
        with reserved(self.budget, estimate) as cost:
            try:
                # Noted before it leaves: what cannot be noted is not sent.
                self._note("sent", picture, prompt, subject)
                self._count("asked")
                with self.room or nullcontext():
                    answer = self.client.request(prompt, picture)
                cost(self._cost(answer) or 0.0)
                result = understood(answer)
                outcome = "answered"
            except CloudError as error:
                outcome = error.kind
                if error.kind in AGAIN or error.kind in FOR_GOOD:
                    self.breaker.failed(for_good=error.kind in FOR_GOOD)
                raise
            finally:
                self._done(outcome, answer, 1000 * (self.clock() - sent), subject)
        self.breaker.succeeded()
        return result

    def _admit(self, question: _Question) -> None:
        """Wait for a place among the requests of this minute; refuse where the endpoint is given a rest.

        The waiting of a patient question does not count against its deadline.
        """
        if self._closed.is_set():
            raise CloudError("open", "second opinions have ended")
        if not self.breaker.allows():
            raise CloudError("open", f"{self.options.host}: not asked, since the requests before failed")
        while self.rate is not None and (wait := self.rate.wait_s()) > 0:
            late = not question.patient and self.clock() - question.began + wait > self.options.deadline_s
            if late or self._closed.wait(wait):
                raise CloudError("rate", f"no more than {self.options.requests_per_minute} requests a minute are sent")
            question.began += wait if question.patient else 0.0

    def _cost(self, answer: Answer) -> float | None:
        return 0.0 if self.price is None else self.price.cost(*answer.tokens)

    def _note(self, step: str, picture: Picture, prompt: Prompt, subject: str, **more: Any) -> None:
        if self.audit is not None:
            sent = {"bytes": len(picture.jpeg), "width": picture.width, "height": picture.height}
            self.audit.note(ACTION, self.owner, subject, step=step, **self._endpoint(), **sent, **more)

    def _done(self, outcome: str, answer: Answer | None, ms: float, subject: str) -> None:
        """Note what became of a request."""
        tokens = answer.tokens if answer is not None else (0, 0)
        with self._lock:
            self.tokens = (self.tokens[0] + tokens[0], self.tokens[1] + tokens[1])
        if self.audit is not None:
            counted = {"tokens_in": tokens[0], "tokens_out": tokens[1], "ms": round(ms, 1)}
            cost = self._cost(answer) if answer is not None else 0.0
            endpoint = self._endpoint()
            self.audit.note(
                ACTION, self.owner, subject, step="done", outcome=outcome, cost_usd=cost, **endpoint, **counted
            )

    def _endpoint(self) -> dict[str, str]:
        """Return host and model as an audit takes them: short words without spaces."""
        parts = {"host": self.options.host, "model": self.options.model}
        return {name: re.sub(r"[^A-Za-z0-9_.,:;/+-]", "-", value)[:80] for name, value in parts.items()}

    def _count(self, name: str, by: int = 1) -> None:
        with self._lock:
            self.counts[name] += by


def tokens_in(price: Price, prompt: Prompt, picture: Picture) -> int:
    """Return about how many tokens a request counts: its words, the schema, and the picture."""
    schema = tokens_of(json.dumps(prompt.schema)) if prompt.schema else 0
    return tokens_of(prompt.system + prompt.user) + schema + price.picture_tokens(picture.width, picture.height)


def priced(options: CloudOptions, price: Price | None) -> Price | None:
    """Return the price that is to be reckoned with: None on this machine, where nothing is paid.

    Raises:
        OptionError: if the endpoint is elsewhere and nobody knows what its model costs; no budget could be kept.
    """
    if options.stays_here:
        return None
    if price is None:
        raise OptionError(
            f"no price is known for {options.model!r}, so no budget can be kept; put it into a TOML file and name that "
            "in MIMIKA_CLOUD_PRICES"
        )
    return price
