"""What is said to a device's command line, and how its answers are read: one row a kind of device.

``{outlet}`` in a row is the outlet as the inventory names it. A device that prints interface names in a
short form has ``{letters}``, their first two letters, and ``{number}``, the rest from the first digit
on. In a regular expression the blanks are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hil.history.events import PowerAction

_NAME = re.compile(r"([A-Za-z]*)[A-Za-z-]* ?(.*)")


@dataclass(frozen=True)
class SshDialect:
    """How one kind of device is talked to; the expressions are applied to whole texts of many lines.

    ``outlets`` is what an outlet's name looks like. ``prompt`` is found at the end of what a device
    says when it waits for a command, and ``privileged`` likewise when it lets one switch; ``enable``
    is the command that leads from one to the other and asks for a password. ``setup`` comes before
    anything else. ``on`` and ``off`` are the commands that switch, ``state`` the one that reads.
    ``refusal`` finds an error in an answer, ``success`` what a good answer must have (empty: the
    lack of an error). ``reading`` finds the state, in a group of that name, and ``words`` are what
    its words mean; another word is an error that names it. ``more`` finds the question of a pager.
    """

    name: str
    outlets: str
    prompt: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    state: str
    refusal: str
    reading: str
    words: Mapping[str, PowerAction]
    success: str = ""
    privileged: str = ""
    enable: str = ""
    setup: tuple[str, ...] = ()
    more: str = ""
    farewell: str = "exit"

    def commands(self, action: PowerAction, outlet: str) -> tuple[str, ...]:
        """What is said to switch an outlet."""
        commands = self.on if action is PowerAction.ON else self.off
        return tuple(command.replace("{outlet}", outlet) for command in commands)

    def question(self, outlet: str) -> str:
        """What is said to read the state of an outlet."""
        return self.state.replace("{outlet}", outlet)

    def word(self, answer: str, outlet: str) -> str | None:
        """The word for the state in an answer; None if there is none for this outlet."""
        letters, number = "", outlet
        if (name := _NAME.fullmatch(outlet)) is not None:
            letters, number = name[1][:2], name[2]
        pattern = self.reading
        for blank, text in (("{outlet}", outlet), ("{letters}", letters), ("{number}", number)):
            pattern = pattern.replace(blank, re.escape(text))
        found = re.search(pattern, answer, re.MULTILINE | re.IGNORECASE)
        return None if found is None else found["state"].lower()


_IOS_ERROR = (
    r"^\s*% ?(?![A-Z0-9_]+-\d-[A-Z0-9_]+:).*|^.*[Cc]ommand (?:rejected|authorization failed).*"
)

CISCO_IOS = SshDialect(
    name="cisco-ios",
    outlets=r"[A-Za-z]{2,24}-?[A-Za-z]* ?\d{1,3}(/\d{1,3}){0,3}",
    prompt=r"[\w.:/@+-]{1,64}(?:\([\w. -]{1,64}\))?[>#] ?\Z",
    privileged=r"# ?\Z",
    enable="enable",
    setup=("terminal length 0", "terminal width 511"),
    on=("configure terminal", "interface {outlet}", "power inline auto", "end"),
    off=("configure terminal", "interface {outlet}", "power inline never", "end"),
    state="show power inline {outlet}",
    refusal=_IOS_ERROR,
    reading=r"^[ \t]*{letters}[a-z-]*{number}[ \t]+"
    r"(?:auto|static|never|off|consumption)[ \t]+(?P<state>\S+)",
    words={"on": PowerAction.ON, "off": PowerAction.OFF},
    more=r"--More-- ?\Z",
)
"""Cisco Catalyst switches with IOS and IOS XE: ``power inline`` (Catalyst command references). The
truth is the operational state: on, off, faulty (a fault of detection or of the phone) or power-deny
(the switch has no power to give). What is configured is not stored; a reload of the switch undoes
it."""

APC_CLI = SshDialect(
    name="apc-cli",
    outlets=r"[1-9]\d?",
    prompt=r"[\w.@-]{1,64}> ?\Z",
    on=("olOn {outlet}",),
    off=("olOff {outlet}",),
    state="olStatus {outlet}",
    refusal=r"^[ \t]*E1\d\d:.*",
    success=r"^[ \t]*E00\d:",
    reading=r"^[ \t]*(?:Outlet )?{outlet}:(?:.*:)?[ \t]*(?P<state>On|Off)\*?[ \t]*$",
    words={"on": PowerAction.ON, "off": PowerAction.OFF},
    more=r"(?:Press <ENTER> to continue|--More--)[^\n]*\Z",
)
"""APC's rack PDUs with a network management card: ``olOn``, ``olOff``, ``olStatus`` (User Guide Rack
PDU, command line interface), and result codes, E000: Success, E1xx an error. A star after the state
says that a command is pending. Cards of the second generation sign with SHA-1, which paramiko speaks up
to version 4."""

DIALECTS = (CISCO_IOS, APC_CLI)
