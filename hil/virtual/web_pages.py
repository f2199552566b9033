"""The virtual phone's web pages: what one request is answered, and what follows from it.

There are the commands ``/admin/resync``, ``/admin/upgrade`` and ``/admin/reboot``, the page to which a
configuration is uploaded (``curl -d @my_config.xml http://<phone>/admin/config.xml``, Administration
Guide 11.3, Provisioning Formats), a status page, the configuration in force, and the button Info >
Debug Info > Factory Reset. Where the last three are on a real phone, and how the two pages are
written, nobody has published; see `WebPaths`.

A page may be asked for with credentials in its address (``&xuser=…&xpassword=…``) or by HTTP
authentication, Digest or Basic. Nothing here has an effect: what a request leads to is part of the
`Answer`, for whoever sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hil import digest
from hil.errors import ProfileError
from hil.reference import direct_actions, reports
from hil.reference.direct_actions import Accept, Command, Credentials, Decision, Refuse, WebPaths
from hil.reference.parameters import Parameters
from hil.reference.profile_builder import flat_profile, writable
from hil.reference.profiles import Profile, decode
from hil.reference.status import Status, render

REALM = "CP-7832-3PCC"
XML = "text/xml; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A whole request; header names in lower case, ``requester`` is the host that it came from."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    requester: str

    def header(self, name: str) -> str:
        """The first header of this lower-case name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back, and then what the phone is to do.

    That is a command, parameters to take over, or to go back to its factory settings (``reset``).
    A ``bare`` answer is to HEAD: its body stays here.
    """

    status: int
    body: bytes
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()
    asked: Accept | None = None
    submitted: Mapping[str, str] | None = None
    bare: bool = False
    reset: bool = False


@dataclass(frozen=True)
class WebConfig:
    """How the web server decides; the defaults are the specification.

    Times are seconds of lab time: in which a request must be whole, and for the end of a connection.
    """

    paths: WebPaths = direct_actions.PATHS
    is_enabled: Callable[[Parameters], bool] = lambda parameters: parameters.flag(
        "Enable_Web_Server"
    )
    port: Callable[[Parameters], int] = lambda parameters: parameters.integer("Web_Server_Port")
    parse: Callable[[str, WebPaths], Command | None] = direct_actions.parse_command
    has_admin_pages: Callable[[Parameters], bool] = lambda parameters: parameters.flag(
        "Enable_Web_Admin_Access"
    )
    decide: Callable[[Command, Parameters, str, Credentials | None], Decision] = (
        direct_actions.decide
    )
    may_administrate: Callable[[Parameters, Credentials | None], bool] = (
        direct_actions.may_administrate
    )
    may_look: Callable[[Parameters, Credentials | None], bool] = direct_actions.may_look
    visible: Callable[[Parameters], Mapping[str, str]] = reports.visible
    render: Callable[[Status], bytes] = render
    read: Callable[[bytes], Profile] = decode
    request_s: float = 30.0
    end_s: float = 1.0


REFERENCE_PAGES = WebConfig()


@dataclass(frozen=True)
class Shown:
    """What the pages show of the phone at this moment."""

    parameters: Parameters
    status: Callable[[], Status]
    in_use: Callable[[], bool] = lambda: False


class Nonces:
    """The nonces of Digest challenges that this server gave since it started; the last 64 count."""

    def __init__(self, fresh: Callable[[], str]) -> None:
        self._fresh = fresh
        self._given: dict[str, None] = {}

    def new(self) -> str:
        """One more."""
        nonce = self._fresh()
        self._given[nonce] = None
        if len(self._given) > 64:
            del self._given[next(iter(self._given))]
        return nonce

    def knows(self, nonce: str) -> bool:
        """Whether it is one of them."""
        return nonce in self._given


def answer(request: WebRequest, phone: Shown, config: WebConfig, nonces: Nonces) -> Answer:
    """Answer a request; whatever was asked, there is an answer."""
    answered = _answer(request, phone, config, nonces)
    return replace(answered, bare=True) if request.method == "HEAD" else answered


def _answer(request: WebRequest, phone: Shown, config: WebConfig, nonces: Nonces) -> Answer:
    address = direct_actions.parse_target(request.target)
    shown = address.credentials or _authenticated(request, phone.parameters, nonces)
    paths = config.paths
    command = config.parse(request.target, paths)
    if command is not None:
        return _commanded(request, command, phone, config, shown, nonces)
    if address.path == paths.submit:
        return _submitted(request, phone, config, shown, nonces)
    if address.path == paths.factory_reset:
        return _resetting(request, phone, config, shown, nonces)
    if address.path == paths.status:
        if not config.may_look(phone.parameters, shown):
            return _challenge(nonces)
        return _page(request, config.render(phone.status()))
    if address.path == paths.configuration:
        if not config.has_admin_pages(phone.parameters):
            return _text(403, "the administrator's pages are disabled")
        if not config.may_administrate(phone.parameters, shown):
            return _challenge(nonces)
        return _page(request, _profile(config.visible(phone.parameters)))
    return _text(404, "there is no such page")


def _commanded(
    request: WebRequest,
    command: Command,
    phone: Shown,
    config: WebConfig,
    shown: Credentials | None,
    nonces: Nonces,
) -> Answer:
    if request.method not in ("GET", "POST"):
        return _not_allowed("GET, POST")
    decision = config.decide(command, phone.parameters, request.requester, shown)
    if isinstance(decision, Refuse):
        if decision.status == 401:
            return _challenge(nonces)
        return _text(decision.status, decision.reason)
    return Answer(200, f"{decision.action.value} requested\n".encode(), asked=decision)


def _submitted(
    request: WebRequest,
    phone: Shown,
    config: WebConfig,
    shown: Credentials | None,
    nonces: Nonces,
) -> Answer:
    """A configuration is uploaded: "Submit All Changes", after which the phone reboots."""
    if request.method != "POST":
        return _not_allowed("POST")
    if not config.has_admin_pages(phone.parameters):
        return _text(403, "the administrator's pages are disabled")
    if not config.may_administrate(phone.parameters, shown):
        return _challenge(nonces)
    try:
        profile = config.read(request.body)
    except ProfileError as error:
        return _text(400, f"no configuration: {error}")
    return Answer(200, b"the configuration is taken over\n", submitted=dict(profile.parameters))


def _authenticated(
    request: WebRequest, parameters: Parameters, nonces: Nonces
) -> Credentials | None:
    """The account that the Authorization header proves to be, if any."""
    accounts = (
        Credentials(direct_actions.ADMIN, parameters.raw("Admin_Password")),
        Credentials(direct_actions.USER, parameters.raw("User_Password")),
    )
    for scheme in digest.read_schemes(request.header("authorization")):
        if scheme.name == "digest" and not nonces.knows(scheme.get("nonce")):
            continue
        for account in accounts:
            if digest.proves(
                scheme,
                account.user,
                account.password,
                method=request.method,
                uri=request.target,
            ):
                return account
    return None


def _challenge(nonces: Nonces) -> Answer:
    wanted = (
        (
            "WWW-Authenticate",
            f'Digest realm="{REALM}", nonce="{nonces.new()}", algorithm=MD5, qop="auth"',
        ),
        ("WWW-Authenticate", f'Basic realm="{REALM}"'),
    )
    return Answer(401, b"a password is wanted\n", headers=wanted)


def _resetting(
    request: WebRequest, phone: Shown, config: WebConfig, shown: Credentials | None, nonces: Nonces
) -> Answer:
    """Info > Debug Info > Factory Reset, which every user sees; only while no line is in use."""
    if request.method not in ("GET", "POST"):
        return _not_allowed("GET, POST")
    if not config.may_look(phone.parameters, shown):
        return _challenge(nonces)
    if phone.in_use():
        return _text(503, "a line is in use")
    return replace(_text(200, "going back to factory settings"), reset=True)


def _page(request: WebRequest, document: bytes) -> Answer:
    if request.method not in ("GET", "HEAD"):
        return _not_allowed("GET, HEAD")
    return Answer(200, document, XML)


def _profile(values: Mapping[str, str]) -> bytes:
    return flat_profile(**{name: writable(value) for name, value in values.items()})


def _not_allowed(methods: str) -> Answer:
    return Answer(405, f"only {methods}\n".encode(), headers=(("Allow", methods),))


def _text(status: int, reason: str) -> Answer:
    return Answer(status, f"{reason}\n".encode())
