"""A person asks to be forgotten, and something would stay: in a table, a file, a backup or the bytes of a disk."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mimika.data.episodes import Episode
from mimika.data.errors import InputCorrupt, InputMissing, OutputError, OutputExists, StoreMissing, StoreVersion
from mimika.data.events import Event
from mimika.data.purpose import Purpose
from mimika.store import Store, database
from tests.store import making
from tests.store.conftest import Place

MARK = "Zyx9QwvuTsr"
RAW = random.Random(5).randbytes(48)


def _marked(store: Store, owner: str = "ann") -> tuple[str, str]:
    """Make a person with a recording that carries the mark wherever it can; returns their ids."""
    profile = store.add_profile(owner, f"{MARK} P", f"{MARK} notes").id
    made = store.add_recording(owner, name=f"{MARK}.mp4", person=profile, purpose=Purpose("other", "", MARK)).id
    for step in range(12):
        store.update_recording(owner, made, notes=f"{MARK} {step} " * (step % 7 + 1), summary={"said": [MARK] * step})
    rows = making.clip(40)
    raw = pa.array([RAW] * 40, pa.binary())
    for start in range(0, 40, 20):
        store.append_rows(owner, made, rows.append_column("raw", raw).slice(start, 20))
    store.add_episodes(owner, made, [Episode("state", MARK, "", 0, 1, 2, 1, 1)] * 20)
    store.add_events(owner, made, [Event("r", "begin", 0, MARK, 1, 1, 1, "s", 1, message=MARK)] * 20)
    media = store.folder(owner, made) / "media.mp4"
    media.write_bytes(MARK.encode() * 100)
    (media.parent / "thumbnail.jpg").write_bytes(MARK.encode())
    upload = store.data_dir / "upload.bin"
    upload.write_bytes(MARK.encode())
    job = store.add_job(owner, made, str(upload), {"name": MARK})
    store.claim_job(MARK, 60)
    for step in range(5):
        store.beat_job(job.id, MARK, 60, frames_done=step)
    store.update_recording(owner, made, media_path=media, keep_media=True)
    return made, profile


def _noise(store: Store, count: int = 5) -> None:
    for number in range(count):
        made = store.add_recording("ann", name=f"noise {number}", notes="n" * 90 * number).id
        store.append_rows("ann", made, making.clip(5))
        store.add_episodes("ann", made, [Episode("state", f"other {i}", "", 0, 1, 2, 1, 1) for i in range(9)])


def _holding(folder: Path, *marks: bytes) -> list[str]:
    """Return the files below a folder that hold a mark; zips are opened."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        contents = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents += [archive.read(name) for name in archive.namelist()]
        if any(mark in content for mark in marks for content in contents):
            found.append(path.name)
    return found


def test_not_a_byte_of_a_deleted_person_stays(place: Place, tmp_path: Path) -> None:
    with place.open() as store:
        _noise(store)
        recording, profile = _marked(store)
        _noise(store)
        store.export(tmp_path / "backup.zip")
        assert {"backup.zip", "media.mp4", "thumbnail.jpg", "upload.bin"} <= set(_holding(tmp_path, MARK.encode(), RAW))
        assert store.delete_profile("ann", profile, recordings=True) == 1
        # While the database is still open: its log must be empty too.
        assert _holding(tmp_path, MARK.encode(), RAW, recording.encode()) == (["mimika.db"] if store.sqlite else [])
        assert _holding(tmp_path, MARK.encode(), RAW) == []
        with pytest.raises(StoreMissing):
            store.recording("ann", recording)
        assert (store.jobs("ann"), len(store.recordings("ann")[0])) == ([], 10)
        assert {entry.subject for entry in store.audit()} >= {recording, profile}
        assert store.import_(tmp_path / "backup.zip") == {"recordings": 0, "profiles": 0, "there": 10, "deleted": 0}


def test_the_person_leaves_and_the_recordings_stay(store: Store) -> None:
    recording, profile = _marked(store)
    assert store.delete_profile("ann", profile) == 0
    assert store.recording("ann", recording).person is None
    assert store.profiles("ann") == []


def test_a_file_outside_the_data_folder_is_never_touched(store: Store, tmp_path: Path) -> None:
    own = tmp_path / "holiday.mp4"
    own.write_bytes(b"mine")
    recording = store.add_recording("ann", media_path=own).id
    store.add_job("ann", recording, str(own))
    store.delete_recording("ann", recording)
    assert own.read_bytes() == b"mine"


