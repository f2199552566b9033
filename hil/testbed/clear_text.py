"""Secrets that others may read: in the inventory itself, or in a file that is not its owner's alone.

To write one into the inventory is allowed, for a device on somebody's desk. It is remarked upon, since
a laboratory's inventory is shared more widely than its owner thinks when he writes the first line of
it. The SNMP communities that every device comes with, `public` and `private`, are no secret.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from hil.testbed.checks import Place
from hil.testbed.entry import is_secret
from hil.testbed.yaml_lines import Value

KNOWN_TO_ALL = frozenset({"", "public", "private"})
"""What is written instead of a secret."""


_READABLE = stat.S_IRGRP | stat.S_IROTH


def clear_secrets(entry: object, written: Value) -> Iterator[Place]:
    """The places of secrets that stand in the file; ``entry`` is what was made of ``written``."""
    for place, value in _secrets(entry, written):
        if isinstance(value, str) and value not in KNOWN_TO_ALL:
            yield place


def readable_files(
    entry: object, written: Value, directory: Path
) -> Iterator[tuple[Place, Path, int]]:
    """The places of secrets by ``{file: PATH}`` that not the owner alone may read, file and mode.

    Paths are relative to ``directory``. A file that is not there is no matter of this. For the key of
    an authority there is `hil.testbed.authorities`.
    """
    for place, value in _secrets(entry, written):
        if not isinstance(value, Mapping) or place[:1] == ("authority",):
            continue
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            path = directory / Path(str(value["file"])).expanduser()
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & _READABLE:
                yield place, path, mode


def _secrets(entry: object, written: Value, place: Place = ()) -> Iterator[tuple[Place, Value]]:
    """Each secret that is written, with its place: a text, or a mapping that refers to a file."""
    if isinstance(entry, BaseModel) and isinstance(written, Mapping):
        for name, field in type(entry).model_fields.items():
            inner, value = getattr(entry, name), written.get(name)
            if not is_secret(field):
                yield from _secrets(inner, value, (*place, name))
            elif isinstance(inner, Mapping) and isinstance(value, Mapping):
                # Of headers and variables nobody knows which is secret, unless it is kept elsewhere.
                yield from (
                    ((*place, name, key), below) for key, below in value.items() if _is_file(below)
                )
            elif isinstance(value, str) or _is_file(value):
                yield (*place, name), value
    elif isinstance(entry, list | tuple) and isinstance(written, list):
        for index, (inner, value) in enumerate(zip(entry, written, strict=False)):
            yield from _secrets(inner, value, (*place, index))


def _is_file(value: Value) -> bool:
    return isinstance(value, Mapping) and list(value) == ["file"]
