"""Reports as they arrive at the bench: read back, opened, or told why not."""

import pytest

from hil.clients.reports import PhoneReport, read_report
from hil.history import events as ev
from hil.reference.parameters import Parameters
from hil.reference.reports import compose
from hil.reference.rules import Fetch
from hil.reference.status import SUCCEEDED, Product, Status, StatusLine

SET = Parameters({"GPP_A": "x", "GPP_SA": "k", "Resync_Periodic": "60"})
SEALED = SET.updated({"IKM_HTTP_Encrypt_Content": "0123456789abcdef"})
STATUS = Status(Product("CP-7832-3PCC"), (StatusLine(SUCCEEDED),))


def arrived(parameters=SET, **options):
    """The request that the bench's HTTP endpoint sees of a report with these options."""
    fetch = Fetch(1, "http", "192.0.2.1", 80, "/report", {}, options)
    report = compose(fetch, parameters, salt=bytes(16), status=STATUS)
    return request(report.body, report.content_encoding)


def request(body, encoding=""):
    return ev.HttpRequest(
        scheme="http",
        path="/report",
        peer="192.0.2.16:40000",
        port=80,
        transfer=1,
        method="POST",
        version="1.1",
        headers=(("content-encoding", encoding),) if encoding else (),
        body=body,
    )


def test_a_full_report_has_every_parameter_but_secrets():
    report = read_report(arrived())
    assert report.readable
    assert (report.parameters["GPP_A"], report.parameters["Resync_Random_Delay"]) == ("x", "2")
    assert "GPP_SA" not in report.parameters


def test_a_delta_has_what_was_set():
    assert read_report(arrived(delta="")).parameters == {"GPP_A": "x", "Resync_Periodic": "60"}


def test_a_status_report_is_read_as_the_status_page():
    assert read_report(arrived(status="")).status == STATUS


def test_a_key_opens_a_report():
    assert read_report(arrived(key="test123"), key="test123").parameters["GPP_A"] == "x"


def test_the_input_keying_material_opens_a_report_by_its_header():
    report = read_report(arrived(SEALED), ikm="0123456789abcdef")
    assert report.parameters["GPP_A"] == "x"


@pytest.mark.parametrize(
    ("event", "options", "problem"),
    [
        (arrived(key="test123"), {}, "not-xml"),
        (arrived(key="test123"), {"key": "other"}, "bad-key"),
        (arrived(), {"key": "test123"}, "bad-key"),
        (arrived(SEALED), {}, "bad-key"),
        (request(b""), {}, "not-xml"),
        (request(b"<device/>"), {}, "no-flat-profile"),
        (request(b"<flat-profile/>", "br"), {}, "bad-encoding"),
    ],
)
def test_what_cannot_be_read_has_a_problem_and_no_parameters(event, options, problem):
    report = read_report(event, **options)
    assert not report.readable
    assert report.problem.startswith(problem)
    assert report == PhoneReport(problem=report.problem)
