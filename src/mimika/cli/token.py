"""`mimika token`: who may use the server from elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from mimika.cli.choices import Json
from mimika.cli.memory import Database, DataDir, open_store

app = typer.Typer(help="Who may use the server: create, list, revoke.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="For whom or what it is.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read, analyze or admin; may be given several times; read and analyze if not."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Whose recordings it sees; the name's own unless told else.")
    ] = None,
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a token and print its secret, this once."""
    from mimika.cli.terminal import err, out, print_json

    with open_store(database, data_dir) as store:
        token, secret = store.create_token(name, scope or ("read", "analyze"), owner)
    if as_json:
        print_json(token.as_json() | {"secret": secret})
        return
    err().print(f"token {token.id} for {token.name}; copy its secret now, it is kept nowhere:", soft_wrap=True)
    out().print(secret, soft_wrap=True)


@app.command("list")
def list_tokens(database: Database = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the tokens, the revoked ones too."""
    from rich.table import Table

    from mimika.cli.terminal import out, print_json

    with open_store(database, data_dir) as store:
        tokens = store.tokens()
    if as_json:
        print_json([token.as_json() for token in tokens])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("id", "name", "owner", "scopes", "made", "revoked"):
        table.add_column(head, overflow="fold", no_wrap=head in ("id", "made", "revoked"))
    for token in tokens:
        scopes = ", ".join(token.as_json()["scopes"])
        revoked = f"{token.revoked_at:%Y-%m-%d}" if token.revoked_at else ""
        table.add_row(token.id, token.name, token.owner, scopes, f"{token.created_at:%Y-%m-%d}", revoked)
    out().print(table)


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="A token, by id or name.")],
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a token invalid at once."""
    from mimika.cli.terminal import out, print_json
    from mimika.data.errors import StoreMissing

    with open_store(database, data_dir) as store:
        found = [each for each in store.tokens() if each.id == token or (each.name == token and not each.revoked_at)]
        if not found:
            raise StoreMissing(f"token {token!r}: no valid one has this id or name")
        revoked = store.revoke_token(found[0].id)
    if as_json:
        print_json(revoked.as_json())
    else:
        out().print(f"token {revoked.id} of {revoked.name} is revoked", soft_wrap=True)
