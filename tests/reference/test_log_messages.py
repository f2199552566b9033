"""Log_Request_Msg, Log_Success_Msg and Log_Failure_Msg, and what a judge accepts for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.log_messages import LogKind, LogMessage, compose
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters

WHERE = MacroContext(scheme="tftp", serv="prov", servip="192.0.2.1", port="69", path="/x.xml")


def message(
    kind: LogKind,
    *,
    err: str = "",
    readings: Interpretations = DEFAULT,
    context: MacroContext = WHERE,
    **parameters: str,
) -> LogMessage | None:
    values = {"Syslog_Server": "192.0.2.9", **parameters}
    known = Parameters({}, readings).updated(values)
    return compose(kind, MacroTable(Identity("000e08aabbcc"), known, context, readings), err)


def sent(kind: LogKind, **chosen) -> LogMessage:
    made = message(kind, **chosen)
    assert made is not None
    return made


# --- the text


def test_the_defaults() -> None:
    head = "CP-7832-3PCC 00:0e:08:aa:bb:cc -- "
    assert sent(LogKind.REQUEST).text == head + "Requesting resync tftp://192.0.2.1:69/x.xml"
    assert sent(LogKind.SUCCESS, err="OK").text == (
        head + "Successful resync tftp://192.0.2.1:69/x.xml -- OK"
    )
    assert sent(LogKind.FAILURE, err="timeout").text == head + "Resync failed: timeout"


def test_an_empty_text_is_not_sent() -> None:
    assert message(LogKind.REQUEST, Log_Request_Msg="") is None
    assert message(LogKind.REQUEST, Log_Request_Msg="  ") is None


@pytest.mark.parametrize(
    ("server", "where"),
    [
        ("192.0.2.9", ("192.0.2.9", 514)),
        ("192.0.2.9:5514", ("192.0.2.9", 5514)),
        (" logs.example ", ("logs.example", 514)),
        ("logs.example:1", ("logs.example", 1)),
    ],
)
def test_it_goes_to_the_syslog_server(server: str, where: tuple[str, int]) -> None:
    made = sent(LogKind.REQUEST, Syslog_Server=server)
    assert (made.host, made.port) == where


@pytest.mark.parametrize(
    "server", ["", "  ", "host:0", "host:65536", "host:x", "host:99999999", "host:٦"]
)
def test_without_a_usable_syslog_server_nothing_is_sent(server: str) -> None:
    assert message(LogKind.REQUEST, Syslog_Server=server) is None


def test_macros_expand_once_and_secrets_not_at_all() -> None:
    made = sent(LogKind.REQUEST, Log_Request_Msg="$A $(B:1) $$ $SA $NOPE", GPP_A="$B", GPP_B="xyz")
    assert made.text == "$B yz $ $SA $NOPE"


# --- $ERR


def test_any_words_are_accepted_for_err_but_all_others_must_be_right() -> None:
    made = sent(LogKind.FAILURE, Log_Failure_Msg="<$ERR> on $PN <$ERR>", err="why")
    assert made.text == "<why> on CP-7832-3PCC <why>"
    assert made.accepts("<http_get failed> on CP-7832-3PCC <something else>")
    assert made.accepts("<> on CP-7832-3PCC <>")
    for wrong in ("<why> on CP-7832 <why>", "<why>", "why on CP-7832-3PCC why", ""):
        assert not made.accepts(wrong)


def test_a_part_of_err_is_as_unknown_as_the_whole() -> None:
    made = sent(LogKind.FAILURE, Log_Failure_Msg="<$(ERR:2:3)> <$(ERR:0:0)>", err="no answer")
    assert made.text == "< an> <>"
    assert made.accepts("<p_g> <>")
    assert not made.accepts("<p_g> <h>")


def test_upgerr_is_the_err_of_another_message() -> None:
    context = replace(WHERE, upgerr="http_get failed")
    made = sent(LogKind.REQUEST, Log_Request_Msg="<$UPGERR> $PN", context=context)
    assert made.text == "<http_get failed> CP-7832-3PCC"
    assert made.accepts("<file not found> CP-7832-3PCC")
    nothing_yet = sent(LogKind.REQUEST, Log_Request_Msg="<$UPGERR>")
    assert nothing_yet.accepts("<>")
    assert not nothing_yet.accepts("<http_get failed>")


def test_a_timer_shows_a_second_that_a_laboratory_sees_only_about() -> None:
    context = replace(WHERE, prvtmr="3600", regtmr1="299")
    made = sent(LogKind.REQUEST, Log_Request_Msg="$PRVTMR, $REGTMR1, $REGTMR2", context=context)
    assert made.text == "3600, 299, 0"
    assert made.accepts("3601, 300, 0")
    assert not made.accepts("3601, 300, 1")


def test_without_err_only_the_text_itself_is_accepted() -> None:
    made = sent(LogKind.REQUEST, Log_Request_Msg="asking")
    assert made.accepts("asking")
    assert not made.accepts("asking ")
    assert not made.accepts("Asking")


def test_parts_around_err_must_not_overlap() -> None:
    made = sent(LogKind.FAILURE, Log_Failure_Msg="ab$ERR!ba")
    assert made.accepts("ab!ba")
    assert not sent(LogKind.FAILURE, Log_Failure_Msg="ab$(ERR)ba").accepts("aba")


@given(st.text(max_size=20), st.lists(st.sampled_from(("$ERR", "a", "b", " ", "$$", "$PN"))))
def test_what_the_phone_sends_is_accepted(err: str, parts: list[str]) -> None:
    made = message(LogKind.FAILURE, Log_Failure_Msg="".join(parts), err=err)
    if made is not None:
        assert made.accepts(made.text)


@given(st.text(), st.text())
def test_accepting_never_raises(template: str, text: str) -> None:
    made = message(LogKind.SUCCESS, Log_Success_Msg=template)
    if made is not None:
        made.accepts(text)


# --- readings


def test_i17_the_scheme_may_be_read_in_upper_case() -> None:
    upper = DEFAULT.choose(scheme_case="upper")
    assert sent(LogKind.REQUEST, Log_Request_Msg="$SCHEME").text == "tftp"
    assert sent(LogKind.REQUEST, Log_Request_Msg="$SCHEME", readings=upper).text == "TFTP"


@pytest.mark.parametrize(
    ("port", "shown"), [("69", ""), ("80", ""), ("443", ""), ("8080", ":8080")]
)
def test_i18_the_default_port_may_be_read_as_hidden(port: str, shown: str) -> None:
    hidden = DEFAULT.choose(log_default_port="hidden")
    context = replace(WHERE, port=port)
    made = sent(LogKind.REQUEST, readings=hidden, context=context)
    assert made.text.endswith(f"tftp://192.0.2.1{shown}/x.xml")
    assert sent(LogKind.REQUEST, context=context).text.endswith(f"192.0.2.1:{port}/x.xml")


def test_i19_servip_may_stay_literal_in_the_request_message_alone() -> None:
    template = {"Log_Request_Msg": "to $SERVIP", "Log_Success_Msg": "from $SERVIP"}
    literal = DEFAULT.choose(log_request_servip="literal")
    either = DEFAULT.choose(log_request_servip="either")
    assert sent(LogKind.REQUEST, **template).text == "to 192.0.2.1"
    assert sent(LogKind.REQUEST, readings=literal, **template).text == "to $SERVIP"
    assert not sent(LogKind.REQUEST, readings=literal, **template).accepts("to 192.0.2.1")
    both = sent(LogKind.REQUEST, readings=either, **template)
    assert both.text == "to 192.0.2.1"
    assert both.accepts("to $SERVIP")
    assert sent(LogKind.SUCCESS, readings=literal, **template).text == "from 192.0.2.1"


def test_i20_the_success_message_may_end_without_err() -> None:
    without = DEFAULT.choose(log_success_err="without")
    either = DEFAULT.choose(log_success_err="either")
    long = "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Successful resync tftp://192.0.2.1:69/x.xml -- done"
    short = long.removesuffix(" -- done")
    assert sent(LogKind.SUCCESS, err="done").accepts(long)
    assert not sent(LogKind.SUCCESS, err="done").accepts(short)
    assert sent(LogKind.SUCCESS, readings=without, err="done").accepts(short)
    assert not sent(LogKind.SUCCESS, readings=without, err="done").accepts(long)
    both = sent(LogKind.SUCCESS, readings=either, err="done")
    assert both.accepts(long)
    assert both.accepts(short)
    assert both.text == long
