"""A handset that labgrid's coordinator gives out: ``--testbed labgrid:PLACE``.

labgrid's own command line is used, ``labgrid-client``, from PATH or from the environment that
HIL_LABGRID names: its library needs other versions of ours. LG_COORDINATOR, LG_HOSTNAME and
LG_USERNAME mean what they mean to labgrid. Two tags of the place say which handset it is::

    labgrid-client -p desk-7 set-tags hil-inventory=/etc/hil/rack.yaml hil-handset=a01

The coordinator's word is advice: it lets anybody release anything and forgets who acquired what when
it starts again. So the handset is leased by file as well, a place is released only if it is still
acquired by whom it was acquired for, and a place that was lost meanwhile is told. A place that is
acquired by the same user already, by an earlier step of a CI job perhaps, is used and left acquired.

Proven against labgrid 26, its coordinator and its client.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hil.errors import HandsetTaken, LeaseError, UsageError
from hil.leases.record import shown

SCHEME = "labgrid:"
CALL_S = 30.0
"""The longest that one call of the client may take, in seconds; it takes one or two."""
_PLACE = re.compile(r"[A-Za-z0-9_.+][A-Za-z0-9_.+-]{0,63}")
_MOST_OUTPUT = 1 << 16


@dataclass(frozen=True)
class Place:
    """A place as the coordinator knows it. ``holder`` is HOST/USER, empty where nobody has it."""

    name: str
    tags: Mapping[str, str]
    holder: str = ""

    @property
    def inventory(self) -> Path:
        """The inventory file that the place's tag names; `UsageError` without."""
        return Path(self._tag("hil-inventory", "the path of an inventory file"))

    @property
    def handset(self) -> str:
        """The handset that the place's tag names; `UsageError` without."""
        return self._tag("hil-handset", "the name of a handset in that inventory")

    def _tag(self, key: str, meaning: str) -> str:
        if not self.tags.get(key):
            raise UsageError(
                f"labgrid's place {self.name} has no tag {key}",
                remedy=f"labgrid-client -p {self.name} set-tags {key}=..., {meaning}",
            )
        return self.tags[key]


def named(testbed: str) -> str | None:
    """The place in ``labgrid:PLACE``; None for what names a file. `UsageError` for no place."""
    if not testbed.startswith(SCHEME):
        return None
    place = testbed.removeprefix(SCHEME)
    if not _PLACE.fullmatch(place):
        raise UsageError(f"{testbed!r} names no place", remedy="labgrid:PLACE")
    return place


def look_up(name: str) -> Place:
    """A place by its name; `LeaseError` if the coordinator cannot be asked or knows none."""
    said = _call(name, "show")
    tags: dict[str, str] = {}
    holder = ""
    for line in said.splitlines():
        key, _, value = line.strip().partition(": ")
        if key == "tags":
            pairs = (pair.partition("=") for pair in value.split(", "))
            tags = {tag: content for tag, _, content in pairs}
        elif key == "acquired" and value != "None":
            holder = value
    return Place(name, tags, holder)


class Acquired:
    """A place that is acquired for this run, until `release`; made by `acquire`."""

    def __init__(self, place: Place, *, before: bool) -> None:
        self.place = place
        self._before = before

    @property
    def farewell(self) -> tuple[str, ...]:
        """The command that releases the place if it is still ours; empty if it is not to be."""
        if self._before:
            return ()
        return (_client(), "-p", self.place.name, "release-from", self.place.holder)

    def release(self) -> None:
        """Give the place back; `LeaseError` if it was no longer ours."""
        now = look_up(self.place.name).holder
        if now != self.place.holder:
            raise LeaseError(
                "labgrid's place was lost meanwhile",
                evidence=f"acquired by {shown(now) or 'nobody'}, not by {self.place.holder}",
                next_step="somebody released it, or the coordinator began anew: `labgrid-client who`",
                concerns=self.place.name,
            )
        if not self._before:
            _call(self.place.name, "release-from", self.place.holder)


def acquire(name: str) -> Acquired:
    """Acquire a place; `HandsetTaken` if somebody else has it."""
    found = look_up(name)
    if found.holder and found.holder == _own_name():
        return Acquired(found, before=True)
    if found.holder:
        raise HandsetTaken(
            "labgrid's place is acquired by somebody else",
            evidence=shown(found.holder),
            next_step="wait for them, or reserve: `labgrid-client reserve`",
            concerns=name,
        )
    try:
        _call(name, "acquire")
    except LeaseError as error:
        raise HandsetTaken(
            "labgrid does not give the place", evidence=error.evidence, concerns=name
        ) from error
    taken = look_up(name)
    if taken.holder != _own_name():
        raise HandsetTaken(
            "labgrid's place went to somebody else", evidence=shown(taken.holder), concerns=name
        )
    return Acquired(taken, before=False)


def _own_name() -> str:
    """HOST/USER, as labgrid makes it (its `labgrid.util.helper`)."""
    host = os.environ.get("LG_HOSTNAME") or socket.gethostname()
    return f"{host}/{os.environ.get('LG_USERNAME') or getpass.getuser()}"


def _client() -> str:
    directory = os.environ.get("HIL_LABGRID", "")
    found = shutil.which("labgrid-client", path=f"{directory}/bin" if directory else None)
    if found is None:
        raise LeaseError(
            "labgrid's client is not there",
            evidence=f"no labgrid-client in {directory or 'PATH'}",
            next_step="install labgrid>=26 in an environment of its own, and name it in HIL_LABGRID",
        )
    return found


def _call(place: str, *words: str) -> str:
    """What the client says; `LeaseError` if it fails."""
    began = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603 - labgrid's client, without a shell
            [_client(), "-p", place, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LeaseError(
            "labgrid's client did not come back",
            evidence=f"{words[0]}: not within {time.monotonic() - began:.0f} s",
            next_step="is the coordinator reachable? see LG_COORDINATOR",
            concerns=place,
        ) from error
    except OSError as error:
        raise LeaseError("labgrid's client cannot be run", evidence=str(error)) from error
    said = done.stdout[:_MOST_OUTPUT].decode(errors="replace")
    if done.returncode != 0:
        complaint = done.stderr[-_MOST_OUTPUT:].decode(errors="replace").strip().splitlines()
        raise LeaseError(
            f"labgrid's client refused {words[0]}",
            evidence=shown(" ".join(complaint[-3:])) or f"exit status {done.returncode}",
            next_step="is the coordinator running? see LG_COORDINATOR",
            concerns=place,
        )
    return said
