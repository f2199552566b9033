"""``hil phone`` is provisioned, in real time, by Debian's dnsmasq, nginx and rsyslogd."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
import trustme
from programs import DEADLINE_S, needed, started

from hil.net.virtual import LAB_ADDRESS
from hil.reference.profile_builder import flat_profile

pytestmark = pytest.mark.peer("dnsmasq")

MA = "000e08aabbcc"
SERVER = str(LAB_ADDRESS)
AT_ONCE = ("-p", "Resync_Random_Delay=0")
ONE = (*AT_ONCE, "--resyncs", "1")
USER_AGENT = "Cisco-CP-7832-3PCC/11.3.2 (000e08aabbcc)"


@pytest.fixture
def lab(network):
    """Starts programs on the lab's machine, and ends them."""
    with contextlib.ExitStack() as running:
        yield lambda *command: running.enter_context(started(command, network.namespace))


@pytest.fixture
def root(tmp_path):
    """What the servers serve."""
    made = tmp_path / "root"
    made.mkdir(mode=0o755)
    return made


@pytest.fixture
def dnsmasq(lab, port, root):
    """A DHCP, DNS and TFTP server that gives these further options."""

    def serve(*options):
        server = lab(
            needed("dnsmasq", "dnsmasq-base"),
            "--no-daemon",
            "--conf-file=/dev/null",
            "--interface=br0",
            "--bind-interfaces",
            "--no-resolv",
            "--no-hosts",
            "--no-ping",
            "--leasefile-ro",
            "--dhcp-authoritative",
            "--log-dhcp",
            f"--dhcp-range={port.address},{port.address},255.255.255.0,2m",
            f"--address=/prov.example/{SERVER}",
            "--enable-tftp",
            f"--tftp-root={root}",
            *options,
        )
        server.expect("TFTP root is")
        return server

    return serve


NGINX = """
daemon off;
# No worker that changes its user, and no file of another user: a user namespace has only one.
master_process off;
user root;
pid {here}/nginx.pid;
error_log stderr notice;
events {{ }}
http {{
    log_format asked '$scheme $request_method $request_uri $status "$http_user_agent" $ssl_client_s_dn';
    access_log {here}/access.log asked;
    client_body_temp_path {here}/body;
    proxy_temp_path {here}/proxy;
    fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi;
    scgi_temp_path {here}/scgi;
    server {{
        listen 80;
        {tls}
        root {root};
    }}
}}
"""
TLS = """
        listen 443 ssl;
        ssl_certificate {here}/server.pem;
        ssl_certificate_key {here}/server.pem;
        ssl_client_certificate {here}/ca.pem;
        ssl_verify_client on;
"""


@pytest.fixture
def nginx(lab, root, tmp_path):
    """A web server; after its end, `log` gives its access log."""

    def serve(tls=""):
        configuration = tmp_path / "nginx.conf"
        here = {"here": tmp_path, "root": root}
        configuration.write_text(NGINX.format(tls=tls.format(**here), **here))
        program = needed("nginx", "nginx-light")
        server = lab(program, "-e", "stderr", "-p", str(tmp_path), "-c", str(configuration))
        server.expect('using the "epoll" event method')

        def log():
            server.stop()
            return (tmp_path / "access.log").read_text().splitlines()

        return log

    return serve


RSYSLOG = """
global(net.enableDNS="off" processInternalMessages="on")
module(load="imudp")
input(type="imudp" address="{address}" port="514")
template(name="sent" type="string" string="%hostname%|%syslogfacility-text%|%rawmsg-after-pri%\\n")
if $inputname == "imudp" then action(type="omfile" file="{here}/messages" template="sent")
else action(type="omfile" file="{here}/own")
"""


@pytest.fixture
def rsyslog(lab, tmp_path):
    """A syslog server; gives the program that follows its file."""
    configuration = tmp_path / "rsyslog.conf"
    configuration.write_text(RSYSLOG.format(address=SERVER, here=tmp_path))
    program = needed("rsyslogd", "rsyslog")
    followed = []
    for name in ("messages", "own"):
        (tmp_path / name).touch()
        followed.append(lab("tail", "-n", "+1", "-f", str(tmp_path / name)))
    lab(program, "-n", "-f", str(configuration), "-i", str(tmp_path / "pid"))
    messages, own = followed
    own.expect("start")
    return messages


