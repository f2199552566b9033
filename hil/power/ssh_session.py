"""Logging in to a device over SSH; everything here blocks, in a thread.

The device must show the host key that is known for it before it learns a user's name.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import logging
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.errors import DeviceRefused, PowerDeviceError
from hil.power.blocking import Errand
from hil.power.evidence import shown
from hil.power.ssh_dialects import SshDialect
from hil.power.ssh_line import CommandLine

if TYPE_CHECKING:
    import paramiko

# Without a handler of its own, paramiko's thread prints to stderr what is raised here as well.
_LOG = "hil.power.ssh"
logging.getLogger(_LOG).addHandler(logging.NullHandler())

_WIDTH = 511
_HASH = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


@dataclass(frozen=True)
class SshLogin:
    """Where a device is, who it is, and who we are.

    ``host`` is an IPv4 address. The host key is known by ``host_key``, a fingerprint as ``ssh-keygen
    -l`` prints it (``SHA256:...``), or by the file ``known_hosts``. ``password`` or ``private_key``
    (in PEM or OpenSSH's form, with its ``passphrase`` if it has one) prove who we are; ``enable`` is
    the password for privileged commands.
    """

    host: str
    user: str
    port: int = 22
    host_key: str = ""
    known_hosts: str = ""
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    enable: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return (self.password, self.passphrase, self.enable, self.private_key)


def is_fingerprint(text: str) -> bool:
    """Whether this is what ``SHA256:...`` of a host key looks like."""
    return _HASH.fullmatch(text) is not None


def fingerprint(key: paramiko.PKey) -> str:
    """A key as OpenSSH shows it: SHA256 and its hash in base64 without padding."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest())
    return f"SHA256:{digest.decode('ascii').rstrip('=')}"


@contextlib.contextmanager
def session(
    login: SshLogin, dialect: SshDialect, errand: Errand, name: str
) -> Iterator[CommandLine]:
    """A command line that waits for its first command; ended with the block.

    `PowerDeviceError` where the device is not the one that is known or talks nonsense,
    `DeviceRefused` where it does not let us in; otherwise whatever paramiko and sockets raise, and
    TimeoutError.
    """
    import paramiko

    raw = socket.create_connection((login.host, login.port), timeout=errand.left())
    with raw, errand.interrupted_by(lambda: raw.shutdown(socket.SHUT_RDWR)):
        transport = paramiko.Transport(raw)
        transport.set_log_channel(_LOG)
        try:
            transport.banner_timeout = transport.handshake_timeout = errand.left()
            known = _known(login, name)
            if known is not None:
                _prefer(transport, list(known))
            transport.start_client(timeout=errand.left())
            _check(transport.get_remote_server_key(), known, login, name)
            transport.auth_timeout = errand.left()
            _authenticate(transport, login, errand, name)
            channel = transport.open_session(timeout=errand.left())
            channel.get_pty(width=_WIDTH, height=1000)
            channel.invoke_shell()
            yield CommandLine(channel, dialect, errand, name, login.enable, login.secrets)
        finally:
            transport.close()


def _known(login: SshLogin, name: str) -> dict[str, paramiko.PKey] | None:
    """The keys that the file has for this host, by type; None where a fingerprint is given."""
    import paramiko

    if login.host_key:
        return None
    try:
        keys = paramiko.HostKeys(login.known_hosts)
    except (OSError, UnicodeError, paramiko.SSHException) as error:
        raise PowerDeviceError(
            "the known host keys cannot be read",
            evidence=shown(f"{login.known_hosts}: {error}"),
            next_step="make the file with ssh-keyscan, or give the fingerprint as host_key",
            concerns=name,
        ) from error
    address = login.host if login.port == 22 else f"[{login.host}]:{login.port}"
    return dict(keys.lookup(address) or {})


def _prefer(transport: paramiko.Transport, kinds: list[str]) -> None:
    """Ask for the kinds of key that are known, so that a device with several shows one of those."""
    options = transport.get_security_options()
    names = [f"rsa-sha2-{bits}" for bits in (512, 256)] if "ssh-rsa" in kinds else []
    wanted = [kind for kind in (*kinds, *names) if kind in options.key_types]
    if wanted:
        options.key_types = (*wanted, *(k for k in options.key_types if k not in wanted))


def _check(
    seen: paramiko.PKey, known: dict[str, paramiko.PKey] | None, login: SshLogin, name: str
) -> None:
    shows = f"the device shows an {seen.get_name()} key, {fingerprint(seen)}"
    if known is None:
        if fingerprint(seen) == login.host_key:
            return
        what, where = "the device's host key is another one", f"known is {login.host_key}"
    elif seen.get_name() in known:
        if known[seen.get_name()].asbytes() == seen.asbytes():
            return
        expected = fingerprint(known[seen.get_name()])
        what, where = "the device's host key has changed", f"{login.known_hosts} has {expected}"
    else:
        kinds = ", ".join(sorted(known)) or "no key at all"
        what, where = "the device's host key is not known", f"{login.known_hosts} has {kinds}"
    raise PowerDeviceError(
        what,
        evidence=f"{shows}; {where}",
        next_step="find out at the device itself which key it has, and enter that one",
        concerns=name,
    )


def _authenticate(
    transport: paramiko.Transport, login: SshLogin, errand: Errand, name: str
) -> None:
    import paramiko

    try:
        if login.private_key:
            more = transport.auth_publickey(login.user, _key(login, name))
        else:
            more = transport.auth_password(login.user, login.password)
        if more:
            raise paramiko.AuthenticationException(f"it asks for {', '.join(more)} as well")
    except paramiko.AuthenticationException as error:
        # paramiko calls it the same when the device fell silent, or is gone.
        errand.left()
        if not transport.is_active():
            raise
        how = "key" if login.private_key else "password"
        raise DeviceRefused(
            f"the device does not let {login.user} in with this {how}",
            evidence=shown(str(error), login.secrets),
            next_step=f"check user and {how}, and that the device allows logging in with a {how}",
            concerns=name,
        ) from None


def _key(login: SshLogin, name: str) -> paramiko.PKey:
    import paramiko

    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError, TypeError, IndexError):
            text = io.StringIO(login.private_key.strip() + "\n")
            return kind.from_private_key(text, password=login.passphrase or None)
    # Not chained: what went wrong may quote the key.
    raise PowerDeviceError(
        "the private key cannot be used",
        evidence="it is none of Ed25519, ECDSA and RSA, or its passphrase is another",
        next_step="give the whole file that ssh-keygen made, and its passphrase",
        concerns=name,
    )
