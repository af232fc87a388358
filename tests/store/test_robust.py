"""A crash, a full disk or a second process would cost a user what was already kept."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from mimika.data.errors import (
    OptionError,
    OutputError,
    OutputFull,
    StoreBusy,
    StoreError,
    StoreMissing,
    StoreUnreachable,
    StoreVersion,
)
from mimika.store import Store, database, tables
from tests.store import making
from tests.store.conftest import Place

WRITER = """
import sys
import pyarrow as pa
from mimika.store import Store
with Store.open(sys.argv[1] or None, sys.argv[2]) as store:
    print("ready", flush=True)
    while True:
        last = store.last_time("ann", sys.argv[3])
        first = 0 if last is None else round(last / 0.04) + 1
        frames = [first + row // 2 for row in range(14)]
        columns = {"frame": frames, "time_s": [frame * 0.04 for frame in frames]}
        columns |= {"face_id": [0, 1] * 7, "label": ["neutral", "happiness"] * 7}
        store.append_rows("ann", sys.argv[3], pa.table(columns))
        print("kept", flush=True)
"""


def test_a_killed_writer_leaves_whole_blocks_and_the_next_one_goes_on(place: Place) -> None:
    with place.open() as store:
        recording = store.add_recording("ann").id
    kept = 0
    for round_ in range(2):
        command = [sys.executable, "-c", WRITER, place.url or "", str(place.folder), recording]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        for _ in range(3):
            assert writer.stdout.readline() == "kept\n"
        # Somewhere in the middle of the next write, each time elsewhere.
        time.sleep(0.003 * round_)
        writer.send_signal(signal.SIGKILL)
        kept += 3 + writer.stdout.read().count("kept")
        writer.wait()
        writer.stdout.close()
        with place.open() as store:
            times = store.rows("ann", recording).column("time_s").to_pylist()
            found = store.recording("ann", recording)
            # A write that was done but not yet told of may be there too; half a write never is.
            assert len(times) % 14 == 0
            assert kept <= len(times) // 14 <= kept + round_ + 1
            assert times == pytest.approx([0.04 * (i // 2) for i in range(len(times))], abs=1e-4)
            assert (found.frames, found.labels) == (
                len(times) // 2,
                {"neutral": len(times) // 2, "happiness": len(times) // 2},
            )
            if store.sqlite:
                with store.reading() as connection:
                    assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    with Store.open(data_dir=tmp_path) as store:
        recording, rows = store.add_recording("ann").id, making.clip(60)
        store.append_rows("ann", recording, rows)
        before = store.recording("ann", recording)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = max(path.stat().st_size for path in tmp_path.iterdir())
        # No file may grow any more: the system's refusal is a real one, as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            with pytest.raises(OutputError, match=r"mimika\.db: cannot be"):
                _fill(store, recording, rows)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        times = store.recording("ann", recording).frames
        assert times >= before.frames
        assert store.rows("ann", recording).num_rows % 60 == 0
        store.append_rows("ann", recording, rows)
        assert store.rows("ann", recording).num_rows >= 120


def _fill(store: Store, recording: str, rows: pa.Table) -> None:
    for _ in range(500):
        store.append_rows("ann", recording, rows)


def test_no_space_is_told_as_no_space(tmp_path: Path) -> None:
    with Store.open(data_dir=tmp_path) as store:
        recording = store.add_recording("ann").id
        with store.reading() as connection:
            # For all connections of the pool, this is the only one so far.
            connection.execute(text("PRAGMA max_page_count = 60"))
        with pytest.raises(OutputFull, match=r"mimika\.db: no space left on the device"):
            store.update_recording("ann", recording, notes="n" * 500_000)
        assert store.recording("ann", recording).notes == ""
        store.update_recording("ann", recording, notes="short")


def test_a_deleted_recording_takes_no_more_rows(store: Store) -> None:
    recording = store.add_recording("ann").id
    store.delete_recording("ann", recording)
    with pytest.raises(StoreMissing):
        store.append_rows("ann", recording, making.clip(2))


def test_threads_write_side_by_side(store: Store) -> None:
    recordings = [store.add_recording("ann").id for _ in range(2)]
    rows, failed = making.clip(5), list[BaseException]()

    def work(recording: str) -> None:
        try:
            for _ in range(5):
                store.append_rows("ann", recording, rows)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=work, args=(recording,)) for recording in recordings * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [store.rows("ann", recording).num_rows for recording in recordings] == [50, 50]
    assert [store.recording("ann", recording).labels for recording in recordings] == [{"neutral": 50}] * 2


def test_a_process_that_never_lets_go_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.2)
    with Store.open(data_dir=tmp_path) as store:
        other = sqlite3.connect(tmp_path / "mimika.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert store.recordings("ann") == ([], None)
        with pytest.raises(StoreBusy, match="another process holds it"):
            store.add_recording("ann")
        other.execute("ROLLBACK")
        other.close()
        store.add_recording("ann")


OPENER = "import sys; from mimika.store import Store; Store.open(sys.argv[1] or None, sys.argv[2]).add_recording('ann')"


def test_two_processes_may_make_the_same_memory(tmp_path: Path) -> None:
    folder = str(tmp_path / "new")
    both = [subprocess.Popen([sys.executable, "-c", OPENER, "", folder]) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    with Store.open(data_dir=folder) as store:
        assert len(store.recordings("ann")[0]) == 2


def test_a_newer_memory_is_refused_and_left_alone(place: Place) -> None:
    with place.open() as store, store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreVersion, match=r"newer mimika \(tables 9999, this one knows \d{4}\); update mimika"):
        place.open()
    with pytest.raises(StoreVersion):
        place.open()


def test_what_is_no_memory_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mimika.db").write_bytes(b"holiday pictures" * 1000)
    with pytest.raises(StoreError, match="damaged or not a database of mimika"):
        Store.open(data_dir=tmp_path)
    assert (tmp_path / "mimika.db").read_bytes() == b"holiday pictures" * 1000
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be made"):
        Store.open(data_dir=tmp_path / "file" / "below")
    for url in ("mysql://a@b/c", "sqlite://", "postgresql://[::1/x", "nonsense"):
        with pytest.raises((OptionError, StoreError), match="database: expected"):
            Store.open(url, tmp_path)


@pytest.mark.parametrize("query", ["", "?password=hidden-word", "?sslmode=disable&password=hidden-word"])
def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path, query: str) -> None:
    url = f"postgresql://ann:{'' if query else 'hidden-word'}@127.0.0.1:9/mimika{query}"
    with pytest.raises(StoreUnreachable, match=r"PostgreSQL at 127\.0\.0\.1:9, database mimika: cannot be") as raised:
        Store.open(url, tmp_path)
    assert "hidden-word" not in str(raised.value)


def test_a_server_that_went_away_and_came_back_is_used_again(place: Place) -> None:
    with place.open() as store:
        if store.sqlite:
            pytest.skip("a file does not go away")
        store.add_recording("ann")
        with store.reading() as connection:
            mine = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        with place.open() as other, other.reading() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        assert len(store.recordings("ann")[0]) == 1


def test_the_migrations_make_the_tables_the_program_knows(store: Store) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        if store.sqlite:
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    for name in ("own", "shared"):
        with Store.open(data_dir=tmp_path / name) as store:
            store.folder("ann", store.add_recording("ann").id)
            files = [*(tmp_path / name).glob("mimika.db*"), *store.files.iterdir()]
            assert len(files) == 4
            assert [path for path in files if path.stat().st_mode & 0o077] == []
    assert (tmp_path / "own").stat().st_mode & 0o077 == 0
