"""Basic and Digest as the HTTP endpoint demands them: who passes, who is challenged, and how."""

from __future__ import annotations

import pytest

from hil import digest
from hil.endpoints.faults import StaleNonce
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.http_auth import Demand, Gate
from hil.errors import UsageError
from hil.history import events as ev

PATH = "/p.xml"
CHALLENGE = {401: "www-authenticate", 407: "proxy-authenticate"}


class Client:
    """Asks a gate as a client that knows a password would."""

    def __init__(self, gate: Gate, user: str = "phone", password: str = "s3cret") -> None:  # noqa: S107
        self.gate = gate
        self.user, self.password = user, password

    def ask(self, credentials: str | None = None, path: str = PATH, status: int = 401):
        name = "authorization" if status == 401 else "proxy-authorization"
        headers = ((name, credentials),) if credentials else ()
        self.request = ev.HttpRequest(
            source="http",
            scheme="http",
            path=path,
            peer="192.0.2.16:4000",
            port=80,
            transfer=1,
            method="GET",
            version="1.1",
            headers=headers,
        )
        return self.gate.refusal(path, self.request)

    def challenge(self, response) -> str:
        assert response.status in CHALLENGE
        name = CHALLENGE[response.status]
        return ", ".join(value for key, value in response.headers if key == name)

    def answer(self, response, **changes: str) -> str:
        told = {"method": "GET", "uri": PATH, "cnonce": "abc"} | changes
        header = digest.answer(
            digest.read_schemes(self.challenge(response)), self.user, self.password, **told
        )
        assert header is not None
        return header


def demanding(path: str | None = PATH, user="phone", password="s3cret", **options) -> Client:  # noqa: S107
    gate = Gate()
    gate.demand(path, Demand(user, password, **options))
    return Client(gate)


@pytest.mark.parametrize("scheme", ["Basic", *digest.ALGORITHMS])
@pytest.mark.parametrize("status", [401, 407])
def test_who_knows_the_password_passes(scheme, status):
    client = demanding(schemes=(scheme,), status=status)
    challenge = client.ask(status=status)
    assert client.challenge(challenge).startswith(scheme if scheme == "Basic" else "Digest ")
    assert client.ask(client.answer(challenge), status=status) is None


def test_the_legacy_form_passes_where_it_is_offered():
    client = demanding(schemes=("MD5",), qop=False)
    challenge = client.ask()
    assert "qop" not in client.challenge(challenge)
    assert client.ask(client.answer(challenge)) is None


def test_where_qop_is_offered_the_legacy_form_does_not_pass():
    client = demanding(schemes=("MD5",))
    (offered,) = digest.read_schemes(client.challenge(client.ask()))
    told = {"username": "phone", "realm": "hil", "nonce": offered.get("nonce"), "uri": PATH}
    due = digest.expected_response(digest.Scheme("digest", told), "s3cret", "GET")
    told |= {"response": due}
    legacy = "Digest " + ", ".join(f'{name}="{value}"' for name, value in told.items())
    refused = client.ask(legacy)
    assert refused is not None
    assert b"wrong" in refused.body


@pytest.mark.parametrize("scheme", ["Basic", "MD5", "SHA-256"])
@pytest.mark.parametrize(("user", "password"), [("phone", "other"), ("other", "s3cret"), ("", "")])
def test_who_does_not_know_it_is_challenged_again_and_not_told_stale(scheme, user, password):
    client = demanding(schemes=(scheme,))
    client.user, client.password = user, password
    refused = client.ask(client.answer(client.ask()))
    assert refused is not None
    assert refused.status == 401
    assert "stale" not in client.challenge(refused)


def test_an_answer_for_another_path_or_method_does_not_pass():
    client = demanding(schemes=("MD5",))
    assert client.ask(client.answer(client.ask(), uri="/other.xml")) is not None
    assert client.ask(client.answer(client.ask(), method="POST")) is not None


def test_only_the_schemes_that_are_offered_count():
    client = demanding(schemes=("SHA-256",))
    (offered,) = digest.read_schemes(client.challenge(client.ask()))
    weaker = digest.Scheme("digest", {**offered.parameters, "algorithm": "MD5"})
    answered = digest.answer([weaker], "phone", "s3cret", method="GET", uri=PATH, cnonce="c")
    assert client.ask(answered) is not None
    assert client.ask(digest.basic_credentials("phone", "s3cret")) is not None


def test_several_schemes_are_offered_in_their_order_with_one_nonce():
    client = demanding(schemes=("SHA-256", "MD5", "Basic"))
    offered = digest.read_schemes(client.challenge(client.ask()))
    assert [each.algorithm for each in offered[:2]] == ["SHA-256", "MD5"]
    assert [each.name for each in offered] == ["digest", "digest", "basic"]
    assert len({each.get("nonce") for each in offered[:2]}) == 1


# -- nonces ------------------------------------------------------------------------------------------


def stale(client: Client, response) -> bool:
    return digest.read_schemes(client.challenge(response))[0].get("stale") == "true"


