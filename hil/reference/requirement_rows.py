"""The clauses of firmware upgrades, of SIP and its error codes, of the phone's own faces and its clock.

Rows of `hil.reference.requirements`, which has those of profiles and their transfer: id, our words,
source.
"""

from __future__ import annotations

_PROFILE = "Configuration Profile Parameters, "
_UPGRADE = "Firmware Upgrade Parameters, "
_MACROS = "Macro Expansion Variables, "
_CODES = "Internal Error Codes, "
_FORMATS = "Administration Guide 11.3, Provisioning Formats"
_SECURITY = "Administration Guide 11.3, Phone Security"

TIMERS = (
    (
        "resync.at",
        "With a valid Resync_At the phone resyncs at that time of its clock, and "
        "Resync_Periodic is "
        "ignored; an invalid one is ignored itself.",
        _PROFILE + "Resync At (HHmm)",
    ),
    (
        "resync.at.random_delay",
        "The resync of Resync_At begins within Resync_At_Random_Delay after it, in whole "
        "minutes; a "
        "value below 600 counts as 600 seconds.",
        _PROFILE + "Resync At Random Delay",
    ),
    (
        "resync.at.clock",
        "The time of Resync_At is local: time zone, offset, daylight saving time, midnight.",
        _PROFILE + "Resync At (HHmm); Administration Guide, Time and Date",
    ),
    (
        "resync.idle",
        "The phone does not resync while one of its lines is active.",
        _PROFILE + "Forced Resync Delay",
    ),
    (
        "resync.forced_delay",
        "When all lines have become idle, resyncs wait until Forced_Resync_Delay seconds have "
        "passed.",
        _PROFILE + "Forced Resync Delay",
    ),
    (
        "resync.from_sip",
        "A SIP NOTIFY triggers a resync if Resync_From_SIP is Yes, and none if it is No.",
        _PROFILE + "Resync From SIP",
    ),
    (
        "resync.after_upgrade",
        "An upgrade attempt is followed by a resync if Resync_After_Upgrade_Attempt is Yes, and "
        "by none "
        "if it is No.",
        _PROFILE + "Resync After Upgrade Attempt",
    ),
    (
        "resync.after_update",
        "A reboot that a parameter update caused is not followed by a resync.",
        _PROFILE + "Resync On Reset",
    ),
    (
        "resync.trigger",
        "A resync is triggered when the equation in Resync_Trigger_1 or Resync_Trigger_2 "
        "evaluates to "
        "TRUE.",
        _PROFILE + "Resync Trigger 1, Resync Trigger 2",
    ),
    (
        "resync.user_configurable",
        "A user can resync the phone from its screen if User_Configurable_Resync is Yes, and "
        "not if it "
        "is No.",
        _PROFILE + "User Configurable Resync",
    ),
)

UPGRADES = (
    (
        "upgrade.enable",
        "Upgrade_Enable allows firmware upgrades, independently of Provision_Enable.",
        _UPGRADE + "Upgrade Enable",
    ),
    (
        "upgrade.rule",
        "Upgrade_Rule names the load, under conditions as in Profile_Rule; an empty rule, or "
        "one whose "
        "conditions do not hold, asks for none.",
        _UPGRADE + "Upgrade Rule",
    ),
    (
        "upgrade.url",
        "Without a protocol in Upgrade_Rule TFTP is used, without a port 69, 80 or 443.",
        _UPGRADE + "Upgrade Rule",
    ),
    (
        "upgrade.load",
        "A load that differs from the running one is fetched and installed; one that runs "
        "already is "
        "not fetched, one in the other partition is started without being fetched.",
        _FORMATS + ", Upgrade Rule",
    ),
    (
        "upgrade.corrupt_load",
        "A load that is missing, truncated, damaged or made for another model is not installed.",
        _UPGRADE + "Upgrade Error Retry Delay; " + _FORMATS + ", Upgrade Rule",
    ),
    (
        "upgrade.error_retry_delay",
        "After a failed upgrade the next attempt begins after Upgrade_Error_Retry_Delay.",
        _UPGRADE + "Upgrade Error Retry Delay",
    ),
    (
        "upgrade.settled",
        "What has been upgraded is not attempted again until the rule or its URL changes.",
        _FORMATS + ", Upgrade Rule",
    ),
    (
        "upgrade.idle",
        "An upgrade begins only while no line is active.",
        _FORMATS + ", Upgrade Rule",
    ),
    (
        "upgrade.install",
        "After a successful upgrade the phone reboots and runs the new load; a loss of power "
        "before "
        "that leaves a phone that boots.",
        _UPGRADE + "Upgrade Rule; " + _FORMATS + ", Upgrade Rule",
    ),
    (
        "log.upgrade_request",
        "Log_Upgrade_Request_Msg is sent at the start of an upgrade attempt.",
        _UPGRADE + "Log Upgrade Request Msg",
    ),
    (
        "log.upgrade_success",
        "Log_Upgrade_Success_Msg is sent after an upgrade attempt completes successfully.",
        _UPGRADE + "Log Upgrade Success Msg",
    ),
    (
        "log.upgrade_failure",
        "Log_Upgrade_Failure_Msg is sent after a failed upgrade attempt.",
        _UPGRADE + "Log Upgrade Failure Msg",
    ),
    (
        "upgrade.peer_sharing_log",
        "With Peer_Firmware_Sharing Yes, Peer_Firmware_Sharing_Log_Server is where its UDP "
        "messages go; "
        "with No there are none.",
        _UPGRADE + "Peer Firmware Sharing Log Server",
    ),
)

