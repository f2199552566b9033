"""What tells one device with a web interface from another, in rows of data.

A row has the request that switches an outlet, what its answer must hold, and the request that reads
the state back with the place where the answer says it. ``{outlet}`` and ``{action}`` are blanks,
percent-encoded in a target. A device of another make is a row of the same kind, which an inventory can
write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from hil.errors import UsageError
from hil.history.events import PowerAction
from hil.power.http_client import HttpRequest

_OURS = frozenset(("host", "content-length", "connection", "transfer-encoding"))


@dataclass(frozen=True)
class HttpCall:
    """A request with its blanks, and the statuses that mean that it was granted."""

    method: str
    target: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    expect: frozenset[int] = frozenset((200,))

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{1,16}", self.method):
            raise UsageError(f"{self.method[:20]!r} is no method", remedy="such as GET or POST")
        if not re.fullmatch(r"/[!-~]*", self.target):
            problem = f"{self.target[:60]!r} is no path"
            raise UsageError(problem, remedy="it begins with '/', and is visible ASCII")
        if not all(
            re.fullmatch(r"[!-~][ -~]*", text) for pair in self.headers.items() for text in pair
        ):
            raise UsageError("a header is not printable ASCII", remedy="a name and its value")
        if ours := sorted(name for name in self.headers if name.lower() in _OURS):
            raise UsageError(f"the header {ours[0]} is set by hil", remedy="leave it out")

    def filled(self, outlet: str, action: str) -> HttpRequest:
        """The request for one outlet."""

        def fill(text: str, encode: Callable[[str], str]) -> str:
            # In one pass, so that an outlet's name is never taken for a blank.
            blanks = {"{outlet}": encode(outlet), "{action}": encode(action)}
            return re.sub(r"\{outlet\}|\{action\}", lambda found: blanks[found[0]], text)

        return HttpRequest(
            self.method,
            fill(self.target, lambda text: quote(text, safe="")),
            tuple(self.headers.items()),
            fill(self.body, lambda text: json.dumps(text)[1:-1]).encode(),
        )


@dataclass(frozen=True)
class HttpReading:
    """Where an answer says whether the outlet is on.

    ``pointers`` are JSON pointers (RFC 6901), of which the first that exists counts; ``pattern`` is
    a regular expression whose first group, or whole, counts. What they find is compared with ``on``
    and ``off`` without regard to case; a JSON value is compared as it is written in JSON, a string
    without its quotes.
    """

    call: HttpCall
    on: frozenset[str]
    off: frozenset[str]
    pointers: tuple[str, ...] = ()
    pattern: str = ""

    def __post_init__(self) -> None:
        if bool(self.pointers) is bool(self.pattern):
            raise UsageError(
                "a read-back has a JSON pointer or a pattern", remedy="give one of the two"
            )
        if any(pointer and not pointer.startswith("/") for pointer in self.pointers):
            raise UsageError("a JSON pointer begins with '/'", remedy="such as /output")
        try:
            re.compile(self.pattern)
        except re.error as error:
            problem = f"{self.pattern!r} is no regular expression: {error}"
            raise UsageError(problem, remedy="see Python's re") from None
        if not self.on or not self.off or _lower(self.on) & _lower(self.off):
            raise UsageError("values for on and off that differ are needed", remedy="ON and OFF")

    def says(self, body: bytes, outlet: str) -> PowerAction | None:
        """What an answer says of the outlet; None if it says neither."""
        if self.pattern:
            found = re.search(self.pattern, body.decode("utf-8", "replace"))
            value = None if found is None else found[1] if found.re.groups else found[0]
        else:
            value = pointed(body, self.pointers, outlet)
        word = (value or "").lower()
        if word in _lower(self.on):
            return PowerAction.ON
        return PowerAction.OFF if word in _lower(self.off) else None


@dataclass(frozen=True)
class HttpDialect:
    """How one kind of device is switched.

    ``on_word`` and ``off_word`` are what ``{action}`` stands for. ``confirmed_by`` are JSON pointers,
    one of which is in the answer of a device that obeyed; some devices answer an error with 200.
    ``first`` and ``last`` bound the outlets of a device that numbers them; None where any name goes.
    """

    name: str
    switch: HttpCall
    on_word: str = "on"
    off_word: str = "off"
    confirmed_by: tuple[str, ...] = ()
    reading: HttpReading | None = None
    first: int | None = None
    last: int | None = None


def _get(target: str) -> HttpCall:
    return HttpCall("GET", target)


def pointed(body: bytes, pointers: tuple[str, ...], outlet: str) -> str | None:
    """What the first of these JSON pointers finds, as JSON writes it; None if none finds anything.

    ``{outlet}`` in them is a blank. An object or a list is found, and empty.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for pointer in pointers:
        here = document
        for token in pointer.replace("{outlet}", outlet).split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            if isinstance(here, dict) and key in here:
                here = here[key]
            elif isinstance(here, list) and re.fullmatch(r"0|[1-9][0-9]{0,4}", key):
                here = here[int(key) : int(key) + 1]
                if not here:
                    break
                here = here[0]
            else:
                break
        else:
            if isinstance(here, (dict, list)):
                return ""
            return here if isinstance(here, str) else json.dumps(here)
    return None


def _lower(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


SHELLY_GEN1 = HttpDialect(
    name="shelly-gen1",
    switch=_get("/relay/{outlet}?turn={action}"),
    confirmed_by=("/ison",),
    reading=HttpReading(
        _get("/relay/{outlet}"), frozenset({"true"}), frozenset({"false"}), ("/ison",)
    ),
    first=0,
    last=3,
)
"""Shelly devices of the first generation: Shelly's Gen1 API, ``/relay/{index}``; relays from 0."""

SHELLY_GEN2 = HttpDialect(
    name="shelly-gen2",
    switch=_get("/rpc/Switch.Set?id={outlet}&on={action}"),
    on_word="true",
    off_word="false",
    confirmed_by=("/was_on",),
    reading=HttpReading(
        _get("/rpc/Switch.GetStatus?id={outlet}"),
        frozenset({"true"}),
        frozenset({"false"}),
        ("/output",),
    ),
    first=0,
    last=15,
)
"""Shelly devices of the second and later generations: Shelly's Gen2+ API, the Switch component; from 0.
Their authentication is Digest with SHA-256, and the user is always ``admin``."""

TASMOTA = HttpDialect(
    name="tasmota",
    switch=_get("/cm?cmnd=Power{outlet}%20{action}"),
    on_word="On",
    off_word="Off",
    confirmed_by=("/POWER{outlet}", "/POWER"),
    reading=HttpReading(
        _get("/cm?cmnd=Power{outlet}"),
        frozenset({"on"}),
        frozenset({"off"}),
        ("/POWER{outlet}", "/POWER"),
    ),
    first=1,
    last=32,
)
"""Devices with Tasmota: its command ``Power<x>`` by web request; relays from 1. A device with one
relay answers ``POWER`` without a number."""

DIALECTS = (SHELLY_GEN1, SHELLY_GEN2, TASMOTA)
