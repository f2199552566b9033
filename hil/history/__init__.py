"""The one append-only history: typed events, the record, waits on it, and the file it is kept in."""

from hil.history.pattern import describe
from hil.history.record import History, Mark, Moment, Unmet, Waiter
from hil.history.store import HistoryFile, StoredHistory, read

__all__ = [
    "History",
    "HistoryFile",
    "Mark",
    "Moment",
    "StoredHistory",
    "Unmet",
    "Waiter",
    "describe",
    "read",
]
