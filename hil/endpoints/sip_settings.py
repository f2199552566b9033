"""How a SIP endpoint behaves, as one immutable value, which a test replaces whole.

The defaults are those of a small provider: two lines with a password each, digest authentication
with MD5 for registrations, an hour's registration, calls answered after a moment of ringing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from hil.errors import UsageError
from hil.wire.sdp import G722, PCMA, PCMU, TELEPHONE_EVENT, Codec
from hil.wire.sip_digest import Algorithm

DEFAULT_CODECS = (PCMU, PCMA, G722, TELEPHONE_EVENT)
"""What the bench can hear, as far as a phone can tell."""


class Shown(StrEnum):
    """Which credentials we answer the handset's challenge with."""

    RIGHT = "right"
    WRONG = "wrong"
    """The account's user with another password."""
    NONE = "none"
    """The challenge stays unanswered."""


@dataclass(frozen=True)
class Account:
    """A line's user and password; the user is address, digest user name and URI at once."""

    user: str
    password: str

    def __post_init__(self) -> None:
        if not self.user:
            raise UsageError("an account without a user")


@dataclass(frozen=True)
class Authentication:
    """Whom we challenge, and how.

    ``algorithm`` None challenges nobody. ``methods`` are those that need credentials. ``qop`` offers
    ``auth``; without, the client must use the form of RFC 2069, which a ``-sess`` algorithm cannot
    have (UsageError). ``nonce_s`` is how many seconds of lab time a nonce is good for.
    """

    algorithm: Algorithm | None = Algorithm.MD5
    methods: frozenset[str] = frozenset(("REGISTER",))
    qop: bool = True
    nonce_s: float = 300.0

    def __post_init__(self) -> None:
        if self.algorithm is not None and self.algorithm.session and not self.qop:
            raise UsageError("-sess without qop has no cnonce to hash", remedy="MD5 or SHA-256")


@dataclass(frozen=True)
class Answering:
    """What we do with a call of the handset's.

    After ``after_s`` seconds it gets the final ``status``; None lets it ring for ever. ``ringing``
    sends a 180 first. A 200 is answered with those of our ``codecs`` that the offer has, or with a
    488 if there is none. ``headers`` are added to the final response.
    """

    status: int | None = 200
    after_s: float = 0.0
    ringing: bool = True
    codecs: tuple[Codec, ...] = DEFAULT_CODECS
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.status is not None and not 200 <= self.status <= 699:
            raise UsageError(f"{self!r}: a final status is 200 to 699")
        if self.after_s < 0:
            raise UsageError(f"{self!r}: seconds must not be negative")


@dataclass(frozen=True)
class Body:
    """The body of a NOTIFY; the type is that of Content-Type."""

    content_type: str = ""
    data: bytes = b""


DEFAULT_ACCOUNTS: Mapping[int, Account] = MappingProxyType(
    {1: Account("line1", "password1"), 2: Account("line2", "password2")}
)
NO_MESSAGES = Body("application/simple-message-summary", b"Messages-Waiting: no\r\n")
"""No voice mail (RFC 3842)."""
DEFAULT_PACKAGES: Mapping[str, Body] = MappingProxyType({"message-summary": NO_MESSAGES})


@dataclass(frozen=True)
class Settings:
    """All that a test can configure.

    Registrations are granted for as long as the handset asks, at most ``most_expires`` seconds;
    less than ``least_expires`` is refused with 423. ``packages`` are the event packages that may be
    subscribed to, with what their first NOTIFY says. ``answering`` has one policy for every user
    that is called, under the empty name, and others by user.
    """

    accounts: Mapping[int, Account] = field(default_factory=lambda: DEFAULT_ACCOUNTS)
    authentication: Authentication = Authentication()
    most_expires: int = 3600
    least_expires: int = 0
    answering: Mapping[str, Answering] = field(default_factory=lambda: {"": Answering()})
    packages: Mapping[str, Body] = field(default_factory=lambda: DEFAULT_PACKAGES)

    def line_of(self, user: str) -> int | None:
        """The line with this user; None if there is none."""
        return next((line for line, known in self.accounts.items() if known.user == user), None)

    def account(self, line: int) -> Account:
        """The account of a line; `UsageError` if it has none."""
        if line not in self.accounts:
            raise UsageError(f"no line {line}", remedy=f"one of {sorted(self.accounts)}")
        return self.accounts[line]

    def answering_for(self, user: str) -> Answering:
        """What happens to a call to this user."""
        return self.answering.get(user) or self.answering[""]
