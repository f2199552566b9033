"""The clauses of macros: how they are written, what each stands for, and where they count.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Witness, row

MACROS = (
    row(
        "macros.forms",
        "$NAME and $(NAME) expand alike; the text of a macro is not expanded again.",
        sources.MACROS + "introduction",
        "the path of a rule with the macro",
        Witness.REQUEST,
    ),
    row(
        "macros.dollar",
        "$$ expands to a single $.",
        sources.MACROS + "$",
        "the path of a rule with it",
        Witness.REQUEST,
    ),
    row(
        "macros.substring",
        "$(NAME:p) is the text from offset p, $(NAME:p:q) q characters of it.",
        sources.MACROS + "introduction",
        "the path of a rule with the macro",
        Witness.REQUEST,
    ),
    row(
        "macros.unknown",
        "An unrecognised name stays as it is written.",
        sources.MACROS + "introduction",
        "the path of a rule with the name",
        Witness.REQUEST,
    ),
    row(
        "macros.general_purpose",
        "$A to $P are the contents of GPP_A to GPP_P.",
        sources.MACROS + "A through P",
        "the path of a rule with the macros",
        Witness.REQUEST,
    ),
    row(
        "general.registers",
        "GPP_A to GPP_P hold any text for the rules to use: keys, URLs, states, parts of values.",
        sources.GENERAL + "GPP A - GPP P",
        "the request of a rule that uses them",
        Witness.REQUEST,
    ),
    row(
        "macros.secrets",
        "$SA to $SD are the contents of GPP_SA to GPP_SD, and only as arguments of --key.",
        sources.MACROS + "SA through SD",
        "what the key decrypts; no message, request or report that tells it",
        Witness.REQUEST,
        Witness.SYSLOG,
    ),
    row(
        "macros.mac",
        "$MA, $MAU and $MAC are the MAC address in lower case, upper case, and with colons.",
        sources.MACROS + "MA, MAU, MAC",
        "the path of a rule with the macro",
        Witness.REQUEST,
    ),
    row(
        "macros.identity",
        "$PN and $PSN are the product and its series.",
        sources.MACROS + "PN, PSN; 7800 Provisioning Guide",
        "the path of a rule with the macro",
        Witness.REQUEST,
    ),
    row(
        "macros.sn",
        "$SN is the serial number.",
        sources.MACROS + "SN",
        "the path of a rule with the macro",
        Witness.REQUEST,
    ),
    row(
        "macros.swver",
        "$SWVER is the load that runs.",
        sources.MACROS + "SWVER",
        "the path of a rule with the macro, before and after an upgrade",
        Witness.REQUEST,
        Witness.SYSLOG,
    ),
    row(
        "macros.ccert",
        "$CCERT is Installed or Not Installed, as the client certificate is.",
        sources.MACROS + "CCERT",
        "which alternative is taken",
        Witness.REQUEST,
    ),
    row(
        "macros.address",
        "$IP is the phone's address within its local subnet.",
        sources.MACROS + "IP",
        "the path of a rule with the macro",
        Witness.REQUEST,
        Witness.DHCP,
    ),
    row(
        "macros.user_id",
        "$UIDn is the user id of line n.",
        sources.MACROS + "UIDn",
        "the path of a rule with the macro",
        Witness.REQUEST,
    ),
    row(
        "macros.prvtmr",
        "$PRVTMR is the number of seconds since the last resync attempt.",
        sources.MACROS + "PRVTMR",
        "the path of a rule with the macro, beside the time that is measured",
        Witness.REQUEST,
        Witness.TIMING,
    ),
    row(
        "macros.prvst",
        "$PRVST is -1 for a resync that was asked for, 0 for the power-up one, 1 for a "
        "periodic one, 2 for a retry.",
        sources.MACROS + "PRVST",
        "the path of a rule with the macro",
        Witness.REQUEST,
    ),
    row(
        "macros.target",
        "$SCHEME, $SERV, $SERVIP, $PORT and $PATH tell what is being requested, and from where.",
        sources.MACROS + "SCHEME, SERV, SERVIP, PORT, PATH",
        "a message with the macros",
        Witness.SYSLOG,
    ),
)
"""The forms of macros, the phone's identity, and the resync at hand."""
