"""The HTTPS endpoint: who it says it is, whom it lets in, and what it records of a handshake."""

from __future__ import annotations

import ssl
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.endpoints import faults as fl
from hil.endpoints.certificates import Authority
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.https import ClientCertificate, TlsConfig
from hil.errors import StreamClosed, StreamTimeout, TlsFailed, UsageError
from hil.history import events as ev
from hil.net.stream import connect
from hil.net.tls import TlsStream, load_credential
from hil.net.virtual import LAB_ADDRESS

NAME = "prov.example"
BODY = b"<flat-profile/>"
GET = b"GET /p.xml HTTP/1.1\r\nHost: prov.example\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def bench(bench):
    bench.configure_phone()
    return bench


@pytest.fixture
def https(bench, authority, tmp_path):
    config = TlsConfig(authority, (NAME, str(LAB_ADDRESS)), key_log=tmp_path / "keys.log")
    endpoint = bench.start(HttpEndpoint, tls=config)
    endpoint.serve("/p.xml", BODY)
    return endpoint


@pytest.fixture
def trust(authority):
    """What a phone that trusts the laboratory has; with its own certificate if asked to."""

    def context(mac=None, newest=ssl.TLSVersion.TLSv1_3):
        made = ssl.create_default_context(cadata=authority.root_pem)
        made.maximum_version = newest
        if mac:
            load_credential(made, authority.client(mac).pem)
        return made

    return context


@pytest.fixture
def fetch(bench, https):
    """Fetch the profile over TLS; every failure comes as hil's own error."""

    async def fetching(context, name):
        raw = await connect(bench.phone.place, LAB_ADDRESS, https.port, within=5)
        stream = TlsStream(raw, context, server_name=name)
        try:
            await stream.handshake(within=5)
            await stream.write(GET, within=5)
            answer = b""
            while data := await stream.read(within=5):
                answer += data
            return answer
        finally:
            await stream.finish(within=5)

    return lambda context, name=NAME: bench.clock.run(fetching(context, name))


def handshake(bench):
    return bench.history.last(ev.TlsHandshake)


def test_profile_over_tls_and_what_is_recorded(bench, https, trust, fetch):
    start = bench.history.mark()

    assert fetch(trust()).endswith(b"\r\n\r\n" + BODY)

    connected, shaken, asked, ended, gone = bench.history.since(start)
    assert (connected.source, connected.port) == ("https", 443)
    assert (shaken.succeeded, shaken.version) == (True, "TLSv1.3")
    assert shaken.cipher.startswith("TLS_AES")
    assert (shaken.server_name, shaken.client_certificate) == (NAME, "")
    assert shaken.kernel_ns > 0
    assert (asked.scheme, asked.path, asked.port) == ("https", "/p.xml", 443)
    assert asked.connection == shaken.connection == connected.connection
    assert (ended.outcome, ended.body) == (ev.Outcome.COMPLETE, BODY)
    assert gone.reason == "closed"


def test_address_is_a_name_too_and_an_older_version_will_do(bench, trust, fetch):
    assert fetch(trust(newest=ssl.TLSVersion.TLSv1_2), str(LAB_ADDRESS)).endswith(BODY)

    assert handshake(bench).version == "TLSv1.2"
    assert handshake(bench).server_name == ""


# -- client certificates -----------------------------------------------------------------------------


@pytest.mark.parametrize("required", [True, False])
def test_clients_certificate_is_recorded(bench, https, trust, fetch, required):
    https.require_client_certificate(required)

    assert fetch(trust(mac="000e08aabbcc")).endswith(BODY)

    assert handshake(bench).client_certificate == "O=hil, OU=phone, CN=000e08aabbcc"


def test_client_without_certificate_is_refused_where_one_is_required(bench, https, trust, fetch):
    https.require_client_certificate()

    with pytest.raises(TlsFailed, match="certificate required"):
        fetch(trust())

    assert not handshake(bench).succeeded
    assert handshake(bench).reason == "peer did not return a certificate"
    assert bench.history.all(ev.HttpRequest) == ()


