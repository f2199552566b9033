"""Power on a command line: OpenSSH's server, real keys and passwords, a device that misbehaves."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from programs import Program, needed

from hil.clock import WallClock
from hil.errors import DeviceRefused, PowerDeviceError, PowerError, PowerRefused, UsageError
from hil.history import History
from hil.history.events import PowerAction
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.ssh import SshPower
from hil.power.ssh_dialects import APC_CLI, CISCO_IOS, SshDialect
from hil.power.ssh_line import MOST_ANSWER
from hil.power.ssh_session import SshLogin

pytestmark = [pytest.mark.peer("openssh-server"), pytest.mark.peer("libnss-wrapper")]

ON, OFF = PowerAction.ON, PowerAction.OFF
PASSWORD = "correct-horse"
CLI = Path(__file__).parents[1] / "support" / "device_cli.py"
CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/ed25519
HostKey {directory}/ecdsa
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
AuthorizedKeysFile {directory}/user.pub
ForceCommand {cli}
"""


@dataclass
class Device:
    """A command line behind sshd, and what happened to its outlets."""

    directory: Path
    port: int
    dialect: SshDialect
    sshd: Program | None = None

    @property
    def outlet(self) -> str:
        return "Gi1/0/7" if self.dialect is CISCO_IOS else "3"

    @property
    def relay(self) -> Path:
        return self.directory / f"outlet-{self.outlet.lstrip('Gi').replace('/', '-')}"

    def fingerprint(self, kind: str = "ed25519") -> str:
        blob = base64.b64decode((self.directory / f"{kind}.pub").read_text().split()[1])
        digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
        return "SHA256:" + digest.rstrip("=")

    def misbehaves(self, *manners: str) -> None:
        (self.directory / "manners").write_text(" ".join(manners))

    def driver(self, timeout_s: float = 9.0, **login: Any) -> SshPower:
        known: dict[str, Any] = {"user": "lab", "port": self.port}
        if "known_hosts" not in login:
            known["host_key"] = self.fingerprint()
        if "private_key" not in login:
            known["password"] = PASSWORD
        return SshPower(
            SshLogin("127.0.0.1", **{**known, **login}), self.dialect, timeout_s=timeout_s
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        command = [needed("sshd", "openssh-server"), "-D", "-e", "-f", str(self.directory / "conf")]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self._environment()
        ) as process:
            self.sshd = Program(process)
            try:
                self.sshd.expect("Server listening")
                yield
            finally:
                self.sshd.stop()

    def _environment(self) -> dict[str, str]:
        """A user of our own with a password of our own, without touching those of the machine."""
        files = {f"NSS_WRAPPER_{kind.upper()}": str(self.directory / kind) for kind in ACCOUNTS}
        return {**os.environ, "LD_PRELOAD": "libnss_wrapper.so", **files}


ACCOUNTS = ("passwd", "group", "shadow")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needed("sshd", "openssh-server")
    directory = tmp_path_factory.mktemp("keys")
    for name, kind in (("ed25519", "ed25519"), ("ecdsa", "ecdsa"), ("user", "ed25519")):
        command = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(directory / name)]
        subprocess.run(command, check=True, timeout=20)
    return directory


