"""The clauses of the macros that tell of upgrades, registrations and addresses, and where macros count.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Witness, row

STATE_MACROS = (
    row(
        "macros.upgrade",
        "$UPGST is 1 for a first upgrade attempt and 2 for a retry.",
        sources.MACROS + "UPGST",
        "a message or a rule with the macro",
        Witness.SYSLOG,
        Witness.REQUEST,
    ),
    row(
        "macros.upgerr",
        "$UPGERR is the result of the upgrade attempt before.",
        sources.MACROS + "UPGERR",
        "messages with the macro",
        Witness.SYSLOG,
    ),
    row(
        "macros.upgtmr",
        "$UPGTMR is the number of seconds since the last upgrade attempt.",
        sources.MACROS + "UPGTMR",
        "messages with the macro, beside the time that is measured",
        Witness.SYSLOG,
        Witness.TIMING,
    ),
    row(
        "macros.registration",
        "$REGTMR1 and $REGTMR2 are the seconds since the line lost its registration.",
        sources.MACROS + "REGTMR1, REGTMR2",
        "the path of a rule with the macro, beside the time that is measured",
        Witness.REQUEST,
        Witness.SIP,
    ),
    row(
        "macros.external_address",
        "$EXTIP is the phone's external address, and nothing where it has none.",
        sources.MACROS + "EXTIP; 7800 Administration Guide, NAT Support Parameters",
        "the path of a rule with the macro",
        Witness.REQUEST,
    ),
    row(
        "macros.hardware",
        "$HWVER is the hardware version; $UPGCOND is always true.",
        sources.MACROS + "HWVER, UPGCOND; SPA Provisioning Guides",
        "the path of a rule with the macro, or which alternative is taken",
        Witness.REQUEST,
    ),
    row(
        "macros.err",
        "$ERR is the result of the attempt that a message tells of; that of an upgrade is "
        "$UPGERR from then on.",
        sources.MACROS + "ERR",
        "messages with the macro",
        Witness.SYSLOG,
    ),
    row(
        "macros.parameters",
        "Macros are recognised in Profile_Rule, Profile_Rule_B to _D, Upgrade_Rule, "
        "Resync_Trigger_1 and _2, Log_* and, where their text is used, GPP_*; in the "
        "chapter's other parameters they are plain text.",
        sources.MACROS + "the list of parameters",
        "text with a macro, where the parameter is used",
        Witness.REQUEST,
        Witness.SYSLOG,
    ),
)
"""Upgrades, registrations, addresses, and where macros count."""