MACROS = (
    (
        "macros.upgrade",
        "$UPGST is 1 for a first upgrade attempt and 2 for a retry, $UPGERR the result of the "
        "previous "
        "attempt, $UPGTMR the seconds since it; $SWVER is the load that runs.",
        _MACROS + "UPGST, UPGERR, UPGTMR, SWVER",
    ),
    (
        "macros.registration",
        "$REGTMR1 and $REGTMR2 are the seconds since the line lost its registration.",
        _MACROS + "REGTMR1, REGTMR2",
    ),
    (
        "macros.external_address",
        "$EXTIP is the phone's external address, and nothing where it has none.",
        _MACROS + "EXTIP; 7800 Administration Guide, NAT Support Parameters",
    ),
    (
        "macros.hardware",
        "$HWVER is the hardware version; $UPGCOND is always true.",
        _MACROS + "HWVER, UPGCOND; SPA Provisioning Guides",
    ),
    (
        "macros.err",
        "$ERR is the result of the attempt that a message tells of; that of an upgrade is $UPGERR "
        "from then on.",
        _MACROS + "ERR",
    ),
    (
        "macros.parameters",
        "Macros are recognised in Profile_Rule, Profile_Rule_B to _D, Upgrade_Rule, "
        "Resync_Trigger_1 and "
        "_2, Log_* and, where their text is used, GPP_*; in the chapter's other parameters they are "
        "plain text.",
        _MACROS + "the list of parameters",
    ),
)

SIP = (
    (
        "sip.registration",
        "A line registers with its proxy, authenticates when it is asked to, and registers "
        "again before "
        "its registration expires.",
        "RFC 3261 section 10; 8800 Administration Guide, SIP settings",
    ),
    (
        "sip.transactions",
        "Requests are repeated and given up by the timers of RFC 3261.",
        "RFC 3261 section 17",
    ),
    (
        "sip.calls",
        "A line takes and makes calls, and answers what it is asked outside of them.",
        "RFC 3261 sections 11 to 15",
    ),
    (
        "sip.notify",
        "A NOTIFY is obeyed only if its sender authenticates, where Auth_Resync-Reboot asks for "
        "that; "
        "an event that the phone does not know has no effect.",
        _FORMATS + ", SIP NOTIFY; RFC 6665 section 4.1.3",
    ),
    (
        "sip.message_waiting",
        "A line subscribes to its mailbox at Voice_Mail_Server for Voice_Mail_Subscribe_Interval "
        "seconds a "
        "time, unless Voice_Mail_Enable is No, and takes what the server tells it.",
        "8800 Administration Guide, Ext (n), Voice Mail Server; RFC 3842; RFC 6665",
    ),
    (
        "sip.backup",
        "A registration that fails with a code of Try_Backup_RSC is tried with the backup proxy.",
        "8800 Administration Guide, SIP settings, Try Backup RSC",
    ),
    (
        "sip.register_retry",
        "A registration that fails with a code of Retry_Reg_RSC is tried again after "
        "Reg_Retry_Intvl, "
        "one that fails with another code after Reg_Retry_Long_Intvl.",
        "8800 Administration Guide, SIP settings, Retry Reg RSC",
    ),
    (
        "codes.x00",
        "X00 is a transport layer or ICMP error when sending a SIP request.",
        _CODES + "X00",
    ),
    (
        "codes.x20",
        "X20 is a SIP request that times out while waiting for a response.",
        _CODES + "X20",
    ),
    (
        "codes.x40",
        "X40 is a general SIP protocol error: an unacceptable codec in an answer, or no ACK in "
        "time.",
        _CODES + "X40",
    ),
    (
        "codes.x60",
        "X60 is a dialled number that is invalid according to the dial plan.",
        _CODES + "X60",
    ),
    (
        "codes.templates",
        "Templates such as X*, 5?? or 404 choose codes: ? is one character, * the rest.",
        _FORMATS + ", data types, RscTmplt",
    ),
)

