"""``hil rack``: a rack of virtual handsets in a process of its own, reached as a real one would be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import click

from hil.commands.common_options import Command, gathered
from hil.commands.phone_options import split_pair
from hil.commands.rack_inventory import inventory_text
from hil.commands.rack_phones import FIRST_VLAN, Pairs, Wanted, certified, slots_of
from hil.commands.testbed_authority import CERTIFICATE
from hil.commands.until_ended import content_of, told_of_signals
from hil.errors import LabError, UsageError

if TYPE_CHECKING:
    from hil.virtual.rack import RackSetup, Slot

_MOST_HANDSETS = 48
_WIRE = "hilrack"


@dataclass(frozen=True)
class _Wires:
    """How many phones there are, and what they hang on."""

    handsets: int
    interface: str
    cable: str
    attach: str


@dataclass(frozen=True)
class _Phones:
    """What is said of single phones: pairs of a handset's name and that."""

    defects: Pairs
    ailments: Pairs
    readings: Pairs
    faults: Pairs


@dataclass(frozen=True)
class _Trust:
    """Whom the phones trust, and what they show."""

    ca: Path | None
    authority: Path | None
    strangers: tuple[str, ...]
    client_roots: Path | None


@dataclass(frozen=True)
class _Agent:
    """Where the switch's agent and the consoles listen."""

    address: str
    snmp_port: int


def _pairs(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> Pairs:
    return tuple(split_pair(text, "HANDSET") for text in given)


def _of_handset(name: str, argument: str, value: str, text: str) -> Callable[[Command], Command]:
    """An option that says something of one handset, and may be repeated; ``text`` is its help."""
    return click.option(
        name,
        argument,
        metavar=f"HANDSET={value}",
        multiple=True,
        callback=_pairs,
        help=text,
    )


_wire_options = gathered(
    "wires",
    _Wires,
    click.option(
        "--handsets",
        metavar="N",
        type=click.IntRange(1, _MOST_HANDSETS),
        default=2,
        show_default=True,
        help="How many phones hang there; they are called a01, a02, ...",
    ),
    click.option(
        "--interface",
        metavar="NAME",
        default="",
        help="The interface of this machine that the phones hang on; without it a cable is made.",
    ),
    click.option(
        "--cable",
        metavar="NAME",
        default=_WIRE,
        show_default=True,
        help="What the end of the cable is called in this machine.",
    ),
    click.option(
        "--attach",
        type=click.Choice(["macvlan", "vlan"]),
        default="macvlan",
        show_default=True,
        help=f"All phones on one LAN, or a VLAN each, from {FIRST_VLAN} on.",
    ),
)

_phone_options = gathered(
    "phones",
    _Phones,
    _of_handset(
        "--defect", "defects", "NAME", "Give a phone a defect, see `hil defects`; may be repeated."
    ),
    _of_handset(
        "--ailment",
        "ailments",
        "AILMENT",
        "Have a phone hang, deaf, stackless or dead, for good or as NAME@N; see below.",
    ),
    _of_handset(
        "--follows",
        "readings",
        "QUESTION=READING",
        "Have a phone follow another reading, see `hil interpretations`; may be repeated.",
    ),
    _of_handset(
        "--port-fault",
        "faults",
        "FAULT",
        "Have the switch lie about a phone's port: stuck-on, stuck-off or late-counters.",
    ),
)

_agent_options = gathered(
    "agent",
    _Agent,
    click.option(
        "--address",
        default="127.0.0.1",
        show_default=True,
        help="Where the switch's agent and the consoles listen, an IPv4 address of this machine.",
    ),
    click.option(
        "--snmp-port",
        type=click.IntRange(0, 65535),
        default=0,
        help="UDP port of the switch's agent; a free one by default.",
    ),
)

_trust_options = gathered(
    "trust",
    _Trust,
    click.option(
        "--ca",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="PEM with the authorities that the phones trust; none by default.",
    ),
    click.option(
        "--authority",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="What `hil testbed authority` made: the phones trust it, and the inventory names it.",
    ),
    click.option(
        "--without-authority",
        "strangers",
        metavar="HANDSET",
        multiple=True,
        help="This phone was not given the authority; may be repeated.",
    ),
    click.option(
        "--client-roots",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Give each phone a client certificate, and write its manufacturer's root there.",
    ),
)


@click.command(name="rack")
@_wire_options
@_phone_options
@_agent_options
@_trust_options
@click.option(
    "--inventory",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write an inventory of the rack there; - is standard output.",
)
def command(
    wires: _Wires, phones: _Phones, agent: _Agent, trust: _Trust, inventory: Path | None
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

    enter()
    slots = slots_of(_wanted(wires, phones, trust))
    if trust.client_roots is not None:
        slots, root = certified(slots)
        _write(trust.client_roots, root)
    _run(_setup(slots, wires, agent, trust), trust, inventory)


def _wanted(wires: _Wires, phones: _Phones, trust: _Trust) -> Wanted:
    return Wanted(
        wires.handsets,
        phones.defects,
        phones.ailments,
        phones.readings,
        phones.faults,
        trust.strangers,
        own_vlans=wires.attach == "vlan",
    )


def _setup(slots: list[Slot], wires: _Wires, agent: _Agent, trust: _Trust) -> RackSetup:
    """The whole rack; UsageError for a file that cannot be read."""
    from hil.virtual.rack import RackSetup
    from hil.virtual.snmp_agent import Access

    kept = trust.authority / CERTIFICATE if trust.authority else None
    trusted = [each for each in (trust.ca, kept) if each]
    return RackSetup(
        slots,
        Access(agent.address, agent.snmp_port),
        cable="" if wires.interface else wires.cable,
        interface=wires.interface,
        attach="vlan" if wires.attach == "vlan" else "macvlan",
        authorities=b"".join(map(content_of, trusted)),
    )


def _run(setup: RackSetup, trust: _Trust, inventory: Path | None) -> None:
    """Have the rack there until somebody ends it; LabError where it cannot go on."""
    from hil.virtual.rack import VirtualRack

    news: SimpleQueue[str] = SimpleQueue()
    with told_of_signals(lambda _: news.put("")), closing(VirtualRack(setup, news.put)) as rack:
        if inventory is not None:
            text = inventory_text(
                setup, rack.switch.port, rack.consoles, trust.authority, trust.client_roots
            )
            _write(inventory, text)
        where = setup.interface or setup.cable
        click.echo(f"ready: {len(setup.slots)} handsets behind {where}", err=True)
        trouble = news.get()
    if trouble:
        raise LabError("the rack cannot go on", evidence=trouble)


def _write(file: Path, text: str) -> None:
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write there: {error.strerror}", file=str(file)) from error
