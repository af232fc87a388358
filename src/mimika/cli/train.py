"""`mimika train`: one recipe from data to a network with its card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mimika.cli import finetune
from mimika.cli.choices import Force


def train(
    recipe: Annotated[Path | None, typer.Argument(help="A TOML file, such as recipes/mesh.toml.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="The data sets, by default ../shared/data; with --base a folder with a folder a class."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", help="Go on from this network (a name or an .onnx file), with --data."),
    ] = None,
    labels: Annotated[Path, typer.Option(help="The teachers' labels.")] = Path("build/teacher"),
    cache: Annotated[Path, typer.Option(help="Decoded pictures are kept here.")] = Path("build/cache"),
    out: Annotated[
        Path | None,
        typer.Option(help="Checkpoints and logs [default: build/training]; with --base, results; or the sheet."),
    ] = None,
    models: Annotated[Path, typer.Option(help="Where the network and its card are written.")] = Path("build/models"),
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a value of the recipe: schedule.epochs=3. Repeatable.")
    ] = None,
    persons: Annotated[
        str | None,
        typer.Option("--person-pattern", help="With --base: finds (?P<person>…) in file names.", metavar="REGEX"),
    ] = None,
    class_map: Annotated[
        Path | None, typer.Option("--map", help='With --base: TOML file of lines "folder" = "our class".')
    ] = None,
    crop: Annotated[
        str | None, typer.Option("--crop", help="With --base: tight or detect [default: by picture].")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew instead of going on where it stopped.")] = False,
    show: Annotated[
        bool,
        typer.Option("--show-augmentations", help="Draw a sheet of all augmentations, or of the recipe's, and stop."),
    ] = False,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="With --base: print errors and warnings only.")] = False,
) -> None:
    """Train a network from a recipe, or go on from one with a folder of your own (--data FOLDER --base NAME)."""
    from mimika.data.errors import OptionError

    overrides = _overrides(change or [])
    if show:
        _draw_augmentations(recipe, overrides, data, out or Path("build/augmentations.png"))
        return
    if base is not None:
        _finetune(base, finetune.checked_folder(data, recipe), out, (persons, class_map, crop), overrides,
                  (not fresh, force, quiet))  # fmt: skip
        return
    if recipe is None:
        raise OptionError(
            "train: expected a recipe, such as recipes/mesh.toml, or --data FOLDER --base expression, or "
            "--show-augmentations"
        )
    try:
        from mimika.training.run import Folders, train
    except ModuleNotFoundError as error:
        raise finetune.missing(error) from error
    folders = Folders(data or Path("../shared/data"), labels, cache, out or Path("build/training"), models)
    card = train(recipe, folders, overrides, resume=not fresh)
    typer.echo(f"{models / card['name']}.onnx  {card['bytes'] / 1e6:.1f} MB  sha256 {card['sha256'][:12]}")


def _finetune(
    base: str,
    folder: Path,
    out: Path | None,
    reading: tuple[str | None, Path | None, str | None],
    overrides: dict[str, Any],
    how: tuple[bool, bool, bool],
) -> None:
    """Go on from a network; `reading` is the persons' pattern, map and crop, `how` resume, force, quiet."""
    from mimika.evaluation.spelling import read_map

    try:
        from mimika.training.finetune_run import Order
    except ModuleNotFoundError as error:
        raise finetune.missing(error) from error
    pattern, class_map, crop = reading
    resume, force, quiet = how
    order = Order(
        folder, base, out or finetune.OUT, read_map(class_map) if class_map else {}, crop, pattern, overrides, resume,
        force, finetune.command(), quiet,
    )  # fmt: skip
    finetune.finetune(order, quiet)


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
