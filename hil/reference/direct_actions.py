"""Commands by web address: ``/admin/resync?<rule>``, ``/admin/upgrade?<rule>``, ``/admin/reboot``.

Whoever can reach a phone's web server can have it resync, upgrade or reboot (Provisioning Guide,
Provisioning Examples; Administration Guide 11.3, Provisioning Formats)::

    http://<phone>/admin/resync?tftp://192.168.1.200/basic.txt
    http://<phone>/admin/resync?%5B--uid+admin+--pwd+555%5Dhttp://prov.example/?mac=$MA
    http://<phone>/admin/resync?/basic.txt&xuser=admin&xpassword=<password>

The argument is all that follows the first question mark: a whole profile rule with conditions,
options and macros, percent-encoded where an address needs it; a plus sign is a blank there, as the
second example has it, and is itself written ``%2B``. Credentials stand at the end and are no part of
the rule. Without an argument the configured rules count.

"If no server-name is specified, the host that requests the URL is used as the server name" (Firmware
Upgrade Parameters, Upgrade Rule): that is said of these commands, whose requester is the browser's
host, since nobody requests a configured rule.

What status a refused command is answered with is not published; the ones here are HTTP's own words.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote, unquote_plus

from hil.reference.due import Action
from hil.reference.parameters import Parameters

ADMIN, USER = "admin", "user"
"""The names of the two accounts of the web pages; their passwords are Admin_Password, User_Password."""

_CREDENTIALS = re.compile(r"[?&]xuser=(?P<user>[^&?]*)(?:&xpassword=(?P<password>[^&?]*))?$")


@dataclass(frozen=True, slots=True)
class WebPaths:
    """Where the phone's pages are.

    Those of the commands and of ``submit`` are published. ``status``, ``configuration`` and what the
    button Info > Debug Info > Factory Reset asks for are not: what stands here is what the virtual
    phone serves, and a rack's inventory may say otherwise.
    """

    resync: str = "/admin/resync"
    upgrade: str = "/admin/upgrade"
    reboot: str = "/admin/reboot"
    submit: str = "/admin/config.xml"
    status: str = "/admin/status.xml"
    configuration: str = "/admin/cfg.xml"
    factory_reset: str = "/admin/factory-reset"


PATHS = WebPaths()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who somebody says to be; compared without telling by the time it takes how much was right."""

    user: str
    password: str

    def match(self, user: str, password: str) -> bool:
        """Whether they are this user's."""
        same_user = hmac.compare_digest(self.user.encode(), user.encode())
        return hmac.compare_digest(self.password.encode(), password.encode()) and same_user


@dataclass(frozen=True, slots=True)
class Address:
    """A request's target in parts: decoded ``path``, undecoded ``argument``, and credentials."""

    path: str
    argument: str = ""
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it was asked: ``rule`` is decoded, with its macros, empty where there was none."""

    action: Action
    rule: str = ""
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """Do it; ``requester`` is the server of a rule that names none, for this command alone."""

    action: Action
    rule: str
    requester: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do not; answer with this HTTP ``status``."""

    status: int
    reason: str


Decision: TypeAlias = Accept | Refuse


def parse_target(target: str) -> Address:
    """Take the target of a request apart; any text has a reading.

    Credentials may follow a path without an argument, too, as in
    ``/admin/config.xml&xuser=admin&xpassword=<password>``.
    """
    credentials = None
    match = _CREDENTIALS.search(target)
    if match is not None:
        credentials = Credentials(unquote(match["user"]), unquote(match["password"] or ""))
        target = target[: match.start()]
    path, _, argument = target.partition("?")
    return Address(unquote(path), argument, credentials)


def parse_command(target: str, paths: WebPaths = PATHS) -> Command | None:
    """Return the command that a request's target gives, or None if it gives none."""
    address = parse_target(target)
    actions = {paths.resync: Action.RESYNC, paths.upgrade: Action.UPGRADE}
    if address.path == paths.reboot:
        return Command(Action.REBOOT, "", address.credentials)
    action = actions.get(address.path)
    if action is None:
        return None
    return Command(action, unquote_plus(address.argument).strip(), address.credentials)


def may_administrate(parameters: Parameters, shown: Credentials | None) -> bool:
    """Whether pages below ``/admin`` are open: to everybody, once there is a password to admin."""
    password = parameters.raw("Admin_Password")
    return not password or (shown is not None and shown.match(ADMIN, password))


def may_look(parameters: Parameters, shown: Credentials | None) -> bool:
    """Whether a page that changes nothing is open: to user and admin, if the user has a password."""
    password = parameters.raw("User_Password")
    if not password:
        return True
    if shown is None:
        return False
    admin = parameters.raw("Admin_Password")
    return shown.match(USER, password) or (bool(admin) and shown.match(ADMIN, admin))


def decide(
    command: Command,
    parameters: Parameters,
    requester: str,
    shown: Credentials | None = None,
) -> Decision:
    """Say whether a phone with these parameters obeys ``command`` from the host ``requester``.

    ``shown`` are the credentials of the request itself (HTTP authentication), which count where the
    address has none. Enable_Direct_Action_Url gates all three; Provision_Enable and Upgrade_Enable
    "also control resync and upgrade URL commands" (Provisioning Formats; I26). Resync_Trigger_1 and
    _2 do not stand in the way of a command, and a line in use only delays it: both are for whoever
    carries it out.
    """
    if not parameters.flag("Enable_Web_Server"):
        return Refuse(404, "the web server is disabled")
    if not parameters.flag("Enable_Direct_Action_Url"):
        return Refuse(403, "direct action addresses are disabled")
    if not may_administrate(parameters, command.credentials or shown):
        return Refuse(401, "the administrator's password is wanted")
    disabled = command.action is Action.RESYNC and not parameters.flag("Provision_Enable")
    if disabled and parameters.interpretations.provision_disabled == "blocks-all":
        return Refuse(403, "provisioning is disabled")
    if command.action is Action.UPGRADE and not parameters.flag("Upgrade_Enable"):
        return Refuse(403, "upgrades are disabled")
    return Accept(command.action, command.rule, requester)
