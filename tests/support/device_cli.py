"""The command line of a device that switches power, as a program that an SSH server runs on a terminal.

It follows what the vendors publish of Cisco IOS (``power inline``) and of APC's management cards
(``olOn``), echoes what is typed as they do, and keeps its outlets in files of a directory, one each.
The file ``manners`` there has the ways in which it misbehaves.

    python device_cli.py DIRECTORY cisco-ios|apc-cli
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tty
from pathlib import Path

MORE = " --More-- "
INVALID = "       ^\n% Invalid input detected at '^' marker.\n"
HEADER = """Interface Admin  Oper       Power   Device              Class Max
                            (Watts)
--------- ------ ---------- ------- ------------------- ----- ----
"""
ENABLE = "lift-off"


class Terminal:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        manners = directory / "manners"
        self.manners = manners.read_text().split() if manners.exists() else []
        tty.setraw(0)

    def write(self, text: str) -> None:
        os.write(1, text.replace("\n", "\r\n").encode())

    def line(self, *, echo: bool = True) -> str:
        typed = ""
        while (char := os.read(0, 1).decode("ascii", "replace")) not in ("\r", ""):
            typed += char
            if echo:
                self.write(char)
        if char == "":
            sys.exit()
        self.write("\n")
        with (self.directory / "heard").open("a") as heard:
            heard.write(typed + "\n")
        return typed

    def page(self, text: str) -> None:
        """A page is one line, so that little is needed to have many."""
        for number, line in enumerate(text.splitlines(keepends=True)):
            if number and "pages" in self.manners:
                self.write(MORE)
                if os.read(0, 1) != b" ":
                    return
                self.write("\b" * len(MORE) + " " * len(MORE) + "\b" * len(MORE))
            self.write(line)

    def misbehave(self, when: str) -> None:
        """What it does instead of answering, now that this has been asked."""
        if f"silent-{when}" in self.manners:
            while os.read(0, 1):
                pass
            sys.exit()
        if f"endless-{when}" in self.manners:
            while True:
                self.write("Gi1/0/7 auto nothing\n" * 50)
        if f"garbage-{when}" in self.manners:
            os.write(1, bytes(range(256)) * 16 + b"\r\n")
        if f"dies-{when}" in self.manners:
            os.kill(os.getppid(), signal.SIGKILL)


def cisco(terminal: Terminal) -> None:
    name, mode = "sw-1", "" if "unprivileged" in terminal.manners else "#"
    mode, port = mode or ">", ""
    terminal.write("\nUnauthorised access to this switch is an offence ###\n\n")
    if "log" in terminal.manners:
        terminal.write("%SYS-5-CONFIG_I: Configured from console by vty0 (192.0.2.9)\n")
    while True:
        terminal.misbehave("at-login")
        terminal.write(f"{name}{mode}")
        said = terminal.line()
        match said.split():
            case []:
                pass
            case ["enable"]:
                terminal.write("Password: ")
                if terminal.line(echo=False) == ENABLE:
                    mode = "#"
                else:
                    terminal.write("% Access denied\n\n")
            case ["terminal", "length" | "width", _]:
                pass
            case ["configure", "terminal"] if mode == "#":
                terminal.write("Enter configuration commands, one per line.  End with CNTL/Z.\n")
                mode = "(config)#"
            case ["interface", given] if mode.startswith("(") and _file(terminal, given).exists():
                mode, port = "(config-if)#", given
            case ["power", "inline", "auto" | "never" as admin] if mode == "(config-if)#":
                terminal.misbehave("at-switch")
                if "rejects" in terminal.manners:
                    terminal.write("Command rejected: power inline: pwr not available\n")
                else:
                    _file(terminal, port).write_text("on" if admin == "auto" else "off")
                if "log" in terminal.manners:
                    terminal.write(f"%ILPOWER-5-POWER_GRANTED: Interface {port}: granted\n")
            case ["end"] if mode.startswith("("):
                mode = "#"
            case ["exit"]:
                return
            case ["show", "power", "inline", given] if _file(terminal, given).exists():
                terminal.misbehave("at-show")
                oper = _file(terminal, given).read_text()
                admin = "never" if oper == "off" else "auto"
                short = f"Gi{_number(given)}"
                row = f"{short:<9} {admin:<6} {oper:<10} 6.3     IP Phone 7832       2     30.0\n"
                terminal.page(f"{HEADER}{row}\nInterface AdminPowerMax\n{short}  30.0\n")
            case _:
                terminal.write(INVALID)


def apc(terminal: Terminal) -> None:
    terminal.write("\nSchneider Electric    Network Management Card AOS  v6.8.2\n")
    while True:
        terminal.misbehave("at-login")
        terminal.write("apc>")
        match terminal.line().split():
            case []:
                pass
            case ["olOn" | "olOff" as command, outlet] if _file(terminal, outlet).exists():
                terminal.misbehave("at-switch")
                if "rejects" in terminal.manners:
                    terminal.write("E104: User Level Denial\n")
                    continue
                _file(terminal, outlet).write_text("on" if command == "olOn" else "off")
                terminal.write("E000: Success\n")
            case ["olStatus", outlet] if _file(terminal, outlet).exists():
                terminal.misbehave("at-show")
                state = _file(terminal, outlet).read_text().capitalize()
                terminal.write(f"E000: Success\n {outlet}: Off: the phone of desk 4: {state}\n")
            case ["exit"]:
                terminal.write("Bye\n")
                return
            case ["olOn" | "olOff" | "olStatus", *_]:
                terminal.write("E102: Parameter Error\n")
            case _:
                terminal.write("E101: Command Not Found\n")


def _file(terminal: Terminal, outlet: str) -> Path:
    return terminal.directory / f"outlet-{_number(outlet).replace('/', '-')}"


def _number(outlet: str) -> str:
    return re.sub("^Gi(gabitEthernet)?", "", outlet)


if __name__ == "__main__":
    {"cisco-ios": cisco, "apc-cli": apc}[sys.argv[2]](Terminal(Path(sys.argv[1])))
