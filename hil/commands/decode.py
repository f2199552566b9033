"""``hil decode``: the parameters that a profile sets, or the one reason why it sets none."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hil.commands.phone_options import json_option, print_exactly, print_json, printable
from hil.errors import ProfileError
from hil.reference.interpretations import DEFAULT
from hil.reference.profiles import MAX_SIZE, decode

# Whoever holds a file wants to know what is in it, not which firmware it was meant for (I10).
_READINGS = DEFAULT.choose(kdf_digest="either")


@click.command(name="decode")
@click.argument("file")
@click.option(
    "--key",
    metavar="KEY",
    help="The passphrase of a file that openssl enc -aes-256-cbc encrypted; the key is derived "
    "with SHA-256 or MD5, whichever fits.",
)
@json_option
def command(file: str, key: str | None, as_json: bool) -> None:
    """Show what a profile sets, or why it cannot be applied.

    FILE is what a phone downloads: flat-profile XML, plain, gzipped, encrypted, or gzipped and then
    encrypted; - reads stdin. Exits 1 with one of the kinds not-xml, no-flat-profile, bad-gzip,
    bad-key, bad-encoding and too-large if a phone could not apply the file.

    \b
    hil decode 7832-3PCC.xml
    hil decode profile.xml.enc --key 'the secret' --json
    curl -s http://192.0.2.1/000e08aabbcc.xml | hil decode -
    """
    try:
        profile = decode(_read(file), key=key, interpretations=_READINGS)
    except ProfileError as error:
        if as_json:
            print_json({"error": error.kind.value, "reason": error.reason})
        else:
            click.echo(f"{error.kind.value}: {printable(error.reason)}", err=True)
        click.get_current_context().exit(1)
    if as_json:
        print_json({"parameters": dict(profile.parameters)})
        return
    for name, value in profile.parameters.items():
        print_exactly(f"{printable(name)} = {printable(value)}")


def _read(file: str) -> bytes:
    """Return the file, or so much of it that its size is seen to be too large."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_SIZE + 1)
        with Path(file).open("rb") as stream:
            return stream.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise click.UsageError(f"cannot read {printable(file)}: {reason}") from error