FACES = (
    (
        "web.resync",
        "/admin/resync? makes the phone resync with the rule that it names, or with its own.",
        "7800 Provisioning Guide, examples; " + _FORMATS + ", resync URL",
    ),
    (
        "web.upgrade",
        "/admin/upgrade? makes the phone upgrade by the rule that it names; without a server "
        "that is the "
        "host that asks.",
        _UPGRADE + "Upgrade Rule; " + _FORMATS + ", upgrade URL",
    ),
    (
        "web.reboot",
        "/admin/reboot makes the phone reboot when it is idle.",
        "SPA Administration Guide, reboot URL",
    ),
    (
        "web.access",
        "Enable_Web_Server and Enable_Direct_Action_Url allow the page's commands, and the "
        "administrator's password guards them.",
        "Administration Guide, Access Control",
    ),
    (
        "web.pages",
        "The phone's pages show its parameters without secrets, and its state.",
        _FORMATS + ", downloading the configuration; web page reference",
    ),
    (
        "web.submit",
        "A configuration that is submitted by the web page is taken over, and the phone reboots.",
        "7800 Provisioning Guide, examples (Submit All Changes); " + _FORMATS,
    ),
    (
        "transfer.user_agent",
        "HTTP_User_Agent_Name, with its macros expanded, is how the phone names itself to HTTP "
        "servers; by default it is its product, its version and its MAC address.",
        "Administration Guide 11.3, Provisioning; configuration dumps",
    ),
    (
        "report.rule",
        "A report goes to each server of Report_Rule, and holds the parameters, or what has "
        "changed "
        "with --delta, or the state with --status; --key encrypts it.",
        "8800 Administration Guide 11.3, Report Rule",
    ),
    (
        "report.when",
        "A report goes out when it is asked for, after a local change, or periodically, as "
        "Report_To_Server says, by HTTP_Report_Method.",
        "8800 Administration Guide 11.3, Report Rule",
    ),
    (
        "syslog.level",
        "Debug_Level and Syslog_Identifier decide which messages the syslog server gets, and "
        "how they "
        "are marked.",
        "Conference phone Administration Guide, Troubleshooting",
    ),
    (
        "neighbours.announced",
        "At boot the phone announces itself by CDP and LLDP-MED, where these are enabled.",
        "8831 Administration Guide, CDP and LLDP; 7832 Administration Guide, network",
    ),
    (
        "clock.ntp",
        "The phone takes the time from its NTP servers, those of its parameters first, and from "
        "none "
        "that has none.",
        "Administration Guide, Configure NTP Server; RFC 5905",
    ),
)

SERVERS = (
    (
        "rules.credentials",
        "The arguments of --uid and --pwd may stand in quotes, may have characters in octal, and "
        "$SA to $SD expand in them.",
        _FORMATS + ", Profile Rule; 7800 Administration Guide, Upgrade Rule",
    ),
    (
        "rules.post",
        "With --post x the request is a POST, whose body is GPP_x with its macros expanded.",
        _FORMATS + ", Profile Rule; SPA Provisioning Guide, post",
    ),
    (
        "rules.alias",
        "With --alias x the alias map in GPP_x gives elements of any XML the names of parameters, by "
        "the right-most part of their path.",
        _FORMATS + ", Profile Rule; SPA Provisioning Guide, alias",
    ),
    (
        "rules.srv",
        "With --srv the host's SRV records say which host and port are asked, the lowest priority "
        "first; TFTP has none.",
        "Administration Guide, Provisioning: DNS SRV for HTTP; RFC 2782",
    ),
    (
        "transfer.authentication",
        "401 and 407 are answered at once with the rule's credentials, as Basic or Digest asks for "
        "them, at most twice.",
        "Administration Guide, Provisioning: HTTP status codes; RFC 7616, RFC 7617",
    ),
    (
        "dns.addresses",
        "The addresses of a host are tried one after another until one answers.",
        "Administration Guide, Phone Security: DNS",
    ),
    (
        "dns.ttl",
        "What DNS has told is used no longer than its TTL.",
        "RFC 1035 section 3.2.1",
    ),
    (
        "dns.truncation",
        "A truncated answer is asked for again over TCP.",
        "RFC 1035 section 4.2.1; RFC 7766 section 5",
    ),
    (
        "dns.failure",
        "A resync fails if its server has no address; what does not answer the question is no "
        "answer.",
        _PROFILE + "Resync Error Retry Delay; RFC 5452 section 9.1",
    ),
)
"""Options of rules that name or convince a server, and how it is found."""
