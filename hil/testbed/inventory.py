"""The inventory: which phones a laboratory has and what surrounds them, read from a YAML file.

Whoever writes an inventory learns of everything that is wrong with it at once, each problem with its
line and with what would be right. The file is read to values that know their lines
(`hil.testbed.yaml_lines`), handsets inherit what is written once (`hil.testbed.defaults`), pydantic
compares them with the schema (`hil.testbed.models`), and the
entries are compared with each other (`hil.testbed.contradictions`) whether or not the schema was
content.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hil.errors import InventoryError, UsageError
from hil.testbed.checks import REFUSED, Place, Wrong, closest, nearest
from hil.testbed.clear_text import clear_secrets, readable_files
from hil.testbed.contradictions import contradictions
from hil.testbed.defaults import Inherited
from hil.testbed.entry import is_secret
from hil.testbed.handset_parts import FirmwareEntry, PowerRef, TimingEntry
from hil.testbed.models import HandsetEntry, Testbed
from hil.testbed.networks import Network
from hil.testbed.pdus import Pdu, SnmpUser
from hil.testbed.shape import fields_at, kinds_at, misplaced, walk
from hil.testbed.yaml_lines import Document, parse

__all__ = [
    "FirmwareEntry",
    "HandsetEntry",
    "Network",
    "Pdu",
    "PowerRef",
    "SnmpUser",
    "Testbed",
    "TimingEntry",
    "load",
    "remarks",
]

MAX_OCTETS = 1 << 20
"""The size of the largest inventory file."""
_SHOWN = 60
_UNTAGGED = ("union_tag_invalid", "union_tag_not_found")


def load(
    path: Path,
    environ: Mapping[str, str] | None = None,
    *,
    secrets: bool = True,
    authority: bool = True,
) -> Testbed:
    """Read an inventory; secrets by reference come from ``environ``, else from the process's own.

    Without ``secrets`` no reference is looked up, and each secret is a text that says so: for who
    only wants to read what else is there. Without ``authority`` the files of the authority are left
    alone as well, and it cannot sign (`hil.testbed.authorities`): for who tests nothing.

    Raises `InventoryError`, and nothing else, with every problem and its line: a file that cannot be
    read, is not UTF-8, not YAML, or not what the schema and the entries among each other allow.
    """
    file = str(path)
    try:
        document = parse(_read(path, file), file)
        problems = list(document.problems)
        context = {
            "environ": os.environ if environ is None else environ,
            "directory": path.parent,
            "secrets": secrets,
            "authority": authority,
        }
        testbed, wrongs = _validate(document, path, context)
        if testbed is None and secrets:
            # A secret that is not there keeps pydantic from comparing its entry's fields.
            _, others = _validate(document, path, {**context, "secrets": False})
            wrongs = [*wrongs, *(each for each in others if each not in wrongs)]
    except UsageError as error:
        raise InventoryError(file, [error]) from error
    problems += [
        UsageError(w.problem, file=file, line=document.line(w.place), remedy=w.remedy)
        for w in wrongs
    ]
    if testbed is None or problems:
        raise InventoryError(file, sorted(problems, key=lambda problem: problem.line or 0))
    return testbed


def remarks(path: Path) -> list[UsageError]:
    """What an inventory may say and had better not: secrets of a rack that others can read.

    In the file itself, or in one of which its mode says so. Raises `InventoryError` as `load` does.
    """
    testbed = load(path, secrets=False, authority=False)
    if testbed.kind != "rack":
        return []
    file = str(path)
    document = parse(_read(path, file), file)
    elsewhere = "{env: NAME}, {file: PATH} or {keyring: SERVICE/USER} keep it out of this file"
    found = [
        (place, f"{_path(place)} is a secret in clear text", elsewhere)
        for place in clear_secrets(testbed, document.value)
    ]
    found += [
        (
            place,
            f"{_path(place)} is in {kept}, which others may read ({mode:04o})",
            f"chmod 600 {kept}",
        )
        for place, kept, mode in readable_files(testbed, document.value, path.parent)
    ]
    return [
        UsageError(problem, file=file, line=document.line(place), remedy=remedy)
        for place, problem, remedy in sorted(found, key=lambda each: document.line(each[0]))
    ]


def _read(path: Path, file: str) -> str:
    remedy = "the path of an inventory such as testbeds/virtual.yaml"
    try:
        # Only then opened: to open a pipe that nobody writes to would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError("not a regular file", file=file, remedy=remedy)
        with path.open("rb") as opened:
            octets = opened.read(MAX_OCTETS + 1)
    except OSError as error:
        raise UsageError(f"{error.strerror}", file=file, remedy=remedy) from error
    except ValueError as error:
        raise UsageError(f"no path of a file: {error}", file=file, remedy=remedy) from error
    if len(octets) > MAX_OCTETS:
        raise UsageError("too large an inventory", file=file, remedy=f"at most {MAX_OCTETS} octets")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"octet 0x{octets[error.start]:02x} is not UTF-8",
            file=file,
            line=line,
            remedy="save the file as UTF-8",
        ) from error


def _validate(
    document: Document, path: Path, context: Mapping[str, object]
) -> tuple[Testbed | None, list[Wrong]]:
    """Return the testbed, or None and all that is wrong."""
    value = document.value
    if not isinstance(value, dict):
        problem = f"the inventory is {_shown(value)}, not a mapping"
        return None, [Wrong((), problem, "name:, kind:, pdus: and handsets:")]
    inherited = Inherited(value)
    wrongs = list(inherited.wrongs)
    if "file" in value:
        problem = "the inventory has no key 'file'"
        wrongs.append(Wrong(("file",), problem, nearest("file", fields_at(()))))
    testbed = None
    try:
        testbed = Testbed.model_validate(inherited.document | {"file": path}, context=dict(context))
    except ValidationError as error:
        details = error.errors()
        for detail in _without_misspelt(details):
            wrongs += _explained(detail, inherited)
        # pydantic compares the entries with each other only where each is right in itself.
        if not any(detail["loc"] == () for detail in details):
            wrongs += contradictions(inherited.document)
    seen = {wrong.place for wrong in wrongs}
    wrongs += (wrong for wrong in misplaced(inherited.document) if wrong.place not in seen)
    return testbed, inherited.as_written(wrongs)


def _without_misspelt(details: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leave out that a key is missing where it is there but misspelt."""
    meant = {
        (*detail["loc"][:-1], closest(str(detail["loc"][-1]), fields_at(detail["loc"][:-1])))
        for detail in details
        if detail["type"] == "extra_forbidden"
    }
    for detail in details:
        if detail["type"] != "missing" or detail["loc"] not in meant:
            yield detail


