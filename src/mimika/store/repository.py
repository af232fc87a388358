"""The memory as its users see it: one object, its parts each in a file of their own."""

from __future__ import annotations

from mimika.store.findings import Found
from mimika.store.imports import Imports
from mimika.store.jobs import Jobs
from mimika.store.profiles import Profiles
from mimika.store.recordings import Recordings
from mimika.store.reports import Reports
from mimika.store.rows import Rows


class Store(Recordings, Rows, Found, Profiles, Jobs, Imports, Reports):
    """The memory, in SQLite or PostgreSQL; made by `Store.open`, usable from several threads and processes at once.

    Each method that touches what belongs to somebody takes the `owner`, and treats what is another's as not there.
    Any method may raise OutputFull (no space), StoreUnreachable, StoreBusy or StoreError for the database itself.

        with Store.open(data_dir=folder) as store:
            recording = store.add_recording("local", name="talk.mp4")
            store.append_rows("local", recording.id, table)
    """
