"""`mimika evaluate --models`: several readers of the same faces side by side, cloud models among them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mimika.cli.cloud_choices import CloudChoice
from mimika.data.cloud import CloudOptions
from mimika.data.errors import OptionError
from mimika.data.labels import FERPLUS
from mimika.data.options import Options

if TYPE_CHECKING:
    from rich.table import Table

    from mimika.evaluation.cloud_subject import CloudSubject
    from mimika.evaluation.datasets import EvaluationSet
    from mimika.evaluation.subjects import Subject

_PREFIX, _HYBRID = "openai:", "hybrid"
_PER_MINUTE, _DEADLINE_S = 600, 120.0


@dataclass(frozen=True, slots=True)
class Readers:
    """What is to be compared, and how the paid ones may be asked; `answers` is where theirs are kept.

    `fusion` is where weights fitted on what both said are written, None where none are wanted.

    Raises:
        OptionError: if weights are wanted without the hybrid that they are for.
    """

    names: tuple[str, ...]
    answers: Path
    budget_usd: float
    choice: CloudChoice
    threads: int = 1
    prior: str = "data"
    fusion: Path | None = None

    def __post_init__(self) -> None:
        if self.fusion is not None and _HYBRID not in self.names:
            raise OptionError(f"save-fusion: weights are fitted for {_HYBRID}, which is not among --models")

    @property
    def cloud_model(self) -> str | None:
        """The cloud model among them, None for the one that the settings name.

        Raises:
            OptionError: if there are two, since one endpoint is asked.
        """
        named = [name.removeprefix(_PREFIX) for name in self.names if name.startswith(_PREFIX)]
        if len(named) > 1:
            raise OptionError(f"models: expected one {_PREFIX}MODEL at most, received {', '.join(named)}")
        return named[0] if named else None

    @property
    def asks(self) -> bool:
        """Whether any of them asks a cloud model."""
        return self.cloud_model is not None or _HYBRID in self.names


def run_models(readers: Readers, data: EvaluationSet, quiet: bool) -> list[dict[str, Any]]:
    """Measure each reader on the set; the hybrid last, since it uses what was answered before.

    Raises:
        OptionError: if key, price, purpose or consent for a cloud model is missing, or there are too few faces to fit
            weights on.
        CloudError: if the endpoint cannot be asked any more; what was answered is kept.
    """
    from mimika.cli.evaluate import measured
    from mimika.evaluation.fusing import LEAST
    from mimika.evaluation.subjects import open_subject

    if readers.fusion is not None and len(data) < LEAST:
        raise OptionError(f"save-fusion: expected at least {LEAST} labelled faces, {data.name} has {len(data)}")
    results = []
    with ExitStack() as stack:
        cloud = _cloud(readers, stack) if readers.asks else None
        for name in sorted(readers.names, key=_HYBRID.__eq__):
            subject: Subject
            if name == _HYBRID and cloud is not None:
                subject = _hybrid(readers, cloud)
            elif name.startswith(_PREFIX) and cloud is not None:
                subject = cloud
            else:
                subject = open_subject(name, data.classes, threads=readers.threads, prior=readers.prior)
            result = measured(subject, data, quiet)
            if name == _HYBRID:
                result["escalation"] = _escalation(subject, data, result)
                if readers.fusion is not None:
                    result["fusion_fit"] = _save_fusion(subject, data, result, readers.fusion)
            results.append(result)
    return results


def models_table(results: list[dict[str, Any]]) -> Table:
    """Return a row a reader: time, accuracy, cost, and the share that was asked about."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model")
    for name in ("n", "ms ± sd", "p50", "p90", "top-1", "macro-F1", "USD / 1,000", "escalated", "no answer"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in results:
        about, time = result["model"], result["latency_ms"]
        share = about.get("escalated", 1.0 if about["name"].startswith(_PREFIX) else 0.0)
        table.add_row(
            about["name"],
            f"{result['n']:,}",
            f"{time['mean']:.1f} ± {time['sd']:.1f}",
            f"{time['p50']:.1f}",
            f"{time['p90']:.1f}",
            f"{100 * result['top1']:.1f} %",
            f"{result['macro_f1']:.3f}",
            f"{result['cost_per_1000_usd']:.4f}",
            f"{100 * share:.0f} %",
            f"{sum(about.get('failures', {}).values()):,}",
        )
    return table


def fusion_table(found: dict[str, Any]) -> Table:
    """Return a row a way of answering, on the faces that the weights were not fitted on."""
    from rich.table import Table

    held, weights = found["held_out"], found["weights"]
    names = {
        "local": "local alone",
        "cloud": "cloud alone",
        "before": "both, weights until now",
        "fitted": f"both, fitted ({weights['local']:.2f} local, {weights['cloud']:.2f} cloud)",
    }
    title = f"{found['faces']:,} faces that both answered, each held out of its fit"
    table = Table(box=None, pad_edge=False, header_style="bold", title=title, title_justify="left", title_style="bold")
    table.add_column("answers of")
    for name in ("top-1", "macro-F1", "log loss"):
        table.add_column(name, justify="right", no_wrap=True)
    for key, name in names.items():
        told = held[key]
        table.add_row(name, f"{100 * told['top1']:.1f} %", f"{told['macro_f1']:.3f}", f"{told['nll']:.3f}")
    low, high = (100 * end for end in found["gain_top1_ci95"])
    table.caption = f"fitted against local: {100 * found['gain_top1']:+.1f} points (95 %: {low:+.1f}..{high:+.1f})"
    table.caption_justify = "left"
    return table


def _cloud(readers: Readers, stack: ExitStack) -> CloudSubject:
    """Open the cloud model, after everything that must be agreed to."""
    from mimika.cli.consent import asker
    from mimika.evaluation.cloud_subject import CloudSubject, KeptAnswers

    # A measurement may take all of its budget in a minute, and waits for places rather than going without.
    options = Options(budget_usd=readers.budget_usd, budget_usd_minute=readers.budget_usd)
    wanted: CloudOptions = readers.choice.options(options)
    wanted = replace(
        wanted,
        model=readers.cloud_model or wanted.model,
        requests_per_minute=_PER_MINUTE,
        deadline_s=_DEADLINE_S,
    )
    asks = stack.enter_context(asker(options, wanted, readers.choice.yes))
    return CloudSubject(asks, KeptAnswers(readers.answers), readers.threads)


def _escalation(subject: Any, data: EvaluationSet, result: dict[str, Any]) -> list[dict[str, float]]:
    """Return accuracy against cost as the threshold moves."""
    return [point.as_json() for point in subject.escalation(_truth(data, result), data.classes)]


def _save_fusion(subject: Any, data: EvaluationSet, result: dict[str, Any], file: Path) -> dict[str, Any]:
    """Fit weights on what both said, write them, and return how good they are on faces left out of the fit."""
    from mimika.stages.write.files import write_whole

    found = subject.fitted(_truth(data, result), data.classes)
    about = result["model"]
    write_whole(file, found.fusion.as_toml(found.note(about["local"], about["cloud"], data.name)))
    return dict(found.as_json())


def _truth(data: EvaluationSet, result: dict[str, Any]) -> NDArray[np.int64]:
    """Return the truth of the pictures that were predicted; those that could not be read were not."""
    skipped = {one["name"] for one in result["skipped"]}
    return np.asarray(data.truth[np.array([name not in skipped for name in data.names])], np.int64)


def _hybrid(readers: Readers, cloud: CloudSubject) -> Subject:
    from mimika import settings
    from mimika.evaluation.hybrid_subject import HybridSubject
    from mimika.evaluation.subjects import OnnxSubject
    from mimika.stages.recognize.calibrate import UNSURE_LEVEL
    from mimika.stages.recognize.fusion import Fusion

    name = next((name for name in readers.names if name != _HYBRID and not name.startswith(_PREFIX)), "expression")
    local = OnnxSubject(name, FERPLUS, threads=readers.threads, prior=readers.prior)
    weights = settings.load().cloud_fusion
    below = local.card.setting("unsure_below", 1 - UNSURE_LEVEL)
    return HybridSubject(local, cloud, Fusion.read(weights) if weights else Fusion(), below)
