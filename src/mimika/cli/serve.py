"""`mimika serve`: the page and the API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mimika.cli.choices import MODEL, Model, Threads
from mimika.cli.cloud_choices import (
    BUDGET_USD,
    BUDGET_USD_MINUTE,
    BudgetUsd,
    BudgetUsdMinute,
    CloudChoice,
    MaskBackground,
    SecondOpinionWhen,
    YesSendFaces,
)


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; any but this machine's own asks for tokens.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = 8460,
    database: Annotated[
        str | None, typer.Option("--database", help="Address of the database, such as postgresql+psycopg://….")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of the database file, uploads and kept media.")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="A name under which a proxy shows the server to others; asks for tokens."),
    ] = None,
    proxy: Annotated[
        list[str] | None, typer.Option("--proxy", help="Address of a proxy whose word on the caller is believed.")
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option("--origin", help="A page of another origin that may call, https://….")
    ] = None,
    require_token: Annotated[
        bool, typer.Option("--require-token", help="Ask for a token on this machine too.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", help="Threads that run the networks, 0 for every core.")] = 0,
    queue: Annotated[int, typer.Option("--queue", help="Requests that may wait; more are told to come back.")] = 32,
    job_workers: Annotated[
        int, typer.Option("--job-workers", help="Processes that analyse uploaded videos; 0 leaves them to others.")
    ] = 1,
    keep_media: Annotated[
        bool, typer.Option("--keep-media", help="Keep uploaded videos unless an upload says otherwise.")
    ] = False,
    retention_days: Annotated[
        float | None, typer.Option("--retention-days", help="Delete recordings after so many days unless told else.")
    ] = None,
    webhook: Annotated[str, typer.Option("--webhook", help="Address that is told of events.")] = "",
    second_opinion: SecondOpinionWhen = "never",
    budget_usd: BudgetUsd = BUDGET_USD,
    budget_usd_minute: BudgetUsdMinute = BUDGET_USD_MINUTE,
    mask_background: MaskBackground = False,
    yes_send_faces: YesSendFaces = False,
    model: Model = MODEL,
    threads: Threads = None,
) -> None:
    """Serve the page and the API, on this machine alone unless told otherwise."""
    _need_web()
    from mimika import settings
    from mimika.cli.consent import agree
    from mimika.cli.terminal import out
    from mimika.data.options import Options
    from mimika.web.config import ServerConfig
    from mimika.web.serving import greeting, run

    known = settings.load()
    if second_opinion != "never":
        options = Options(second_opinion=second_opinion, budget_usd=budget_usd, budget_usd_minute=budget_usd_minute)
        agree(CloudChoice(mask=mask_background).options(options), options, known, yes_send_faces)
    config = ServerConfig(
        host=host,
        port=port,
        names=tuple(name or ()),
        proxies=tuple(proxy or ()),
        origins=tuple(origin or ()),
        database=database or known.database_url or None,
        data_dir=data_dir or known.data_dir,
        workers=workers,
        queue=queue,
        threads=known.threads if threads is None else threads,
        model=model,
        keep_media=keep_media,
        retention_days=retention_days,
        require_token=require_token,
        job_workers=job_workers,
        webhook=webhook,
        webhook_secret=known.webhook_secret,
        second_opinion=second_opinion,
        budget_usd=budget_usd,
        budget_usd_minute=budget_usd_minute,
        mask_background=mask_background,
        send_faces=second_opinion != "never",
    )
    run(config, lambda address: out().print(greeting(config, address), soft_wrap=True))


def _need_web() -> None:
    """Check that the extra is installed.

    Raises:
        MimikaError: naming what to install.
    """
    from importlib.util import find_spec

    from mimika.data.errors import MimikaError

    missing = [name for name in ("fastapi", "uvicorn", "sqlalchemy", "prometheus_client") if find_spec(name) is None]
    if missing:
        raise MimikaError(f"the server needs {', '.join(missing)}: pip install 'mimika[web]'")
