"""The handset's network clients against servers that others wrote, in real time."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from ipaddress import IPv4Address

import pytest

from hil.net.virtual import LAB_ADDRESS
from hil.reference.phone import Destination
from hil.virtual import tftp
from hil.virtual.dhcp import DhcpConfig, DhcpShell
from hil.virtual.resolver import Addresses, NameFailed, Resolver
from hil.virtual.transfer import Fetched, NotFound
from hil.wire import dhcp_options as opt

SECOND = 1_000_000_000
PROFILE = b"<flat-profile>" + b" " * 10_000 + b"</flat-profile>"


@contextlib.contextmanager
def dnsmasq(lab, root, *options):
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is missing: apt-get install dnsmasq-base")
    command = [
        "dnsmasq",
        "--no-daemon",
        "--conf-file=/dev/null",
        "--interface=br0",
        "--bind-interfaces",
        "--no-resolv",
        "--no-hosts",
        "--no-ping",
        "--leasefile-ro",
        "--dhcp-authoritative",
        f"--dhcp-range={lab.port.address},{lab.port.address},255.255.255.0,1h",
        "--dhcp-option=66,prov.example",
        "--dhcp-option-force=tag:phone,160,http://prov.example/$PSN.xml",
        "--dhcp-match=set:phone,option:vendor-class,CP-7832-3PCC",
        "--address=/prov.example/192.0.2.1",
        "--local=/example/",
        "--enable-tftp",
        f"--tftp-root={root}",
        "--local=/test/",
        *options,
    ]
    with lab.network.namespace.entered():
        peer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in peer.stderr:
            if "TFTP root is" in line:
                break
        else:
            pytest.fail("dnsmasq did not start")
        yield peer
    finally:
        peer.terminate()
        peer.wait(timeout=5)
        peer.stderr.close()


@pytest.mark.peer("dnsmasq")
def test_dnsmasq_gives_lease_name_and_file(wall_lab, tmp_path):
    lab = wall_lab
    (tmp_path / "7832-3PCC.xml").write_bytes(PROFILE)
    tmp_path.chmod(0o755)
    lab.link_up()
    leases = []

    async def phone():
        bound = lab.clock.loop.create_future()
        shell = DhcpShell(
            lab.port.far, DhcpConfig(), lab.clock, bound.set_result, leases.append, lab.chance
        )
        shell.start()
        lease = await bound
        servers = opt.DOMAIN_SERVER.read(lease.message)
        resolver = Resolver(lab.port.far, servers, lab.clock, lab.chance)
        found = await resolver.resolve(opt.TFTP_SERVER_NAME.read(lease.message))
        missing = await resolver.resolve("nowhere.example")
        files = [
            await tftp.fetch(lab.port.far, lab.clock, found.addresses[0], path)
            for path in ("/7832-3PCC.xml", "/000e08aabbcc.cfg")
        ]
        shell.cut()
        return lease, found, missing, files

    with dnsmasq(lab, tmp_path) as peer:
        lease, found, missing, files = lab.clock.run(phone(), timeout=20)
        peer.terminate()
        log = peer.stderr.read()
    assert (lease.address, lease.server) == (lab.port.address, LAB_ADDRESS)
    assert opt.PROVISIONING_URL.read(lease.message) == "http://prov.example/$PSN.xml"
    assert lease.term.expires - lease.obtained == 3600 * SECOND
    assert found == Addresses((LAB_ADDRESS,))
    assert missing == NameFailed("NXDOMAIN")
    assert files == [Fetched(PROFILE), NotFound("tftp: file not found")]
    assert f"DHCPACK(br0) {lab.port.address} 00:0e:08:aa:bb:cc" in log
    assert f"sent {tmp_path}/7832-3PCC.xml to {lab.port.address}" in log


@pytest.mark.peer("dnsmasq")
def test_dnsmasq_gives_services_aliases_and_over_tcp_what_no_datagram_holds(wall_lab, tmp_path):
    lab = wall_lab
    many = [f"192.0.2.{number}" for number in range(100, 180)]
    lab.configure()
    options = [
        "--srv-host=_http._tcp.srv.test,second.test,8080,20,5",
        "--srv-host=_http._tcp.srv.test,first.test,80,10",
        "--host-record=first.test,192.0.2.9",
        "--host-record=second.test,192.0.2.8",
        "--cname=alias.test,first.test",
        *(f"--host-record=many.test,{address}" for address in many),
    ]

    async def phone():
        resolver = Resolver(
            lab.port.far, (LAB_ADDRESS,), lab.clock, lab.chance, place=lambda: lab.place
        )
        return (
            await resolver.locate("srv.test", "_http._tcp.srv.test"),
            await resolver.locate("first.test", "_http._tcp.first.test"),
            await resolver.resolve("alias.test"),
            await resolver.resolve("many.test"),
        )

    with dnsmasq(lab, tmp_path, *options):
        services, fallback, alias, found = lab.clock.run(phone(), timeout=20)
    assert services == (Destination("192.0.2.9", 80), Destination("192.0.2.8", 8080))
    assert fallback == (Destination("192.0.2.9"),)
    assert alias == Addresses((IPv4Address("192.0.2.9"),))
    assert sorted(map(str, found.addresses)) == many
