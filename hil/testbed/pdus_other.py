"""What switches power by other ways than SNMP: command lines, relays, the web, programs, daemons.

Each entry makes its driver as soon as the inventory is read, so that what the driver does not take is
a problem of the inventory; nothing is opened or asked by that.
"""

from __future__ import annotations

from typing import Annotated, Literal, Protocol, Self, TypeVar
from urllib.parse import quote

from pydantic import Field, model_validator

from hil.errors import UsageError
from hil.power.command import CommandConfig, CommandPower
from hil.power.driver import PowerDriver
from hil.power.http import HttpPower
from hil.power.http_client import HttpServer
from hil.power.http_dialects import DIALECTS as HTTP_DIALECTS
from hil.power.http_dialects import TASMOTA, HttpCall, HttpDialect, HttpReading
from hil.power.labgrid import labgrid
from hil.power.outlet import PowerPolicy
from hil.power.pdudaemon import pdudaemon
from hil.power.relay_dialects import DIALECTS as RELAY_DIALECTS
from hil.power.serial_relay import SerialRelay, SerialRelayConfig
from hil.power.ssh import SshPower
from hil.power.ssh_dialects import DIALECTS as SSH_DIALECTS
from hil.power.ssh_session import SshLogin
from hil.testbed.blanks import ACTION, OUTLET, has_blank, only, same_on_and_off
from hil.testbed.checks import Wrong, attempt, refusal
from hil.testbed.entry import (
    HOST_IS,
    NAME_IS,
    RACK_ONLY,
    DeviceAddress,
    Entry,
    FilePath,
    LongSecret,
    Name,
    Secret,
)

Argument = Annotated[str, Field(max_length=4096), only(OUTLET)]
Arguments = Annotated[tuple[Argument, ...], Field(min_length=1)]
"""A program and its arguments; ``{outlet}`` in them is replaced."""

Deadline = Annotated[float, Field(gt=0, le=60)]
"""The deadline of one call, seconds."""

_DEADLINE_IS = "the deadline of one call to the device, more than 0 and at most 60 s"
_URL_IS = "where its web server is, by http or https, such as http://192.0.2.10 or https://192.0.2.10:8443"
_KEPT = "or {env: NAME}, {file: PATH}, {keyring: SERVICE/USER}"


class _Makes(Protocol):
    def make_driver(self) -> PowerDriver: ...


M = TypeVar("M", bound=_Makes)


def _usable(entry: M) -> M:
    attempt(entry.make_driver)
    return entry


class _Device(Entry):
    """What all entries have: ``settle_s`` is how long a state may lag behind an accepted command."""

    name: Name = Field(description=NAME_IS)
    settle_s: float = Field(
        default=PowerPolicy.settle_s,
        ge=0,
        le=120,
        description="how long an outlet may take to follow a command, 0 to 120 s",
    )


class SshPdu(_Device):
    """A device with a command line: a Cisco switch, an APC management card.

    The host key is checked: ``host_key`` or ``known_hosts`` says which it is. ``password`` or
    ``private_key`` logs in.
    """

    driver: Literal["ssh"] = Field(json_schema_extra=RACK_ONLY, description="must be ssh")
    model: Literal["cisco-ios", "apc-cli"] = Field(description="cisco-ios or apc-cli")
    host: DeviceAddress = Field(description=HOST_IS)
    port: int = Field(
        default=22, ge=1, le=65535, description="its TCP port, 1 to 65535, usually 22"
    )
    host_key: str = Field(default="", description="SHA256:..., as ssh-keygen -lf prints it")
    known_hosts: FilePath | None = Field(
        default=None, description="a file of host keys, as ssh-keyscan writes it"
    )
    user: str = Field(min_length=1, description="who may switch")
    password: Secret = Field(default="", repr=False, description=f"the user's password, {_KEPT}")
    private_key: LongSecret = Field(
        default="", repr=False, description="the text of an SSH key, best as {file: PATH}"
    )
    passphrase: Secret = Field(default="", repr=False, description=f"that of the key, {_KEPT}")
    enable: Secret = Field(
        default="", repr=False, description=f"the password of the command enable, {_KEPT}"
    )
    timeout_s: Deadline = Field(default=9.0, description=_DEADLINE_IS)
    settle_s: float = Field(
        default=10.0,
        ge=0,
        le=120,
        description="how long a port may take to find and power the phone, 0 to 120 s",
    )

    _usable = model_validator(mode="after")(_usable)

    def make_driver(self) -> PowerDriver:
        """The driver of this device."""
        login = SshLogin(
            host=str(self.host),
            user=self.user,
            port=self.port,
            host_key=self.host_key,
            known_hosts=self.known_hosts or "",
            password=self.password,
            private_key=self.private_key,
            passphrase=self.passphrase,
            enable=self.enable,
        )
        dialect = next(dialect for dialect in SSH_DIALECTS if dialect.name == self.model)
        return SshPower(login, dialect, timeout_s=self.timeout_s)


