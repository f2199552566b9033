"""Whether a phone trusts the laboratory's authority: it is asked, before anything is held against it.

A phone refuses whatever is signed by an authority that nobody has installed in it, and it is right. So
before the first test over HTTPS it is told to fetch a file from a server that the authority has signed,
while it is being prepared and nothing is judged. What comes of it decides:

==================  ==============================  =============================================
what it does        its entry says nothing          its entry says ``https: yes``
==================  ==============================  =============================================
asks for the file   tests over HTTPS are held       tests over HTTPS are held
refuses the server  they are NOT_APPLICABLE         they are INCONCLUSIVE: one of the two is wrong
does not come       they are held                   they are held
==================  ==============================  =============================================

A phone that does not so much as connect has not seen a certificate yet, so that is no lack of trust. If
it refuses a certificate later on, that is a fault of the laboratory, which did not know; and so it is
where a phone was recovered after it was asked, since a factory reset takes what was installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from hil.clock import Clock
from hil.errors import LabError
from hil.history import History, Mark, Unmet
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.testbed.restorer import Power

if TYPE_CHECKING:
    from hil.testbed.health import Trouble

NO_AUTHORITY = "the rack has no authority that a phone could trust, see `hil testbed authority`"
"""Why tests over HTTPS do not apply to any handset of such a rack."""

_HTTPS = "https"
_INSTALL = "give it the certificate, as `hil testbed authority --help` says"
# The server's own refusals, before it has shown its certificate.
_OURS = ("protocol", "version", "cipher", "http request")

T = TypeVar("T")


class Visitable(Protocol):
    """A handset that can be told something while it is in a known state."""

    def visit(self, power: Power, parameters: Mapping[str, str], do: Callable[[str], T]) -> T:
        """Bring it into that state, and call ``do`` with the path of the profile that it was told."""

    def tell(self, url: str) -> str:
        """Have it resync with this file; why it does not obey, or nothing."""


class Trust(StrEnum):
    """What a phone made of a server that the authority has signed."""

    GIVEN = "trusts"
    REFUSED = "refuses"
    UNSEEN = "did not connect to"


@dataclass(frozen=True)
class _Tried:
    trust: Trust
    seen: str
    at: Mark


class TrustTrial:
    """The question to one handset; it is asked once, and again after it was recovered.

    ``authority`` is what a person calls it by, empty where there is none that a phone could trust.
    ``address_of`` gives the address over HTTPS of a file that is served while it is visited. ``within``
    is how long a phone may take until it gives a server up, in seconds.
    """

    def __init__(
        self,
        handset: str,
        authority: str,
        clock: Clock,
        history: History,
        *,
        visitable: Visitable,
        power: Callable[[], Power],
        standing: Mapping[str, str],
        address_of: Callable[[str], str],
        within: float,
    ) -> None:
        self._handset = handset
        self._authority = authority
        self._clock = clock
        self._history = history
        self._visitable = visitable
        self._power = power
        self._standing = standing
        self._address_of = address_of
        self._within = within
        self._tried: _Tried | None = None

    def missing(self, *, stated: bool) -> str:
        """Why tests over HTTPS do not apply; empty where they do.

        ``stated`` tells that the handset's entry says that it trusts the authority: `Unmet` where it is
        seen to refuse it all the same. `LabError` where it cannot be asked.
        """
        if not self._authority:
            return NO_AUTHORITY
        tried = self._known() or self._ask()
        if tried.trust is not Trust.REFUSED:
            return ""
        if stated:
            raise Unmet(
                f"awaited: {self._handset} trusts {self._authority}, as its entry says\n"
                f"seen: {tried.seen}; {_INSTALL}, or correct capabilities: https",
                precondition=True,
            )
        return f"{self._handset} does not trust {self._authority} ({tried.seen}); {_INSTALL}"

    def trouble(self) -> Iterator[Trouble]:
        """That it refused a certificate in this test, where nobody knows whether it should not."""
        tried = self._tried
        known = tried is not None and tried.trust is Trust.GIVEN and self._known()
        if tried is None or tried.trust is Trust.REFUSED or known:
            return
        failed = self._history.all(
            ev.TlsHandshake,
            after=self._judged_from(),
            succeeded=False,
            where=lambda each: _by_phone(each.reason),
        )
        if failed:
            what = "nobody knows whether the handset trusts the laboratory's authority"
            yield what, f"before: {tried.seen}; now: {failed[0].reason}"

    # -- inside ------------------------------------------------------------------------------------

    def _judged_from(self) -> ev.Event | None:
        """Where in this test judging begins, or the test itself where nothing is to be judged."""
        begun = self._history.last(ev.TestStarted)
        prepared = self._history.last(ev.HandsetPrepared)
        if begun is None or prepared is None:
            return begun
        return max(begun, prepared, key=lambda event: event.seq)

    def _known(self) -> _Tried | None:
        """What it did when it was asked, unless it was recovered since, which may forget all."""
        tried = self._tried
        if tried is None or self._history.all(ev.RecoveryStep, after=tried.at):
            return None
        return tried

    def _ask(self) -> _Tried:
        self._tried = None
        trust, seen = self._visitable.visit(self._power(), self._standing, self._visited)
        self._tried = _Tried(trust, seen, self._history.mark())
        text = f"{self._handset} {trust.value} {self._authority}: {seen}"
        self._history.append(ev.Note(source="bench", text=text))
        return self._tried

    def _visited(self, path: str) -> tuple[Trust, str]:
        begun = self._history.mark()
        url = self._address_of(path)
        if refused := self._visitable.tell(url):
            raise LabError(
                "the phone cannot be asked whether it trusts the laboratory's authority",
                evidence=refused,
                next_step="see whether its web page takes /admin/resync?https://...",
                concerns=self._handset,
            )
        until = self._history.now() + round(self._within * NANOSECONDS)
        self._clock.wait(lambda: self._asked(begun) or bool(self._alerts(begun)), until)
        return self._concluded(begun)

    def _concluded(self, begun: Mark) -> tuple[Trust, str]:
        if self._asked(begun):
            return Trust.GIVEN, "it asked for a file over HTTPS"
        if not self._history.all(ev.Connected, after=begun, source=_HTTPS):
            return Trust.UNSEEN, f"no connection for HTTPS within {self._within:g} s"
        reasons = self._reasons(begun)
        theirs = [reason for reason in reasons if _by_phone(reason)]
        if theirs or not reasons:
            said = theirs[0] if theirs else "it asked for nothing"
            return Trust.REFUSED, f"it left when it was shown a certificate: {said}"
        return Trust.UNSEEN, f"no handshake of TLS came about: {reasons[0]}"

    def _asked(self, begun: Mark) -> bool:
        return bool(self._history.all(ev.HttpRequest, after=begun, scheme=_HTTPS))

    def _reasons(self, begun: Mark) -> list[str]:
        failed = self._history.all(ev.TlsHandshake, after=begun, source=_HTTPS, succeeded=False)
        return [each.reason for each in failed]

    def _alerts(self, begun: Mark) -> list[str]:
        """Handshakes that ended with a word about the certificate, after which nothing else comes."""
        words = ("certificate", "unknown ca")
        reasons = self._reasons(begun)
        return [each for each in reasons if "alert" in each and any(word in each for word in words)]


def _by_phone(reason: str) -> bool:
    """Whether a handshake failed by what the phone did after it was shown a certificate."""
    return "alert" in reason or not any(word in reason for word in _OURS)
