"""A rule that is not of the published form names no profile: the resync fails, and nobody is asked.

The form is ``[ conditional-expr ] [ assignment-expr ] [[ options ]] URL``, alternatives joined by ``|``
(Administration Guide 11.3, Provisioning Formats).
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DnsQuery, ProvisioningRequest
from hil.marks import requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import failure_told

CONDITIONS = (
    '("a" eq "b" http://HOST/x.xml',
    '("a" eq "a") http://HOST/x.xml',
    '("a" eq "a")? (1 eq 1)? http://HOST/x.xml',
    '("a" eq "a)? http://HOST/x.xml | http://HOST/y.xml',
    '("a" "eq" "a")? http://HOST/x.xml',
    '("a" eq)? http://HOST/x.xml',
    "(eq eq eq eq)? http://HOST/x.xml",
    '("a" eq "a" and)? http://HOST/x.xml',
    '(and "a" eq "a")? http://HOST/x.xml',
    '("a" eq =)? http://HOST/x.xml',
    "(1 2 1)? http://HOST/x.xml",
    "()? http://HOST/x.xml",
    "(Provisioned)? http://HOST/x.xml",
    '("true")? http://HOST/x.xml',
    "(1 eq 1 and and 1 eq 1)? http://HOST/x.xml",
    "(1 ( 1)? http://HOST/x.xml",
    "(= = 1)? http://HOST/x.xml",
    "(1 e_q 1)? http://HOST/x.xml",
    "http://HOST/x.xml | http://HOST/y.xml",
)
ASSIGNMENTS = (
    "(GPP_A)! http://HOST/x.xml",
    "(GPP_A = unquoted;)! http://HOST/x.xml",
    '(GPP_A = "1";)! (GPP_B = "2";)! http://HOST/x.xml',
)
OPTIONS = (
    "[--key secret http://HOST/x.xml",
    "[--nonsense 1] http://HOST/x.xml",
    "[key secret] http://HOST/x.xml",
    "[--key one --key two] http://HOST/x.xml",
    "[--key] http://HOST/x.xml",
    "[--key --post a] http://HOST/x.xml",
    '[--key "open] http://HOST/x.xml',
    "[--post q] http://HOST/x.xml",
    "[--post ab] http://HOST/x.xml",
    "[--post 1] http://HOST/x.xml",
    "[--srv] tftp://HOST/x.xml",
    "[--key secret]",
    "[--key secret",
    '[--key"]http://HOST/x.xml',
)
TOO_LONG = ".".join(["a" * 63] * 3 + ["b" * 54, "example"])
"""A host name of 254 characters, one more than there may be (RFC 1123 section 2.1)."""
URLS = (
    "ftp://HOST/x.xml",
    "gds://HOST/x.xml",
    "HOST",
    "tftp://HOST",
    "http://HOST",
    "http://HOST:0/x.xml",
    "http://HOST:65536/x.xml",
    "http://HOST:http/x.xml",
    "http://phone:secret@HOST/x.xml",
    "http://192.0.2.256/x.xml",
    "http://-prov-.example/x.xml",
    "http://prov..example/x.xml",
    f"http://{'a' * 64}.example/x.xml",
    f"http://{TOO_LONG}/x.xml",
    "http://HOST?x.xml",
    "http://[fe80::1%25eth0]/x.xml",
    "http://[not-an-address]/x.xml",
    "http://[::1/x.xml",
    "http://a:b:c/x.xml",
    "http://:80/x.xml",
    "http:///x.xml",
    "http://HOST/päth.xml",
)
PROFILE = flat_profile(GPP_P="applied")


def _in_the_rule(name: str) -> bool:
    return "example" in name or name == "192.0.2.256"


@requirement("resync.failure")
@pytest.mark.parametrize("rule", [*CONDITIONS, *ASSIGNMENTS, *OPTIONS, *URLS])
def test_the_resync_fails_and_nobody_is_asked(
    rule: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    for path in ("/x.xml", "/y.xml"):
        http.serve(path, PROFILE)
    up = handset.boot(
        Profile_Rule=rule.replace("HOST", str(http.address)),
        Syslog_Server=str(syslog.address),
        Resync_Random_Delay="0",
        Resync_Error_Retry_Delay="0",
    )
    failure_told(history, handset, up)
    asked = [type(each).__name__ for each in history.all(ProvisioningRequest, after=up)]
    asked += [each.name for each in history.all(DnsQuery, after=up) if _in_the_rule(each.name)]
    history.check("requests", seen=asked, due=[])
