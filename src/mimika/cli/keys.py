"""Single keys from the terminal, read without waiting."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any, Self


class Keys:
    """Reads single key presses inside its `with` block; without a terminal there are none."""

    def __init__(self) -> None:
        self._before: Any = None
        self._input = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None

    def __enter__(self) -> Self:
        if self._input is not None and os.name == "posix":
            import termios
            import tty

            self._before = termios.tcgetattr(self._input)
            tty.setcbreak(self._input)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None and self._input is not None:
            import termios

            termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)

    def pressed(self) -> str:
        """Return the next key in lower case, or "" if none was pressed."""
        if self._input is None:
            return ""
        if os.name == "posix":
            import select

            ready, _, _ = select.select([self._input], [], [], 0)
            return os.read(self._input, 1).decode("utf-8", "ignore").lower() if ready else ""
        return self._pressed_windows()

    def _pressed_windows(self) -> str:
        import importlib

        console: Any = importlib.import_module("msvcrt")
        return str(console.getwch()).lower() if console.kbhit() else ""
