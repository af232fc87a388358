"""`mimika train`: one recipe from data to a network with its card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def train(
    recipe: Annotated[Path | None, typer.Argument(help="A TOML file, such as recipes/mesh.toml.")] = None,
    data: Annotated[Path | None, typer.Option(help="The data sets, by default ../shared/data.")] = None,
    labels: Annotated[Path, typer.Option(help="The teachers' labels.")] = Path("build/teacher"),
    cache: Annotated[Path, typer.Option(help="Decoded pictures are kept here.")] = Path("build/cache"),
    out: Annotated[
        Path | None, typer.Option(help="Checkpoints and logs, by default build/training; or the sheet's file.")
    ] = None,
    models: Annotated[Path, typer.Option(help="Where the network and its card are written.")] = Path("build/models"),
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a value of the recipe: schedule.epochs=3. Repeatable.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew instead of going on where it stopped.")] = False,
    show: Annotated[
        bool,
        typer.Option("--show-augmentations", help="Draw a sheet of all augmentations, or of the recipe's, and stop."),
    ] = False,
) -> None:
    """Train a network from a recipe, export it and write its card."""
    from mimika.data.errors import OptionError

    overrides = _overrides(change or [])
    if show:
        _draw_augmentations(recipe, overrides, data, out or Path("build/augmentations.png"))
        return
    if recipe is None:
        raise OptionError("train: expected a recipe, such as recipes/mesh.toml, or --show-augmentations")
    try:
        from mimika.training.run import Folders, train
    except ModuleNotFoundError as error:
        raise OptionError(
            f"training needs the extra `train` ({error.name} is missing): pip install 'mimika[train]'"
        ) from error
    folders = Folders(data or Path("../shared/data"), labels, cache, out or Path("build/training"), models)
    card = train(recipe, folders, overrides, resume=not fresh)
    typer.echo(f"{models / card['name']}.onnx  {card['bytes'] / 1e6:.1f} MB  sha256 {card['sha256'][:12]}")


def _overrides(change: list[str]) -> dict[str, Any]:
    """Read the values of --set."""
    import tomllib

    from mimika.data.errors import OptionError

    try:
        return {name: tomllib.loads(f"v = {value}")["v"] for name, value in (c.split("=", 1) for c in change)}
    except ValueError as error:
        raise OptionError(f"--set: expected NAME=VALUE with a TOML value, received {change}") from error


def _draw_augmentations(recipe: Path | None, overrides: dict[str, Any], data: Path | None, target: Path) -> None:
    """Draw the sheet, of a recipe's augmentations or of all."""
    from mimika.data.errors import OptionError
    from mimika.training.recipe import Recipe
    from mimika.training.sheet import draw_sheet, example_picture

    options = Recipe.load(recipe, overrides).augment if recipe else None
    if options is not None and not options:
        raise OptionError(f"{recipe}: has no [augment] table to show")
    count = draw_sheet(example_picture(data), target, options)
    typer.echo(f"{target}  {count} augmentations")
