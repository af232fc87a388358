"""`mimika models`: the networks, their cards, and whether they are the ones the cards speak of."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mimika.cli.choices import Json
from mimika.cli.exit_codes import ExitCode

app = typer.Typer(help="The networks: list, show, verify.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="A shipped network, or the path of an .onnx file.")]


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """List the networks that ship with mimika."""
    from rich.table import Table

    from mimika.cli.terminal import out, print_json
    from mimika.engine import registry

    cards = [registry.card(name) for name in registry.names()]
    if as_json:
        print_json([_facts(card) for card in cards])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("name", "version", "architecture", "parameters", "size", "licence"):
        table.add_column(head, justify="right" if head in ("parameters", "size") else "left")
    for card in cards:
        size = f"{card.bytes / 1e6:.1f} MB"
        table.add_row(card.name, card.version, card.architecture, f"{card.parameters:,}", size, card.licence)
    out().print(table)


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show the card of one network: input, labels, data and terms, scores."""
    from mimika.cli.terminal import out, print_json
    from mimika.engine import registry

    facts = _facts(registry.card(name))
    if as_json:
        print_json(facts)
        return
    console = out()
    for key, value in facts.items():
        _show_value(console, key, value, "")


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="One network; all shipped ones if left out.")] = None,
) -> None:
    """Check that the network files are the ones their cards describe."""
    from mimika.cli.terminal import complain, out
    from mimika.data.errors import ModelError
    from mimika.engine import registry, weights

    names = [name] if name else registry.names()
    bad = 0
    for each in names:
        try:
            card = registry.card(each)
            weights.verify(card)
            out().print(f"{card.name}: whole, sha256 {card.sha256}", soft_wrap=True)
        except ModelError as error:
            complain(str(error))
            bad += 1
    if not names:
        raise ModelError("no networks are shipped with this copy of mimika")
    if bad:
        raise typer.Exit(ExitCode.MODEL)


def _facts(card: Any) -> dict[str, Any]:
    import dataclasses

    facts = dataclasses.asdict(card)
    return {key: value for key, value in facts.items() if value not in ((), {}, "", None)}


def _show_value(console: Any, key: str, value: Any, indent: str) -> None:
    if isinstance(value, dict):
        console.print(f"{indent}{key}:", style="bold" if not indent else None)
        for inner, part in value.items():
            _show_value(console, inner, part, indent + "  ")
    elif isinstance(value, (list, tuple)) and any(isinstance(part, dict) for part in value):
        console.print(f"{indent}{key}:", style="bold" if not indent else None)
        for number, part in enumerate(value, 1):
            _show_value(console, str(number), part, indent + "  ")
    else:
        text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        console.print(f"{indent}{key}: {text}", soft_wrap=True)
