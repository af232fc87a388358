"""How the command line speaks: results on standard output, progress and errors on standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from mimika.stages.write.columns import plain


def out() -> Console:
    """Return the console for results."""
    return Console(highlight=False, markup=False, emoji=False)


def err() -> Console:
    """Return the console for progress and errors."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def complain(message: str, console: Console | None = None) -> None:
    """Say in one line on standard error what went wrong."""
    line = Text("error: ", style="bold red")
    line.append(plain(message), style="default not bold")
    (console or err()).print(line, soft_wrap=True)


def warn(message: str, console: Console | None = None) -> None:
    """Say in one line on standard error what went wrong and was passed over."""
    line = Text("warning: ", style="bold yellow")
    line.append(plain(message), style="default not bold")
    (console or err()).print(line, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True, default=str) + "\n")
