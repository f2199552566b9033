"""Power over HTTP: devices after the vendors' interfaces in processes of their own, and nginx."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from programs import Program, needed, started
from serial_lines import HOST, await_listener, free_port

from hil.clock import WallClock
from hil.errors import (
    DeviceRefused,
    PowerDeviceError,
    PowerError,
    PowerRefused,
    StateUnknown,
    UsageError,
)
from hil.history import History
from hil.history.events import PowerAction
from hil.power.http import HttpPower
from hil.power.http_client import HttpServer
from hil.power.http_dialects import (
    DIALECTS,
    SHELLY_GEN1,
    SHELLY_GEN2,
    TASMOTA,
    HttpCall,
    HttpDialect,
    HttpReading,
)
from hil.power.outlet import Outlet, PowerPolicy

ON, OFF = PowerAction.ON, PowerAction.OFF
PASSWORD = "correct horse&=/"
DEVICE = Path(__file__).parents[1] / "support" / "http_device.py"
PLAIN = HttpDialect(
    name="plain",
    switch=HttpCall(
        "PUT",
        "/sockets/{outlet}",
        '{"power": "{action}"}',
        {"X-Token": PASSWORD},
        frozenset({204}),
    ),
    on_word="1",
    off_word="0",
    reading=HttpReading(
        HttpCall("GET", "/sockets/{outlet}"),
        frozenset({"live"}),
        frozenset({"dead"}),
        pattern=r"<i>(\w+)</i>",
    ),
)

Start = Callable[..., tuple[str, Program]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a device of a kind; its URL and the process."""
    with ExitStack() as devices:

        def begin(kind: str, *options: str) -> tuple[str, Program]:
            command = [sys.executable, "-I", "-S", str(DEVICE), kind, *options]
            program = devices.enter_context(started(command, HOST))
            found = re.search(r"port (\d+)\n", program.expect("\n"))
            assert found is not None
            return f"http://127.0.0.1:{found[1]}", program

        yield begin


def query(user: str, password: str) -> str:
    from hil.testbed.pdus_other import HttpPdu

    entry = HttpPdu(
        name="plug", driver="http", model="tasmota", url="http://192.0.2.1", user=user,
        password=password,
    )  # fmt: skip
    driver = entry.make_driver()
    assert isinstance(driver, HttpPower)
    return driver._query


def driver_of(url: str, dialect: HttpDialect, password: str = "", **options: Any) -> HttpPower:
    if dialect is TASMOTA and password:
        return HttpPower(HttpServer(url), dialect, query=query("admin", password), **options)
    user = "admin" if password and dialect is not PLAIN else ""
    return HttpPower(HttpServer(url, user, password if user else ""), dialect, **options)


@pytest.mark.parametrize("dialect", [*DIALECTS, PLAIN], ids=lambda dialect: dialect.name)
def test_an_outlet_is_switched_and_read_back_with_a_password(
    wall_clock: WallClock, start: Start, dialect: HttpDialect
):
    url, _ = start(dialect.name, "--password", PASSWORD)
    driver = driver_of(url, dialect, PASSWORD, secrets=(PASSWORD,))
    outlet, other = ("1", "2") if dialect.first is not None else ("desk 4/left", "desk 4/right")
    assert wall_clock.run(driver.state(outlet)) is OFF
    wall_clock.run(driver.on(outlet))
    assert wall_clock.run(driver.state(outlet)) is ON
    assert wall_clock.run(driver.state(other)) is OFF
    policy = PowerPolicy(minimum_off_s=0.0)
    wall_clock.run(Outlet(driver, outlet, History(wall_clock), policy).off())
    assert wall_clock.run(driver.state(outlet)) is OFF


@pytest.mark.parametrize("dialect", [*DIALECTS, PLAIN], ids=lambda dialect: dialect.name)
def test_a_wrong_password_is_a_refusal_that_does_not_show_it(
    wall_clock: WallClock, start: Start, dialect: HttpDialect
):
    url, _ = start(dialect.name, "--password", "another")
    driver = driver_of(url, dialect, PASSWORD, secrets=(PASSWORD,))
    with pytest.raises(PowerRefused) as refused:
        wall_clock.run(driver.on("1"))
    assert isinstance(refused.value, DeviceRefused) or dialect is TASMOTA
    text = str(refused.value) + repr(driver) + repr(refused.value.__cause__)
    assert "horse" not in text
    assert "password" in refused.value.next_step