def _explained(detail: ErrorDetails, inherited: Inherited) -> Iterator[Wrong]:
    """Say in the inventory's words what pydantic found."""
    field, place = walk(detail["loc"])
    if detail["type"] != "missing":
        place = inherited.origin(place)
    if detail["type"] == REFUSED:
        for wrong in detail["ctx"]["wrongs"]:
            yield wrong._replace(place=(*place, *wrong.place))
    elif detail["type"] in _UNTAGGED:
        yield _undecided(detail, place)
    elif detail["type"] == "extra_forbidden":
        known = fields_at(detail["loc"][:-1]).keys()
        problem = f"{_path(place[:-1])} has no key {str(place[-1])[:_SHOWN]!r}"
        yield Wrong(place, problem, nearest(str(place[-1]), known))
    else:
        right = (field.description if field else None) or detail["msg"]
        if detail["type"] == "missing":
            yield Wrong(inherited.own(place), f"{_path(place)} is missing", right)
        elif field is not None and is_secret(field):
            yield Wrong(place, f"{_path(place)} cannot be used", right)
        else:
            yield Wrong(place, f"{_path(place)} is {_shown(detail['input'])}", right)


def _undecided(detail: ErrorDetails, place: Place) -> Wrong:
    """An entry of which nobody can say of what kind it is."""
    key = detail["ctx"]["discriminator"].strip("'")
    kinds = kinds_at(detail["loc"])
    if detail["type"] == "union_tag_invalid":
        tag = str(detail["ctx"]["tag"])
        problem = f"{_path((*place, key))} is {_shown(tag)}"
        return Wrong((*place, key), problem, nearest(tag, kinds))
    for written in detail["input"]:
        if closest(str(written), [key]):
            problem = f"{_path(place)} has no key {str(written)[:_SHOWN]!r}"
            return Wrong((*place, str(written)), problem, f"did you mean {key}?")
    remedy = "one of " + ", ".join(sorted(kinds))
    return Wrong((*place, key), f"{_path((*place, key))} is missing", remedy)


def _path(place: Place) -> str:
    steps = (
        f"[{s}]" if isinstance(s, int) else f".{s if s.isidentifier() else repr(s)}" for s in place
    )
    text = "".join(steps)
    return text.removeprefix(".")[:_SHOWN] or "the inventory"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if value is None:
        return "empty"
    return repr(value) if len(str(value)) <= _SHOWN else f"{str(value)[:_SHOWN]!r}..."
