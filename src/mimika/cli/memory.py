"""What the commands share that use the memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mimika.store import Store

Database = Annotated[
    str | None, typer.Option("--database", help="URL of the database; better in MIMIKA_DATABASE_URL.", metavar="URL")
]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of the database file and of kept media.")]
Owner = Annotated[str, typer.Option("--owner", help="Whose person it is: local, or a token's owner.")]


def open_store(database: str | None, data_dir: Path | None) -> Store:
    """Open the memory that the options name, or else the settings.

    Raises:
        OptionError: without the packages it needs, or for another kind of database.
        StoreError, OutputError: if it cannot be opened.
    """
    from mimika import settings
    from mimika.data.errors import OptionError

    try:
        from mimika.store import Store
    except ModuleNotFoundError as error:
        raise OptionError(f"the memory needs the package {error.name}: pip install 'mimika[web]'") from error
    known = settings.load()
    return Store.open(database or known.database_url or None, data_dir or known.data_dir)
