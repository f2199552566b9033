"""Secrets that an inventory says itself, to everybody who may read the file or its repository.

That is allowed, for a device on somebody's desk. It is remarked upon, since a laboratory's inventory is
shared more widely than its owner thinks when he writes the first line of it. The SNMP communities that
every device comes with, `public` and `private`, are no secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from hil.testbed.checks import Place
from hil.testbed.entry import is_secret
from hil.testbed.yaml_lines import Value

KNOWN_TO_ALL = frozenset({"", "public", "private"})
"""What is written instead of a secret."""


def clear_secrets(entry: object, written: Value, place: Place = ()) -> Iterator[Place]:
    """The places of secrets that stand in the file.

    ``entry`` is what was made of ``written``, the value at ``place``.
    """
    if isinstance(entry, BaseModel) and isinstance(written, Mapping):
        for name, field in type(entry).model_fields.items():
            value = written.get(name)
            if not is_secret(field):
                yield from clear_secrets(getattr(entry, name), value, (*place, name))
            elif isinstance(value, str) and value not in KNOWN_TO_ALL:
                yield (*place, name)
    elif isinstance(entry, list | tuple) and isinstance(written, list):
        for index, (inner, value) in enumerate(zip(entry, written, strict=False)):
            yield from clear_secrets(inner, value, (*place, index))
