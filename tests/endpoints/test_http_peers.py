"""Debian's curl meets the HTTP and HTTPS endpoints; its exit codes tell the faults apart.

The codes are those of curl(1): 1 no HTTP, 18 partial file, 28 timeout, 35 handshake failed, 47 too
many redirects, 52 empty reply, 56 receive failed, 60 certificate refused.
"""

from __future__ import annotations

import datetime
import shutil
import socket
import struct

import pytest

from hil.endpoints import faults as fl
from hil.endpoints.certificates import Authority
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.http_auth import Demand
from hil.endpoints.https import TlsConfig
from hil.endpoints.kept_authority import make
from hil.history import events as ev
from hil.net.virtual import LAB_ADDRESS

BODY = bytes(range(256)) * 400

pytestmark = [
    pytest.mark.peer("curl"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl (Debian package curl)"),
]


@pytest.fixture
def bench(wall_bench):
    wall_bench.configure_phone()
    return wall_bench


@pytest.fixture
def authority():
    return Authority()


@pytest.fixture
def curl(bench, authority, tmp_path):
    """Run curl on the phone: its exit code and the body that it kept."""
    kept = tmp_path / "kept"
    (tmp_path / "root.pem").write_text(authority.root_pem)
    (tmp_path / "phone.pem").write_bytes(authority.client("000e08aabbcc").pem)

    def running(url, *options):
        kept.unlink(missing_ok=True)
        done = bench.phone.run(
            *("curl", "-s", "-o", str(kept), "--max-time", "5", "--noproxy", "*"),
            *("--cacert", str(tmp_path / "root.pem"), *options, url),
        )
        return done.returncode, kept.read_bytes() if kept.exists() else b""

    return running


@pytest.fixture
def http(bench):
    endpoint = bench.start(HttpEndpoint)
    endpoint.serve("/p", BODY)
    return endpoint


@pytest.fixture
def https(bench, authority, tmp_path):
    config = TlsConfig(authority, (str(LAB_ADDRESS),), key_log=tmp_path / "keys.log")
    endpoint = bench.start(HttpEndpoint, tls=config)
    endpoint.serve("/p", BODY)
    return endpoint


FAULTS = {
    "none": ((), 0, BODY),
    "silence": ((fl.Silence(),), 28, b""),
    "delay": ((fl.Delay(0.2),), 0, BODY),
    "truncate": ((fl.Truncate(at=1000),), 18, BODY[:1000]),
    "reset": ((fl.Reset(at=1000),), 56, BODY[:1000]),
    "reset at once": ((fl.Reset(),), 56, b""),
    "close at once": ((fl.Close(),), 52, b""),
    "stall": ((fl.Stall(at=1000),), 28, BODY[:1000]),
    "length too long": ((fl.WrongLength(10),), 18, BODY),
    "length too short": ((fl.WrongLength(-10),), 0, BODY[:-10]),
    "corrupt": ((fl.Corrupt(at=0),), 0, b"\xff" + BODY[1:]),
    "status": ((fl.Status(503),), 22, b""),
    "redirect loop": ((fl.RedirectLoop(),), 47, b""),
    "status line": ((fl.MalformedStatusLine(),), 1, b""),
    "bad chunk": ((fl.BadChunk(),), 56, BODY[: len(BODY) // 2]),
    "drip": ((fl.Drip(seconds=0.001, octets=10_000),), 0, BODY),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_curl_makes_of_each_fault(http, curl, name):
    faults, code, body = FAULTS[name]
    for fault in faults:
        http.inject(fault)

    outcome = curl(http.url("/p"), "--fail", "-L", "--max-redirs", "3", "--max-time", "0.7")

    assert outcome == (code, body)


@pytest.mark.parametrize(
    ("fault", "code"),
    [(fl.Truncate(at=1000), 18), (fl.Close(at=1000), 18), (fl.Reset(at=1000), 56)],
)
def test_what_curl_makes_of_a_body_cut_inside_tls(https, curl, fault, code):
    https.inject(fault)

    assert curl(https.url("/p")) == (code, BODY[:1000])


def test_curl_over_tls_with_its_own_certificate(bench, https, curl, tmp_path):
    https.require_client_certificate()

    assert curl(https.url("/p"), "--cert", str(tmp_path / "phone.pem")) == (0, BODY)
    assert "CN=000e08aabbcc" in bench.history.last(ev.TlsHandshake).client_certificate

    assert curl(https.url("/p"))[0] == 56


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (fl.ExpiredCertificate(), 60),
        (fl.NotYetValidCertificate(), 60),
        (fl.WrongNameCertificate(), 60),
        (fl.UntrustedCertificate(), 60),
        (fl.RefuseTlsVersion("TLSv1.2"), 35),
        (fl.SilentHandshake(), 28),
    ],
)
def test_what_curl_makes_of_each_fault_of_tls(bench, https, curl, fault, code):
    https.inject(fault)

    assert curl(https.url("/p"), "--tls-max", "1.2", "--max-time", "0.7")[0] == code

    assert bench.history.wait(ev.Disconnected, within=3, after=bench.history.last(ev.Connected))


def test_curl_uploads_a_body_after_100_continue(bench, http, curl, tmp_path):
    report = tmp_path / "report"
    report.write_bytes(BODY)

    outcome = curl(http.url("/p"), "-H", "Expect: 100-continue", "-T", str(report))

    assert outcome == (0, BODY)
    assert bench.history.last(ev.HttpRequest).body == BODY


def test_curl_uses_one_connection_for_several_requests(bench, http, curl):
    url = http.url("/p")

    elsewhere = ("-o", "/dev/null", http.url("/nothing"), "-o", "/dev/null")

    assert curl(url, url, *elsewhere) == (0, BODY)

    assert len(bench.history.all(ev.HttpRequest)) == 3
    assert len(bench.history.all(ev.Connected)) == 1


def test_curl_shows_basic_credentials(http, curl):
    http.require_basic("/p", "phone", "s3cret")

    assert curl(http.url("/p"), "--fail", "-u", "phone:wrong")[0] == 22
    assert curl(http.url("/p"), "--fail", "-u", "phone:s3cret") == (0, BODY)


def test_time_stamps_are_the_kernels_and_not_later_than_the_event(bench, http, curl):
    before = bench.clock.now()

    curl(http.url("/p"))

    # curl may have the last byte before the endpoint has written down that it was the last.
    ended = bench.history.wait(ev.TransferEnded, within=5, after=next(iter(bench.history)))
    asked = bench.history.last(ev.HttpRequest)
    assert asked.kernel_ns > 0
    assert before < asked.at <= ended.at


@pytest.mark.peer("tshark")
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark (Debian package tshark)")
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_key_log_decrypts_a_capture(bench, https, curl, tmp_path, version):
    capture = bench.phone.interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    capture.bind((bench.phone.interface.name, 0x0003))
    with capture:
        curl(https.url("/p"), "--tls-max", version)
        frames = []
        while True:
            try:
                frames.append(capture.recv(1 << 17))
            except BlockingIOError:
                break
    file = tmp_path / "capture.pcap"
    records = (struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1)
    file.write_bytes(header + b"".join(records))

    keys = f"tls.keylog_file:{tmp_path / 'keys.log'}"
    shown = bench.phone.run(
        *("tshark", "-r", str(file), "-o", keys, "-Y", "http.request"),
        *("-T", "fields", "-e", "http.request.uri"),
    )

    assert "/p" in shown.stdout.split()


# -- credentials -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "qop"),
    [
        *((each, True) for each in ("Basic", "MD5", "MD5-sess", "SHA-256", "SHA-256-sess")),
        *((each, False) for each in ("MD5", "SHA-256")),
    ],
)
def test_curl_shows_credentials_as_they_are_demanded(http, curl, scheme, qop):
    http.require("/p", Demand("phone", 's3c"r\\et', (scheme,), qop))
    offer = "--basic" if scheme == "Basic" else "--digest"
    assert curl(http.url("/p"), offer, "--user", 'phone:s3c"r\\et') == (0, BODY)
    assert curl(http.url("/p"), offer, "--user", "phone:wrong", "--fail")[0] == 22


def test_curl_chooses_among_several_schemes(bench, http, curl):
    http.require(None, Demand("phone", "s3cret", ("SHA-256", "MD5", "Basic")))
    assert curl(http.url("/p"), "--anyauth", "--user", "phone:s3cret") == (0, BODY)
    shown = bench.history.last(ev.HttpRequest).header("authorization")
    assert shown.startswith("Digest ")


def test_curl_asks_again_with_a_new_nonce_where_its_own_is_called_stale(bench, http, curl):
    http.require_digest("/p", "phone", "s3cret")
    http.inject(fl.StaleNonce(), nth=2)
    assert curl(http.url("/p"), "--digest", "--user", "phone:s3cret") == (0, BODY)
    assert len(bench.history.all(ev.HttpRequest)) == 3
    assert bench.history.last(ev.FaultInjected).fault == "StaleNonce"


@pytest.mark.parametrize("demanded", [False, True])
def test_a_body_of_curl_arrives_whole_with_credentials_or_without(bench, http, curl, demanded):
    http.serve("/report", b"taken")
    if demanded:
        http.require_digest("/report", "phone", "s3cret")
    options = ("--digest", "--user", "phone:s3cret", "--data-binary", "a&b" * 1000)
    assert curl(http.url("/report"), *options) == (0, b"taken")
    request = bench.history.last(ev.HttpRequest)
    assert (request.method, request.body) == ("POST", b"a&b" * 1000)


class TestAnAuthorityThatIsKept:
    @pytest.fixture
    def authority(self):
        return Authority.kept(*make(datetime.datetime.now(datetime.UTC), 10))

    def test_curl_trusts_what_it_signed_in_any_run_and_nobody_else(
        self, bench, https, curl, authority, tmp_path
    ):
        assert curl(https.url("/p")) == (0, BODY)
        (tmp_path / "root.pem").write_text(Authority().root_pem)
        before = bench.history.mark()
        assert curl(https.url("/p"))[0] == 60
        # curl is gone before its alert is read.
        refused = bench.history.wait(ev.TlsHandshake, within=5, after=before, succeeded=False)
        assert "unknown ca" in refused.reason

    def test_its_servers_can_be_as_wrong_as_any(self, https, curl):
        for fault in (fl.UntrustedCertificate(), fl.ExpiredCertificate()):
            https.inject(fault)
            assert curl(https.url("/p"))[0] == 60
            https.reset()
            https.serve("/p", BODY)
        assert curl(https.url("/p")) == (0, BODY)
