"""The clauses of macros: how they are written, what each stands for, and where they count.

Rows of `hil.reference.requirements`: id, our words, source.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources

MACROS = (
    (
        "macros.forms",
        "$NAME and $(NAME) expand alike; $$ is a single $; "
        "the text of a macro is not expanded again.",
        sources.MACROS + "introduction and $",
    ),
    (
        "macros.substring",
        "$(NAME:p) is the text from offset p, $(NAME:p:q) q characters of it.",
        sources.MACROS + "introduction",
    ),
    (
        "macros.unknown",
        "An unrecognised name stays as it is written.",
        sources.MACROS + "introduction",
    ),
    (
        "macros.general_purpose",
        "$A to $P are the contents of GPP_A to GPP_P.",
        sources.MACROS + "A through P",
    ),
    (
        "macros.secrets",
        "$SA to $SD are the contents of GPP_SA to GPP_SD, and only as arguments of --key.",
        sources.MACROS + "SA through SD",
    ),
    (
        "macros.mac",
        "$MA, $MAU and $MAC are the MAC address in lower case, upper case, and with colons.",
        sources.MACROS + "MA, MAU, MAC",
    ),
    (
        "macros.identity",
        "$PN, $PSN, $SN, $SWVER and $CCERT tell product, serial number, software and certificate.",
        sources.MACROS + "PN, PSN, SN, SWVER, CCERT",
    ),
    (
        "macros.address",
        "$IP is the phone's address within its local subnet.",
        sources.MACROS + "IP",
    ),
    (
        "macros.user_id",
        "$UIDn is the user id of line n.",
        sources.MACROS + "UIDn",
    ),
    (
        "macros.prvtmr",
        "$PRVTMR is the number of seconds since the last resync attempt.",
        sources.MACROS + "PRVTMR",
    ),
    (
        "macros.prvst",
        "$PRVST is -1 for a resync that was asked for, "
        "0 for the power-up one, 1 for a periodic one, 2 for a retry.",
        sources.MACROS + "PRVST",
    ),
    (
        "macros.target",
        "$SCHEME, $SERV, $SERVIP, $PORT and $PATH tell what is being requested, and from where.",
        sources.MACROS + "SCHEME, SERV, SERVIP, PORT, PATH",
    ),
)
"""The forms of macros, the phone's identity, and the resync at hand."""

STATE_MACROS = (
    (
        "macros.upgrade",
        "$UPGST is 1 for a first upgrade attempt and 2 for a retry, $UPGERR the result "
        "of the previous attempt, $UPGTMR the seconds since it; $SWVER is the load that runs.",
        sources.MACROS + "UPGST, UPGERR, UPGTMR, SWVER",
    ),
    (
        "macros.registration",
        "$REGTMR1 and $REGTMR2 are the seconds since the line lost its registration.",
        sources.MACROS + "REGTMR1, REGTMR2",
    ),
    (
        "macros.external_address",
        "$EXTIP is the phone's external address, and nothing where it has none.",
        sources.MACROS + "EXTIP; 7800 Administration Guide, NAT Support Parameters",
    ),
    (
        "macros.hardware",
        "$HWVER is the hardware version; $UPGCOND is always true.",
        sources.MACROS + "HWVER, UPGCOND; SPA Provisioning Guides",
    ),
    (
        "macros.err",
        "$ERR is the result of the attempt that a message tells of; "
        "that of an upgrade is $UPGERR from then on.",
        sources.MACROS + "ERR",
    ),
    (
        "macros.parameters",
        "Macros are recognised in Profile_Rule, Profile_Rule_B to _D, Upgrade_Rule, "
        "Resync_Trigger_1 and _2, Log_* and, where their text is used, GPP_*; "
        "in the chapter's other parameters they are plain text.",
        sources.MACROS + "the list of parameters",
    ),
)
"""Upgrades, registrations, addresses, and where macros count."""