def events(program):
    return [json.loads(line) for line in program.output.splitlines()]


def of(kind, seen):
    return [event for event in seen if event["event"] == kind]


def test_a_profile_over_tftp_from_the_server_of_option_66(dnsmasq, phone, root):
    (root / "7832-3PCC.xml").write_bytes(flat_profile(GPP_A="hello", Resync_Periodic="3600"))
    server = dnsmasq("--dhcp-option=66,prov.example", "--dhcp-option=15,example")
    run = phone(*ONE, "--json")
    assert run.ended() == 0
    seen = events(run)
    (lease,) = of("lease", seen)
    assert (lease["address"], lease["server"], lease["seconds"]) == ("192.0.2.16", SERVER, 120)
    assert lease["options"]["66"] == "prov.example"
    assert lease["options"]["6"] == SERVER
    (address,) = of("address", seen)
    assert (address["host"], address["address"]) == ("prov.example", SERVER)
    (request,) = of("request", seen)
    assert request["url"] == "tftp://prov.example:69/7832-3PCC.xml"
    (applied,) = of("applied", seen)
    assert sorted(applied["changed"]) == ["GPP_A"]
    assert [(e["succeeded"], e["number"]) for e in of("resync-finished", seen)] == [(True, 1)]
    (following,) = [e for e in of("next-resync", seen) if e["reason"] == "periodic"]
    assert following["after"] == pytest.approx(3600, abs=0.5)
    server.expect(f"sent {root}/7832-3PCC.xml to 192.0.2.16")
    assert "vendor class: CP-7832-3PCC" in server.output
    assert "DHCPRELEASE" not in server.output


@pytest.mark.peer("nginx")
def test_a_profile_over_http_from_the_url_of_option_160(dnsmasq, nginx, phone, root):
    (root / f"{MA}.xml").write_bytes(flat_profile(GPP_A="hello", GPP_B="there"))
    dnsmasq(f"--dhcp-option-force=160,http://{SERVER}/$MA.xml")
    log = nginx()
    run = phone(*ONE)
    assert run.ended() == 0
    assert f"Profile_Rule: GET http://{SERVER}:80/{MA}.xml from {SERVER}" in run.output
    assert "option 160 (Provisioning URL) = http://192.0.2.1/$MA.xml" in run.output
    assert "profile applied: GPP_A, GPP_B changed" in run.output
    assert "resync 1 succeeded" in run.output
    assert log() == [f'http GET /{MA}.xml 200 "{USER_AGENT}" -']


@pytest.fixture
def authority(tmp_path):
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    made.issue_cert("prov.example").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "server.pem"
    )
    shown = made.issue_cert(common_name=MA.upper())
    shown.private_key_and_cert_chain_pem.write_to_path(tmp_path / "phone.pem")
    return made


@pytest.mark.peer("nginx")
def test_a_profile_over_https_with_certificates_on_both_sides(
    dnsmasq, nginx, phone, root, authority, tmp_path
):
    (root / f"{MA}.xml").write_bytes(flat_profile(GPP_A="hello"))
    dnsmasq("--dhcp-option-force=160,https://prov.example/$MA.xml")
    log = nginx(TLS)
    trusting = ("--ca", str(tmp_path / "ca.pem"))
    run = phone(*ONE, *trusting, "--certificate", str(tmp_path / "phone.pem"), "-v")
    assert run.ended() == 0
    assert "GPP_A = hello" in run.output
    strange = phone(*ONE)
    assert strange.ended() == 1
    assert "resync 1 failed: tls: certificate verify failed" in strange.output
    (asked,) = log()
    assert asked.startswith(f'https GET /{MA}.xml 200 "{USER_AGENT}" CN={MA.upper()}')


LOCKED = """
        listen 8080;
        location / {{ auth_basic "lab"; auth_basic_user_file {here}/users; }}
        location = /old.xml {{ return 301 new.xml; }}
"""


