"""The bench as a browser: commands, configuration and status of the phone, by its web server.

Every exchange is two events, `WebRequested` and `WebAnswered`, and the second one is what most calls
return. It is appended when the answer is whole and before the connection ends, so that what the phone
does then comes after it. A phone that does not answer, or answers no HTTP, is no error here: it is a
`WebAnswered` with status 0 and a reason in words. Only where a test wants to read something that is not
there (`parameters`, `status`) is it told that its precondition is unmet.

The commands' addresses are published, credentials at their end included; where the configuration and
the status are read is not, so `WebSettings.paths` can say otherwise for another phone.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from urllib.parse import quote

from hil import digest
from hil.clients.http import Answer, Question, exchange
from hil.clock import Clock
from hil.errors import ProfileError, UsageError
from hil.history import History, Unmet
from hil.history import events as ev
from hil.net.interface import Place
from hil.reference import status as pages
from hil.reference.direct_actions import ADMIN, PATHS, WebPaths
from hil.reference.profile_builder import flat_profile
from hil.reference.profiles import decode

SOURCE = "web"
# What an address may hold as it is, but the ampersand that begins the credentials.
_READABLE = string.ascii_letters + string.digits + "-._~/:?=@$,;!*'()"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"/[\x21-\x7e]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SPARE_S = 5.0


@dataclass(frozen=True)
class WebSettings:
    """How this phone's pages are reached.

    ``scheme`` is http or https, whose certificate is taken as it is; ``port`` None is the scheme's.
    With a ``password`` the bench is ``user``. An exchange may take ``deadline_s`` seconds of lab time.
    """

    scheme: str = "http"
    port: int | None = None
    paths: WebPaths = PATHS
    user: str = ADMIN
    password: str = ""
    deadline_s: float = 10.0


class PhoneWeb:
    """The web pages of one phone, from ``place`` on; ``address`` tells where it is now, if it is.

    Its methods are called from the test's thread. `log_in` and `reach` count until `reset`.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        address: Callable[[], IPv4Address | None],
        settings: WebSettings | None = None,
    ) -> None:
        self._place = place
        self._clock = clock
        self._history = history
        self._address = address
        self._usual = settings or WebSettings()
        self._settings = self._usual
        self._numbers = itertools.count(1)

    @property
    def deadline_s(self) -> float:
        """The longest that an exchange may take now, in seconds of lab time."""
        return self._settings.deadline_s

    def log_in(self, user: str, password: str) -> None:
        """Be this user from now on, for instance after a profile set Admin_Password."""
        self._settings = replace(self._settings, user=user, password=password)

    def reach(self, scheme: str, port: int | None = None) -> None:
        """Go by this scheme and port from now on, for instance after a profile set Web_Server_Port."""
        if scheme not in _DEFAULT_PORTS:
            raise UsageError(f"no web pages by {scheme!r}", remedy="http or https")
        self._settings = replace(self._settings, scheme=scheme, port=port)

    def wait_at_most(self, seconds: float) -> None:
        """Let an exchange take no longer than this from now on, nor than it was allowed anyway."""
        shorter = min(seconds, self._usual.deadline_s)
        self._settings = replace(self._settings, deadline_s=shorter)

    def reset(self) -> None:
        """Go back to the settings that it was made with."""
        self._settings = self._usual

    # -- commands ----------------------------------------------------------------------------------

    def resync(self, rule: str = "") -> ev.WebAnswered:
        """Have it resync, by its own rules or by ``rule``, any profile rule with options and macros."""
        return self._command(self._settings.paths.resync, rule)

    def upgrade(self, rule: str = "") -> ev.WebAnswered:
        """Have it upgrade, by Upgrade_Rule or by ``rule``."""
        return self._command(self._settings.paths.upgrade, rule)

    def reboot(self) -> ev.WebAnswered:
        """Have it reboot."""
        return self._command(self._settings.paths.reboot, "")

    def factory_reset(self) -> ev.WebAnswered:
        """Have it go back to its factory settings, which it reboots for."""
        return self._command(self._settings.paths.factory_reset, "")

    def submit(self, **parameters: str) -> ev.WebAnswered:
        """Upload a configuration that sets these parameters ("Submit All Changes"); it reboots then."""
        target = self._settings.paths.submit + self._credentials()
        return self.exchange("POST", target, flat_profile(**parameters))

    # -- pages -------------------------------------------------------------------------------------

    def get(self, target: str) -> ev.WebAnswered:
        """Ask for a path, with its query; where it wants a password and there is one, once more."""
        answered = self.exchange("GET", target)
        if answered.status != 401 or not self._settings.password:
            return answered
        challenges = [
            scheme
            for name, value in answered.headers
            if name == "www-authenticate"
            for scheme in digest.read_schemes(value)
        ]
        shown = digest.answer(
            challenges,
            self._settings.user,
            self._settings.password,
            method="GET",
            uri=target,
            cnonce=f"{answered.exchange:016x}",
        )
        return answered if shown is None else self.exchange("GET", target, authorization=shown)

    def parameters(self) -> dict[str, str]:
        """Every parameter that its configuration page shows, by XML name; secrets are not among them.

        Unmet, as a precondition, where the page cannot be had or read.
        """
        path = self._settings.paths.configuration
        try:
            return dict(decode(self._page(path)).parameters)
        except ProfileError as error:
            raise _unread(path, str(error)) from None

    def status(self) -> pages.Status:
        """What its status page shows; Unmet, as a precondition, where that cannot be had or read."""
        path = self._settings.paths.status
        try:
            return pages.parse(self._page(path))
        except ProfileError as error:
            raise _unread(path, str(error)) from None

    # -- any exchange ------------------------------------------------------------------------------

    def exchange(
        self, method: str, target: str, body: bytes = b"", *, authorization: str = ""
    ) -> ev.WebAnswered:
        """Send one request on a connection of its own, and wait for the answer or the deadline.

        UsageError for a method or a target that no request can have.
        """
        if not _TOKEN.fullmatch(method) or not _TARGET.fullmatch(target):
            raise UsageError(
                f"no request: {method!r} {target!r}", remedy="percent-encode the target"
            )
        settings = self._settings
        number = next(self._numbers)
        self._history.append(
            ev.WebRequested(
                source=SOURCE,
                exchange=number,
                scheme=settings.scheme,
                method=method,
                target=target,
                requester=str(self._place.address),
                body=body,
            )
        )
        work = self._ask(number, settings, method, target, body, authorization)
        return self._clock.run(work, timeout=settings.deadline_s + _SPARE_S)

    # -- inside ------------------------------------------------------------------------------------

    def _command(self, path: str, rule: str) -> ev.WebAnswered:
        argument = f"?{quote(rule, safe=_READABLE)}" if rule else ""
        return self.exchange("GET", path + argument + self._credentials())

    def _credentials(self) -> str:
        user, password = self._settings.user, self._settings.password
        if not password:
            return ""
        return f"&xuser={quote(user, safe='')}&xpassword={quote(password, safe='')}"

    def _page(self, path: str) -> bytes:
        answered = self.get(path)
        if answered.status != 200:
            raise _unread(path, answered.detail or f"status {answered.status}")
        return answered.body

    async def _ask(
        self,
        number: int,
        settings: WebSettings,
        method: str,
        target: str,
        body: bytes,
        authorization: str,
    ) -> ev.WebAnswered:
        address = self._address()
        if address is None:
            return self._answered(number, Answer(detail="the phone has no address", unsent=True))
        port = settings.port or _DEFAULT_PORTS[settings.scheme]
        return await exchange(
            self._place,
            address,
            port,
            Question(method, target, body, authorization),
            lambda answer: self._answered(number, answer),
            secure=settings.scheme == "https",
            within=settings.deadline_s,
        )

    def _answered(self, number: int, answer: Answer) -> ev.WebAnswered:
        return self._history.append(
            ev.WebAnswered(
                source=SOURCE,
                exchange=number,
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                detail=answer.detail,
                unsent=answer.unsent,
            )
        )


def _unread(path: str, why: str) -> Unmet:
    return Unmet(f"awaited: the phone's page {path}\nseen: {why}", precondition=True)