def test_client_without_certificate_is_served_where_one_is_only_asked_for(https, trust, fetch):
    https.require_client_certificate(required=False)

    assert fetch(trust()).endswith(BODY)


def test_certificate_of_another_manufacturer_is_refused_until_its_root_is_known(
    bench, authority, https, trust, fetch
):
    https.require_client_certificate()
    manufacturer = Authority("manufacturer")
    context = trust()
    load_credential(context, manufacturer.client("000e08aabbcc").pem)

    with pytest.raises(TlsFailed):
        fetch(context)
    assert "certificate verify failed" in handshake(bench).reason

    bench.clock.run(https.close())
    config = TlsConfig(
        authority,
        (NAME,),
        client_certificate=ClientCertificate.REQUIRED,
        client_roots=(manufacturer.root_pem,),
    )
    bench.start(HttpEndpoint, tls=config).serve("/p.xml", BODY)
    assert fetch(context).endswith(BODY)


# -- faults ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "client_says", "server_says"),
    [
        (fl.ExpiredCertificate(), "certificate has expired", "certificate expired"),
        (fl.NotYetValidCertificate(), "not yet valid", "bad certificate"),
        (fl.UntrustedCertificate(), "unable to get local issuer certificate", "unknown ca"),
        (fl.WrongNameCertificate(), "Hostname mismatch", "alert"),
    ],
)
def test_bad_certificate(bench, https, trust, fetch, fault, client_says, server_says):
    https.inject(fault, nth=2)
    assert fetch(trust()).endswith(BODY)

    with pytest.raises(TlsFailed, match=client_says):
        fetch(trust())

    assert server_says in handshake(bench).reason
    assert bench.history.last(ev.FaultInjected).fault == type(fault).__name__
    assert bench.history.last(ev.Disconnected).connection == 2
    assert fetch(trust()).endswith(BODY)


@pytest.mark.parametrize(
    ("refused", "newest", "agreed"),
    [
        ("TLSv1.2", ssl.TLSVersion.TLSv1_2, None),
        ("TLSv1.2", ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ("TLSv1.3", ssl.TLSVersion.TLSv1_3, "TLSv1.2"),
    ],
)
def test_version_that_is_refused(bench, https, trust, fetch, refused, newest, agreed):
    https.inject(fl.RefuseTlsVersion(refused))

    if agreed is None:
        with pytest.raises(TlsFailed, match="protocol version"):
            fetch(trust(newest=newest))
        assert handshake(bench).reason == "unsupported protocol"
    else:
        assert fetch(trust(newest=newest)).endswith(BODY)
        assert handshake(bench).version == agreed


def test_both_versions_refused_leave_none(bench, https, trust, fetch):
    https.inject(fl.RefuseTlsVersion("TLSv1.2"))
    https.inject(fl.RefuseTlsVersion("TLSv1.3"))

    with pytest.raises(TlsFailed):
        fetch(trust())

    assert not handshake(bench).succeeded


def test_silent_handshake(bench, https, trust, fetch):
    https.inject(fl.SilentHandshake())
    start = bench.clock.now()

    with pytest.raises(StreamTimeout):
        fetch(trust())

    assert bench.clock.now() - start == 5_000_000_000
    assert bench.history.last(ev.Disconnected).reason == "fin"
    assert bench.history.all(ev.TlsHandshake) == ()


@pytest.mark.parametrize(
    ("fault", "error", "arrived"),
    [
        (fl.Truncate(at=5), None, BODY[:5]),
        (fl.Close(at=5), "ended", BODY[:5]),
        (fl.Reset(at=5), "reset", BODY[:5]),
    ],
)
def test_truncation_ends_tls_properly_and_a_close_does_not(
    bench, https, trust, fault, error, arrived
):
    https.inject(fault)
    client = bench.phone.tcp(443, trust())

    answer = client.ask(GET)

    assert answer.endswith(b"\r\n\r\n" + arrived)
    assert client.ending == (error or "fin")


def test_fault_of_tls_has_no_path_and_nothing_to_do_with_http(bench, https):
    with pytest.raises(UsageError, match="no path"):
        https.inject(fl.ExpiredCertificate(), name="/p.xml")
    with pytest.raises(UsageError, match="no certificate can be made"):
        https.inject(fl.WrongNameCertificate("x" * 65))
    http = bench.start(HttpEndpoint)
    with pytest.raises(UsageError, match="https endpoint"):
        http.require_client_certificate()


# -- what is hostile, slow or broken -----------------------------------------------------------------


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=200), hello=st.booleans())
def test_any_octets_leave_the_endpoint_serving(bench, https, trust, fetch, data, hello):
    hostile = bench.phone.tcp(443)
    hostile.send(b"\x16\x03\x01" + data if hello else data)
    hostile.finish()

    assert fetch(trust()).endswith(BODY)
    assert len(bench.history.all(ev.Disconnected)) == len(bench.history.all(ev.Connected))