@pytest.mark.peer("nginx")
def test_a_profile_that_nginx_gives_to_whoever_knows_the_password(
    dnsmasq, nginx, phone, root, tmp_path
):
    (tmp_path / "users").write_text("phone:{PLAIN}s3c#ret\n")
    (root / "new.xml").write_bytes(flat_profile(GPP_A="hello"))
    dnsmasq("--dhcp-option=66,192.0.2.1")
    log = nginx(LOCKED)
    rule = rf"Profile_Rule=[--uid phone --pwd {{}}] http://{SERVER}/old.xml"
    assert phone(*ONE, "-p", rule.format(r"s3c\043ret")).ended() == 0
    refused = phone(*ONE, "-p", rule.format("wrong"))
    assert refused.ended() == 1
    assert "resync 1 failed: HTTP 401" in refused.output
    asked = [line.split('"')[0].split()[2:] for line in log()]
    assert asked[:3] == [["/old.xml", "301"], ["/new.xml", "401"], ["/new.xml", "200"]]
    assert asked[3:] == [["/old.xml", "301"], *[["/new.xml", "401"]] * 3]


@pytest.mark.peer("nginx")
def test_a_profile_from_the_port_that_dnsmasq_has_in_its_srv_record(dnsmasq, nginx, phone, root):
    (root / "p.xml").write_bytes(flat_profile(GPP_A="hello"))
    dnsmasq(
        "--srv-host=_http._tcp.provisioning.test,web.test,8080,10",
        "--srv-host=_http._tcp.provisioning.test,late.test,80,20",
        f"--host-record=web.test,{SERVER}",
        f"--host-record=late.test,{SERVER}",
    )
    log = nginx("listen 8080;")
    run = phone(*ONE, "-p", "Profile_Rule=[--srv] http://provisioning.test/p.xml")
    assert run.ended() == 0
    assert "profile applied: GPP_A changed" in run.output
    assert log() == [f'http GET /p.xml 200 "{USER_AGENT}" -']


@pytest.mark.peer("rsyslog")
def test_rsyslog_gets_the_messages_of_a_resync_that_succeeds_and_one_that_fails(
    dnsmasq, rsyslog, phone, root
):
    profile = flat_profile(
        Log_Request_Msg="asking $SERV for $PATH",
        Log_Success_Msg="got $PATH -- $ERR",
        Log_Failure_Msg="no $PATH -- $ERR",
        Syslog_Server=SERVER,
        Profile_Rule="/gone.xml",
        Resync_Periodic="1",
    )
    (root / "7832-3PCC.xml").write_bytes(profile)
    dnsmasq("--dhcp-option=66,192.0.2.1")
    run = phone(*AT_ONCE, "-p", f"Syslog_Server={SERVER}", "--resyncs", "2")
    assert run.ended() == 1
    assert "resync 2 failed: tftp: file not found" in run.output
    kept = rsyslog.expect("no /gone.xml -- tftp: file not found\n").splitlines()
    assert all(line.startswith("192.0.2.16|local0|") for line in kept)
    texts = [line.partition(" 192.0.2.16 ")[2] for line in kept]
    assert texts == [
        "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync tftp://192.0.2.1:69/7832-3PCC.xml",
        "got /7832-3PCC.xml -- OK",
        "asking 192.0.2.1 for /gone.xml",
        "no /gone.xml -- tftp: file not found",
    ]


def test_a_lease_is_renewed_with_dnsmasq(dnsmasq, phone):
    # The shortest T1 that dnsmasq sends is 3 s.
    server = dnsmasq("--dhcp-option=option:T1,3", "--dhcp-option=66,192.0.2.1")
    run = phone("--json", "-p", "Provision_Enable=no")
    run.expect('"event": "renewal"')
    (lease,), (renewal,) = of("lease", events(run)), of("renewal", events(run))
    # T1 runs from the REQUEST, and each ACK takes its time.
    assert 2.5 < renewal["at"] - lease["at"] < 8
    assert renewal["address"] == lease["address"] == "192.0.2.16"
    server.expect("DHCPACK", count=2)
    assert server.output.count("DHCPDISCOVER") == 1