class SerialRelayEntry(_Device):
    """A relay board on a serial line, a device or one that a terminal server offers."""

    driver: Literal["serial"] = Field(json_schema_extra=RACK_ONLY, description="must be serial")
    model: Literal["lcus", "lcus-status", "numato", "kmtronic-2", "kmtronic-4", "kmtronic-8"] = (
        Field(description="lcus, lcus-status, numato, kmtronic-2, kmtronic-4 or kmtronic-8")
    )
    url: str = Field(
        min_length=1, description="such as /dev/ttyUSB0, rfc2217://host:port or socket://host:port"
    )
    baud: int | None = Field(
        default=None, ge=300, le=4_000_000, description="where it is not the board's own speed"
    )
    timeout_s: Deadline = Field(default=5.0, description=_DEADLINE_IS)

    _usable = model_validator(mode="after")(_usable)

    def make_driver(self) -> PowerDriver:
        """The driver of this board."""
        board = next(dialect for dialect in RELAY_DIALECTS if dialect.name == self.model)
        return SerialRelay(SerialRelayConfig(self.url, board, self.baud, self.timeout_s))


class HttpSwitch(Entry):
    """The request that switches an outlet of a device that has no model here.

    ``{outlet}`` and ``{action}`` are blanks; ``on`` and ``off`` are what the latter stands for.
    """

    method: str = Field(default="GET", description="GET, POST, PUT, ...")
    path: Annotated[str, only(OUTLET, ACTION)] = Field(
        description="path and query, with {outlet} and {action}"
    )
    body: Annotated[str, only(OUTLET, ACTION, braces=True)] = Field(
        default="", description="a text with {outlet} and {action}"
    )
    headers: dict[str, Secret] = Field(
        default={}, repr=False, description="a mapping of name and value"
    )
    expect: tuple[int, ...] = Field(default=(200,), description="a list of statuses, such as [200]")
    on: str = Field(default="on", description="what {action} stands for")
    off: str = Field(default="off", description="what {action} stands for")

    @model_validator(mode="after")
    def _switching(self) -> Self:
        if self.on == self.off or not has_blank((self.path, self.body), ACTION):
            remedy = f"{ACTION} in path or body, and two words for it"
            raise refusal([Wrong((), "on and off are the same request", remedy)])
        return self

    def call(self) -> HttpCall:
        """The request as the driver takes it."""
        return HttpCall(self.method, self.path, self.body, self.headers, frozenset(self.expect))


class HttpReadBack(Entry):
    """The request that reads an outlet's state, and where its answer says it.

    One of ``pointer`` (RFC 6901) and ``pattern`` (a regular expression; its first group counts if
    it has one). What is found there is one of ``on`` or ``off``, without regard to case.
    """

    method: str = Field(default="GET", description="GET, POST, ...")
    path: Annotated[str, only(OUTLET)] = Field(description="path and query, with {outlet}")
    headers: dict[str, Secret] = Field(
        default={}, repr=False, description="a mapping of name and value"
    )
    pointer: Annotated[str, only(OUTLET, braces=True)] = Field(
        default="", description="a JSON pointer such as /outlets/{outlet}/on"
    )
    pattern: str = Field(default="", description="a regular expression such as state=(\\w+)")
    on: tuple[str, ...] = Field(default=("on", "true", "1"), description="a list of values")
    off: tuple[str, ...] = Field(default=("off", "false", "0"), description="a list of values")

    def reading(self) -> HttpReading:
        """The read-back as the driver takes it."""
        return HttpReading(
            HttpCall(self.method, self.path, headers=self.headers),
            frozenset(self.on),
            frozenset(self.off),
            (self.pointer,) if self.pointer else (),
            self.pattern,
        )