def test_a_device_with_one_relay_names_it_without_a_number(wall_clock: WallClock, start: Start):
    url, _ = start("tasmota", "--manner", "single")
    driver = driver_of(url, TASMOTA)
    wall_clock.run(driver.on("1"))
    assert wall_clock.run(driver.state("1")) is ON


@pytest.mark.parametrize(
    ("dialect", "outlet", "reason"),
    [
        (SHELLY_GEN2, "7", "status 500.*-105"),
        (TASMOTA, "3", "without having obeyed.*Unknown"),
        (TASMOTA, "0", "no such outlet"),
        (SHELLY_GEN1, "4", "no such outlet"),
        (SHELLY_GEN1, "0&turn=on", "no such outlet"),
        (PLAIN, "", "no usable name"),
        (PLAIN, "a\r\nb", "no usable name"),
    ],
)
def test_an_outlet_that_is_not_there_is_an_error(
    wall_clock: WallClock, start: Start, dialect: HttpDialect, outlet: str, reason: str
):
    url, _ = start(dialect.name)
    with pytest.raises(PowerError, match=f"(?s){reason}"):
        wall_clock.run(driver_of(url, dialect).on(outlet))


@pytest.mark.parametrize(
    ("manner", "kind", "reason"),
    [
        ("redirect", PowerRefused, "status 302"),
        ("broken", PowerRefused, "status 500.*out of order"),
        ("garbage", PowerDeviceError, "speaks no HTTP"),
        ("no-json", PowerDeviceError, "more than"),
        ("nothing", PowerError, "neither on nor off"),
        ("endless", PowerDeviceError, "speaks no HTTP.*more than"),
        ("short", PowerDeviceError, "speaks no HTTP"),
        ("ends", PowerDeviceError, "speaks no HTTP"),
        ("silent", PowerDeviceError, "no answer within 0.5 s"),
    ],
)
def test_a_device_that_misbehaves_is_an_error_in_time(
    wall_clock: WallClock, start: Start, manner: str, kind: type[PowerError], reason: str
):
    url, _ = start("shelly-gen1", "--manner", manner)
    driver = driver_of(url, SHELLY_GEN1, timeout_s=0.5 if manner == "silent" else 5.0)
    with pytest.raises(kind, match=f"(?s){reason}") as error:
        wall_clock.run(driver.state("0"), timeout=8.0)
    assert isinstance(error.value, PowerDeviceError) is (kind is PowerDeviceError)
    assert len(str(error.value)) < 800


def test_a_redirection_leads_nowhere(wall_clock: WallClock, start: Start):
    target, trap = start("shelly-gen1")
    url, _ = start("shelly-gen1", "--manner", "redirect")
    with pytest.raises(PowerRefused, match="not followed"):
        wall_clock.run(driver_of(url, SHELLY_GEN1).on("0"))
    assert wall_clock.run(driver_of(target, SHELLY_GEN1).state("0")) is OFF
    assert trap.expect("GET").count("GET") == 1


def test_a_port_where_nobody_listens_is_an_error(wall_clock: WallClock):
    driver = driver_of(f"http://127.0.0.1:{free_port()}", SHELLY_GEN1)
    with pytest.raises(PowerError, match="cannot be reached"):
        wall_clock.run(driver.on("0"))


