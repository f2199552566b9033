"""The file that a history is kept in: one JSON object a line, written as each event happens.

Each line goes to the kernel in one write before the append returns, so a run that is killed leaves
everything that it had seen. The only damage a kill can do is a last line without its end; reading
reports such a torn line and goes on. Damage anywhere else is an error that names the line. A run that
came to its end seals its file, so that what was left out or altered since then shows.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from hil.errors import HistoryError
from hil.history import events as ev


class HistoryFile:
    """An open file that events are appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644
        )
        self._encoder = msgspec.json.Encoder()
        self._digest = hashlib.sha256()

    def write(self, event: ev.Event) -> None:
        """Hand one event to the kernel; OSError (a full disk) is for the caller to report."""
        try:
            line = self._encoder.encode(event) + b"\n"
        except UnicodeEncodeError:
            line = self._encoder.encode(_escaped(event)) + b"\n"
        self._digest.update(line)
        while line:
            line = line[os.write(self._descriptor, line) :]

    def seal(self, *, at: int, seq: int, handset: str = "") -> ev.RunEnded:
        """Write the last event, by which it shows that all before it is whole; OSError as `write`."""
        digest = self._digest.hexdigest()
        last = ev.RunEnded(source="history", at=at, seq=seq, handset=handset, sha256=digest)
        self.write(last)
        return last

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._descriptor

    def close(self) -> None:
        """Close the file; further writes are an error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> HistoryFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _escaped(event: ev.Event) -> ev.Event:
    """The event with lone surrogates, which UTF-8 cannot hold, written out as escapes."""
    fields = type(event).__struct_fields__
    return msgspec.structs.replace(
        event, **{name: _escaped_text(getattr(event, name)) for name in fields}
    )


def _escaped_text(value: object) -> object:
    if type(value) is str:
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, tuple):
        return tuple(_escaped_text(item) for item in value)
    if isinstance(value, dict):
        return {_escaped_text(key): _escaped_text(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class StoredHistory:
    """A history read back.

    ``torn`` is the unfinished last line, empty if there is none; ``ended`` tells that the run came to
    its end and sealed the file.
    """

    events: tuple[ev.Event, ...]
    torn: bytes = b""
    ended: bool = False


def read(path: Path) -> StoredHistory:
    """Read a stored history; `HistoryError` for anything but a torn last line.

    So it is for a file that was sealed and is not what was sealed any more.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}") from error
    *lines, torn = data.split(b"\n")
    decoder = msgspec.json.Decoder(ev.AnyEvent)
    events: list[ev.Event] = []
    for number, line in enumerate(lines, start=1):
        try:
            event = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HistoryError(f"{path}:{number}: not an event: {error}") from error
        if event.seq != number - 1:
            raise HistoryError(
                f"{path}:{number}: event {event.seq} where {number - 1} belongs: lines were lost"
            )
        events.append(event)
    seals = [number for number, event in enumerate(events) if isinstance(event, ev.RunEnded)]
    for number in seals:
        _check_seal(path, lines, events, number)
    return StoredHistory(tuple(events), torn, ended=bool(seals))


def _check_seal(path: Path, lines: list[bytes], events: list[ev.Event], number: int) -> None:
    seal = events[number]
    before = b"".join(line + b"\n" for line in lines[:number])
    sealed = isinstance(seal, ev.RunEnded) and hashlib.sha256(before).hexdigest() == seal.sha256
    if not sealed or number != len(events) - 1:
        raise HistoryError(f"{path}: it was altered after its run had ended: its seal does not fit")
