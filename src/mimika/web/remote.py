"""Second opinions for the processes that analyse uploaded videos: they ask the server, which asks the endpoint.

A worker decodes files of strangers. So the key, the money, the rate and the audit stay in the server: a worker writes a
line for each question to its standard output and is told the answer on its standard input.
"""

from __future__ import annotations

import base64
import json
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mimika.data.cloud import CloudOptions, When
from mimika.data.errors import CloudError, MimikaError
from mimika.data.observation import Observation
from mimika.data.opinion import Asked, Opinion
from mimika.stages.recognize.fusion import Fusion
from mimika.stages.recognize.hybrid import SecondOpinion
from mimika.stages.recognize.sending import Picture

if TYPE_CHECKING:
    from mimika.store import Recording, Store
    from mimika.web.analysis import Progress

ASK, ANSWER = "ask ", "answer "
"""How lines of questions and answers begin; the rest of each is JSON."""
_SPARE_S = 15.0
"""So much longer than the deadline is waited for the server itself."""
_LOOK_S = 0.25


def terms(when: str, options: CloudOptions, fusion: Fusion) -> str:
    """Return what a worker has to know to ask, as JSON; neither key nor address are part of it."""
    told = {name: value for name, value in asdict(options).items() if name not in ("url", "style")}
    weights = {"local": fusion.local, "cloud": fusion.cloud, "bias": fusion.bias.tolist()}
    return json.dumps({"when": when, "options": told, "fusion": weights})


def question(number: int, owner: str, picture: Picture, subject: str) -> str:
    """Return a question as a line."""
    shown = {"jpeg": base64.b64encode(picture.jpeg).decode("ascii"), "place": picture.place}
    told = {"number": number, "owner": owner, "subject": subject, "size": [picture.width, picture.height]}
    return ASK + json.dumps(told | shown)


def answer(text: str, ask: Callable[[str, Picture, str], Opinion]) -> str:
    """Return the answer to the JSON of a question as a line; `ask` is given owner, picture and subject."""
    told = json.loads(text)
    width, height = told["size"]
    place = tuple(told["place"]) if told["place"] is not None else None
    picture = Picture(base64.b64decode(told["jpeg"]), int(width), int(height), place)
    head: dict[str, Any] = {"number": told["number"]}
    try:
        said: dict[str, Any] = {"opinion": ask(told["owner"], picture, told["subject"]).as_json()}
    except CloudError as error:
        said = {"kind": error.kind, "reason": str(error)}
    except MimikaError as error:
        said = {"kind": "unnoted", "reason": str(error)}
    return ANSWER + json.dumps(head | said)


class Remote:
    """Asks the server that started this process; `say` writes a line to it, `hear` is given each that comes.

    Without `terms` nothing is asked.
    """

    def __init__(self, terms: str, say: Callable[[str], None]) -> None:
        told = json.loads(terms) if terms else None
        self.options = CloudOptions(**told["options"]) if told else CloudOptions()
        self.counts, self.reasons = Counter[str](), dict[str, str]()
        self._when = When.parse(told["when"]) if told else When()
        weights = told["fusion"] if told else {}
        self._fusion = Fusion(**weights | {"bias": np.array(weights["bias"])}) if told else Fusion()
        self._say, self._lock = say, threading.Lock()
        self._waiting: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._owner, self._recording, self._number = "", "", 0

    @property
    def asks(self) -> bool:
        """Whether second opinions are asked for at all."""
        return self._when.method != "never"

    @contextmanager
    def opened(self, store: Store, recording: Recording) -> Iterator[Questions | None]:
        """Give what asks about a recording, None where nothing is asked or the purpose allows action units only."""
        if not self.asks or recording.mode != "expressions":
            yield None
            return
        self._owner, self._recording = recording.owner, recording.id
        with SecondOpinion(self, self._when, self._fusion) as second:
            yield Questions(second, store, recording)

    def opinion(self, picture: Picture, subject: str = "", patient: bool = False) -> Opinion:
        """Ask for the expression of the face on a picture, and wait.

        Raises:
            CloudError: if the server was told no, or does not answer.
        """
        with self._lock:
            self._number += 1
            number, answered = self._number, queue.Queue[dict[str, Any]]()
            self._waiting[number] = answered
        try:
            # Noted under the recording, so that a person's export finds what left the machine.
            self._say(question(number, self._owner, picture, self._recording))
            told = answered.get(timeout=self.options.deadline_s + _SPARE_S)
            if "opinion" in told:
                return Opinion.from_json(told["opinion"])
        except queue.Empty:
            told = {"kind": "timeout", "reason": "the server did not answer the process that analyses"}
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        raise CloudError(told["kind"], told["reason"])

    def hear(self, line: str) -> None:
        """Take in a line from the server, if it is an answer."""
        if not line.startswith(ANSWER):
            return
        told = json.loads(line.removeprefix(ANSWER))
        with self._lock:
            waiting = self._waiting.get(told["number"])
        if waiting is not None:
            waiting.put(told)

    def close(self) -> None:
        """Nothing is to be ended: waiting threads die with the process, which ends with its job."""


class Questions:
    """Second opinions on one uploaded video. Each is in the store before the next frame is measured.

    So an analysis that goes on after a kill asks again only what was under way. Whatever goes wrong with asking, the
    analysis goes on without.
    """

    def __init__(self, second: SecondOpinion, store: Store, recording: Recording) -> None:
        self._second, self._store, self._recording = second, store, recording
        self._unsaved: list[Asked] = []
        owner, key = recording.owner, recording.id
        self._second.restore(store.opinions(owner, key))
        last = store.last_time(owner, key)
        self._told_s = -1.0 if last is None else last

    def see(self, observation: Observation) -> None:
        """Ask about the faces that need it, without waiting; not about frames whose rows are stored already."""
        if observation.frame.time_s > self._told_s:
            self._second.see(observation)
        self._save()

    def settle(self, progress: Progress) -> None:
        """Wait for what is under way, up to the deadline.

        Raises:
            Stopped: if the analysis is not to go on.
        """
        left = self._second.asker.options.deadline_s
        while not self._second.settle(_LOOK_S) and left > 0:
            left -= _LOOK_S
            progress.check()
            self._save()
        self._save()

    def refine(self, observation: Observation) -> Observation:
        """Return the observation with opinions mixed in where they count."""
        refined = self._second.refine(observation)
        self._save()
        return refined

    def _save(self) -> None:
        self._unsaved += self._second.news()
        if self._unsaved:
            with suppress(MimikaError):
                self._store.add_opinions(self._recording.owner, self._recording.id, self._unsaved)
                self._unsaved = []
