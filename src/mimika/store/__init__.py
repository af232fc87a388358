"""The memory: recordings, rows, episodes, profiles, jobs, tokens and the audit, in SQLite or PostgreSQL."""
