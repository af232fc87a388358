"""`mimika store`: the memory: what it holds, exports and imports, deletion."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mimika.cli.choices import Force, Json
from mimika.cli.memory import Database, DataDir, Owner, open_store

if TYPE_CHECKING:
    from mimika.store import Profile, Store

app = typer.Typer(
    help="The memory: info, export, import, sweep, audit, delete-person.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def info(database: Database = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show where the memory lies, what it holds and how large it is."""
    from mimika.cli.terminal import out, print_json

    with open_store(database, data_dir) as store:
        told = store.info()
    if as_json:
        print_json(told)
        return
    console, purpose = out(), told["purpose"]
    console.print(f"{told['place']} (tables {told['revision']}, {told['bytes'] / 1e6:.1f} MB)", soft_wrap=True)
    console.print(f"files in {told['data_dir']} ({told['media_bytes'] / 1e6:.1f} MB)", soft_wrap=True)
    for name in ("recordings", "rows", "profiles", "jobs_waiting", "tokens"):
        console.print(f"{name.replace('_', ' ')}: {told[name]:,}")
    console.print(f"purpose: {purpose['kind']} ({purpose['mode']})" if purpose else "purpose: none declared")
    for each in told["exports"]:
        there = "" if each["there"] else ", not there now: what is deleted stays in it until it is back"
        console.print(f"export: {each['path']}, {each['created_at'][:16]}{there}", soft_wrap=True)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="The zip to write.")],
    person: Annotated[
        str | None, typer.Option("--person", help="Only what concerns this profile, by id or name: the person's copy.")
    ] = None,
    owner: Owner = "local",
    force: Force = False,
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write everything, or everything on one person, to a zip of JSON, Parquet and kept media."""
    from mimika.cli.terminal import out, print_json

    with open_store(database, data_dir) as store:
        if person is None:
            counts = store.export(path, force)
        else:
            counts = store.export_person(owner, _profile(store, owner, person).id, path, force)
    if as_json:
        print_json(counts | {"path": str(path)})
        return
    after = "later deletions reach into it" if person is None else "later deletions leave this copy as it is"
    out().print(f"{path}: {_counted(counts)}; {after}", soft_wrap=True)


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="A zip that `mimika store export` wrote.")],
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Add what an export holds; what was deleted since stays deleted."""
    from mimika.cli.terminal import out, print_json

    with open_store(database, data_dir) as store:
        counts = store.import_(path)
    if as_json:
        print_json(counts)
        return
    passed = f"passed over {counts['there']} there already, {counts['deleted']} deleted here"
    out().print(f"added {_counted(counts)}; {passed}", soft_wrap=True)


@app.command()
def sweep(database: Database = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Delete the recordings whose time is over, and finish interrupted deletions."""
    from mimika.cli.terminal import out, print_json

    with open_store(database, data_dir) as store:
        gone = store.sweep()
    if as_json:
        print_json({"deleted": gone})
    else:
        out().print(f"deleted {_counted({'recordings': len(gone)})}")


@app.command()
def audit(
    limit: Annotated[int, typer.Option("--limit", help="At most so many lines, the newest first (1..10000).")] = 50,
    after: Annotated[int | None, typer.Option("--after", help="Go on after the line of this number.")] = None,
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show who did what and when; lines can be added to this list, never changed."""
    from mimika.cli.terminal import out, print_json

    with open_store(database, data_dir) as store:
        entries = store.audit(limit, after)
    if as_json:
        print_json([entry.as_json() for entry in entries])
        return
    for entry in entries:
        details = " ".join(f"{name}={_word(value)}" for name, value in entry.details.items())
        line = f"{entry.id:>6}  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.owner}  {entry.action}  {entry.subject}  {details}"
        out().print(line.rstrip(), soft_wrap=True)


@app.command("delete-person")
def delete_person(
    person: Annotated[str, typer.Argument(help="A profile, by id or name.")],
    owner: Owner = "local",
    keep_recordings: Annotated[
        bool, typer.Option("--keep-recordings", help="Delete the profile alone; its recordings stay, nameless.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Delete everything on one person, also from exports; this cannot be undone."""
    from mimika.cli.terminal import out, print_json

    with open_store(database, data_dir) as store:
        profile = _profile(store, owner, person)
        if not yes:
            _ask(f"Delete {profile.name} {'but keep the recordings' if keep_recordings else 'with all recordings'}?")
        count = store.delete_profile(owner, profile.id, recordings=not keep_recordings)
    if as_json:
        print_json({"profile": profile.id, "recordings": count})
    else:
        out().print(f"deleted the profile and {_counted({'recordings': count})}")


def _profile(store: Store, owner: str, person: str) -> Profile:
    """Return a profile by id or by name.

    Raises:
        OptionError: if several have the name.
        StoreMissing: if none has.
    """
    from mimika.data.errors import OptionError, StoreMissing

    found = [each for each in store.profiles(owner) if person in (each.id, each.name)]
    if len(found) > 1:
        raise OptionError(
            f"{person}: {len(found)} profiles have this name; give an id: {', '.join(p.id for p in found)}"
        )
    if not found:
        raise StoreMissing(f"profile {person!r}: {owner} has none of this id or name")
    return found[0]


def _ask(question: str) -> None:
    from mimika.data.errors import OptionError

    if not sys.stdin.isatty():
        raise OptionError("deletion cannot be undone: add --yes where nobody can be asked")
    if not typer.confirm(question, err=True):
        raise typer.Exit


def _word(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _counted(counts: dict[str, Any]) -> str:
    words = {"recordings": "recording", "profiles": "profile"}
    return ", ".join(
        f"{counts[name]} {word}{'' if counts[name] == 1 else 's'}" for name, word in words.items() if name in counts
    )
