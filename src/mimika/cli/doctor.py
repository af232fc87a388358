"""`mimika doctor`: what works on this machine, and why the rest does not."""

from __future__ import annotations

import typer

from mimika.cli.choices import Json
from mimika.cli.exit_codes import ExitCode


def doctor(as_json: Json = False) -> None:
    """Check what works here: packages, networks, codecs, cameras, places to write."""
    import dataclasses

    from rich.table import Table
    from rich.text import Text

    from mimika.cli.checks import run_checks
    from mimika.cli.terminal import out, print_json

    checks = run_checks()
    if as_json:
        print_json([dataclasses.asdict(check) for check in checks])
    else:
        table = Table(box=None, pad_edge=False, show_header=False)
        for check in checks:
            mark, style = {True: ("works", "green"), False: ("fails", "bold red"), None: ("absent", "yellow")}[
                check.works
            ]
            table.add_row(Text(mark, style=style), check.name, Text(check.detail, overflow="fold"))
        out().print(table)
    failed = [check for check in checks if check.works is False]
    if failed:
        network = any(check.name.startswith("network") for check in failed)
        raise typer.Exit(ExitCode.MODEL if network else ExitCode.SOME_FAILED)
