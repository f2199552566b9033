"""``hil rack``: a rack of virtual handsets in a process of its own, reached as a real one would be."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import click

from hil.commands.phone_options import split_pair
from hil.commands.rack_inventory import inventory_text
from hil.commands.testbed_authority import CERTIFICATE
from hil.commands.until_ended import content_of, told_of_signals
from hil.errors import LabError, UsageError

if TYPE_CHECKING:
    from hil.virtual.firmware import Firmware
    from hil.virtual.poe_switch import PortFault
    from hil.virtual.rack import Slot

_MOST_HANDSETS = 48
_FIRST_VLAN = 101
_BOOT_PACE = 0.15
_WIRE = "hilrack"


def _pairs(
    _ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    return tuple(split_pair(text, "HANDSET") for text in given)


@click.command(name="rack")
@click.option(
    "--handsets",
    metavar="N",
    type=click.IntRange(1, _MOST_HANDSETS),
    default=2,
    show_default=True,
    help="How many phones hang there; they are called a01, a02, ...",
)
@click.option(
    "--interface",
    metavar="NAME",
    default="",
    help="The interface of this machine that the phones hang on; without it a cable is made.",
)
@click.option(
    "--cable",
    metavar="NAME",
    default=_WIRE,
    show_default=True,
    help="What the end of the cable is called in this machine.",
)
@click.option(
    "--attach",
    type=click.Choice(["macvlan", "vlan"]),
    default="macvlan",
    show_default=True,
    help=f"All phones on one LAN, or a VLAN each, from {_FIRST_VLAN} on.",
)
@click.option(
    "--defect",
    "defects",
    metavar="HANDSET=NAME",
    multiple=True,
    callback=_pairs,
    help="Give a phone a defect, see `hil defects`; may be repeated.",
)
@click.option(
    "--ailment",
    "ailments",
    metavar="HANDSET=AILMENT",
    multiple=True,
    callback=_pairs,
    help="Have a phone hang, deaf, stackless or dead, for good or as NAME@N; see below.",
)
@click.option(
    "--follows",
    "readings",
    metavar="HANDSET=QUESTION=READING",
    multiple=True,
    callback=_pairs,
    help="Have a phone follow another reading, see `hil interpretations`; may be repeated.",
)
@click.option(
    "--port-fault",
    "faults",
    metavar="HANDSET=FAULT",
    multiple=True,
    callback=_pairs,
    help="Have the switch lie about a phone's port: stuck-on or stuck-off.",
)
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="Where the switch's agent and the consoles listen, an IPv4 address of this machine.",
)
@click.option(
    "--snmp-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="UDP port of the switch's agent; a free one by default.",
)
@click.option(
    "--ca",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="PEM with the authorities that the phones trust; none by default.",
)
@click.option(
    "--authority",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="What `hil testbed authority` made: the phones trust it, and the inventory names it.",
)
@click.option(
    "--without-authority",
    "strangers",
    metavar="HANDSET",
    multiple=True,
    help="This phone was not given the authority; may be repeated.",
)
@click.option(
    "--client-roots",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Give each phone a client certificate, and write its manufacturer's root there.",
)
@click.option(
    "--inventory",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write an inventory of the rack there; - is standard output.",
)
def command(
    handsets: int,
    interface: str,
    cable: str,
    attach: str,
    defects: tuple[tuple[str, str], ...],
    ailments: tuple[tuple[str, str], ...],
    readings: tuple[tuple[str, str], ...],
    faults: tuple[tuple[str, str], ...],
    address: str,
    snmp_port: int,
    ca: Path | None,
    authority: Path | None,
    strangers: tuple[str, ...],
    client_roots: Path | None,
    inventory: Path | None,
) -> None:
    """Run a rack of virtual handsets, reached as a real one would be.

    Phones on a cable, a switch that powers them over Ethernet and answers SNMP, and a serial console
    each, over RFC 2217. They are in this process and the laboratory is in another one: all that the
    two share is the wire. Time is real; a phone boots in a moment.

    An --ailment breaks no clause but stops part of a phone: hung (no resync begins), hung-pageless and
    hung-deaf (without web pages, without SIP), stackless (silent once it has its lease) and dead (it
    does not boot). NAME is for good, NAME@3 from the third power-on to the next boot, NAME@3x2 for two
    boots.

    It needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN. When everything is there it writes the inventory
    and prints "ready". Ctrl-C and SIGTERM end it; the cable goes with it, even after a kill -9.

    Exit status: 0 when it is ended, 2 usage, 3 trouble with the machine.

    \b
    hil rack --inventory rack.yaml
    hil certify --testbed rack.yaml --quick             in another terminal
    hil rack --handsets 8 --defect a04=retry-never --inventory rack.yaml
    hil rack --port-fault a02=stuck-on --inventory -
    hil rack --follows a01=list_exhaustion=cycle --inventory rack.yaml
    hil rack --ailment a01=hung@3 --ailment a02=dead --inventory rack.yaml
    hil rack --interface eth1 --attach vlan             on a wire that is there
    hil rack --authority lab --inventory rack.yaml      phones that trust lab/authority.pem
    """
    from hil.net.namespace import enter
    from hil.virtual.rack import RackSetup, VirtualRack
    from hil.virtual.snmp_agent import Access

    enter()
    names = [f"a{number:02}" for number in range(1, handsets + 1)]
    firmwares = _firmwares(
        names, _known(names, defects), _known(names, ailments), _known(names, readings)
    )
    untold = _known(names, tuple((name, "") for name in strangers))
    slots = _slots(names, attach, firmwares, _known(names, faults), frozenset(untold))
    if client_roots is not None:
        slots = _certified(slots, client_roots)
    trusted = [each for each in (ca, authority / CERTIFICATE if authority else None) if each]
    setup = RackSetup(
        slots,
        Access(address, snmp_port),
        cable="" if interface else cable,
        interface=interface,
        attach="vlan" if attach == "vlan" else "macvlan",
        authorities=b"".join(map(content_of, trusted)),
    )
    news: SimpleQueue[str] = SimpleQueue()
    with told_of_signals(lambda _: news.put("")), closing(VirtualRack(setup, news.put)) as rack:
        text = inventory_text(setup, rack.switch.port, rack.consoles, authority, client_roots)
        if inventory is not None:
            _write(inventory, text)
        click.echo(f"ready: {handsets} handsets behind {setup.interface or setup.cable}", err=True)
        trouble = news.get()
    if trouble:
        raise LabError("the rack cannot go on", evidence=trouble)


def _known(names: list[str], pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in names:
            raise UsageError(f"no handset is called {name!r}", remedy=f"{names[0]} to {names[-1]}")
        known.setdefault(name, []).append(value)
    return known


def _slots(
    names: list[str],
    attach: str,
    firmwares: dict[str, Firmware],
    faults: dict[str, list[str]],
    strangers: frozenset[str],
) -> list[Slot]:
    from hil.reference.identity import Identity
    from hil.virtual.rack import Slot

    return [
        Slot(
            name,
            Identity(
                f"00:0e:08:ca:fe:{number:02x}",
                serial=f"88012VR{number:05}",
                ccert_installed=False,
            ),
            port=f"Gi1/0/{number}",
            vlan=_FIRST_VLAN + number - 1 if attach == "vlan" else None,
            firmware=firmwares[name],
            fault=_fault(faults.get(name, [])),
            trusting=name not in strangers,
        )
        for number, name in enumerate(names, 1)
    ]


def _certified(slots: list[Slot], roots: Path) -> list[Slot]:
    """The same phones with client certificates of a manufacturer, whose root is written down."""
    from hil.endpoints.certificates import Authority

    manufacturer = Authority("manufacturer")
    _write(roots, manufacturer.root_pem)
    return [
        replace(
            slot,
            identity=replace(slot.identity, ccert_installed=True),
            certificate=manufacturer.client(slot.identity.ma).pem,
        )
        for slot in slots
    ]


def _firmwares(
    names: list[str],
    defects: dict[str, list[str]],
    ailments: dict[str, list[str]],
    readings: dict[str, list[str]],
) -> dict[str, Firmware]:
    """What each phone runs; the last ailment that it is given counts."""
    from hil.reference.interpretations import DEFAULT
    from hil.virtual.defects import firmware_with
    from hil.virtual.firmware import REFERENCE_FIRMWARE
    from hil.virtual.health import parse_ailment
    from hil.virtual.pace import booting_at

    made = {}
    for name in names:
        pairs = [split_pair(text, "QUESTION") for text in readings.get(name, [])]
        base = replace(REFERENCE_FIRMWARE, interpretations=DEFAULT.choose(**dict(pairs)))
        firmware = booting_at(firmware_with(defects.get(name, []), base), _BOOT_PACE)
        for text in ailments.get(name, []):
            firmware = replace(firmware, health=parse_ailment(text))
        made[name] = firmware
    return made


def _fault(given: list[str]) -> PortFault:
    from hil.virtual.poe_switch import PortFault

    if not given:
        return PortFault.NONE
    try:
        return PortFault(given[-1])
    except ValueError:
        known = ", ".join(each.value for each in PortFault if each is not PortFault.NONE)
        raise UsageError(f"no fault of a port is called {given[-1]!r}", remedy=known) from None


def _write(file: Path, text: str) -> None:
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write there: {error.strerror}", file=str(file)) from error
