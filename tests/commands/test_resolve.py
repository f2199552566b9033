"""``hil resolve``: rules as the chapter writes them, and the DHCP options that complete them."""

import pytest


def fetch(scheme, host, port, path, alternative=1, assignments=None, options=None):
    return {
        "outcome": "fetch",
        "alternative": alternative,
        "assignments": assignments or {},
        "options": options or {},
        "scheme": scheme,
        "host": host,
        "port": port,
        "path": path,
    }


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        # Profile Rule's default, completed by option 66.
        (["/$PSN.xml", "--dhcp", "66=192.168.1.5"],
         fetch("tftp", "192.168.1.5", 69, "/7832-3PCC.xml")),
        # "If no port is specified, the default port is used".
        (["http://prov.example/$MA.cfg"], fetch("http", "prov.example", 80, "/000e08aabbcc.cfg")),
        (["https://prov.example/a"], fetch("https", "prov.example", 443, "/a")),
        (["192.168.1.130/profiles/init.cfg"],
         fetch("tftp", "192.168.1.130", 69, "/profiles/init.cfg")),
        # "specify the encryption key with the --key keyword", in quotes or not, from GPP_SA.
        (['[--key "a b"] http://h/p'], fetch("http", "h", 80, "/p", options={"key": "a b"})),
        (["[--key $SA] http://h/p", "-p", "GPP_SA=s]cret"],
         fetch("http", "h", 80, "/p", options={"key": "s]cret"})),
        (['("$A" eq "1")? http://h/1 | (GPP_B = "$MA";)! http://h/2', "-p", "A=2"],
         fetch("http", "h", 80, "/2", alternative=2, assignments={"GPP_B": "000e08aabbcc"})),
        # Upgrade Rule's own example.
        (["tftp://192.168.1.5/firmware/sip7832.11-0-1MPP-321.loads", "--upgrade"],
         fetch("tftp", "192.168.1.5", 69, "/firmware/sip7832.11-0-1MPP-321.loads")),
    ],
)  # fmt: skip
def test_fetch(hil, arguments, outcome):
    answer = hil("resolve", *arguments, "--json")
    assert (answer.code, answer.json) == (0, outcome)


@pytest.mark.parametrize(
    ("options", "host"),
    [
        (["66=192.0.2.1"], "192.0.2.1"),
        (["150=192.0.2.2"], "192.0.2.2"),
        (["150=0xc0000203"], "192.0.2.3"),
        (["159=hex:c0:00:02:04"], "192.0.2.4"),
        (["66=0x3139322e302e322e35"], "192.0.2.5"),
        # The default order is 66,160,159,150,60,43,125, whatever order they came in.
        (["150=192.0.2.2", "160=192.0.2.6"], "192.0.2.6"),
        # What cannot be used counts as absent.
        (["66=not a host", "160=192.0.2.7"], "192.0.2.7"),
    ],
)
def test_the_server_is_the_one_that_dhcp_names(hil, options, host):
    words = [word for option in options for word in ("--dhcp", option)]
    assert hil("resolve", "/x", *words, "--json").json["host"] == host


def test_a_base_uri_brings_its_scheme_and_port_along(hil):
    answer = hil("resolve", "/x", "--dhcp", "66=http://192.0.2.1:8080", "--json")
    assert answer.json == fetch("http", "192.0.2.1", 8080, "/x")


def test_the_order_of_options_is_a_parameter(hil):
    answer = hil(
        "resolve", "/x", "--dhcp", "66=192.0.2.1", "--dhcp", "150=192.0.2.2",
        "-p", "DHCP_Option_To_Use=150,66", "--json",
    )  # fmt: skip
    assert answer.json["host"] == "192.0.2.2"


def test_an_option_that_is_passed_over_is_told_on_stderr(hil):
    answer = hil("resolve", "/x", "--dhcp", "66=not a host", "--json")
    assert (answer.code, answer.json["outcome"]) == (1, "error")
    assert answer.err.startswith("DHCP_Option_To_Use: 66 ")


@pytest.mark.parametrize("rule", ["", "  ", "# http://h/x", "(1 eq 2)? http://h/x"])
def test_skip_exits_0_with_a_reason(hil, rule):
    answer = hil("resolve", rule, "--json")
    assert (answer.code, answer.json["outcome"]) == (0, "skip")
    assert answer.json["reason"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["/$PSN.xml"], "names no server"),
        (["ftp://h/x"], "not a scheme"),
        (["http://h"], "no path"),
        (["http://h:0/x"], "no port"),
        (["[--nope] http://h/x"], "nope"),
        # "the server must be specified": DHCP does not help an upgrade, options are not supported.
        (["/x.loads", "--upgrade", "--dhcp", "66=192.0.2.1"], "names no server"),
        (["[--key a] http://h/x.loads", "--upgrade"], "not supported for upgrades"),
    ],
)
def test_error_exits_1_with_a_reason(hil, arguments, reason):
    answer = hil("resolve", *arguments, "--json")
    assert (answer.code, answer.json["outcome"]) == (1, "error")
    assert reason in answer.json["reason"]
    assert set(answer.json) == {"outcome", "reason"}


def test_in_words(hil):
    answer = hil("resolve", '(A = "1";)! [--key k --uid "$MA"] http://h/x')
    assert answer.out == (
        "fetch http://h:80/x (alternative 1)\n"
        "  sets A = 1\n"
        "  with --key k\n"
        "  with --uid 000e08aabbcc\n"
    )
    assert hil("resolve", "").out == "skip: the rule is empty\n"
    failed = hil("resolve", "/x")
    assert (failed.code, failed.out[:7]) == (1, "error: ")


@pytest.mark.parametrize("option", ["66", "0=x", "255=x", "x=y", "=y", "66=0x1", "66=hex:zz"])
def test_a_dhcp_option_that_is_none_is_refused(refused, option):
    assert "--dhcp" in refused("resolve", "/x", "--dhcp", option)
