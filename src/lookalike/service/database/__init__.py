"""The service's database: SQLite in a file, or PostgreSQL by its URL."""

from lookalike.service.database.connection import Database

__all__ = ["Database"]