class TestTls:
    @pytest.fixture
    def pem(self, tmp_path: Path) -> tuple[Path, Path]:
        """The authority's certificate, and a device's with its key."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        issued = authority.issue_cert("plug.example")
        issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "device.pem")
        return tmp_path / "ca.pem", tmp_path / "device.pem"

    def server(self, start: Start, pem: tuple[Path, Path], **trust: str) -> HttpServer:
        url, _ = start("shelly-gen2", "--certificate", str(pem[1]))
        return HttpServer(url.replace("http:", "https:"), **trust)

    def test_a_certificate_of_the_given_authority_is_good(
        self, wall_clock: WallClock, start: Start, pem: tuple[Path, Path]
    ):
        server = self.server(start, pem, server_name="plug.example", authorities=str(pem[0]))
        driver = HttpPower(server, SHELLY_GEN2)
        wall_clock.run(driver.on("0"))
        assert wall_clock.run(driver.state("0")) is ON

    @pytest.mark.parametrize(
        "trust", [{"server_name": "plug.example"}, {"server_name": "other"}, {}, {"no": "file"}]
    )
    def test_any_other_is_not(
        self,
        wall_clock: WallClock,
        start: Start,
        pem: tuple[Path, Path],
        trust: dict[str, str],
    ):
        ours = {"authorities": str(pem[0])} if "plug.example" not in trust.values() else {}
        if "no" in trust:
            ours, trust = {"authorities": "/nowhere.pem"}, {}
        driver = HttpPower(self.server(start, pem, **ours, **trust), SHELLY_GEN2)
        with pytest.raises(PowerError, match="cannot be reached"):
            wall_clock.run(driver.on("0"))


@pytest.mark.peer("nginx-light")
def test_a_template_reads_what_nginx_serves(wall_clock: WallClock, tmp_path: Path):
    nginx, port = needed("nginx", "nginx-light"), free_port()
    (tmp_path / "outlets.json").write_text('{"rack/1": {"rows": [{"on": "yes"}, {"on": null}]}}')
    user = "user root;" if os.getuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(f"""
        {user} daemon off; pid {tmp_path}/pid; error_log stderr; worker_processes 1;
        events {{ worker_connections 16; }}
        http {{ access_log off; client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path};
            fastcgi_temp_path {tmp_path}; uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path};
            server {{ listen 127.0.0.1:{port};
                location /outlets.json {{ alias {tmp_path}/outlets.json; }}
                location /switch {{ return 202; }}
                location /denied {{ deny all; }} }} }}""")

    def template(switch: str, pointer: str) -> HttpPower:
        reading = HttpReading(
            HttpCall("GET", "/outlets.json"), frozenset({"yes"}), frozenset({"no"}), (pointer,)
        )
        call = HttpCall("GET", switch, expect=frozenset({202}))
        return HttpPower(
            HttpServer(f"http://127.0.0.1:{port}"), HttpDialect("nginx", call, reading=reading)
        )

    with started([nginx, "-c", str(tmp_path / "nginx.conf"), "-e", "stderr"], HOST):
        await_listener(port)
        good = template("/switch?{outlet}={action}", "/rack~1{outlet}/rows/0/on")
        wall_clock.run(good.off("1"))
        assert wall_clock.run(good.state("1")) is ON
        with pytest.raises(PowerError, match="neither on nor off"):
            wall_clock.run(template("/switch", "/rack~1{outlet}/rows/1/on").state("1"))
        with pytest.raises(PowerRefused, match="status 403"):
            wall_clock.run(template("/denied", "/x").on("1"))
        with pytest.raises(PowerRefused, match="status 404"):
            wall_clock.run(template("/nothing", "/x").on("1"))


def test_a_device_without_read_back_says_so(wall_clock: WallClock):
    dialect = HttpDialect("mute", HttpCall("GET", "/"))
    with pytest.raises(StateUnknown):
        wall_clock.run(driver_of("http://192.0.2.1", dialect).state("1"))


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: HttpServer("http://plug.example"), "no URL of a device"),
        (lambda: HttpServer("ftp://192.0.2.1"), r"it begins with 'ftp' \(http or https"),
        (lambda: HttpServer("http://u:secret@192.0.2.1"), "a user or password"),
        (lambda: HttpServer("http://192.0.2.1/relay"), "it has a path"),
        (lambda: HttpServer("http://192.0.2.1:99999"), "no URL of a device"),
        (lambda: HttpServer("http://192.0.2.1", user="a\nb"), "printable ASCII"),
        (lambda: HttpCall("GET", "relay"), "no path"),
        (lambda: HttpCall("get it", "/"), "no method"),
        (lambda: HttpCall("GET", "/", headers={"Host": "x"}), "set by hil"),
        (lambda: HttpCall("GET", "/", headers={"X": "a\r\nY: b"}), "printable ASCII"),
        (lambda: _reading(), "JSON pointer or a pattern"),
        (lambda: _reading(pointers=("on",)), "begins with '/'"),
        (lambda: _reading(pattern="("), "no regular expression"),
        (lambda: _reading(off="ON", pattern="x"), "differ"),
    ],
)
def test_what_cannot_work_is_told_at_once(make: Callable[[], object], problem: str):
    with pytest.raises(UsageError, match=problem) as error:
        make()
    assert "secret" not in str(error.value)


def _reading(off: str = "off", **where: Any) -> HttpReading:
    return HttpReading(HttpCall("GET", "/"), frozenset({"on"}), frozenset({off}), **where)
