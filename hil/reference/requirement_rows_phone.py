"""The clauses of the phone itself: its pages and reports, its log, its clock and its neighbours.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Level, Witness, row

FACES = (
    row(
        "web.resync",
        "/admin/resync? makes the phone resync with the rule that it names, or with its own.",
        "7800 Provisioning Guide, examples; " + sources.FORMATS + ", resync URL",
        "a request after the command",
        Witness.WEB,
        Witness.REQUEST,
    ),
    row(
        "web.upgrade",
        "/admin/upgrade? makes the phone upgrade by the rule that it names; without a server "
        "that is the host that asks.",
        sources.UPGRADE + "Upgrade Rule; " + sources.FORMATS + ", upgrade URL",
        "a request for the load after the command",
        Witness.WEB,
        Witness.REQUEST,
    ),
    row(
        "web.reboot",
        "/admin/reboot makes the phone reboot when it is idle.",
        "SPA Administration Guide, reboot URL",
        "the reboot after the command",
        Witness.WEB,
        Witness.REBOOT,
        level=Level.SHOULD,
    ),
    row(
        "web.access",
        "Enable_Web_Server and Enable_Direct_Action_Url allow the page's commands, and the "
        "administrator's password guards them.",
        "Administration Guide, Access Control",
        "the status of the answer, and what follows or not",
        Witness.WEB,
        Witness.ABSENCE,
    ),
    row(
        "web.pages",
        "The phone's pages show its parameters without secrets, and its state.",
        sources.FORMATS + ", downloading the configuration; web page reference",
        "the elements of the pages",
        Witness.WEB,
    ),
    row(
        "web.submit",
        "A configuration that is submitted by the web page is taken over, and the phone reboots.",
        "7800 Provisioning Guide, examples (Submit All Changes); " + sources.FORMATS,
        "the reboot, and the values on the page after it",
        Witness.WEB,
        Witness.REBOOT,
    ),
    row(
        "transfer.user_agent",
        "HTTP_User_Agent_Name, with its macros expanded, is how the phone names itself to "
        "HTTP servers; by default it is its product, its version and its MAC address.",
        "Administration Guide 11.3, Provisioning; configuration dumps",
        "the field User-Agent",
        Witness.TRANSFER,
    ),
    row(
        "report.rule",
        "A report goes to each server of Report_Rule, and holds the parameters, or what has "
        "changed with --delta, or the state with --status; --key encrypts it.",
        "8800 Administration Guide 11.3, Report Rule",
        "where reports go, and what they hold",
        Witness.REPORT,
        level=Level.SHOULD,
    ),
    row(
        "report.when",
        "A report goes out when it is asked for, after a local change, or periodically, as "
        "Report_To_Server says, by HTTP_Report_Method.",
        "8800 Administration Guide 11.3, Report Rule",
        "the time and the method of reports",
        Witness.REPORT,
        Witness.TIMING,
        level=Level.SHOULD,
    ),
    row(
        "syslog.level",
        "Debug_Level and Syslog_Identifier decide which messages the syslog server gets, and "
        "how they are marked.",
        "Conference phone Administration Guide, Troubleshooting",
        "the severities that come, and how messages are marked",
        Witness.SYSLOG,
    ),
    row(
        "neighbours.announced",
        "At boot the phone announces itself by CDP and LLDP-MED, where these are enabled.",
        "8831 Administration Guide, CDP and LLDP; 7832 Administration Guide, network",
        "the frames before the first DHCPDISCOVER",
        Witness.NEIGHBOURS,
        level=Level.SHOULD,
    ),
    row(
        "clock.ntp",
        "The phone takes the time from its NTP servers, those of its parameters first, and "
        "from none that has none.",
        "Administration Guide, Configure NTP Server; RFC 5905",
        "which server is asked, and the time of a resync by that clock",
        Witness.NTP,
        Witness.TIMING,
    ),
)
"""What the phone shows and tells of itself."""
