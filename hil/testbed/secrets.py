"""Secrets of an inventory: written there, or better kept elsewhere and named.

Three references, each a mapping of one key: ``{env: NAME}``, ``{file: PATH}`` (relative to the
inventory; the trailing line end is not part of it, and before it there is one line, but for a key that
has more) and ``{keyring: SERVICE/USER}`` (the desktop's or
the operating system's store by the library `keyring`, which is imported where one is named). They
are read when the inventory is; what cannot be read is a problem of the inventory that names the
reference and never what it holds.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, get_args, get_origin

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic.fields import FieldInfo

from hil.testbed.checks import Wrong, refusal

MOST_OCTETS = 4096
"""The size of the largest secret that is kept in a file."""

KEYRING_S = 20.0
"""How long a keyring may take to answer, seconds; one that is locked asks its user meanwhile."""

_FORMS = "{env: NAME}, {file: PATH} or {keyring: SERVICE/USER}"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _SecretMark:
    """Marks a field whose value must not be shown."""


def _resolve(value: object, info: ValidationInfo, *, long: bool = False) -> object:
    """Replace a reference by what it refers to; ``long``: a file may have several lines."""
    if not isinstance(value, Mapping):
        return value
    kind, name = next(iter(value.items())) if len(value) == 1 else ("", "")
    known = isinstance(name, str) and name
    context = info.context or {}
    if not context.get("secrets", True) and kind in ("env", "file", "keyring") and known:
        return f"not looked up: {kind} {name}"
    if kind == "env" and known and _VARIABLE.fullmatch(name):
        return _from_environment(name, context.get("environ", os.environ))
    if kind == "file" and known:
        return _from_file(Path(context.get("directory", ".")), name, long=long)
    if kind == "keyring" and known and all(part for part in name.rpartition("/")):
        return _from_keyring(name)
    raise refusal([Wrong((), "a secret by reference names one variable, file or entry", _FORMS)])


def _resolve_long(value: object, info: ValidationInfo) -> object:
    return _resolve(value, info, long=True)


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        problem = f"the environment has no variable {name}"
        raise refusal([Wrong((), problem, "export it before the run")])
    return environ[name]


def _from_file(directory: Path, name: str, *, long: bool) -> str:
    remedy = "a file that this user may read, with the secret in it and nothing else"
    octets: bytes | None = None
    try:
        path = directory / Path(name).expanduser()
        # Only then opened: to open a pipe that nobody writes to would wait for ever.
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as opened:
                octets = opened.read(MOST_OCTETS + 1)
    except OSError as error:
        problem = f"secret file {name!r}: {error.strerror}"
        raise refusal([Wrong((), problem, remedy)]) from error
    except (ValueError, RuntimeError) as error:
        problem = f"secret file {name!r} is no path of a file"
        raise refusal([Wrong((), problem, remedy)]) from error
    if octets is None:
        raise refusal([Wrong((), f"secret file {name!r} is no regular file", remedy)])
    if len(octets) > MOST_OCTETS:
        raise refusal([Wrong((), f"secret file {name!r} is too large", remedy)])
    try:
        text = octets.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        # The error would carry the octets with it.
        raise refusal([Wrong((), f"secret file {name!r} is not UTF-8", remedy)]) from None
    if not text:
        raise refusal([Wrong((), f"secret file {name!r} is empty", remedy)])
    if not long and (lines := len(re.split("\r\n|\r|\n", text))) > 1:
        problem = f"secret file {name!r} has {lines} lines, and none is said to be the secret"
        raise refusal([Wrong((), problem, "a file with the secret on its only line")])
    return text


def _from_keyring(name: str) -> str:
    service, _, user = name.rpartition("/")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        problem = "secrets from a keyring need the library keyring"
        raise refusal([Wrong((), problem, "pip install keyring")]) from None
    found: list[str | None] = []
    failed: list[str] = []

    def ask() -> None:
        try:
            found.append(keyring.get_password(service, user))
        except (KeyringError, OSError, RuntimeError) as error:
            failed.append(f"{type(error).__name__}: {error}".splitlines()[0])

    # A locked keyring waits for a person, who may not be there; the thread is then left behind.
    asking = threading.Thread(target=ask, name=f"keyring {service}", daemon=True)
    asking.start()
    asking.join(KEYRING_S)
    if found and found[0] is not None:
        return found[0]
    if failed:
        raise refusal([Wrong((), f"the keyring does not answer ({failed[0]})", "unlock it first")])
    if not found:
        problem = f"the keyring did not answer within {KEYRING_S:.0f} s"
        raise refusal([Wrong((), problem, "unlock it first")])
    problem = f"the keyring has no {user!r} of {service!r}"
    raise refusal([Wrong((), problem, f"keyring set {service} {user}")])


_AS_WRITTEN = {
    "anyOf": [
        {"type": "string"},
        *(
            {
                "type": "object",
                "properties": {kind: {"type": "string", "description": meaning}},
                "required": [kind],
                "additionalProperties": False,
            }
            for kind, meaning in (
                ("env", "a variable of the environment"),
                ("file", "a file with the secret in it, relative to the inventory"),
                ("keyring", "SERVICE/USER in the keyring of this user"),
            )
        ),
    ]
}

Secret = Annotated[str, BeforeValidator(_resolve), _SecretMark(), WithJsonSchema(_AS_WRITTEN)]
"""A text that must not be shown, or a reference to where it is kept; a file of it has one line."""

LongSecret = Annotated[
    str, BeforeValidator(_resolve_long), _SecretMark(), WithJsonSchema(_AS_WRITTEN)
]
"""A `Secret` that may have several lines, as a key in PEM has."""


def is_secret(field: FieldInfo) -> bool:
    """Whether a field of an inventory holds a `Secret`, which nothing may show."""
    return _marked(field.metadata) or _within(field.annotation)


def _within(annotation: object) -> bool:
    if get_origin(annotation) is Annotated and _marked(get_args(annotation)[1:]):
        return True
    return any(map(_within, get_args(annotation)))


def _marked(metadata: object) -> bool:
    return isinstance(metadata, list | tuple) and any(isinstance(m, _SecretMark) for m in metadata)
