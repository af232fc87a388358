"""The command line: what is said of errors here holds for every command."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mimika.cli import (
    analyze,
    bench,
    cloud,
    compare,
    doctor,
    evaluate,
    evaluate_spotting,
    explain,
    live,
    models,
    prior,
    serve,
    spot,
    store,
    synth,
    token,
    train,
)
from mimika.cli.exit_codes import ExitCode, code_of
from mimika.data.errors import MimikaError


class SpeakingGroup(TyperGroup):
    """Turns our own errors into one line and an exit code; anything else is a defect and shows its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        from mimika.cli.terminal import complain

        try:
            return super().invoke(ctx)
        except MimikaError as error:
            complain(str(error))
            raise typer.Exit(code_of(error)) from None
        except KeyboardInterrupt:
            complain("interrupted")
            raise typer.Exit(ExitCode.INTERRUPTED) from None


app = typer.Typer(
    name="mimika",
    cls=SpeakingGroup,
    help="Measure what a face does, in photos, video and live camera.",
    epilog="Exit codes: 0 done, 1 some inputs failed, 2 usage, 3 output, 4 network, 5 memory, 130 Ctrl-C, 143 SIGTERM.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from mimika._version import __version__

        typer.echo(f"mimika {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Measure what a face does, in photos, video and live camera."""


app.command()(analyze.analyze)
app.command()(live.live)
app.command()(bench.bench)
app.add_typer(models.app, name="models")
app.add_typer(prior.app, name="prior")
app.add_typer(cloud.app, name="cloud")
app.command()(explain.explain)
app.command()(doctor.doctor)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(compare.compare)
app.command()(synth.synth)
app.command("evaluate-spotting")(evaluate_spotting.evaluate_spotting)
app.command()(spot.spot)
app.command()(serve.serve)
app.add_typer(store.app, name="store")
app.add_typer(token.app, name="token")