@pytest.fixture
def stopped(tmp_path: Path, keys: Path, request: pytest.FixtureRequest) -> Device:
    if not list(Path("/usr/lib").glob("*/libnss_wrapper.so")):
        pytest.skip("needs libnss_wrapper.so (Debian package libnss-wrapper)")
    if os.getuid() == 0:
        if "4294967295" not in Path("/proc/self/uid_map").read_text():
            pytest.skip(
                "sshd as root becomes another user, which this user namespace does not have"
            )
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    dialect = getattr(request, "param", CISCO_IOS)
    for file in keys.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / file.name).chmod(0o600)
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", PASSWORD],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout.strip()
    uid, gid = os.getuid(), os.getgid()
    (tmp_path / "passwd").write_text(
        f"lab:x:{uid}:{gid}::/tmp:/bin/sh\nsshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
    )
    (tmp_path / "group").write_text(f"lab:x:{gid}:\n")
    (tmp_path / "shadow").write_text(f"lab:{hashed}:19000:0:99999:7:::\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cli = shlex.join([sys.executable, "-I", "-S", str(CLI), str(tmp_path), dialect.name])
    (tmp_path / "conf").write_text(CONFIGURATION.format(port=port, directory=tmp_path, cli=cli))
    device = Device(tmp_path, port, dialect)
    device.relay.write_text("on")
    return device


@pytest.fixture
def device(stopped: Device) -> Iterator[Device]:
    with stopped.running():
        yield stopped


both = pytest.mark.parametrize("stopped", [CISCO_IOS, APC_CLI], ids=lambda d: d.name, indirect=True)


@both
def test_an_outlet_is_cycled_and_its_state_is_read_back(wall_clock: WallClock, device: Device):
    driver = device.driver()
    outlet = Outlet(driver, device.outlet, History(wall_clock), PowerPolicy(minimum_off_s=0.0))
    assert wall_clock.run(outlet.off()).attempts == 1
    assert device.relay.read_text() == "off"
    assert wall_clock.run(outlet.on()).attempts == 1
    assert device.relay.read_text() == "on"
    assert driver.name == f"{device.dialect.name} 127.0.0.1:{device.port}"


def test_a_port_is_known_by_its_long_name_too(wall_clock: WallClock, device: Device):
    assert wall_clock.run(device.driver().state("GigabitEthernet1/0/7")) is ON


def test_pages_are_turned_and_messages_of_the_log_are_no_errors(
    wall_clock: WallClock, device: Device
):
    device.misbehaves("pages", "log")
    wall_clock.run(device.driver().off("Gi1/0/7"))
    assert wall_clock.run(device.driver().state("Gi1/0/7")) is OFF


def test_who_may_not_switch_enables_it_with_a_password(wall_clock: WallClock, device: Device):
    device.misbehaves("unprivileged")
    wall_clock.run(device.driver(enable="lift-off").off("Gi1/0/7"))
    assert device.relay.read_text() == "off"
    with pytest.raises(DeviceRefused, match="does not let this user switch"):
        wall_clock.run(device.driver().on("Gi1/0/7"))
    with pytest.raises(DeviceRefused, match="does not let this user switch") as refused:
        wall_clock.run(device.driver(enable="wrong-word").on("Gi1/0/7"))
    assert "wrong-word" not in str(refused.value)


@pytest.mark.parametrize("oper", ["faulty", "power-deny"])
def test_a_port_that_gives_no_power_for_a_reason_says_the_reason(
    wall_clock: WallClock, device: Device, oper: str
):
    device.relay.write_text(oper)
    with pytest.raises(PowerError, match=f"the outlet is {oper}"):
        wall_clock.run(device.driver().state("Gi1/0/7"))


@both
def test_what_the_device_refuses_is_a_refusal(wall_clock: WallClock, device: Device):
    other = "Gi1/0/9" if device.dialect is CISCO_IOS else "9"
    error = "% Invalid input" if device.dialect is CISCO_IOS else "E102: Parameter Error"
    for call in (device.driver().off, device.driver().state):
        with pytest.raises(PowerRefused, match=error) as refused:
            wall_clock.run(call(other))
        assert not isinstance(refused.value, PowerDeviceError)
    device.misbehaves("rejects")
    with pytest.raises(PowerRefused, match=r"Command rejected|E104"):
        wall_clock.run(device.driver().off(device.outlet))
    assert device.relay.read_text() == "on"


@pytest.mark.parametrize("outlet", ["", "Gi1/0/7\rreload", "Gi1/0/7; reload", "x" * 5000, "../7"])
def test_no_name_of_an_outlet_is_a_command(wall_clock: WallClock, stopped: Device, outlet: str):
    with pytest.raises(PowerError, match="no such outlet"):
        wall_clock.run(stopped.driver().off(outlet))


class TestTheHostKey:
    def test_another_one_than_the_fingerprint_is_told(self, wall_clock: WallClock, device: Device):
        driver = device.driver(host_key=device.fingerprint("user"))
        with pytest.raises(PowerDeviceError, match="host key is another one") as error:
            wall_clock.run(driver.off("Gi1/0/7"))
        assert f"ssh-ed25519 key, {device.fingerprint()}" in str(error.value)
        assert device.relay.read_text() == "on"

    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
    def test_one_in_the_file_is_good_whichever_the_device_prefers(
        self, wall_clock: WallClock, device: Device, kind: str
    ):
        driver = device.driver(known_hosts=str(self.known(device, kind, kind)))
        assert wall_clock.run(driver.state("Gi1/0/7")) is ON

    def test_a_changed_one_is_told_with_both(self, wall_clock: WallClock, device: Device):
        driver = device.driver(known_hosts=str(self.known(device, "ed25519", "user")))
        with pytest.raises(PowerDeviceError, match="host key has changed") as error:
            wall_clock.run(driver.state("Gi1/0/7"))
        assert device.fingerprint() in str(error.value)
        assert device.fingerprint("user") in str(error.value)

    def test_a_host_that_the_file_does_not_know_is_no_friend(
        self, wall_clock: WallClock, device: Device
    ):
        file = self.known(device, "ed25519", "ed25519")
        file.write_text(file.read_text().replace(str(device.port), "22222"))
        with pytest.raises(PowerDeviceError, match="host key is not known") as error:
            wall_clock.run(device.driver(known_hosts=str(file)).state("Gi1/0/7"))
        assert device.fingerprint() in str(error.value)

    def test_a_file_that_is_not_there_is_an_error(self, wall_clock: WallClock, device: Device):
        driver = device.driver(known_hosts=str(device.directory / "nowhere"))
        with pytest.raises(PowerDeviceError, match="known host keys cannot be read"):
            wall_clock.run(driver.state("Gi1/0/7"))

    def known(self, device: Device, kind: str, shown: str) -> Path:
        file = device.directory / "known_hosts"
        key = (device.directory / f"{shown}.pub").read_text()
        assert kind in key.split()[0] or shown != kind
        file.write_text(f"[127.0.0.1]:{device.port} {key}")
        return file


class TestLoggingIn:
    def test_with_a_key(self, wall_clock: WallClock, device: Device):
        driver = device.driver(private_key=(device.directory / "user").read_text())
        assert wall_clock.run(driver.state("Gi1/0/7")) is ON

    def test_with_a_wrong_password(self, wall_clock: WallClock, device: Device):
        with pytest.raises(DeviceRefused, match="does not let lab in with this password") as error:
            wall_clock.run(device.driver(password="wrong-password").state("Gi1/0/7"))
        assert "wrong-password" not in str(error.value)

    def test_with_a_key_that_the_device_does_not_know(self, wall_clock: WallClock, device: Device):
        driver = device.driver(private_key=(device.directory / "ecdsa").read_text())
        with pytest.raises(DeviceRefused, match="does not let lab in with this key"):
            wall_clock.run(driver.state("Gi1/0/7"))

    def test_with_what_is_no_key(self, wall_clock: WallClock, device: Device):
        driver = device.driver(private_key="-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
        with pytest.raises(PowerDeviceError, match="private key cannot be used") as error:
            wall_clock.run(driver.state("Gi1/0/7"))
        assert "BEGIN" not in str(error.value)


class TestADeviceThatMisbehaves:
    @pytest.mark.parametrize("when", ["at-login", "at-switch"])
    def test_silence_ends_with_the_deadline(self, wall_clock: WallClock, device: Device, when: str):
        device.misbehaves(f"silent-{when}")
        with pytest.raises(PowerDeviceError, match="did not answer within 2 s"):
            wall_clock.run(device.driver(timeout_s=2.0).off("Gi1/0/7"), timeout=8.0)

    @pytest.mark.parametrize("when", ["at-login", "at-show"])
    def test_talk_without_end_is_cut_off(self, wall_clock: WallClock, device: Device, when: str):
        device.misbehaves(f"endless-{when}")
        with pytest.raises(PowerDeviceError, match=r"talks without end|did not answer") as error:
            wall_clock.run(device.driver().state("Gi1/0/7"))
        assert len(str(error.value)) < 1000 < MOST_ANSWER

    def test_a_server_that_dies_is_an_error(self, wall_clock: WallClock, device: Device):
        device.misbehaves("dies-at-switch")
        with pytest.raises(PowerDeviceError, match=r"ended the session|it broke"):
            wall_clock.run(device.driver().off("Gi1/0/7"))

    def test_bytes_that_are_no_text_are_no_state(self, wall_clock: WallClock, device: Device):
        device.misbehaves("garbage-at-show")
        assert wall_clock.run(device.driver().state("Gi1/0/7")) is ON
        device.relay.write_bytes(b"\x9b\xff")
        with pytest.raises(PowerError):
            wall_clock.run(device.driver(timeout_s=2.0).state("Gi1/0/7"))


def test_the_driver_goes_on_when_the_server_was_restarted(wall_clock: WallClock, stopped: Device):
    driver = stopped.driver()
    with stopped.running():
        wall_clock.run(driver.off("Gi1/0/7"))
    with pytest.raises(PowerDeviceError, match="no SSH session came about"):
        wall_clock.run(driver.on("Gi1/0/7"))
    with stopped.running():
        wall_clock.run(driver.on("Gi1/0/7"))
    assert stopped.relay.read_text() == "on"


@pytest.mark.parametrize(
    ("login", "problem"),
    [
        ({"host": "switch.example"}, "no IPv4 address"),
        ({"host_key": ""}, "which host key"),
        ({"known_hosts": "/etc/known"}, "which host key"),
        ({"host_key": "MD5:12:34"}, "no fingerprint"),
        ({"password": ""}, "how to log in"),
        ({"private_key": "x"}, "how to log in"),
    ],
)
def test_what_cannot_work_is_told_at_once(login: dict[str, str], problem: str):
    whole = {"host": "192.0.2.1", "user": "lab", "password": "x", "host_key": "SHA256:" + "a" * 43}
    with pytest.raises(UsageError, match=problem):
        SshPower(SshLogin(**{**whole, **login}), CISCO_IOS)  # type: ignore[arg-type]


def test_no_secret_is_in_a_login_that_is_shown():
    words = ("password", "private_key", "passphrase", "enable")
    login = SshLogin("192.0.2.1", "lab", **dict.fromkeys(words, "top-secret"))  # type: ignore[arg-type]
    assert "top-secret" not in repr(login)
