"""The sentences of the sections on firmware upgrades, general purpose parameters and error codes."""

from __future__ import annotations

from hil.reference.chapter import INTRODUCTION
from hil.reference.sentence import Reason, aside, row, says

_UPGRADE = "Firmware Upgrade Parameters"
_GENERAL = "General Purpose Parameters"
_CODES = "Internal Error Codes"

UPGRADE_ROWS = (
    row(
        _UPGRADE,
        INTRODUCTION,
        "29dd812000aa46a891d02c27ea6de2e216b840741cad175f2387051db30d4113",
        aside("a table follows", Reason.INTRODUCTION),
    ),
    row(
        _UPGRADE,
        "Upgrade Enable",
        "6654e31b99c8eac2368a84d969807253ff43ce2699b10296ab114dfa2838a962",
        says("enables upgrades, apart from resyncs", "upgrade.enable", "provision.enable"),
        says("Yes by default", "upgrade.enable.default"),
    ),
    row(
        _UPGRADE,
        "Upgrade Error Retry Delay",
        "a94ba49277411b22d49c4cf194608bb5d30a78aeb8b57f07a9543dd91051e52c",
        says("the seconds to the next attempt after a failure", "upgrade.error_retry_delay"),
        says(
            "a timer starts with the failure", "upgrade.error_retry_delay", "upgrade.corrupt_load"
        ),
        says("it starts with this value", "upgrade.error_retry_delay"),
        says("the attempt comes when it is at zero", "upgrade.error_retry_delay"),
        says("3600 seconds by default", "upgrade.error_retry_delay.default"),
    ),
    row(
        _UPGRADE,
        "Upgrade Rule",
        "4208507ef168dbc662829e312a7b8c2d34179153027ef5e85f36829f46f0c338",
        says("conditions and the URLs of loads", "upgrade.rule", "upgrade.load", "upgrade.install"),
        says("written as Profile_Rule is", "upgrade.rule", "macros.parameters"),
        says("protocol, server, port, path and load", "upgrade.url"),
        aside("one that names a TFTP server by its address", Reason.EXAMPLE),
        says("TFTP without a protocol", "upgrade.url", "transfer.tftp"),
        says("without a server the host that asks", "upgrade.url.server", "web.upgrade"),
        says("port 69, 80 or 443 without a port", "upgrade.url.port"),
        says("blank by default", "upgrade.rule.default"),
    ),
    row(
        _UPGRADE,
        "Log Upgrade Request Msg",
        "1883397e5007cf6526f87b53750f8811e3d7f53e5bd67ebbee68d1cdd14917be",
        says("sent when an attempt starts", "log.upgrade_request"),
        says("its default", "log.upgrade_request.default"),
    ),
    row(
        _UPGRADE,
        "Log Upgrade Success Msg",
        "f4007ba443752071d0ad082bfc807ad1eb7121e471e42d280c0c24a7b2923980",
        says("sent when an attempt has succeeded", "log.upgrade_success"),
        says("its default", "log.upgrade_success.default"),
    ),
    row(
        _UPGRADE,
        "Log Upgrade Failure Msg",
        "a3b4611da4d297288fdd253239720526d62cc3852789fd714da1b61f207ae36d",
        says("sent when an attempt has failed", "log.upgrade_failure"),
        says("its default", "log.upgrade_failure.default"),
    ),
    row(
        _UPGRADE,
        "Peer Firmware Sharing",
        "302402c792ed0007b4f8a0ed977526f97e56010eb40f0e967f6e0f72e44dd170",
        says("switches sharing among phones, of which one alone shows No", "upgrade.peer_sharing"),
        aside("Yes or No is to be selected", Reason.ADVICE),
        says("Yes by default", "upgrade.peer_sharing.default"),
    ),
    row(
        _UPGRADE,
        "Peer Firmware Sharing Log Server",
        "7cab9107e12534d3dcf3b1c0972b179547ad387005c120f0b147604ff3d2935f",
        says("address and port of the UDP message", "upgrade.peer_sharing_log"),
        aside("an address with port 514", Reason.EXAMPLE),
        says("the colon stands between address and port", "upgrade.peer_sharing_log"),
    ),
)
"""Every row of the section on upgrades, in the order of print."""

GENERAL_ROWS = (
    row(
        _GENERAL,
        INTRODUCTION,
        "f724ff8f75354d7d2abdca12462188350bdec54e0f95744fa734ba07d7ef7a5f",
        aside("a table follows", Reason.INTRODUCTION),
    ),
    row(
        _GENERAL,
        "GPP A - GPP P",
        "fb2e82faa4380866848914a2a4df052123c3ff7acb9340b0419d1bba2e655260",
        says("registers for any text", "general.registers", "macros.general_purpose"),
        says("they may hold different things", "general.registers"),
        says("keys", "general.registers"),
        says("addresses of files", "general.registers"),
        says("how far provisioning has come", "general.registers", "rules.assignments"),
        says("the body of --post", "rules.post"),
        says("the map of --alias", "rules.alias"),
        says("parts that make up a value", "general.registers"),
        says("blank by default", "general.default"),
    ),
)
"""The row of the general purpose parameters."""

CODE_ROWS = (
    row(
        _CODES,
        INTRODUCTION,
        "726a5d6966588a6dcc33fb77546a2de39c7e1deec93bf7567ec0a8529cdf6621",
        says(
            "codes from X00 to X99 make the phone's behaviour in errors configurable",
            "codes.templates",
            "sip.backup",
            "sip.register_retry",
        ),
    ),
    row(
        _CODES,
        "X00",
        "6f90d452db3ca7edf359d6e2cbf420bbc0e3c80c5ad1d2dfe95adf9413e2d073",
        says("the transport, or ICMP, fails a request", "codes.x00"),
    ),
    row(
        _CODES,
        "X20",
        "a80c6b34c2eed21c101697863b7ef706c597265180630eec17f36966744a5c54",
        says("a request times out", "codes.x20"),
    ),
    row(
        _CODES,
        "X40",
        "a64c681a349d91f753da018623009aab72ac44d9b27ebdc883ab9e4ca94df5d0",
        says("the protocol is broken: a codec, a missing ACK", "codes.x40"),
    ),
    row(
        _CODES,
        "X60",
        "76eebc552e6477f44acd6ce52c181def8a66426e6710300ae2de86cb8e29e4a0",
        says("the dial plan does not have the number", "codes.x60"),
    ),
)
"""Every row of the section on codes, in the order of print."""
