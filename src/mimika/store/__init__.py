"""The memory: recordings, rows, episodes, profiles, jobs, tokens and the audit, in SQLite or PostgreSQL."""

from mimika.store.records import AuditEntry, Job, Profile, Recording, Token
from mimika.store.repository import Store

__all__ = ["AuditEntry", "Job", "Profile", "Recording", "Store", "Token"]