def test_plain_http_on_the_port_is_a_failed_handshake(bench, https):
    client = bench.phone.tcp(443)
    client.ask(GET)

    assert handshake(bench).reason == "http request"
    assert client.ending == "fin"


def test_garbage_inside_tls_is_refused(bench, https, trust):
    client = bench.phone.tcp(443, trust())

    bench.clock.run(client.stream.raw.write(b"\x17\x03\x03\x00\x20" + bytes(32), within=1))

    assert bench.history.last(ev.Refused).reason.startswith("TLS: ")
    assert bench.history.last(ev.Disconnected).reason == "closed"


def test_handshake_that_does_not_get_on_is_given_up_after_thirty_seconds(bench, https):
    client = bench.phone.tcp(443)
    client.send(b"\x16\x03\x01\x02\x00")

    client.receive(within=100)

    assert handshake(bench).at == 30_000_000_000
    assert bench.history.last(ev.Disconnected).reason == "timeout"


# -- configuration -----------------------------------------------------------------------------------


def test_reset_takes_client_certificates_and_faults_back(https, trust, fetch):
    https.require_client_certificate()
    https.inject(fl.ExpiredCertificate())

    https.reset()

    https.serve("/p.xml", BODY)
    assert fetch(trust()).endswith(BODY)


def test_another_certificate_takes_effect_in_less_than_five_milliseconds(https):
    https.inject(fl.ExpiredCertificate())
    taken = []
    for _ in range(20):
        start = time.perf_counter()
        https.reset()
        https.inject(fl.ExpiredCertificate())
        taken.append(time.perf_counter() - start)
    assert sorted(taken)[10] < 0.005


def test_key_log_has_the_secrets_of_each_session(trust, fetch, tmp_path):
    fetch(trust())
    fetch(trust(newest=ssl.TLSVersion.TLSv1_2))

    lines = (tmp_path / "keys.log").read_text().splitlines()
    kinds = {line.split()[0] for line in lines if not line.startswith("#")}
    assert {"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "CLIENT_RANDOM"} <= kinds


def test_connection_that_ends_in_the_handshake(bench, https):
    client = bench.phone.tcp(443)
    client.finish()

    assert handshake(bench).reason == "ended"
    assert bench.history.last(ev.Disconnected).reason == "fin"


def test_phone_that_resets_in_the_handshake(bench, https, trust):
    async def act():
        raw = await connect(bench.phone.place, LAB_ADDRESS, 443, within=5)
        raw.abort()
        with pytest.raises(StreamClosed, match="closed"):
            await raw.read(within=1)

    bench.clock.run(act())

    assert handshake(bench).reason == "reset"
    assert bench.history.last(ev.Disconnected).reason == "reset"


def test_a_day_of_hourly_resyncs_over_https_takes_well_under_a_second(bench, https, trust, fetch):
    context = trust()
    fetch(context)
    start = time.perf_counter()
    for _ in range(24):
        bench.let_pass(3600)
        fetch(context)
    taken = time.perf_counter() - start

    asked = bench.history.all(ev.HttpRequest)
    assert len(asked) == 25
    assert asked[-1].at - asked[0].at >= 24 * 3600 * 1_000_000_000
    assert taken < 1.0
