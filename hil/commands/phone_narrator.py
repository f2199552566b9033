"""What ``hil phone`` prints: a line, or a JSON object, for each thing that the phone does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any

import click

from hil.commands.phone_options import print_json, printable
from hil.errors import RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.reference.decisions import Reason
from hil.reference.identity import Identity
from hil.reference.log_messages import LogMessage
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Asked,
    Began,
    ClockSet,
    Finished,
    Install,
    Leased,
    LineChanged,
    Locate,
    Located,
    PoweredOff,
    Purpose,
    Reboot,
    Registration,
    Retrieve,
    Submitted,
)
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer
from hil.virtual.dhcp import REQUESTED_OPTIONS
from hil.virtual.standalone import News, NoLink
from hil.virtual.told import Awaited, Booted, Idle, LeaseLost
from hil.wire import dhcp_options

Record = tuple[str, str, Mapping[str, Any]]
"""Name of the event, the line for a person, and the further members of the JSON object."""


class Narrator:
    """Prints news as they come, each with its lab time in seconds.

    ``verbose`` adds the values of parameters, which may be secrets, and every DHCP option.
    """

    def __init__(self, interface: str, *, as_json: bool, verbose: bool) -> None:
        self.finished = 0
        self.succeeded = False
        self._interface = interface
        self._as_json = as_json
        self._verbose = verbose
        self._identity: Identity | None = None
        self._parameters = Parameters()
        self._address: str | None = None
        self._host = ""
        self._reason = Reason.POWER_UP

    def introduce(self, identity: Identity) -> None:
        """Say who the phone is, once it is known."""
        self._identity = identity

    def tell(self, at: int, news: News) -> None:
        """Print one piece of news; some have nothing in them for a person."""
        record = self._record(at, news)
        if record is not None:
            self.print(at, *record)

    def print(self, at: int, event: str, text: str, more: Mapping[str, Any]) -> None:
        """Print one event."""
        seconds = at / NANOSECONDS
        if self._as_json:
            print_json({"at": round(seconds, 6), "event": event, **more})
            return
        first, *rest = text.split("\n")
        click.echo("\n".join([f"{seconds:10.3f}  {first}", *(f"{'':14}{line}" for line in rest)]))

    def _record(self, at: int, news: News) -> Record | None:
        match news:
            case NoLink():
                text = f"interface {self._interface} has no carrier: waiting for the link"
                return "no-link", text, {"interface": self._interface}
            case Booted(parameters):
                return self._booted(parameters)
            case Leased(_, address, options):
                return self._leased(address, options)
            case LeaseLost(reason):
                self._address = None
                return "lease-lost", f"lease lost: {printable(reason)}", {"reason": reason}
            case PoweredOff():
                unplugged = "no RELEASE is sent by a phone that is unplugged"
                text = f"power off: {'the link goes down' if self._address is None else unplugged}"
                return "power-off", text, {}
            case Awaited() | Idle():
                return self._next(at, news)
            case _:
                return self._resync(news)

    def _resync(self, news: News) -> Record | None:
        match news:
            case Began(purpose=purpose):
                text = _words(self._reason)
                what = purpose.value
                return what, f"{what} begins ({text})", {"reason": text}
            case Locate(host):
                self._host = host
                return "lookup", f"looking up {printable(host)}", {"host": host}
            case Located(_, address):
                text = f"{printable(self._host)} {f'is {address}' if address else 'has no address'}"
                return "address", text, {"host": self._host, "address": address}
            case Retrieve(rule, fetch, server, method):
                more = {"rule": rule, "method": method, "url": fetch.url, "server": server}
                return "request", f"{rule}: {method} {printable(fetch.url)} from {server}", more
            case Answered(_, answer):
                return _answered(answer)
            case Apply(parameters):
                return self._applied(parameters)
            case LogMessage():
                text = f"syslog to {printable(news.host)}:{news.port}: {printable(news.text)}"
                where = {"host": news.host, "port": news.port}
                return "syslog", text, {"kind": news.kind.value, **where, "text": news.text}
            case Finished(succeeded, reason, purpose):
                return self._finished(succeeded, reason, purpose)
            case Install(name):
                return "install", f"installing {printable(name)}", {"load": name}
            case Reboot(cause):
                return "reboot", f"the phone reboots: {cause.value}", {"cause": cause.value}
            case _:
                return _beside(news)

    def _booted(self, parameters: Parameters) -> Record:
        self._parameters = parameters
        names = sorted(parameters.items_set())
        who = self._identity
        mac, serial = (who.mac, who.serial) if who is not None else ("", "")
        text = f"phone {mac}, serial number {serial}, boots on {self._interface}; "
        text += f"set: {', '.join(names)}" if names else "every parameter at its default"
        more = {"interface": self._interface, "mac": mac, "serial": serial, "set": names}
        return "boot", text, more

    def _leased(self, address: str, options: Mapping[int, bytes]) -> Record:
        renewed, self._address = self._address == address, address
        server = dhcp_options.SERVER_ID.code
        seconds = int.from_bytes(options.get(dhcp_options.LEASE_TIME.code, b""), "big")
        granted = str(IPv4Address(options[server])) if len(options.get(server, b"")) == 4 else ""
        wanted = [code for code in options if self._verbose or code in REQUESTED_OPTIONS]
        term = "ever" if seconds == dhcp_options.INFINITE else f"{seconds} s"
        text = f"lease of {address} {'renewed' if renewed else 'granted'} by {granted} for {term}"
        lines = [f"option {code}{_name(code)} = {_value(code, options[code])}" for code in wanted]
        more = {"address": address, "server": granted, "seconds": seconds}
        shown = {str(code): _value(code, data) for code, data in options.items()}
        event = "renewal" if renewed else "lease"
        return event, "\n".join([text, *lines]), {**more, "options": shown}

    def _next(self, at: int, news: Awaited | Idle) -> Record | None:
        if isinstance(news, Idle):
            return ("idle", "nothing is due", {}) if self._address is not None else None
        self._reason = news.due.reason
        after = max(0, news.at - at) / NANOSECONDS
        window = [max(0, e - at) / NANOSECONDS for e in (news.due.earliest, news.due.latest)]
        what = news.purpose.value
        text = f"next {what} ({_words(self._reason)}) in {after:.3f} s"
        if window[1] - window[0] >= 1:
            text += f", out of a window from {window[0]:.0f} to {window[1]:.0f} s"
        more = {"reason": _words(self._reason), "after": after, "window": window}
        return f"next-{what}", text, more

    def _applied(self, parameters: Parameters) -> Record:
        former, self._parameters = self._parameters, parameters
        changed = [name for name in parameters if parameters[name] != former[name]]
        more: dict[str, Any] = {"changed": changed}
        if not changed:
            return "applied", "profile applied: nothing changed", more
        text = f"profile applied: {', '.join(changed)} changed"
        if self._verbose:
            more["values"] = {name: parameters[name] for name in changed}
            text = "\n".join(
                ["profile applied:", *(f"{n} = {printable(parameters[n])}" for n in changed)]
            )
        return "applied", text, more

    def _finished(self, succeeded: bool, reason: str, purpose: Purpose) -> Record:
        text = "succeeded" if succeeded else f"failed: {printable(reason)}"
        more: dict[str, Any] = {"succeeded": succeeded, "reason": reason}
        if purpose is not Purpose.RESYNC:
            return f"{purpose.value}-finished", f"{purpose.value} {text}", more
        self.finished += 1
        self.succeeded = succeeded
        return (
            "resync-finished",
            f"resync {self.finished} {text}",
            {"number": self.finished, **more},
        )


def _answered(answer: Answer) -> Record:
    match answer:
        case HttpAnswer(status, body, location):
            text = f"answer: HTTP {status}, {len(body)} octets"
            text += f", to {printable(location)}" if location else ""
            more = {"status": status, "octets": len(body), "location": location}
            return "answer", text, more
        case TftpAnswer(body, None):
            return "answer", f"answer: TFTP, {len(body)} octets", {"octets": len(body)}
        case TftpAnswer(_, code, words):
            text = f"answer: TFTP error {code} ({printable(words)})"
            return "answer", text, {"tftp_error": code, "text": words}
        case NoAnswer(reason):
            return "answer", f"no answer: {printable(reason)}", {"failure": reason}


def _beside(news: News) -> Record | None:
    """What happens beside the attempts: the time, calls, registrations, requests."""
    match news:
        case ClockSet(_, utc_ns):
            when = datetime.fromtimestamp(utc_ns // NANOSECONDS, UTC).isoformat()
            return "clock", f"the clock is set to {when}", {"utc": when}
        case LineChanged(_, line, active):
            state = "active" if active else "idle"
            return "line", f"line {line} is {state}", {"line": line, "active": active}
        case Registration(_, line, registered):
            text = f"line {line} is {'registered' if registered else 'registered no more'}"
            return "registration", text, {"line": line, "registered": registered}
        case Asked(_, by, action, rule):
            text = f"asked by {by.value} to {action.value}" + (
                f": {printable(rule)}" if rule else ""
            )
            return "asked", text, {"by": by.value, "action": action.value, "rule": rule}
        case Submitted(_, values):
            names = sorted(values)
            text = f"submitted on the web page: {', '.join(map(printable, names))}"
            return "submitted", text, {"set": names}
    return None


def _words(reason: Reason) -> str:
    return reason.name.lower().replace("_", "-")


def _name(code: int) -> str:
    option = dhcp_options.BY_CODE.get(code)
    return f" ({option.name})" if option is not None else ""


def _value(code: int, data: bytes) -> str:
    """An option's value as people write it; octets in hex where it has none, or a wrong one."""
    option = dhcp_options.BY_CODE.get(code)
    try:
        value = option.parse(data) if option is not None else data
    except RemoteProtocolError:
        value = data
    match value:
        case IPv4Address() | int():
            return str(value)
        case str():
            return printable(value)
        case (IPv4Address(), *_):
            return ", ".join(str(each) for each in value)
    return data.hex(":")
