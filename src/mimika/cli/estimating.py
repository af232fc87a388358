"""What second opinions on some inputs would cost: the router runs, with a stand-in where the endpoint would be."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mimika.data.cloud import CloudOptions, When
from mimika.data.errors import InputError
from mimika.data.labels import FERPLUS
from mimika.data.opinion import Opinion
from mimika.data.options import Options
from mimika.data.prices import Price, price_of
from mimika.stages.recognize.asking import ANSWER_TOKENS_USUAL, tokens_in
from mimika.stages.recognize.hybrid import SecondOpinion
from mimika.stages.recognize.prompts import label_prompt
from mimika.stages.recognize.sending import Picture, encoded


@dataclass(slots=True)
class Reckoner:
    """Stands where the endpoint would be asked: counts bytes and tokens, and sends nothing."""

    options: CloudOptions
    price: Price | None
    counts: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def opinion(self, picture: Picture, subject: str = "", patient: bool = False) -> Opinion:
        """Count a question, and answer that anything may be."""
        prompt = label_prompt(self.options.language, picture.place)
        known = self.price or Price(self.options.model, 0, 0)
        with self._lock:
            self.counts.update(requests=1, bytes=len(picture.jpeg))
            self.counts.update(tokens_in=tokens_in(known, prompt, picture), tokens_out=ANSWER_TOKENS_USUAL)
        return Opinion(FERPLUS[0], np.full(len(FERPLUS), 1 / len(FERPLUS), np.float32))

    def close(self) -> None:
        """Nothing waits."""


def estimated(inputs: Sequence[str], options: Options, cloud: CloudOptions) -> tuple[dict[str, Any], list[InputError]]:
    """Return what would be asked about the inputs and what that would cost, and the inputs that cannot be read."""
    from mimika import settings
    from mimika.pipeline import Pipeline
    from mimika.stages.capture.inputs import expand, open_capture

    price = price_of(cloud.model, settings.load().cloud_prices)
    reckoner = Reckoner(cloud, price)
    pipeline, frames, faces, errors = Pipeline(options), 0, 0, list[InputError]()
    with SecondOpinion(reckoner, When.parse(options.second_opinion)) as second:
        for name in expand(list(inputs)):
            second.begin()
            try:
                with open_capture(name, options) as capture:
                    for observation in pipeline.run(capture):
                        frames, faces = frames + 1, faces + len(observation)
                        second.see(observation)
                        # The stand-in answers at once, and the router is to know that before the next frame.
                        second.settle()
            except InputError as error:
                errors.append(error)
    counts = reckoner.counts
    cost = None if price is None else price.cost(counts["tokens_in"], counts["tokens_out"])
    return {
        "url": cloud.url,
        "model": cloud.model,
        "here": cloud.stays_here,
        "when": options.second_opinion,
        "frames": frames,
        "faces": faces,
        **{name: counts[name] for name in ("requests", "bytes", "tokens_in", "tokens_out")},
        "cost_usd": 0.0 if cloud.stays_here else cost,
        "price": None
        if price is None
        else {"input": price.input, "output": price.output, "checked": price.checked, "source": price.source},
    }, errors


def estimate_lines(result: dict[str, Any]) -> list[str]:
    """Return the estimate in words."""
    price, cost = result["price"], result["cost_usd"]
    known = "not known; name a list of prices in MIMIKA_CLOUD_PRICES" if cost is None else f"about {cost:.4f} USD"
    if result["here"]:
        known = "nothing, for the endpoint is on this machine"
    lines = [
        f"{result['frames']:,} pictures with {result['faces']:,} faces; --second-opinion {result['when']}",
        f"would ask {result['model']} {result['requests']:,} times: {result['bytes'] / 1e6:.2f} MB of pictures, about "
        f"{result['tokens_in']:,} tokens in and {result['tokens_out']:,} out",
        f"cost: {known}",
    ]
    if price is not None and not result["here"]:
        lines.append(
            f"price: {price['input']:g} and {price['output']:g} USD for a million tokens in and out, read on "
            f"{price['checked']} from {price['source']}; check it with your provider"
        )
    return lines


def drawn_face(side: int, quality: int) -> Picture:
    """Return a drawing of a smiling face: a picture to test with that shows nobody."""
    import cv2

    canvas = np.full((side, side, 3), 235, np.uint8)
    centre, unit = (side // 2, side // 2), side / 10
    cv2.circle(canvas, centre, round(4 * unit), (236, 196, 150), -1, cv2.LINE_AA)
    for across in (-1.4, 1.4):
        place = (round(side / 2 + across * unit), round(side / 2 - unit))
        cv2.ellipse(canvas, place, (round(0.6 * unit), round(0.4 * unit)), 0, 0, 360, (40, 40, 40), -1, cv2.LINE_AA)
    mouth = (round(2 * unit), round(1.5 * unit))
    below = (side // 2, round(side / 2 + 0.8 * unit))
    cv2.ellipse(canvas, below, mouth, 0, 15, 165, (150, 40, 40), max(2, side // 60), cv2.LINE_AA)
    return encoded(canvas, quality)
