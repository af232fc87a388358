"""`mimika train`: one recipe from data to a network with its card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[Path, typer.Argument(help="A TOML file, such as recipes/mesh.toml.")],
    data: Annotated[Path, typer.Option(help="The data sets, laid out as in ../shared/data.")] = Path("../shared/data"),
    labels: Annotated[Path, typer.Option(help="The teachers' labels.")] = Path("build/teacher"),
    cache: Annotated[Path, typer.Option(help="Decoded pictures are kept here.")] = Path("build/cache"),
    out: Annotated[Path, typer.Option(help="Checkpoints and logs.")] = Path("build/training"),
    models: Annotated[Path, typer.Option(help="Where the network and its card are written.")] = Path("build/models"),
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a value of the recipe: schedule.epochs=3. Repeatable.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew instead of going on where it stopped.")] = False,
) -> None:
    """Train a network from a recipe, export it and write its card."""
    import tomllib

    from mimika.data.errors import OptionError

    try:
        overrides = {
            name: tomllib.loads(f"v = {value}")["v"] for name, value in (c.split("=", 1) for c in change or [])
        }
    except ValueError as error:
        raise OptionError(f"--set: expected NAME=VALUE with a TOML value, received {change}") from error
    try:
        from mimika.training.run import Folders, train
    except ModuleNotFoundError as error:
        raise OptionError(
            f"training needs the extra `train` ({error.name} is missing): pip install 'mimika[train]'"
        ) from error
    card = train(recipe, Folders(data, labels, cache, out, models), overrides, resume=not fresh)
    typer.echo(f"{models / card['name']}.onnx  {card['bytes'] / 1e6:.1f} MB  sha256 {card['sha256'][:12]}")
