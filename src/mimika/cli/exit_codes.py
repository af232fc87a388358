"""Exit codes, the same for every command; `docs/reference/exit-codes.md` explains them and a test compares the two."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from mimika.data.errors import MimikaError, ModelError, OptionError, OutputError, StoreError

if TYPE_CHECKING:
    from mimika.jobs import JobResult


class ExitCode(IntEnum):
    """What the shell is told."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    OUTPUT = 3
    MODEL = 4
    STORE = 5
    INTERRUPTED = 130
    TERMINATED = 143


def code_of(error: MimikaError | None) -> ExitCode:
    """Return the code of an error, or OK."""
    if error is None:
        return ExitCode.OK
    if isinstance(error, OptionError):
        return ExitCode.USAGE
    if isinstance(error, OutputError):
        return ExitCode.OUTPUT
    if isinstance(error, StoreError):
        return ExitCode.STORE
    return ExitCode.MODEL if isinstance(error, ModelError) else ExitCode.SOME_FAILED


def code_of_signal(number: int) -> ExitCode:
    """Return the code of a signal that ended the run."""
    return ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED


def code_of_results(results: Iterable[JobResult]) -> ExitCode:
    """Return the code of a whole run: a signal before an output, an output before an input."""
    codes = []
    for result in results:
        if result.signal is not None:
            return code_of_signal(result.signal)
        codes.append(code_of(result.error))
    return max(codes, default=ExitCode.OK)
