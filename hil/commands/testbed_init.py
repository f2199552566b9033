"""``hil testbed init``: begin an inventory with what is found on the wire and in the switch."""

from __future__ import annotations

import os
import sys
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.testbed.discovery.sighting import Sighting
    from hil.testbed.discovery.writing import Gap, Proposal

_SECONDS = 65.0
_COMMUNITY_VARIABLE = "HIL_COMMUNITY"


@click.command(name="init")
@click.option("--interface", metavar="NAME", help="Listen on this interface (needs root).")
@click.option("--switch", "host", metavar="ADDRESS", help="Ask this switch by SNMP.")
@click.option(
    "--community",
    metavar="TEXT",
    help=f"The switch's read community, for v1 and v2c; {_COMMUNITY_VARIABLE} keeps it out of the "
    "list of processes. It is not written into the inventory.",
)
@click.option(
    "--snmp", "version", type=click.Choice(["v1", "v2c"]), default="v2c", show_default=True
)
@click.option("--snmp-port", type=click.IntRange(1, 65535), default=161, show_default=True)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=_SECONDS,
    show_default=True,
    help="How long to listen; CDP is said every 60 seconds.",
)
@click.option(
    "--mac", "macs", metavar="MAC", multiple=True, help="This one is a phone, whatever it says."
)
@click.option("--name", default="rack", show_default=True, help="What to call the testbed.")
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write there; never over a file.",
)
@click.option(
    "--ask/--no-ask",
    "asking",
    default=None,
    help="Ask for what is not given; by default at a terminal.",
)
def init(
    interface: str | None,
    host: str | None,
    community: str | None,
    version: str,
    snmp_port: int,
    seconds: float,
    macs: tuple[str, ...],
    name: str,
    output: Path | None,
    asking: bool | None,
) -> None:
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
    from hil.power.snmp_agent import SnmpAgent, SnmpVersion
    from hil.testbed.discovery.sighting import devices
    from hil.testbed.discovery.survey import ask, hear
    from hil.testbed.discovery.writing import Proposal

    community = community or os.environ.get(_COMMUNITY_VARIABLE)
    if sys.stdin.isatty() if asking is None else asking:
        interface = interface or _asked_interface()
        host = host or click.prompt(
            "The switch's IPv4 address, if it has SNMP", default="", err=True
        )
        if host and not community:
            community = click.prompt("Its read community", hide_input=True, err=True)
        output = output or Path(click.prompt("Write to", default=f"{name}.yaml", err=True))
    if not interface and not host:
        raise UsageError("there is nothing to look at", remedy="give --interface, --switch or both")
    chosen = frozenset(_mac(text) for text in macs)
    _check_name(name)
    address = _address(host) if host else None
    if output is not None and output.exists():
        raise UsageError(
            "there is such a file already", file=str(output), remedy="another --output"
        )
    switch = None
    if address is not None:
        click.echo(f"asking {address} by SNMP{version} ...", err=True)
        agent = SnmpAgent(str(address), snmp_port, SnmpVersion(version), community or "public")
        switch = ask(agent)
    heard: list[Sighting] = []
    if interface:
        click.echo(f"listening on {interface} for {seconds:g} s, Ctrl-C is enough ...", err=True)
        heard = hear(interface, seconds, _tell)
    known = devices([*heard, *(switch.sightings if switch is not None else ())])
    _finish(Proposal(name, interface or None, known, chosen, address, version, switch), output)


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