def test_recordings_go_when_their_time_is_over(store: Store) -> None:
    kept, over = store.add_recording("ann", retention_days=2).id, store.add_recording("bob", retention_days=1).id
    (store.folder("bob", over) / "media.mp4").write_bytes(b"x")
    (store.data_dir / "upload.bin").write_bytes(b"x")
    store.add_job("bob", over, str(store.data_dir / "upload.bin"))
    forever = store.add_recording("ann").id
    assert store.sweep() == []
    assert store.sweep(datetime.now(UTC) + timedelta(days=1, hours=1)) == [over]
    assert not (store.files / over).exists()
    assert not (store.data_dir / "upload.bin").exists()
    assert {each.id for each in store.recordings("ann")[0]} == {kept, forever}
    assert [(entry.action, entry.subject) for entry in store.audit(1)] == [("recording.expire", over)]


def test_the_sweep_ends_what_a_killed_deletion_began(store: Store, tmp_path: Path) -> None:
    recording, _ = _marked(store)
    store.export(tmp_path / "backup.zip")
    kept = (tmp_path / "backup.zip").read_bytes()
    folder = store.folder("ann", recording)
    store.delete_recording("ann", recording)
    # As it lies there if the process dies right after the database has forgotten it.
    folder.mkdir(parents=True)
    (folder / "media.mp4").write_bytes(MARK.encode())
    (tmp_path / "backup.zip").write_bytes(kept)
    young, old = store.files / ("a" * 32), store.files / ("b" * 32)
    young.mkdir()
    old.mkdir()
    os.utime(old, (0, 0))
    store.sweep()
    assert (folder.exists(), young.exists(), old.exists()) == (False, True, False)
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        assert not [name for name in archive.namelist() if recording in name]


def test_an_export_brings_everything_back(place: Place, tmp_path: Path) -> None:
    with place.open() as store:
        recording, profile = _marked(store)
        _noise(store, 2)
        store.declare(Purpose("clinical", "medical", "ward"))
        assert store.export(tmp_path / "all.zip") == {"recordings": 3, "profiles": 1}
        before = store.recording("ann", recording)
        rows, found = store.rows("ann", recording, columns=None), store.findings("ann", recording)
        events, person = store.events("ann", recording), store.profile("ann", profile)
    with Store.open(data_dir=tmp_path / "second") as second:
        told = second.import_(tmp_path / "all.zip")
        assert told == {"recordings": 3, "profiles": 1, "there": 0, "deleted": 0}
        after = second.recording("ann", recording)
        assert after.as_json() == before.as_json() | {"status": "interrupted"}
        assert Path(after.media_path or "").read_bytes() == MARK.encode() * 100
        assert second.rows("ann", recording).equals(rows)
        assert second.rows("ann", recording, columns=["raw"]).column("raw").to_pylist() == [RAW] * 40
        assert (second.findings("ann", recording), second.events("ann", recording)) == (found, events)
        assert second.profile("ann", profile) == person
        assert second.recordings("ann", label="neutral", text=MARK)[0][0].id == recording
        assert second.purpose() == Purpose("clinical", "medical", "ward", declared_at=second.purposes()[0].declared_at)
        assert second.import_(tmp_path / "all.zip")["there"] == 4
        second.delete_recording("ann", recording)
        assert second.import_(tmp_path / "all.zip") == {"recordings": 0, "profiles": 0, "there": 3, "deleted": 0}
    with place.open() as store:
        # The second memory has cleaned the file that both know; this one still has its own.
        assert store.import_(tmp_path / "all.zip")["recordings"] == 0
        assert store.recording("ann", recording).name == f"{MARK}.mp4"


def test_a_copied_export_does_not_bring_back_what_was_deleted(store: Store, tmp_path: Path) -> None:
    _, profile = _marked(store)
    store.export(tmp_path / "all.zip")
    (tmp_path / "copy.zip").write_bytes((tmp_path / "all.zip").read_bytes())
    store.delete_profile("ann", profile, recordings=True)
    assert store.import_(tmp_path / "copy.zip") == {"recordings": 0, "profiles": 0, "there": 0, "deleted": 2}
    assert store.recordings("ann") == ([], None)
    store.sweep()
    assert _holding(tmp_path, MARK.encode(), RAW) == []


