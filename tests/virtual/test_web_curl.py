"""The virtual phone's web pages as curl sees them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from web_phone import LAB, STATUS, WebPhone

from hil.reference.direct_actions import Accept
from hil.reference.due import Action
from hil.reference.profiles import decode
from hil.reference.status import parse


@pytest.fixture
def curl_phone(wall_lab):
    made = WebPhone(wall_lab)
    yield made
    made.call(made.web.cut)


def curl(phone, path, *options):
    url = f"http://{phone.lab.port.address}{path}"
    with phone.lab.network.namespace.entered():
        done = subprocess.run(
            [
                "curl",
                "-s",
                "-w",
                "\n%{http_code}",
                "--noproxy",
                "*",
                "--max-time",
                "5",
                *options,
                url,
            ],
            capture_output=True,
            check=False,
        )
    body, _, code = done.stdout.rpartition(b"\n")
    return int(code), body


needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None, reason="needs curl (Debian package curl)"
)


@pytest.mark.peer("curl")
@needs_curl
def test_curl_uploads_a_configuration(curl_phone, tmp_path):
    file = tmp_path / "my_config.xml"
    file.write_text("<flat-profile>\n  <Resync_Periodic>60</Resync_Periodic>\n</flat-profile>\n")
    curl_phone.set(Admin_Password="s3cret")
    path = "/admin/config.xml&xuser=admin&xpassword=s3cret"
    assert curl(curl_phone, "/admin/config.xml", "-d", f"@{file}")[0] == 401
    assert curl(curl_phone, path, "-d", f"@{file}")[0] == 200
    curl_phone.settle()
    assert curl_phone.told == [{"Resync_Periodic": "60"}]


@pytest.mark.peer("curl")
@needs_curl
@pytest.mark.parametrize("scheme", ["--basic", "--digest", "--anyauth"])
def test_curl_gives_a_command_with_its_password(curl_phone, scheme):
    curl_phone.set(Admin_Password="s3cret")
    path = "/admin/resync?%5B--key+$SA%5D/x.xml"
    assert curl(curl_phone, path, scheme, "-u", "admin:wrong")[0] == 401
    assert curl(curl_phone, path, scheme, "-u", "admin:s3cret")[0] == 200
    curl_phone.settle()
    assert curl_phone.told == [Accept(Action.RESYNC, "[--key $SA]/x.xml", LAB)]


@pytest.mark.peer("curl")
@needs_curl
def test_curl_reads_the_pages(curl_phone):
    code, body = curl(curl_phone, "/admin/cfg.xml", "--compressed")
    assert (code, decode(body).parameters["Profile_Rule"]) == (200, "/$PSN.xml")
    code, body = curl(curl_phone, "/admin/status.xml")
    assert (code, parse(body)) == (200, STATUS)
    assert curl(curl_phone, "/admin/status.xml", "-I")[0] == 200
