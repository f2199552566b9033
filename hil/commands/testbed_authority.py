"""``hil testbed authority``: make the authority that signs the servers of a rack."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.commands.phone_options import json_option, print_json
from hil.errors import UsageError

if TYPE_CHECKING:
    from hil.endpoints.kept_authority import About

CERTIFICATE, KEY = "authority.pem", "authority.key"
"""What the two files are called."""

_YEARS = 10
_MOST_YEARS = 50


@click.command(name="authority")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Where the two files go; made if it is not there. This directory by default.",
)
@click.option(
    "--years",
    type=click.IntRange(1, _MOST_YEARS),
    default=_YEARS,
    show_default=True,
    help="How long it is valid.",
)
@json_option
def authority(out: Path, years: int, as_json: bool) -> None:
    """Make a certificate authority for a rack, once; tests over HTTPS need one.

    It writes authority.pem, the certificate that the phones are given, and authority.key, its private
    key, for the laboratory alone (mode 0600): whoever has the key is any server to these phones. It
    never writes over a file, since each phone would have to be given the new one.

    A phone trusts it once it is installed: have it take a profile with Custom_CA_Rule, the address of
    authority.pem on an HTTP or TFTP server that is not the bench, or set the same parameter on its web
    page. Each run looks first whether the phone trusts it.

    Exit status: 0 it is made, 2 usage; there is such a file already, or none can be written.

    \b
    hil testbed authority --out lab
    hil testbed authority --out lab --years 5 --json
        {"certificate": "/etc/hil/lab/authority.pem", "key": ..., "until": "2031-...", "sha256": ...}
    """
    from hil.endpoints.kept_authority import about, make

    certificate, key = make(datetime.now(UTC), years)
    known = about(certificate)
    paths = _written(out, certificate, key)
    if as_json:
        print_json(
            {
                "certificate": str(paths[0]),
                "key": str(paths[1]),
                "name": known.name,
                "until": known.not_after.isoformat(),
                "sha256": known.sha256,
            }
        )
        return
    click.echo("\n".join(_next_steps(known, *paths)))


def _next_steps(known: About, certificate: Path, key: Path) -> list[str]:
    """What was made, and what a person does with it."""
    return [
        f"{certificate}: {known}",
        f"  SHA-256 {known.sha256}",
        f"{key}: its private key, mode 0600",
        "",
        "in the inventory:",
        f"  authority: {{certificate: {certificate}, key: {{file: {key}}}}}",
        "",
        "to each phone, once, by a profile or on its web page (SERVER is not the bench):",
        f"  <Custom_CA_Rule>http://SERVER/{CERTIFICATE}</Custom_CA_Rule>",
    ]


def _written(out: Path, certificate: bytes, key: bytes) -> tuple[Path, Path]:
    """Both files, or neither."""
    made: list[Path] = []
    try:
        out = out.resolve()
        if not out.is_dir():
            out.mkdir(parents=True)
        for name, octets, mode in ((KEY, key, 0o600), (CERTIFICATE, certificate, 0o644)):
            made += [_new(out / name, octets, mode)]
    except (OSError, ValueError) as error:
        for each in made:
            each.unlink(missing_ok=True)
        if isinstance(error, FileExistsError) and out.is_dir():
            raise UsageError(
                "there is an authority already, which phones may trust",
                file=str(error.filename),
                remedy="another --out, or move it away if every phone is to be given another one",
            ) from None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot be written: {reason}", file=str(out)) from error
    return out / CERTIFICATE, out / KEY


def _new(path: Path, octets: bytes, mode: int) -> Path:
    # O_EXCL: what came there meanwhile is somebody's.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(octets)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path