def test_a_nonce_is_good_for_one_request_with_each_count():
    client = demanding(schemes=("MD5",))
    answered = client.answer(client.ask())
    assert client.ask(answered) is None
    replayed = client.ask(answered)
    assert replayed is not None
    assert stale(client, replayed)
    assert client.ask(client.answer(replayed)) is None


def test_a_nonce_that_is_not_the_gates_is_stale_even_with_the_right_password():
    client = demanding(schemes=("MD5",))
    foreign = digest.read_schemes('Digest realm="hil", nonce="mine", algorithm=MD5, qop="auth"')
    made = digest.answer(foreign, "phone", "s3cret", method="GET", uri=PATH, cnonce="c")
    refused = client.ask(made)
    assert refused is not None
    assert stale(client, refused)


def test_old_nonces_are_forgotten_so_that_nobody_can_fill_the_memory():
    client = demanding(schemes=("MD5",))
    first = client.ask()
    for _ in range(300):
        client.ask()
    assert stale(client, client.ask(client.answer(first)))
    assert client.ask(client.answer(client.ask())) is None


def test_the_nonces_are_the_same_in_every_run():
    assert demanding(schemes=("MD5",)).ask() == demanding(schemes=("MD5",)).ask()


# -- paths -------------------------------------------------------------------------------------------


def test_a_demand_for_all_paths_and_another_for_one():
    client = demanding(None)
    client.gate.demand("/own.xml", Demand("other", "word"))
    assert client.ask(path="/anything").status == 401
    passes = digest.basic_credentials("phone", "s3cret")
    assert client.ask(passes, path="/anything") is None
    assert client.ask(passes, path="/own.xml") is not None
    assert client.ask(digest.basic_credentials("other", "word"), path="/own.xml") is None
    client.gate.clear()
    assert client.ask(path="/anything") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"schemes": ("Bearer",)},
        {"schemes": ()},
        {"schemes": ("md5",)},
        {"schemes": ("MD5-sess",), "qop": False},
        {"status": 403},
    ],
)
def test_a_demand_that_nobody_can_meet_is_refused(wrong):
    with pytest.raises(UsageError):
        Demand("phone", "s3cret", **wrong)


@pytest.mark.parametrize(
    "hostile",
    [
        "Digest",
        "Basic",
        "Digest nonce",
        'Digest username="',
        "Digest nc=zzzzzzzz, qop=auth",
        "\x00",
    ],
)
def test_credentials_that_are_none_are_wrong_and_nothing_else(hostile):
    client = demanding(schemes=("MD5", "Basic"))
    assert client.ask(hostile).status == 401


# -- on the wire -------------------------------------------------------------------------------------


@pytest.fixture
def asking(bench):
    """The phone asks the endpoint once; answers challenges with these credentials."""
    bench.configure_phone()
    http = bench.start(HttpEndpoint)
    http.serve(PATH, b"<flat-profile/>")

    def ask(credentials: str = "") -> ev.TransferEnded:
        shown = f"Authorization: {credentials}\r\n" if credentials else ""
        head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{shown}\r\n"
        bench.phone.tcp(http.port).ask(head.encode())
        return bench.history.last(ev.TransferEnded)

    def answer(ended: ev.TransferEnded) -> str:
        offered = ", ".join(value for name, value in ended.headers if name == "www-authenticate")
        return digest.answer(
            digest.read_schemes(offered), "phone", "s3cret", method="GET", uri=PATH, cnonce="c"
        )

    return http, ask, answer


def test_an_endpoint_demands_digest_of_all_paths_and_reset_ends_it(bench, asking):
    http, ask, answer = asking
    http.require_digest(None, "phone", "s3cret", algorithm="SHA-256")
    challenged = ask()
    assert (challenged.status, challenged.outcome) == (401, ev.Outcome.UNAUTHORIZED)
    passed = ask(answer(challenged))
    assert (passed.status, passed.body) == (200, b"<flat-profile/>")
    http.reset()
    assert ask().status == 404


def test_a_good_nonce_can_be_called_stale_and_that_is_on_record(bench, asking):
    http, ask, answer = asking
    http.require_digest(PATH, "phone", "s3cret")
    http.inject(StaleNonce(), nth=2)
    challenged = ask()
    assert bench.history.last(ev.FaultInjected) is None
    called_stale = ask(answer(challenged))
    assert called_stale.status == 401
    assert "stale=true" in dict(called_stale.headers)["www-authenticate"]
    assert bench.history.last(ev.FaultInjected).fault == "StaleNonce"
    assert ask(answer(called_stale)).status == 200


def test_where_there_is_no_nonce_none_is_called_stale(bench, asking):
    http, ask, _ = asking
    http.require_basic(PATH, "phone", "s3cret")
    http.inject(StaleNonce())
    assert ask(digest.basic_credentials("phone", "s3cret")).status == 200
    assert bench.history.last(ev.FaultInjected) is None
    assert "StaleNonce" in bench.history.last(ev.Note).text
