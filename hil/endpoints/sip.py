"""The SIP server of a bench: registrar and the other end of every call, for one handset.

It listens on UDP and TCP on one port and with ``tls`` on another one, and knows two accounts. The
handset registers; the bench sends it NOTIFYs, calls it, and answers its calls, OPTIONS and
SUBSCRIBEs. How, is one immutable `Settings`, replaced whole from the test's thread; everything else
lives in the loop. A backup proxy is a second endpoint on another port.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace

from hil.clock import Clock
from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.base import Station
from hil.endpoints.https import TLS_FAULTS, ServerTls, TlsConfig
from hil.endpoints.sip_call import Call
from hil.endpoints.sip_caller import Invitation
from hil.endpoints.sip_faults import MalformedSip, NoAck, SipStatus, Unreachable, WrongSdp
from hil.endpoints.sip_icmp import prepare
from hil.endpoints.sip_inquiry import Final, inquire
from hil.endpoints.sip_registrar import Binding, Registrar
from hil.endpoints.sip_service import SipService
from hil.endpoints.sip_settings import (
    DEFAULT_CODECS,
    Account,
    Answering,
    Authentication,
    Body,
    Settings,
    Shown,
)
from hil.endpoints.sip_transport import SipTransport
from hil.errors import UsageError
from hil.history import History
from hil.net.interface import Place
from hil.wire.sdp import Codec
from hil.wire.sip_build import Hop
from hil.wire.sip_digest import Algorithm
from hil.wire.sip_message import Headers
from hil.wire.sip_timers import Timers

_REQUEST_FAULTS = (fl.Silence, fl.Delay, fl.Reset, SipStatus, MalformedSip, Unreachable)
_SESSION_FAULTS = (WrongSdp, NoAck)
_WAIT_S = 70.0
"""Seconds for an answer: two requests that time out after 64*T1 each, and some."""
_SPARE_S = 5.0


class SipEndpoint:
    """A SIP server for one handset; see the module.

    ``name`` is its source in events. ``port`` is that of UDP and TCP; ``tls`` opens ``tls_port`` as
    well. ``timers`` are T1, T2 and T4 of its transactions.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        admission: Admission,
        *,
        port: int = 5060,
        tls_port: int = 5061,
        tls: TlsConfig | None = None,
        realm: str = "hil",
        timers: Timers | None = None,
        name: str = "sip",
    ) -> None:
        self._station = Station(name, place, clock, history, admission)
        self._settings = Settings()
        self._request_faults = fl.FaultPlan(name, _REQUEST_FAULTS)
        self._session_faults = fl.FaultPlan(name, _SESSION_FAULTS)
        self._handshake_faults = fl.FaultPlan(name, TLS_FAULTS)
        secret = b"the same in every scenario" if clock.virtual else secrets.token_bytes(16)
        self._registrar = Registrar(realm, secret)
        self._service = SipService(
            self._station,
            lambda: self._settings,
            self._registrar,
            self._request_faults,
            self._session_faults,
            timers or Timers(),
        )
        self._tls = None if tls is None else ServerTls(tls)
        self._transport = SipTransport(
            self._station,
            self._service.agent,
            port=port,
            tls_port=tls_port,
            tls=self._tls,
            handshake_faults=self._handshake_faults,
        )
        self._service.agent.transport = self._transport

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._transport.listening

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        return self._transport.descriptors

    @property
    def address(self) -> str:
        """The address that it listens on."""
        return self._station.address

    @property
    def port(self) -> int:
        """The port that it listens on over UDP and TCP."""
        return self._transport.port("UDP")

    @property
    def tls_port(self) -> int:
        """The port that it listens on over TLS, if it does."""
        return self._transport.port("TLS")

    # -- configuration -----------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The present configuration."""
        return self._settings

    def configure(self, settings: Settings, what: str = "settings") -> None:
        """Replace the whole configuration; ``what`` says in the history what has changed."""
        self._settings = settings
        self._station.configured(what)

    def account(self, line: int, user: str, password: str) -> None:
        """Give a line (1, 2) its user and password; bindings of the line's old user stay."""
        accounts = {**self._settings.accounts, line: Account(user, password)}
        changed = replace(self._settings, accounts=accounts)
        self.configure(changed, f"line {line} is user {user!r}")

    def authenticate(
        self,
        algorithm: Algorithm | None = Algorithm.MD5,
        *,
        methods: tuple[str, ...] = ("REGISTER",),
        qop: bool = True,
        nonce_s: float = 300.0,
    ) -> None:
        """Challenge these methods with this algorithm; None challenges nobody."""
        wanted = Authentication(algorithm, frozenset(methods), qop, nonce_s)
        changed = replace(self._settings, authentication=wanted)
        self.configure(changed, f"authentication {algorithm or 'none'} of {', '.join(methods)}")

    def grant(self, most: int, *, least: int = 0) -> None:
        """Grant at most ``most`` seconds of registration; refuse less than ``least`` with 423."""
        if not 0 <= least <= most:
            raise UsageError(f"at least {least} s and at most {most} s", remedy="least to most")
        changed = replace(self._settings, most_expires=most, least_expires=least)
        self.configure(changed, f"registrations of {least} to {most} s")

    def answer_calls(
        self,
        status: int | None = 200,
        *,
        user: str = "",
        after_s: float = 0.0,
        ringing: bool = True,
        codecs: tuple[Codec, ...] = DEFAULT_CODECS,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say what happens to calls of the handset's, to this ``user`` or to any; see `Answering`."""
        policy = Answering(status, after_s, ringing, codecs, tuple((headers or {}).items()))
        answering = {**self._settings.answering, user: policy}
        changed = replace(self._settings, answering=answering)
        self.configure(changed, f"calls to {user or 'anybody'}: {policy}")

    def serve_package(self, package: str, body: bytes = b"", content_type: str = "") -> None:
        """Let the handset subscribe to an event package, whose first NOTIFY has this body."""
        packages = {**self._settings.packages, package: Body(content_type, body)}
        self.configure(replace(self._settings, packages=packages), f"package {package}")

    def inject(
        self, fault: fl.Fault, *, nth: int | range | None = None, name: str | None = None
    ) -> None:
        """Misbehave: towards every request of the handset's, or the ``nth`` of the method ``name``.

        `WrongSdp` and `NoAck` count what they spoil: our answers to offers (``INVITE``) and our
        ACKs (``ACK``). The faults of TLS count handshakes.
        """
        planned = fl.Planned(fault, nth, "ACK" if isinstance(fault, NoAck) else name)
        if isinstance(fault, Unreachable):
            prepare()
        if isinstance(fault, _SESSION_FAULTS):
            self._session_faults.add(planned)
        elif isinstance(fault, TLS_FAULTS) and self._tls is not None:
            if name is not None:
                raise UsageError("a TLS handshake has no method", remedy="leave the name out")
            # Made now, so that a bad name is the test's error and the handshake finds it ready.
            self._tls.context((fault,))
            self._handshake_faults.add(planned)
        else:
            self._request_faults.add(planned)
        self._station.armed(planned)

    def reset(self) -> None:
        """Go back to the defaults: no binding, no call, no fault; connections are reset."""
        self._settings = Settings()
        for plan in (self._request_faults, self._session_faults, self._handshake_faults):
            plan.clear()
        self._station.in_loop(self._forget)
        self._station.configured("reset")

    # -- the bench's own requests ------------------------------------------------------------------

    def binding(self, line: int = 1) -> Binding | None:
        """Where a line is registered now."""
        return self._registrar.binding(line, self._station.clock.now())

    def registered(self, line: int = 1) -> bool:
        """Whether a line is registered now."""
        return self.binding(line) is not None

    def presume(self, line: int, host: str, port: int = 5060) -> None:
        """Take a line to be at this address, over UDP, until it registers.

        For a handset that registered before this server was there. Whether it is there, OPTIONS tells.
        """
        hop = Hop("UDP", host, port)
        user = self._settings.account(line).user
        self._station.in_loop(lambda: self._registrar.presume(line, user, hop))

    def forget(self, line: int) -> None:
        """Forget where a line is."""
        self._station.in_loop(lambda: self._registrar.forget(line))

    def notify(
        self,
        event: str,
        *,
        line: int = 1,
        body: bytes = b"",
        content_type: str = "",
        headers: Headers = (),
        credentials: Shown = Shown.RIGHT,
        within: float = _WAIT_S,
    ) -> Final:
        """Send a NOTIFY outside of any subscription, and wait for what comes of it.

        ``event`` is the Event header as it stands: ``resync``, ``resync;profile=http://…``,
        ``check-sync``, ``reboot_now``. A challenge is answered with ``credentials`` of the line's
        account. ``UsageError`` if the line is not registered.
        """
        state = ("Subscription-State", "terminated")
        named = {name.lower() for name, _ in headers}
        extra = () if "subscription-state" in named else (state,)
        return self.request(
            "NOTIFY",
            line=line,
            headers=(("Event", event), *extra, *headers),
            body=body,
            content_type=content_type,
            credentials=credentials,
            within=within,
        )

    def request(
        self,
        method: str,
        *,
        line: int = 1,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str = "",
        credentials: Shown = Shown.RIGHT,
        within: float = _WAIT_S,
    ) -> Final:
        """Send a request of any method but INVITE to a line, and wait for its final response.

        For ``within`` seconds of lab time, or as long as the timers of SIP wait if that is less.
        """
        if method in ("INVITE", "ACK", "CANCEL"):
            raise UsageError(f"{method} is part of a call", remedy="use call()")
        account, binding = self._reachable(line)
        if body:
            headers = (*headers, ("Content-Type", content_type or "text/plain"))

        async def asking() -> Final:
            agent, hop = self._service.agent, binding.target
            made = agent.request(
                method,
                binding.contact.uri,
                hop,
                caller="bench",
                callee=account.user,
                headers=(("Contact", agent.contact(hop)), *headers),
                body=body,
            )
            try:
                async with asyncio.timeout(within):
                    return await inquire(agent, made, hop, account, credentials)
            except TimeoutError:
                return Final(0, f"no answer in {within:g} s", False)

        return self._station.clock.run(asking(), timeout=within + _SPARE_S)

    def call(
        self,
        line: int = 1,
        *,
        caller: str = "100",
        codecs: tuple[Codec, ...] = DEFAULT_CODECS,
        headers: Headers = (),
        credentials: Shown = Shown.RIGHT,
    ) -> Call:
        """Call a line as user ``caller``; the `Call` says what comes of it, and can be hung up.

        Without ``codecs`` the INVITE has no offer, so that the handset's 200 has one and our ACK
        the answer. ``UsageError`` if the line is not registered.
        """
        account, binding = self._reachable(line)
        invitation = Invitation(account, binding, caller, codecs, headers, credentials)

        async def inviting() -> Call:
            return self._service.invite(invitation, line)

        return self._station.clock.run(inviting())

    def publish(
        self, package: str, body: bytes, *, line: int = 1, content_type: str = "text/plain"
    ) -> int:
        """Tell all subscribers of a package at a line something new; how many there are."""

        async def publishing() -> int:
            return self._service.subscriptions.publish(line, package, Body(content_type, body))

        return self._station.clock.run(publishing())

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call since the last reset, ours and the handset's, oldest first."""
        return self._service.calls

    def hang_up(self) -> None:
        """End every call that is not over yet, whoever made it."""
        for call in self.calls:
            call.hang_up()

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._service.media.open()
        try:
            self._transport.start()
        except BaseException:
            self._service.media.close()
            raise

    async def close(self) -> None:
        """Stop, within `CLOSING_S`."""
        self._station.cancel_timers()
        self._service.clear()
        self._service.media.close()
        await self._transport.close()

    def _forget(self) -> None:
        self._station.cancel_timers()
        self._service.clear()
        self._registrar.clear()
        self._transport.cut()

    def _reachable(self, line: int) -> tuple[Account, Binding]:
        account, binding = self._settings.account(line), self.binding(line)
        if binding is None:
            raise UsageError(f"line {line} is not registered", remedy="wait for its REGISTER")
        return account, binding
