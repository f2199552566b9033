"""30 MiB, as much as a firmware image has, by every scheme: whole, quickly, and not into the history.

The virtual handset's own clients fetch it, and clients that others wrote.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace

import msgspec
import pytest

from hil.endpoints import faults as fl
from hil.endpoints.certificates import Authority
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.https import TlsConfig
from hil.endpoints.tftp import TftpEndpoint
from hil.endpoints.tftp_transfer import LISTED_PACKETS
from hil.history import events as ev
from hil.net.virtual import LAB_ADDRESS
from hil.reference.load_builder import image
from hil.reference.responses import HttpAnswer, TftpAnswer
from hil.virtual import http, tftp
from hil.virtual.answers import http_answer, tftp_answer
from hil.virtual.transfer import Failed, Fetched, discard
from hil.virtual.trust import TrustConfig, client_context
from hil.wire.tftp_server import Limits

SIZE = 30 << 20
PATH = "/sip7832.sbn"
SMALL_HISTORY = 400_000


@pytest.fixture(scope="module")
def body():
    return b"".join(image("large", SIZE))


@pytest.fixture(scope="module")
def digest(body):
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def authority():
    return Authority()


@pytest.fixture
def bench(bench):
    bench.configure_phone()
    return bench


@pytest.fixture
def fetch(bench, authority):
    """Fetches the file into a sink by a scheme, as the virtual handset does."""

    def by(scheme, *, sink=discard, tftp_options=None, port=None):
        if scheme == "tftp":
            config = tftp.LOADS
            if tftp_options is not None:
                config = replace(config, options=tftp_options)
            fetching = tftp.fetch(
                bench.phone.interface, bench.clock, LAB_ADDRESS, PATH, config=config, sink=sink
            )
        else:
            trust = TrustConfig(authorities=authority.root_pem.encode())
            fetching = http.fetch(
                bench.phone.place,
                LAB_ADDRESS,
                port or {"http": 80, "https": 443}[scheme],
                http.Request(str(LAB_ADDRESS), PATH),
                agent="test",
                tls=client_context(trust) if scheme == "https" else None,
                config=http.LOADS,
                sink=sink,
            )
        return bench.clock.run(fetching, timeout=2000)

    return by


@pytest.fixture
def serve(bench, authority):
    """Serves a file by a scheme."""

    def by(scheme, content, **how):
        tls = TlsConfig(authority, (str(LAB_ADDRESS),)) if scheme == "https" else None
        options = {} if scheme == "tftp" else {"tls": tls}
        endpoint = bench.start(TftpEndpoint if scheme == "tftp" else HttpEndpoint, **options)
        endpoint.serve(PATH, content, **how)
        return endpoint

    return by


def history_octets(bench) -> int:
    return sum(len(msgspec.json.encode(event)) for event in bench.history)


# -- by the virtual handset --------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["tftp", "http", "https"])
def test_30_mib_arrive_whole_and_stay_out_of_the_history(bench, serve, fetch, body, digest, scheme):
    serve(scheme, body)

    fetched = fetch(scheme)

    assert isinstance(fetched, Fetched)
    assert (fetched.body, fetched.size, fetched.sha256) == (b"", SIZE, digest)
    ended = bench.history.wait(ev.TransferEnded, within=5, after=next(iter(bench.history)))
    assert (ended.outcome, ended.sent, ended.body) == (ev.Outcome.COMPLETE, SIZE, b"")
    assert (ended.size, ended.sha256) == (SIZE, digest)
    assert history_octets(bench) < SMALL_HISTORY
    answer = (tftp_answer if scheme == "tftp" else http_answer)(fetched)
    assert isinstance(answer, TftpAnswer | HttpAnswer)
    assert (answer.body, answer.size, answer.sha256) == (b"", SIZE, digest)


def test_the_sink_gets_every_octet_in_order(serve, fetch, body):
    serve("http", body)
    pieces: list[bytes] = []
    fetch("http", sink=pieces.append)
    assert b"".join(pieces) == body


def test_chunked_30_mib_arrive_whole(serve, fetch, body, digest):
    serve("http", body, chunked=True)
    assert fetch("http").sha256 == digest


def test_a_file_is_served_as_it_was_when_it_was_configured(serve, fetch, tmp_path):
    path = tmp_path / "image"
    path.write_bytes(b"before" * 1000)
    serve("http", path)
    serve("tftp", path)
    path.write_bytes(b"after")
    expected = hashlib.sha256(b"before" * 1000).hexdigest()
    assert fetch("http").sha256 == fetch("tftp").sha256 == expected


@pytest.mark.parametrize(
    "options",
    [
        (("blksize", "8192"), ("tsize", "0")),
        (("blksize", "1428"), ("windowsize", "64")),
        (("blksize", "1428"), ("windowsize", "16"), ("tsize", "0")),
    ],
    ids=lambda options: ",".join(f"{name}={value}" for name, value in options),
)
def test_tftp_options_of_a_load(bench, serve, fetch, body, digest, options):
    serve("tftp", body)
    assert fetch("tftp", tftp_options=options).sha256 == digest
    assert bench.history.last(ev.TftpRequest).options == dict(options)


def test_in_blocks_of_512_octets_32_mib_wrap_the_block_number(bench, serve, fetch, body, digest):
    size = 65_537 * 512 + 1
    long = (body * 2)[:size]
    serve("tftp", long)
    fetched = fetch("tftp", tftp_options=())
    assert (fetched.size, fetched.sha256) == (size, hashlib.sha256(long).hexdigest())
    assert bench.history.last(ev.TftpPacket).block == 65_538 - 65_536


# -- what the history has of it ----------------------------------------------------------------------


def test_of_a_long_transfer_the_first_packets_are_listed_and_the_rest_counted(
    bench, serve, fetch, body
):
    serve("tftp", body)
    fetch("tftp", tftp_options=(("blksize", "1428"), ("windowsize", "16")))
    blocks = SIZE // 1428 + 1
    acks = 1 + -(-blocks // 16)
    packets = bench.history.all(ev.TftpPacket)
    (note,) = bench.history.all(ev.Note)
    counted = 1 + blocks + acks - len(packets)
    assert note.text == f"transfer 1: {counted} packets in order are not listed"
    assert len(packets) == LISTED_PACKETS + 2
    assert [(p.kind, p.block) for p in packets[-2:]] == [("DATA", blocks), ("ACK", blocks)]
    assert packets[-2].size == SIZE % 1428


def test_what_is_out_of_the_ordinary_is_listed_wherever_it_is(bench, serve, fetch, digest, body):
    server = serve("tftp", body)
    server.inject(fl.DuplicateBlock(15_000))
    # The last of its window, so that only a time-out can bring it again.
    server.inject(fl.LoseBlock(20_000))
    assert fetch("tftp").sha256 == digest
    late = [(p.kind, p.block) for p in bench.history.all(ev.TftpPacket)[LISTED_PACKETS:]]
    repeated_window = [("DATA", block) for block in range(19_985, 20_001)]
    last = SIZE // 1428 + 1
    assert late == [
        *[("DATA", 15_000)] * 2,
        *repeated_window,
        ("DATA", last),
        ("ACK", last),
    ]


# -- broken off ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "fault", "outcome"),
    [
        ("http", fl.Truncate(20 << 20), Failed("http: truncated")),
        ("http", fl.Reset(20 << 20), Failed("http: connection reset")),
        ("http", fl.Stall(20 << 20), Failed("http: timeout")),
        ("https", fl.Truncate(20 << 20), Failed("http: truncated")),
        ("tftp", fl.Stall(20 << 20), Failed("tftp: timeout")),
        ("tftp", fl.TftpError(0, "full", block=14_000), Failed("tftp: error 0", 0)),
    ],
    ids=str,
)
def test_a_transfer_that_breaks_in_the_middle_is_no_file(
    bench, serve, fetch, body, scheme, fault, outcome
):
    serve(scheme, body).inject(fault)
    got: list[int] = []
    assert fetch(scheme, sink=lambda piece: got.append(len(piece))) == outcome
    assert 18 << 20 < sum(got) <= 20 << 20
    ended = bench.history.wait(ev.TransferEnded, within=700, after=next(iter(bench.history)))
    assert ended.outcome is not ev.Outcome.COMPLETE
    assert (ended.body, ended.size, ended.sha256) == (b"", 0, "")


def test_a_truncated_tftp_file_looks_whole_and_its_digest_tells(bench, serve, fetch, body):
    serve("tftp", body).inject(fl.Truncate(20 << 20))
    fetched = fetch("tftp")
    cut = hashlib.sha256(body[: 20 << 20]).hexdigest()
    assert (fetched.size, fetched.sha256) == (20 << 20, cut)
    ended = bench.history.wait(ev.TransferEnded, within=5, after=next(iter(bench.history)))
    assert (ended.outcome, ended.size, ended.sha256) == (ev.Outcome.COMPLETE, 20 << 20, cut)


def test_a_corrupt_octet_changes_the_digest_that_is_kept(bench, serve, fetch, body, digest):
    serve("https", body).inject(fl.Corrupt(SIZE - 1))
    spoilt = hashlib.sha256(body[:-1] + bytes([body[-1] ^ 0xFF])).hexdigest()
    assert fetch("https").sha256 == spoilt != digest
    assert bench.history.last(ev.TransferEnded).sha256 == spoilt


def test_what_is_not_the_file_does_not_reach_the_sink(serve, fetch):
    serve("http", b"an error page" * 1000, status=503)
    got: list[bytes] = []
    assert fetch("http", sink=got.append) == Failed("http: status 503", 503)
    assert got == []


# -- by clients that others wrote ----------------------------------------------------------------------


def need(program: str, package: str) -> str:
    found = shutil.which(program, path="/usr/bin:/usr/sbin:/bin:/sbin")
    if found is None:
        pytest.skip(f"needs the Debian package {package}")
    return found


@pytest.fixture
def phone(wall_bench):
    wall_bench.configure_phone()
    return wall_bench.phone


@pytest.mark.peer("curl")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_curl_gets_30_mib(wall_bench, phone, authority, body, digest, tmp_path, scheme):
    curl = need("curl", "curl")
    tls = TlsConfig(authority, (str(LAB_ADDRESS),)) if scheme == "https" else None
    endpoint = wall_bench.start(HttpEndpoint, tls=tls)
    endpoint.serve(PATH, body)
    root, out = tmp_path / "root.pem", tmp_path / "got"
    root.write_text(authority.root_pem)
    done = phone.run(
        *(curl, "-sS", "--noproxy", "*", "--cacert", str(root), "-o", str(out)),
        endpoint.url(PATH),
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert hashlib.sha256(out.read_bytes()).hexdigest() == digest
    ended = wall_bench.history.wait(
        ev.TransferEnded, within=5, after=next(iter(wall_bench.history))
    )
    assert (ended.outcome, ended.size, ended.sha256) == (ev.Outcome.COMPLETE, SIZE, digest)


@pytest.mark.peer("atftp")
@pytest.mark.parametrize(("blksize", "windowsize"), [(1428, 16), (8192, 1)])
def test_atftp_gets_30_mib(wall_bench, phone, body, digest, tmp_path, blksize, windowsize):
    atftp = need("atftp", "atftp")
    endpoint = wall_bench.start(TftpEndpoint, limits=Limits(timeout=200_000_000))
    endpoint.serve(PATH, body)
    out = tmp_path / "got"
    options = [f"blksize {blksize}", f"windowsize {windowsize}", "tsize 0"]
    done = phone.run(
        *(atftp, *(part for option in options for part in ("--option", option))),
        *("-g", "-r", PATH, "-l", str(out), str(LAB_ADDRESS)),
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert hashlib.sha256(out.read_bytes()).hexdigest() == digest
    ended = wall_bench.history.wait(
        ev.TransferEnded, within=5, after=next(iter(wall_bench.history))
    )
    assert (ended.outcome, ended.size, ended.sha256) == (ev.Outcome.COMPLETE, SIZE, digest)


@pytest.mark.peer("curl")
def test_curl_gets_30_mib_by_tftp(wall_bench, phone, body, digest, tmp_path):
    curl = need("curl", "curl")
    endpoint = wall_bench.start(TftpEndpoint, limits=Limits(timeout=200_000_000))
    endpoint.serve(PATH, body)
    out = tmp_path / "got"
    url = f"tftp://{LAB_ADDRESS}{PATH}"
    done = phone.run(curl, "-sS", "--tftp-blksize", "8192", "-o", str(out), url, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert hashlib.sha256(out.read_bytes()).hexdigest() == digest