def test_the_state_file_survives_a_kill(dnsmasq, phone, port, root, tmp_path):
    (root / "7832-3PCC.xml").write_bytes(flat_profile(GPP_A="kept", Profile_Rule="/gone.xml"))
    dnsmasq("--dhcp-option=66,192.0.2.1")
    options = ("--state", str(tmp_path / "flash"), "--json")
    first = phone(*AT_ONCE, *options)
    first.expect('"event": "resync-finished"')
    first.process.kill()
    assert first.ended() == -9
    # Nobody could take the address away, so somebody has to say that it may go.
    refused = phone(*options)
    assert refused.ended() == 2
    assert f"has the address {port.address}" in refused.output
    again = phone(*options, "--flush", "--resyncs", "1")
    assert again.ended() == 1
    (boot,) = of("boot", events(again))
    assert boot["set"] == ["GPP_A", "Profile_Rule", "Resync_Random_Delay"]
    assert of("request", events(again))[0]["url"] == "tftp://192.0.2.1:69/gone.xml"


@pytest.mark.peer("nginx")
def test_a_missing_profile_ends_in_a_failed_resync(dnsmasq, nginx, phone):
    dnsmasq(f"--dhcp-option-force=160,http://{SERVER}/$MA.xml")
    log = nginx()
    run = phone(*ONE)
    assert run.ended() == 1
    assert "answer: HTTP 404, 0 octets" in run.output
    assert "resync 1 failed: HTTP 404" in run.output
    assert "next resync (retry) in " in run.output
    assert log() == [f'http GET /{MA}.xml 404 "{USER_AGENT}" -']


def test_a_defect_can_be_seen_at_work(dnsmasq, phone):
    dnsmasq("--dhcp-option=66,192.0.2.1")
    run = phone(*ONE, "--defect", "retry-never")
    assert run.ended() == 1
    assert "next resync (retry)" not in run.output
    assert "nothing is due" in run.output


def routes(port):
    with port.far.namespace.entered():
        table = Path("/proc/self/net/route").read_text().splitlines()[1:]
    return [(row.split()[0], row.split()[1], int(row.split()[6])) for row in table]


@pytest.mark.parametrize("released", [False, True], ids=["unplugged", "release"])
def test_a_phone_that_is_ended_leaves_the_interface_as_it_was(dnsmasq, phone, port, released):
    server = dnsmasq("--dhcp-option=66,192.0.2.1")
    run = phone("-p", "Provision_Enable=no", *(["--release"] if released else []))
    run.expect("nothing is due")
    # What the machine itself sends elsewhere goes by any default route before this one.
    ((_, _, metric),) = [row for row in routes(port) if row[1] == "00000000"]
    assert metric > 10_000
    assert port.far.address == port.address
    run.process.terminate()
    assert run.ended() == 0
    assert run.output.splitlines()[-1].partition("power off: ")[2] == (
        "the link goes down" if released else "no RELEASE is sent by a phone that is unplugged"
    )
    assert (port.far.address, routes(port), port.far.enabled) == (None, [], False)
    if released:
        server.expect(f"DHCPRELEASE(br0) {port.address}", within=DEADLINE_S)
    server.stop()
    assert ("DHCPRELEASE" in server.output) == released


def test_a_mac_address_of_its_own_for_as_long_as_it_runs(dnsmasq, phone, port, root):
    (root / "000e08000007.xml").write_bytes(flat_profile(GPP_A="hello"))
    server = dnsmasq("--dhcp-option=66,192.0.2.1")
    rule = ("-p", "Profile_Rule=/$MA.xml")
    run = phone(*ONE, "--mac", "000E08000007", "--serial", "S1", *rule)
    assert run.ended() == 0
    assert "phone 00:0e:08:00:00:07, serial number S1, boots on eth0" in run.output
    server.expect("00:0e:08:00:00:07")
    assert port.far.mac == "00:0e:08:aa:bb:cc"
