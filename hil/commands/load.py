"""``hil load``: firmware loads for tests, made, shown and checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hil.commands.common_options import together
from hil.commands.phone_options import json_option, print_json, printable
from hil.errors import LoadError
from hil.loads import Flaws, check_load, make_load, open_load, read_key, read_public_key
from hil.reference.load_builder import TEST_KEY
from hil.reference.loads import TEST_PUBLIC_KEY, Load

_SIZE = re.compile(r"([0-9]{1,12})\s?(B|KiB|MiB)?")
_UNITS = {None: 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20}


def _octets(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read a number of octets: ``31457280``, ``512KiB``, ``30MiB``."""
    if value is None:
        return None
    match = _SIZE.fullmatch(value)
    if match is None:
        raise click.BadParameter(
            f"{printable(value[:40])!r} is no size such as 30MiB", ctx, parameter
        )
    return int(match[1]) * _UNITS[match[2]]


_model_option = click.option(
    "--model", metavar="MODEL", default="7832", show_default=True, help="The phone's model."
)
_trust_option = click.option(
    "--key",
    metavar="FILE",
    help="PEM file with the Ed25519 key that the phone trusts, public or private; without it the "
    "test key that everyone knows.",
)


_image_options = together(
    click.option(
        "--size",
        metavar="SIZE",
        callback=_octets,
        default="30MiB",
        show_default=True,
        help="Of the image: octets, KiB or MiB.",
    ),
    click.option(
        "--directory",
        metavar="DIR",
        default=".",
        help="Where to write it; made if need be. Without it here.",
    ),
    click.option(
        "--seed", metavar="TEXT", default="", help="For another image of the same version."
    ),
)
_flaw_options = together(
    click.option(
        "--truncate",
        metavar="SIZE",
        callback=_octets,
        help="Write only so many octets of the image.",
    ),
    click.option(
        "--corrupt", metavar="OFFSET", callback=_octets, help="Invert this octet of the image."
    ),
    click.option("--unsigned", is_flag=True, help="Leave the signature out."),
)


@click.group(name="load")
def command() -> None:
    """Make, show and check firmware loads for tests.

    The inside of the vendor's loads is unpublished, so a test load has a format of hil's own: a
    signed text NAME.loads that names an image beside it. The virtual handset installs it, after the
    checks that any phone makes; no real phone does.

    \b
    hil load make 11-3-2MPP0001-610 --size 30MiB --directory firmware
    hil load check firmware/sip7832.11-3-2MPP0001-610.loads
    hil load make 11-3-2MPP0001-611 --corrupt 1000
                                    a load that an upgrade must not install
    """


@command.command()
@click.argument("version")
@_image_options
@click.option(
    "--key",
    metavar="FILE",
    help="PEM file with the Ed25519 private key that signs (openssl genpkey -algorithm ed25519); "
    "without it the test key that everyone knows.",
)
@click.option(
    "--model",
    metavar="MODEL",
    default="7832",
    show_default=True,
    help="The model that it says it is for.",
)
@_flaw_options
@json_option
def make(
    version: str,
    size: int,
    directory: str,
    seed: str,
    key: str | None,
    model: str,
    as_json: bool,
    **flaws: Any,
) -> None:
    """Write a test load, right or wrong on purpose.

    VERSION is what $SWVER says once the load runs, with or without sip7832. in front. The same
    version and seed give the same octets. --truncate, --corrupt, --unsigned and another --model make
    a load that a 7832 must not install.

    \b
    hil load make 11-3-2MPP0001-610
    hil load make sip7832.11-0-1MPP-376 --size 512KiB --directory firmware
    hil load make 11-3-2MPP0001-610 --truncate 29MiB
    """
    path = make_load(
        Path(directory),
        version,
        size,
        model=model,
        seed=seed,
        key=TEST_KEY if key is None else read_key(Path(key)),
        flaws=Flaws(**flaws),
    )
    image = path.with_suffix(".sbn")
    if as_json:
        print_json({"load": str(path), "members": [str(image)]})
        return
    click.echo(f"{printable(str(path))}\n{printable(str(image))}, {image.stat().st_size} octets")


@command.command()
@click.argument("file")
@_model_option
@_trust_option
@json_option
def show(file: str, model: str, key: str | None, as_json: bool) -> None:
    """Show what a manifest says.

    FILE is a NAME.loads. Exits 1 with the reason if it is none that the phone would read.

    \b
    hil load show sip7832.11-3-2MPP0001-610.loads
    hil load show other.loads --model 8832 --json
    """
    _told(lambda: open_load(Path(file), model=model, trusted_key=_trusted(key)), as_json)


@command.command()
@click.argument("file")
@_model_option
@_trust_option
@json_option
def check(file: str, model: str, key: str | None, as_json: bool) -> None:
    """Check a load with all its members, as a phone does.

    FILE is a NAME.loads; its members lie beside it. Exits 1 with one of the kinds not-a-load,
    bad-signature, wrong-model, bad-member, too-many-members, too-large, wrong-size and wrong-digest
    if a phone must not install it.

    \b
    hil load check sip7832.11-3-2MPP0001-610.loads
    hil load check firmware/sip7832.11-3-2MPP0001-610.loads --key public.pem --json
    """
    _told(lambda: check_load(Path(file), model=model, trusted_key=_trusted(key)), as_json)


def _trusted(key: str | None) -> bytes:
    return TEST_PUBLIC_KEY if key is None else read_public_key(Path(key))


def _told(read: Callable[[], Load], as_json: bool) -> None:
    """Print the load, or why it is none and exit 1."""
    try:
        load = read()
    except LoadError as error:
        if as_json:
            print_json({"error": error.kind.value, "reason": error.reason})
        else:
            click.echo(f"{error.kind.value}: {printable(error.reason)}", err=True)
        click.get_current_context().exit(1)
    if as_json:
        print_json(asdict(load))
        return
    click.echo(f"{load.name}, for model {load.model}")
    for member in load.members:
        click.echo(f"{member.name}, {member.size} octets, SHA-256 {member.sha256}")
