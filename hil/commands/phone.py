"""``hil phone``: a virtual handset on a network of somebody's own, in real time."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import click

from hil.commands.common_options import together
from hil.commands.phone_narrator import Narrator
from hil.commands.phone_options import json_option, printable, split_pair
from hil.commands.until_ended import content_of, told_of_signals
from hil.errors import LabError, UsageError
from hil.reference.identity import Identity
from hil.reference.macros import MacroTable, by_either_name
from hil.reference.parameter_table import TABLE
from hil.reference.parameters import Parameters
from hil.virtual.defects import firmware_with
from hil.virtual.standalone import Crashed, News, Standalone, running
from hil.virtual.trust import TrustConfig, client_context

_EXAMPLE = "00:0e:08:aa:bb:cc"
_SIGNALLED = 128


@dataclass(frozen=True)
class _Stop:
    """A person wants it to end, by this signal."""

    signal: int


_Queue = SimpleQueue[tuple[int, News | _Stop]]


def _values(
    _ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """Parameters by XML name or macro name; their values checked against the table."""
    pairs = [split_pair(text, "NAME") for text in given]
    values = {by_either_name(name): value for name, value in pairs}
    for name in values:
        if name not in TABLE:
            raise click.BadParameter(f"no parameter is called {printable(name[:40])!r}")
    table = MacroTable(Identity(_EXAMPLE), Parameters()).with_values(values)
    return dict(table.parameters.items_set())


@dataclass(frozen=True)
class _Asked:
    """The options, as they were given; ``values`` are checked already."""

    name: str
    mac: str | None
    serial: str | None
    ca: Path | None
    certificate: Path | None
    state: Path | None
    values: dict[str, str]
    defects: tuple[str, ...]
    resyncs: int | None
    flush: bool
    release: bool
    as_json: bool
    verbose: bool

    def setup(self) -> Standalone:
        """The phone that is meant; UsageError for a file or a defect that is none."""
        return Standalone(
            interface=self.name,
            mac=self.mac,
            serial=self.serial,
            authorities=_authorities(self.ca),
            certificate=_certificate(self.certificate),
            state=self.state,
            values=self.values,
            firmware=firmware_with(self.defects),
            flush=self.flush,
            release=self.release,
        )


_identity_options = together(
    click.option(
        "--interface",
        "name",
        metavar="NAME",
        required=True,
        help="The Ethernet interface to run on.",
    ),
    click.option(
        "--mac", metavar="MAC", help="MAC address of the phone; the interface's by default."
    ),
    click.option("--serial", metavar="TEXT", help="Serial number, the macro $SN."),
)

_trust_options = together(
    click.option(
        "--ca",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="PEM with the authorities to trust; the system's by default.",
    ),
    click.option(
        "--certificate",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="PEM with a client certificate, its key and its chain, for servers that ask for one.",
    ),
)

_memory_options = together(
    click.option(
        "--state",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The phone's flash; without it the phone forgets what it was told.",
    ),
    click.option(
        "-p",
        "values",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_values,
        help="Set a parameter before the phone starts, by XML name; may be repeated.",
    ),
)

_defect_option = click.option(
    "--defect",
    "defects",
    metavar="NAME",
    multiple=True,
    help="Give the phone a defect, see `hil defects`; may be repeated.",
)

_course_options = together(
    click.option(
        "--resyncs",
        metavar="N",
        type=click.IntRange(1),
        help="End after N finished resyncs; exit 0 if the last one succeeded, 1 if it failed.",
    ),
    click.option("--flush", is_flag=True, help="Take away an address that the interface has."),
    click.option("--release", is_flag=True, help="Give the lease back at the end (DHCPRELEASE)."),
)


@click.command(name="phone")
@_identity_options
@_trust_options
@_memory_options
@_defect_option
@_course_options
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Values of parameters, all DHCP options.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Run a virtual handset on a network of yours.

    It gets a lease, resyncs as a phone from the factory does, and prints what it does with the
    seconds since it began. Time is real. What it is provisioned with stays in --state.

    It needs root or the capabilities to configure the interface, which it gives the address of its
    lease, and a default route of the last resort. At the end it takes both away. It touches no other
    interface, no other route and no resolv.conf; best give it an interface of its own.

    Ctrl-C and SIGTERM pull the plug: the link drops, and no RELEASE is sent unless you ask for it.
    After a kill -9 the address stays on the interface; --flush takes it away.

    Exit status: with --resyncs 0 if the last resync succeeded and 1 if it failed, and 128 and the
    signal's number if it was ended before; without --resyncs 0 when it is ended. 2 usage, 3 trouble
    with the machine.

    \b
    hil phone --interface eth1
    hil phone --interface eth1 -p Resync_Random_Delay=0 --resyncs 1 --json
    hil phone --interface eth1 --state phone.flash --ca my-ca.pem
    hil phone --interface eth1 -p 'Profile_Rule=https://prov.example/$MA.xml' -v

    An interface of its own beside others on the same wire:

    \b
    sudo ip link add phone0 link eth0 type macvlan mode bridge
    sudo hil phone --interface phone0 --mac 00:0e:08:aa:bb:cc
    """
    asked = _Asked(**options)
    setup = asked.setup()
    narrator = Narrator(asked.name, as_json=asked.as_json, verbose=asked.verbose)
    stopped = _run(setup, narrator, asked.resyncs)
    ctx.exit(0 if asked.resyncs is None else _status(narrator, stopped))


def _status(narrator: Narrator, stopped: int | None) -> int:
    """The exit status of a phone that was to make so many resyncs."""
    if stopped is not None:
        return _SIGNALLED + stopped
    return 0 if narrator.succeeded else 1


def _run(setup: Standalone, narrator: Narrator, resyncs: int | None) -> int | None:
    """Tell what happens until there is an end; the signal, if that was one."""
    # Signal handlers may put into this queue, and the phone never waits for the terminal.
    news: _Queue = SimpleQueue()
    stopped: int | None = None
    with told_of_signals(lambda number: news.put((0, _Stop(number)))):
        with running(setup, lambda at, each: news.put((at, each))) as identity:
            narrator.introduce(identity)
            while stopped is None and (resyncs is None or narrator.finished < resyncs):
                at, each = news.get()
                if isinstance(each, _Stop):
                    stopped = each.signal
                else:
                    _tell(narrator, at, each)
        while not news.empty():
            at, each = news.get()
            if not isinstance(each, _Stop):
                _tell(narrator, at, each)
    return stopped


def _tell(narrator: Narrator, at: int, news: News) -> None:
    if isinstance(news, Crashed):
        raise LabError("the phone cannot go on", evidence=news.text)
    narrator.tell(at, news)


def _authorities(file: Path | None) -> bytes:
    """The PEM of the file, or of the system's store."""
    if file is None:
        certificates = ssl.create_default_context().get_ca_certs(binary_form=True)
        return "".join(ssl.DER_cert_to_PEM_cert(each) for each in certificates).encode()
    pem = content_of(file)
    if not pem.strip():
        raise UsageError("no authority is in this file", file=str(file))
    _check(file, TrustConfig(authorities=pem))
    return pem


def _certificate(file: Path | None) -> bytes | None:
    if file is None:
        return None
    pem = content_of(file)
    _check(file, TrustConfig(certificate=pem))
    return pem


def _check(file: Path, config: TrustConfig) -> None:
    try:
        client_context(config)
    except UsageError as error:
        raise UsageError(error.problem, file=str(file), remedy=error.remedy) from error