def test_everything_on_one_person_in_a_form_others_can_read(store: Store, tmp_path: Path) -> None:
    import json

    import pyarrow.parquet as pq

    recording, profile = _marked(store)
    _noise(store, 2)
    counts = store.export_person("ann", profile, tmp_path / "person.zip")
    assert counts == {"recordings": 1, "profiles": 1}
    with zipfile.ZipFile(tmp_path / "person.zip") as archive:
        names = set(archive.namelist())
        assert names == {"manifest.json", "audit.json", f"profiles/{profile}.json"} | {
            f"recordings/{recording}/{name}"
            for name in ("recording.json", "findings.json", "rows.parquet", "media.mp4")
        }
        assert json.loads(archive.read(f"profiles/{profile}.json"))["name"] == f"{MARK} P"
        archive.extract(f"recordings/{recording}/rows.parquet", tmp_path)
        assert b"noise" not in b"".join(archive.read(name) for name in names)
    assert pq.read_table(tmp_path / "recordings" / recording / "rows.parquet").num_rows == 40
    with pytest.raises(OutputExists):
        store.export_person("ann", profile, tmp_path / "person.zip")
    with pytest.raises(StoreMissing):
        store.export_person("bob", profile, tmp_path / "stolen.zip")
    assert not (tmp_path / "stolen.zip").exists()


def test_exports_that_are_none_are_refused_and_change_nothing(store: Store, tmp_path: Path) -> None:
    recording, _ = _marked(store)
    store.export(tmp_path / "good.zip")
    whole = (tmp_path / "good.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.zip").write_bytes(b"hello")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("manifest.json", '{"format": "other"}')
    with zipfile.ZipFile(tmp_path / "newer.zip", "w") as archive:
        archive.writestr("manifest.json", '{"format": "mimika-store", "version": 2, "export": "%s"}' % ("0" * 32))
    with zipfile.ZipFile(tmp_path / "good.zip") as good, zipfile.ZipFile(tmp_path / "odd.zip", "w") as odd:
        for name in good.namelist():
            text = good.read(name).replace(b'"kind": "video"', b'"kind": 7, "frames": "many"')
            odd.writestr(name.replace(recording, "f" * 32), text)
    for name, kind in (
        *(("cut", InputCorrupt), ("text", InputCorrupt), ("other", InputCorrupt), ("newer", StoreVersion)),
        *(("odd", InputCorrupt), ("nothing", InputMissing)),
    ):
        with pytest.raises(kind, match=name):
            store.import_(tmp_path / f"{name}.zip")
    assert len(store.recordings("ann")[0]) == 1


def test_an_export_that_is_away_is_cleaned_when_it_is_back(store: Store, tmp_path: Path) -> None:
    recording = store.add_recording("ann").id
    disk = tmp_path / "disk"
    store.export(disk / "all.zip")
    disk.rename(tmp_path / "elsewhere")
    store.delete_recording("ann", recording)
    assert [each["there"] for each in store.exports()] == [False]
    (tmp_path / "elsewhere").rename(disk)
    store.sweep()
    with zipfile.ZipFile(disk / "all.zip") as archive:
        assert not [name for name in archive.namelist() if recording in name]
    with pytest.raises(OutputError, match=r"all\.zip"):
        store.export(disk / "all.zip" / "below.zip")


def test_an_export_that_cannot_be_rewritten_is_told_and_all_else_is_deleted(store: Store, tmp_path: Path) -> None:
    recording = store.add_recording("ann").id
    other = store.add_recording("ann", keep_media=True).id
    (store.folder("ann", other) / "media.mp4").write_bytes(bytes(3_000_000))
    store.update_recording("ann", other, media_path=store.folder("ann", other) / "media.mp4")
    store.export(tmp_path / "all.zip")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Files may not grow beyond 2 MB from here on: the disk is full for the export, not for the database.
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"all\.zip.*larger than allowed; all else is deleted"):
            store.delete_recording("ann", recording)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with pytest.raises(StoreMissing):
        store.recording("ann", recording)
    assert not (store.files / recording).exists()
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
    assert {path.name for path in tmp_path.iterdir()} <= {"all.zip", "data"}
    store.sweep()
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert not [name for name in archive.namelist() if recording in name]
        assert archive.read(f"recordings/{other}/media.mp4") == bytes(3_000_000)


def test_a_reader_who_keeps_the_log_is_told_and_the_sweep_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.2)
    with Store.open(data_dir=tmp_path) as store:
        recording = store.add_recording("ann", name=MARK).id
        with sqlite3.connect(tmp_path / "mimika.db", isolation_level=None) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT name FROM recordings").fetchall()
            with pytest.raises(OutputError, match="another process keeps the log"):
                store.delete_recording("ann", recording)
            assert store.recordings("ann") == ([], None)
            reader.execute("ROLLBACK")
        reader.close()
        store.sweep()
        assert _holding(tmp_path, MARK.encode()) == []
