"""URL resolution (Upgrade Rule; Administration Guide 11.3, Provisioning Formats)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import RuleError
from hil.reference.urls import DefaultServer, Target, resolve_url

DHCP = DefaultServer("192.168.1.1")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/000e08aabbcc.cfg", Target("tftp", "192.168.1.1", 69, "/000e08aabbcc.cfg")),
        ("/cisco/cfg.xml", Target("tftp", "192.168.1.1", 69, "/cisco/cfg.xml")),
        (
            "192.168.1.130/profiles/init.cfg",
            Target("tftp", "192.168.1.130", 69, "/profiles/init.cfg"),
        ),
        (
            "http://neptune.speak.net:8080/prov/1/2.cfg",
            Target("http", "neptune.speak.net", 8080, "/prov/1/2.cfg"),
        ),
        (
            "https://secure.me.com/profile?Linksys",
            Target("https", "secure.me.com", 443, "/profile?Linksys"),
        ),
        (
            "tftp://192.168.1.5/firmware/sip7832.11-0-1MPP-321.loads",
            Target("tftp", "192.168.1.5", 69, "/firmware/sip7832.11-0-1MPP-321.loads"),
        ),
    ],
)
def test_published_examples(url, target):
    assert resolve_url(url, DHCP) == target


@pytest.mark.parametrize(("scheme", "port"), [("tftp", 69), ("http", 80), ("https", 443)])
def test_the_default_port_follows_the_scheme(scheme, port):
    assert resolve_url(f"{scheme}://h/a", None).port == port
    assert resolve_url(f"{scheme.upper()}://h/a", None).scheme == scheme


def test_a_base_uri_from_dhcp_brings_scheme_and_port_along():
    base = DefaultServer("10.0.0.1", "http", 8080)
    assert resolve_url("/a", base) == Target("http", "10.0.0.1", 8080, "/a")
    assert resolve_url("http:///a", base) == Target("http", "10.0.0.1", 8080, "/a")
    assert resolve_url("https:///a", base) == Target("https", "10.0.0.1", 443, "/a")
    assert resolve_url("other/a", base) == Target("tftp", "other", 69, "/a")


def test_without_any_server_there_is_no_target():
    with pytest.raises(RuleError, match="names no server"):
        resolve_url("/a", None)


def test_query_and_fragment_belong_to_the_path():
    assert resolve_url("http://h/x?a=http://b/c&d#e", None).path == "/x?a=http://b/c&d#e"
    assert resolve_url("http://h//x", None).path == "//x"


def test_ipv6_literals_stand_in_brackets():
    assert resolve_url("http://[2001:DB8::1]:81/a", None) == Target("http", "2001:db8::1", 81, "/a")
    assert DefaultServer("2001:db8::1") == DefaultServer("[2001:db8::1]")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "no path"),
        ("192.168.1.130", "no path"),
        ("http://h", "no path"),
        ("http://h?x=1", "no path"),
        ("ftp://h/a", "not a scheme"),
        ("gds://123/a", "activation code"),
        ("http://user:pw@h/a", "user information"),
        ("http://h:0/a", "no port"),
        ("http://h:65536/a", "no port"),
        ("http://h:/a", "no port"),
        ("http://h:8o/a", "no port"),
        ("http://h:٨٠/a", "printable ASCII"),
        ("http://h/a b", "printable ASCII"),
        ("http://h/\x00", "printable ASCII"),
        ("http://:80/a", "no host"),
        ("http://2001:db8::1/a", "no host"),
        ("http://[::1/a", "no host"),
        ("http://[1.2.3.4]/a", "no host"),
        ("http://[fe80::1%eth0]/a", "no host"),
        ("http://999.1.1.1/a", "no host"),
        ("http://-h/a", "no host"),
        ("http://a..b/a", "no host"),
        ("http://" + "a" * 64 + "/a", "no host"),
        ("http://" + "a." * 127 + "a/a", "no host"),
        ("$SERV/a", "no host"),
    ],
)
def test_a_url_that_cannot_be_followed_is_refused_with_the_reason(url, reason):
    with pytest.raises(RuleError, match=reason):
        resolve_url(url, DHCP)


@pytest.mark.parametrize(
    "fields", [("", "tftp", None), ("h", "ftp", None), ("h", "http", 0), ("h", "http", 65536)]
)
def test_a_default_server_that_no_rule_could_name_is_refused(fields):
    with pytest.raises(RuleError):
        DefaultServer(*fields)


hosts = st.sampled_from(["h", "ps.example", "10.0.0.1", "[::1]", "my_host.example."])
paths = st.text("abc/?#&=:.-_~%", max_size=20).map("/".__add__)


@settings(deadline=None)
@given(st.sampled_from(["tftp", "http", "https"]), hosts, st.integers(1, 65535), paths)
def test_a_complete_url_means_what_it_says(scheme, host, port, path):
    expected = Target(scheme, host.strip("[]"), port, path)
    assert resolve_url(f"{scheme}://{host}:{port}{path}", DHCP) == expected


@settings(deadline=None)
@given(st.text() | st.text("htp:/[]@.%1a?"), st.sampled_from([None, DHCP]))
def test_any_text_is_a_target_or_a_rule_error(text, server):
    try:
        target = resolve_url(text, server)
    except RuleError:
        return
    assert target.path.startswith("/")
    assert 1 <= target.port <= 65535
