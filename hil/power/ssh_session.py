"""A conversation with a device's command line over SSH; everything here blocks, in a thread.

The device must show the host key that is known for it before it learns a user's name. What it says is
read up to its next prompt, and only believed to be the answer to a command when it has echoed that
command first. Pages are turned, escape sequences dropped, and nothing grows without bound.
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

from hil.errors import PowerError, PowerRefused
from hil.power.blocking import Errand
from hil.power.evidence import shown
from hil.power.ssh_dialects import SshDialect

if TYPE_CHECKING:
    import paramiko

# Without a handler of its own, paramiko's thread prints to stderr what is raised here as well.
_LOG = "hil.power.ssh"
logging.getLogger(_LOG).addHandler(logging.NullHandler())

MOST_ANSWER = 1 << 15
"""Characters of the longest answer to one command."""

_WIDTH = 511
_CHUNK = 4096
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>()][0-9A-B]?|[\x00\x07]")
_PASSWORD = r"[Pp]assword: ?\Z"
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

    `PowerError` where the device is not the one that is known or talks nonsense, `PowerRefused`
    where it does not let us in; otherwise whatever paramiko and sockets raise, and TimeoutError.
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
            yield CommandLine(channel, login, dialect, errand, name)
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
        raise PowerError(
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
    raise PowerError(
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
        raise PowerRefused(
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
    raise PowerError(
        "the private key cannot be used",
        evidence="it is none of Ed25519, ECDSA and RSA, or its passphrase is another",
        next_step="give the whole file that ssh-keygen made, and its passphrase",
        concerns=name,
    )


class CommandLine:
    """A shell on a device, used in one thread."""

    def __init__(
        self,
        channel: paramiko.Channel,
        login: SshLogin,
        dialect: SshDialect,
        errand: Errand,
        name: str,
    ) -> None:
        self._channel = channel
        self._login = login
        self._dialect = dialect
        self._errand = errand
        self._name = name
        self._prompt = ""

    def greet(self) -> None:
        """Wait for the first prompt, gain the right to switch, and have answers come unpaged."""
        dialect = self._dialect
        self._read_prompt("", dialect.prompt)
        if dialect.privileged and not re.search(dialect.privileged, self._prompt):
            self._enable()
        for command in dialect.setup:
            self.say(command)

    def say(self, command: str) -> str:
        """Give one command; its answer, `PowerRefused` if that is an error."""
        self._send(command)
        answer = self._read_prompt(command, self._dialect.prompt)
        refusal = re.search(self._dialect.refusal, answer, re.MULTILINE)
        if refusal is not None or not re.search(self._dialect.success, answer, re.MULTILINE):
            raise PowerRefused(
                f"the device refuses {command!r}",
                evidence=self._shown(answer if refusal is None else refusal[0]) or "no result",
                next_step="check the outlet's name, the user's rights and the kind of device",
                concerns=self._name,
            )
        return answer

    def leave(self) -> None:
        """Say good-bye, so that the device frees the session at once; nothing is awaited."""
        with contextlib.suppress(OSError):
            self._send(self._dialect.farewell)

    def _enable(self) -> None:
        if self._login.enable:
            self._send(self._dialect.enable)
            self._read_prompt(self._dialect.enable, f"(?:{self._dialect.prompt}|{_PASSWORD})")
            self._send(self._login.enable)
            # A device asks again where the password is wrong.
            self._read_prompt("", f"(?:{self._dialect.prompt}|{_PASSWORD})")
            if re.search(self._dialect.privileged, self._prompt):
                return
        raise PowerRefused(
            "the device does not let this user switch",
            evidence=f"its prompt is {self._shown(self._prompt)!r}",
            next_step="give a user with the rights to configure, or the enable password",
            concerns=self._name,
        )

    def _send(self, text: str) -> None:
        self._channel.settimeout(self._errand.left())
        self._channel.sendall(f"{text}\r".encode())

    def _read_prompt(self, echo: str, prompt: str) -> str:
        """What is said between the echo of a command and the next prompt."""
        said = ""
        while True:
            self._channel.settimeout(self._errand.left())
            data = self._channel.recv(_CHUNK)
            if not data:
                raise self._error("the device ended the session", said)
            said = _clean(said + data.decode("utf-8", "replace"))
            if len(said) > MOST_ANSWER:
                raise self._error("the device talks without end", said)
            if self._dialect.more and (more := re.search(self._dialect.more, said)) is not None:
                said = said[: more.start()]
                self._channel.sendall(b" ")
                continue
            begun = said.find(echo)
            answer = said[begun + len(echo) :]
            found = re.search(rf"(?:^|[\r\n])(?P<prompt>{prompt})", answer)
            if begun >= 0 and found is not None:
                self._prompt = found["prompt"]
                return answer[: found.start()]

    def _error(self, what: str, said: str) -> PowerError:
        return PowerError(
            what,
            evidence=f"it said {self._shown(said[-400:])!r}",
            next_step="log in by hand with ssh and look",
            concerns=self._name,
        )

    def _shown(self, said: str) -> str:
        return shown(said, self._login.secrets)


def _clean(said: str) -> str:
    """Text as a terminal would show it: no escape sequences, nothing that was rubbed out.

    A carriage return at the very end may be half of a line end, and stays.
    """
    shown: list[str] = []
    for line in re.sub(r"\r+\n", "\n", _ESCAPES.sub("", said)).splitlines(keepends=True):
        kept: list[str] = []
        for char in line:
            if char != "\x08":
                kept.append(char)
            elif kept:
                kept.pop()
        shown.append("".join(kept))
    return "".join(shown)