class HttpPdu(_Device):
    """A device with a web interface: Shelly, Tasmota, or what ``switch`` and ``state`` describe.

    Basic and Digest authentication are answered with ``user`` and ``password``; a Tasmota device
    has them in its requests.
    """

    driver: Literal["http"] = Field(json_schema_extra=RACK_ONLY, description="must be http")
    model: Literal["shelly-gen1", "shelly-gen2", "tasmota", "template"] = Field(
        description="shelly-gen1, shelly-gen2, tasmota or template"
    )
    url: str = Field(description=_URL_IS)
    user: str = Field(default="", description="the user's name, often admin")
    password: Secret = Field(default="", repr=False, description=f"the user's password, {_KEPT}")
    server_name: str = Field(
        default="", description="the name in its certificate where it is not the address"
    )
    authorities: FilePath | None = Field(
        default=None, description="a file of trusted certificates (PEM) in place of the system's"
    )
    switch: HttpSwitch | None = Field(default=None, description="for a template: how to switch")
    state: HttpReadBack | None = Field(default=None, description="for a template: how to read")
    timeout_s: Deadline = Field(default=5.0, description=_DEADLINE_IS)

    _usable = model_validator(mode="after")(_usable)

    def make_driver(self) -> PowerDriver:
        """The driver of this device."""
        if (self.model == "template") is not (self.switch is not None) or (
            self.state is not None and self.switch is None
        ):
            raise UsageError(
                "switch and state describe a device whose model is template",
                remedy="model: template and switch: {path: ...}, or a model and neither",
            )
        in_query = self.model == TASMOTA.name and bool(self.user)
        server = HttpServer(
            self.url,
            "" if in_query else self.user,
            self.password,
            self.server_name,
            self.authorities or "",
        )
        query = f"user={quote(self.user, safe='')}&password={quote(self.password, safe='')}"
        headers = [each.headers for each in (self.switch, self.state) if each is not None]
        return HttpPower(
            server,
            self._dialect(),
            query=query if in_query else "",
            secrets=tuple(value for mapping in headers for value in mapping.values()),
            timeout_s=self.timeout_s,
        )

    def _dialect(self) -> HttpDialect:
        if self.switch is None:
            return next(dialect for dialect in HTTP_DIALECTS if dialect.name == self.model)
        return HttpDialect(
            name=self.name,
            switch=self.switch.call(),
            on_word=self.switch.on,
            off_word=self.switch.off,
            reading=self.state.reading() if self.state else None,
        )


class PduDaemonEntry(_Device):
    """A PDU behind PDUDaemon's HTTP listener; ``pdu`` is its name in the daemon's configuration."""

    driver: Literal["pdudaemon"] = Field(
        json_schema_extra=RACK_ONLY, description="must be pdudaemon"
    )
    url: str = Field(description="where the daemon listens, such as http://192.0.2.10:16421")
    pdu: str = Field(min_length=1, description="the PDU's host name in the daemon's configuration")
    timeout_s: Deadline = Field(default=8.0, description=_DEADLINE_IS)

    _usable = model_validator(mode="after")(_usable)

    def make_driver(self) -> PowerDriver:
        """The driver of this PDU."""
        return pdudaemon(HttpServer(self.url), self.pdu, timeout_s=self.timeout_s)


class CommandPdu(_Device):
    """A device that programs switch; they are run without a shell, and exit with 0 if they did it.

    Without ``state`` there is no read-back. Without ``state_on`` and ``state_off`` its exit status
    says it: 0 for on, 1 for off.
    """

    driver: Literal["command"] = Field(json_schema_extra=RACK_ONLY, description="must be command")
    on: Arguments = Field(description="a program and its arguments, with {outlet}")
    off: Arguments = Field(description="a program and its arguments, with {outlet}")
    state: tuple[Argument, ...] = Field(default=(), description="likewise; it writes the state")
    state_on: str = Field(default="", description="a regular expression in what it writes")
    state_off: str = Field(default="", description="a regular expression in what it writes")
    environment: dict[str, LongSecret] = Field(
        default={}, repr=False, description="a mapping of variable and value"
    )
    timeout_s: Deadline = Field(default=9.0, description=_DEADLINE_IS)

    @model_validator(mode="after")
    def _switching(self) -> Self:
        if wrongs := tuple(same_on_and_off(self.on, self.off)):
            raise refusal(wrongs)
        return self

    _usable = model_validator(mode="after")(_usable)

    def make_driver(self) -> PowerDriver:
        """The driver of this device."""
        config = CommandConfig(
            name=self.name,
            on=self.on,
            off=self.off,
            state=self.state,
            state_on=self.state_on,
            state_off=self.state_off,
            environment=self.environment,
            timeout_s=self.timeout_s,
        )
        return CommandPower(config)


class LabgridPdu(_Device):
    """The places of a labgrid coordinator; an outlet is a place."""

    driver: Literal["labgrid"] = Field(json_schema_extra=RACK_ONLY, description="must be labgrid")
    coordinator: str = Field(
        default="",
        description="HOST or HOST:PORT, by default labgrid's port 20408; else labgrid's own setting",
    )
    client: str = Field(default="labgrid-client", description="the program, or its path")
    resource: str = Field(default="", description="which power resource of a place with several")
    timeout_s: Deadline = Field(default=9.0, description=_DEADLINE_IS)

    _usable = model_validator(mode="after")(_usable)

    def make_driver(self) -> PowerDriver:
        """The driver of this coordinator's places."""
        return labgrid(
            self.name,
            coordinator=self.coordinator,
            client=self.client,
            resource=self.resource,
            timeout_s=self.timeout_s,
        )


OtherPdu = SshPdu | SerialRelayEntry | HttpPdu | PduDaemonEntry | CommandPdu | LabgridPdu
"""The entries of this module, for the union of all; ``driver`` tells them apart."""
