"""A conversation with a device's command line; everything here blocks, in a thread.

What the device says is read up to its next prompt, and only believed to be the answer to a command when
it has echoed that command first. Pages are turned, escape sequences dropped, and nothing grows without
bound.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from hil.errors import DeviceRefused, PowerDeviceError, PowerRefused
from hil.power.blocking import Errand
from hil.power.evidence import shown
from hil.power.ssh_dialects import SshDialect

if TYPE_CHECKING:
    import paramiko

MOST_ANSWER = 1 << 15
"""Characters of the longest answer to one command."""

_CHUNK = 4096
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>()][0-9A-B]?|[\x00\x07]")
# A carriage return at the very end may be half of a line end.
_LINE_ENDS = re.compile(r"\r+\n|\r+(?!\Z)")
_QUESTION = r"[Pp]assword: ?\Z"


class CommandLine:
    """A shell on a device, used in one thread."""

    def __init__(
        self,
        channel: paramiko.Channel,
        dialect: SshDialect,
        errand: Errand,
        name: str,
        enable: str,
        secrets: tuple[str, ...],
    ) -> None:
        self._channel = channel
        self._enable_password = enable
        self._secrets = secrets
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
        if self._enable_password:
            self._send(self._dialect.enable)
            self._read_prompt(self._dialect.enable, f"(?:{self._dialect.prompt}|{_QUESTION})")
            self._send(self._enable_password)
            # A device asks again where the password is wrong.
            self._read_prompt("", f"(?:{self._dialect.prompt}|{_QUESTION})")
            if re.search(self._dialect.privileged, self._prompt):
                return
        raise DeviceRefused(
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

    def _error(self, what: str, said: str) -> PowerDeviceError:
        return PowerDeviceError(
            what,
            evidence=f"it said {self._shown(said[-400:])!r}",
            next_step="log in by hand with ssh and look",
            concerns=self._name,
        )

    def _shown(self, said: str) -> str:
        return shown(said, self._secrets)


def _clean(said: str) -> str:
    """Text as a terminal would show it: no escape sequences, nothing that was rubbed out."""
    kept: list[str] = []
    for char in _LINE_ENDS.sub("\n", _ESCAPES.sub("", said)):
        if char != "\x08":
            kept.append(char)
        elif kept and kept[-1] != "\n":
            kept.pop()
    return "".join(kept)
