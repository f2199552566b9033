"""``hil testbed init``: begin an inventory with what is found on the wire and in the switch."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.commands.common_options import together
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.testbed.discovery.sighting import Sighting
    from hil.testbed.discovery.writing import Gap, Proposal

_SECONDS = 65.0
_COMMUNITY_VARIABLE = "HIL_COMMUNITY"


@dataclass(frozen=True)
class _Asked:
    """The options, as they were given; ``seconds`` is how long to listen."""

    interface: str | None
    host: str | None
    community: str | None
    version: str
    snmp_port: int
    seconds: float
    macs: tuple[str, ...]
    name: str
    output: Path | None
    asking: bool | None

    def completed(self) -> _Asked:
        """The same with what the environment says, and a person where there is one to be asked."""
        community = self.community or os.environ.get(_COMMUNITY_VARIABLE)
        if not (sys.stdin.isatty() if self.asking is None else self.asking):
            return replace(self, community=community)
        interface = self.interface or _asked_interface()
        host = self.host or click.prompt(
            "The switch's IPv4 address, if it has SNMP", default="", err=True
        )
        if host and not community:
            community = click.prompt("Its read community", hide_input=True, err=True)
        output = self.output or Path(
            click.prompt("Write to", default=f"{self.name}.yaml", err=True)
        )
        return replace(self, interface=interface, host=host, community=community, output=output)


@dataclass(frozen=True)
class _Plan:
    """Where to look, and which devices are phones whatever they say."""

    asked: _Asked
    address: IPv4Address | None
    phones: frozenset[str]


_interface_option = click.option(
    "--interface", metavar="NAME", help="Listen on this interface (needs root)."
)

_switch_options = together(
    click.option("--switch", "host", metavar="ADDRESS", help="Ask this switch by SNMP."),
    click.option(
        "--community",
        metavar="TEXT",
        help=f"The switch's read community, for v1 and v2c; {_COMMUNITY_VARIABLE} keeps it out of the "
        "list of processes. It is not written into the inventory.",
    ),
    click.option(
        "--snmp", "version", type=click.Choice(["v1", "v2c"]), default="v2c", show_default=True
    ),
    click.option("--snmp-port", type=click.IntRange(1, 65535), default=161, show_default=True),
)

_listening_options = together(
    click.option(
        "--seconds",
        type=click.FloatRange(0.1, 3600),
        default=_SECONDS,
        show_default=True,
        help="How long to listen; CDP is said every 60 seconds.",
    ),
    click.option(
        "--mac", "macs", metavar="MAC", multiple=True, help="This one is a phone, whatever it says."
    ),
)

_file_options = together(
    click.option("--name", default="rack", show_default=True, help="What to call the testbed."),
    click.option(
        "--output",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write there; never over a file.",
    ),
)


@click.command(name="init")
@_interface_option
@_switch_options
@_listening_options
@_file_options
@click.option(
    "--ask/--no-ask",
    "asking",
    default=None,
    help="Ask for what is not given; by default at a terminal.",
)
def init(**options: Any) -> None:
    """Begin an inventory: listen, ask the switch, and write down what is there.

    Phones on the wire say who they are by LLDP, CDP and DHCP; nothing is sent to them. A switch knows
    by its tables which of them hangs on which port, and which port gives it power. What was found is
    written as a commented YAML file that `hil testbed check` accepts. What nobody could tell has a
    mark in it, and is listed at the end.

    Only while it boots does a phone ask for an address, so switch some off and on again meanwhile.

    \b
    hil testbed init                                              asks for everything
    hil testbed init --interface eth1 --output rack.yaml
    hil testbed init --switch 192.0.2.10 --community public       no wire, the switch alone
    hil testbed init --interface eth1 --switch 192.0.2.10 --seconds 120 --output rack.yaml
    """
    plan = _planned(_Asked(**options).completed())
    _finish(_surveyed(plan), plan.asked.output)


def _planned(asked: _Asked) -> _Plan:
    """UsageError for what cannot be looked at or written."""
    if not asked.interface and not asked.host:
        raise UsageError("there is nothing to look at", remedy="give --interface, --switch or both")
    phones = frozenset(_mac(text) for text in asked.macs)
    _check_name(asked.name)
    address = _address(asked.host) if asked.host else None
    if asked.output is not None and asked.output.exists():
        raise UsageError(
            "there is such a file already", file=str(asked.output), remedy="another --output"
        )
    return _Plan(asked, address, phones)


def _surveyed(plan: _Plan) -> Proposal:
    """Ask the switch, listen, and put together what is known."""
    from hil.power.snmp_agent import SnmpAgent, SnmpVersion
    from hil.testbed.discovery.sighting import devices
    from hil.testbed.discovery.survey import ask, hear
    from hil.testbed.discovery.writing import Proposal

    asked, address = plan.asked, plan.address
    switch = None
    if address is not None:
        click.echo(f"asking {address} by SNMP{asked.version} ...", err=True)
        community = asked.community or "public"
        switch = ask(
            SnmpAgent(str(address), asked.snmp_port, SnmpVersion(asked.version), community)
        )
    heard: list[Sighting] = []
    if asked.interface:
        where, how_long = asked.interface, f"{asked.seconds:g} s"
        click.echo(f"listening on {where} for {how_long}, Ctrl-C is enough ...", err=True)
        heard = hear(where, asked.seconds, _tell)
    known = devices([*heard, *(switch.sightings if switch is not None else ())])
    return Proposal(
        asked.name,
        asked.interface or None,
        known,
        plan.phones,
        address,
        asked.version,
        switch,
        asked.snmp_port,
    )


def _tell(sighting: Sighting) -> None:
    click.echo(f"  {sighting.source} from {sighting.mac}", err=True)


def _finish(proposal: Proposal, output: Path | None) -> None:
    """Write the inventory, and say what is in it and what is not."""
    from hil.suite_location import suite_root
    from hil.testbed.discovery.writing import environment, write
    from hil.testbed.schema import FILE

    text, gaps = write(proposal, str(suite_root() / "testbeds" / FILE))
    if output is None:
        click.echo(text, nl=False)
    else:
        _keep(output, text)
    for phone in proposal.phones:
        port = proposal.port(phone)
        where = f" at {port.name}" if port is not None else ""
        click.echo(f"{phone.mac}{where}  {phone.sources}: {phone.remarks}", err=True)
    file = str(output or "the inventory")
    click.echo(f"{len(proposal.phones)} phone(s), {len(gaps)} place(s) to fill in:", err=True)
    _say_gaps(gaps, file)
    for variable in environment(proposal):
        click.echo(f"then: export {variable}=...", err=True)
    click.echo(f"then: hil testbed check {output or 'FILE'}", err=True)


def _say_gaps(gaps: list[Gap], file: str) -> None:
    for gap in gaps:
        click.echo(f"  {file}:{gap.line}: {gap.what}", err=True)


def _keep(output: Path, text: str) -> None:
    try:
        # x: whatever came there meanwhile is somebody's work.
        with output.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(
            "there is such a file already", file=str(output), remedy="another --output"
        ) from None
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", file=str(output), remedy="another --output"
        ) from error


def _asked_interface() -> str:
    import socket

    names = ", ".join(name for _, name in socket.if_nameindex() if name != "lo")
    answer = click.prompt(
        f"The interface that leads to the phones ({names}), if any", default="", err=True
    )
    return str(answer)


def _mac(text: str) -> str:
    from hil.errors import SpecificationError
    from hil.reference.identity import normalise_mac

    try:
        return normalise_mac(text)
    except SpecificationError as error:
        raise UsageError(f"--mac: {error}", remedy="such as 00:0e:08:aa:bb:cc") from error


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise UsageError(
            f"--switch: {text[:60]!r} is no IPv4 address",
            remedy="an address such as 192.0.2.10; names are not resolved",
        ) from None


def _check_name(name: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    from hil.testbed.entry import NAME_IS, Name

    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise UsageError(f"--name: {name[:60]!r} is no name", remedy=NAME_IS) from None
