"""The options about events, and the sinks behind them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import Console

    from mimika.data.events import Event
    from mimika.events import Events
    from mimika.stages.write.events import EventSink
    from mimika.stages.write.webhook import Webhook

EventsTo = Annotated[
    str | None, typer.Option("--events", help="Tell events, as JSON lines in a FILE, or - for standard output.")
]
Rules = Annotated[Path | None, typer.Option("--rules", help="TOML file of the rules that make events.")]
Marks = Annotated[
    Path | None, typer.Option("--marks", help="What happened outside, such as errors: CSV or JSON lines.")
]
WebhookUrl = Annotated[str | None, typer.Option("--webhook", help="Post each event to this http or https address.")]


class EventPrinter:
    """Shows each event as a line in the terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to complete."""

    def send(self, event: Event) -> None:
        """Print the line."""
        self._console.print(f"event {event}", soft_wrap=True, markup=False, highlight=False)


class EventChoice:
    """What the options say about events; `open()` gives what follows the pictures, None where nothing is wanted.

    `growing` reads marks while they are written. `console` shows events too, unless it is None.

    Raises:
        OptionError: for wrong rules or a wrong address.
        InputError: for marks that cannot be read.
    """

    def __init__(self, to: str | None, rules: Path | None, marks: Path | None, url: str | None, force: bool) -> None:
        self._to, self._rules, self._marks, self._url, self._force = to, rules, marks, url, force
        self.webhook: Webhook | None = None

    def __bool__(self) -> bool:
        return any(option is not None for option in (self._to, self._rules, self._marks, self._url))

    @property
    def prints(self) -> bool:
        """Whether standard output belongs to events."""
        return self._to == "-"

    def spare(self, inputs: list[str]) -> None:
        """See that the file of events is none of the inputs.

        Raises:
            OutputError: if it is one and would be overwritten.
        """
        from mimika.data.errors import OutputError

        path = Path(self._to) if self._to is not None and not self.prints else None
        if path is not None and path.exists():
            for name in inputs:
                if os.path.exists(name) and os.path.samefile(path, name):
                    raise OutputError(str(path), "is the input itself and would be overwritten")

    def open(self, console: Console | None, growing: bool = False) -> Events | None:
        """Return the events with their sinks, to be used with `with`."""
        if not self:
            return None
        from mimika import settings
        from mimika.events import Events
        from mimika.stages.write.events import EventLines, EventOutput
        from mimika.stages.write.webhook import Webhook

        sinks: list[EventSink] = []
        if self._to is not None:
            sinks.append(EventOutput() if self.prints else EventLines(Path(self._to), self._force))
        if self._url is not None:
            self.webhook = Webhook(self._url, settings.load().webhook_secret)
            sinks.append(self.webhook)
        if console is not None:
            sinks.append(EventPrinter(console))
        if growing:
            return Events(self._rules, (), sinks, growing=self._marks)
        return Events(self._rules, self._marks if self._marks is not None else (), sinks)

    def warnings(self, events: Events | None) -> list[str]:
        """Return what went wrong without stopping anything, one line each, once `events` are closed."""
        found = list(events.wrong_marks) if events is not None else []
        hook = self.webhook
        if hook is not None and hook.failures:
            reasons = ", ".join(f"{count} × {reason}" for reason, count in hook.failures.items())
            found.append(f"webhook {hook.host}: {hook.failures.total()} events not delivered ({reasons})")
        return found


def without_secrets(command: list[str]) -> list[str]:
    """Return a command line to be kept, without the address of the webhook, which often holds a secret."""
    kept: list[str] = []
    for word in command:
        if kept and kept[-1] == "--webhook":
            kept.append("(not kept)")
        else:
            kept.append("--webhook=(not kept)" if word.startswith("--webhook=") else word)
    return kept
