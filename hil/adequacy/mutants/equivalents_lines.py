"""Equivalent mutants of lines, their codes and plans, and of the phone's faces: pages, log, reports."""

from __future__ import annotations

from hil.adequacy.mutants.equivalent import Equivalent

_LIMIT = (
    "a limit of our own against what is hostile: nothing published asks for it, so that no test may "
    "rest on where it lies"
)
_NO_PLAN = "a text that is no dial plan: what a phone makes of one is not published"
_NO_SERVER = "a value that names no server: what a phone makes of one is not published"
_SAME_PLACE = "a search from before the beginning is one from the beginning"
_KEYS_ONLY = "what reaches the plan comes from the keys: at least one, and none but those"
_NARROWER = (
    "the phone begins within a part of the time that it is allowed, which no text forbids; each moment "
    "of the whole is as right"
)
_REFRESH = (
    "a binding may be refreshed at any moment before its end (RFC 3261 section 10.2.4), so one that is "
    "refreshed earlier than need be shows nothing"
)
_CLAUSE = (
    "by which clause something is due is for the judge's findings, and changes no moment of it"
)
_SINCE = (
    "since when a line has no registration is kept for the judge; the phone is told of the loss"
)
_RUNS_IN_ORDER = (
    "the phone tells its line only what it waits for, and only while it registers; a history can have "
    "it otherwise"
)
_ORDER = "two tuples that are made alike are compared, whatever the order of what is in them"
_OLDER_GUIDES = (
    "only older guides have Use_Outbound_Proxy and what it may be; what these phones make of a No is "
    "not published, and no verdict rests on it"
)
_ZERO = "no document says what an interval of 0 means"
_REFUSAL = (
    "how a NOTIFY is refused, and what of several reasons comes first, is not published: any refusal "
    "will do, and no verdict rests on which"
)
_CHECK_SYNC = "a phone may know check-sync or not (RFC 2119 MAY), so both are right"
_OTHER_PROFILE = "what a profile means in another event than resync is not published"

_NOBODY = "without a web server nobody answers, so nobody asks"
_STATUS = (
    "with which status a command is refused is not published, and that nothing follows is seen to by "
    "the machine as well, which knows what is enabled"
)
_PUT_FIRST = "the phone hands over the address's own credentials in the place of the others already"
_NO_ADMINISTRATOR = "what an administrator without a password may see is not published"
_TYPES = (
    "a guard that the type checker asks for: whoever calls this has made sure, and no phone gets here "
    "without"
)
_FROM_BOOT = (
    "whether the delay after a local change counts from it or from the boot that it causes is not "
    "published, nor what a second change means for it; either is right"
)
_NO_WIDTH = "the window of a report has no width, so both ends are the same"
_BOTH_AT_ONCE = (
    "two reports that are due while the phone is busy go out as one as soon as it is free, whichever "
    "of the two is kept"
)
_THREE = "what a phone makes of a Report_Rule with more than two destinations is not published"
_BY_TFTP = "whether a report may go out by TFTP, and how, is not published"
_NOT_ARRIVED = "what --delta compares with after a report that did not arrive is not published"
_TOLD = "that a report is over is told to the phone's own log, whose words nobody has published"
_OVER = "an attempt that is over is in nobody's way: the next one takes its place"
_NO_RULE = "without a rule a report has nowhere to go, so that one that is due comes to nothing"
_AT_ONCE = "how soon after it was asked for a report goes out is not published; a second is soon"
_NO_PARAMETER = (
    "the User-Agent of SIP is optional (RFC 3261 section 20.41), and no text says what it holds"
)
_NOTHING_DUE = "a line for which nothing is due sends nothing, whatever its phase is called"
_OTHER_ACCOUNT = (
    "whether a line that is given another account loses its registration by that, or was never "
    "registered, is not published, and so not since when $REGTMR1 counts then"
)
_AGAIN = (
    "a line that hears again that it is registered only subscribes to its mailbox again, which it may "
    "do at any time"
)
_SAME_LOSS = "a loss that is told again is the same one: the first time counts"
_ONE_BY_ONE = (
    "the phone does one thing after another and asks what is due only in between; what is asked for "
    "during a report may be done then or after it, and both ways it is done"
)
_NAMELESS = "a time server without a name is nobody who could be asked"
_SEVERITY = (
    "how severe the messages of Log_Request_Msg and its like are is not published: at a lower "
    "Debug_Level they may come or not"
)
_NO_LOG_SERVER = "without a server there is nobody who could see a message"
_PEERS = (
    "what the log server of Peer_Firmware_Sharing is told, and whether it is told anything, is not "
    "published: the reference phone tells it nothing, and one that does is right as well"
)
_READING = "under the default readings, by which the phone goes, both come to the same"
_NO_OFFSET = "an offset from UTC of a day and more: what a phone makes of one is not published"
_JUDGES = "what a message may read besides is for the judge; the phone sends one text"

LINES: tuple[Equivalent, ...] = (
    Equivalent("dial_plan", "*", "*", "*LONGEST_PLAN*", "*", _LIMIT),
    Equivalent("dial_plan", "DialPlan.verdict", "branch", "not number or *", "False", _KEYS_ONLY),
    Equivalent("dial_plan", "DialPlan.verdict", "connective", "not number or *", "*", _KEYS_ONLY),
    Equivalent("dial_plan", "DialPlan.verdict", "bound", "len(number) > LONGEST*", "*", _LIMIT),
    Equivalent("dial_plan", "DialPlan.verdict", "off-by-one", "LONGEST_NUMBER", "*", _LIMIT),
    Equivalent("dial_plan", "DialPlan.parse", "branch", "not opened or *", "False", _NO_PLAN),
    Equivalent("dial_plan", "DialPlan.parse", "connective", "not opened or *", "*", _NO_PLAN),
    Equivalent("dial_plan", "DialPlan.parse", "branch", "not _MASTER*", "False", _NO_PLAN),
    Equivalent("dial_plan", "_sequence", "branch", "barred", "False", _NO_PLAN),
    Equivalent("dial_plan", "_tokens", "branch", "match is None", "False", _NO_PLAN),
    Equivalent("dial_plan", "_keys", "branch", "token.lastgroup != 'set'", "False", _NO_PLAN),
    Equivalent("dial_plan", "_keys", "branch", "match is None", "False", _NO_PLAN),
    Equivalent("dial_plan", "_keys", "branch", "first > last", "False", _NO_PLAN),
    Equivalent("dial_plan", "_keys", "off-by-one", "0", "-1", _SAME_PLACE),
    Equivalent("registration", "advance", "branch", "line.phase is not *", "False", _RUNS_IN_ORDER),
    Equivalent(
        "registration", "_reconfigured", "branch", "line.phase is *", "False", _RUNS_IN_ORDER
    ),
    Equivalent("registration", "_reconfigured", "branch", "before == *", "False", _REFRESH),
    Equivalent("registration", "_account", "order", "*", "*", _ORDER),
    Equivalent("registration", "_register", "*", "*not servers*", "False", _RUNS_IN_ORDER),
    Equivalent(
        "registration", "_register", "update", "*RegistrationPhase.IDLE*", "*", _RUNS_IN_ORDER
    ),
    Equivalent(
        "registration",
        "_register",
        "update",
        "*REGISTERING, due=None*",
        "*REGISTERING)",
        _RUNS_IN_ORDER,
    ),
    Equivalent("registration", "_started", "off-by-one", "0", "1", _NARROWER),
    Equivalent("registration", "_granted", "branch", "line.has_passed_over", "True", _REFRESH),
    Equivalent(
        "registration", "_started", "branch", "*WAITING if registers*", "*WAITING", _NOTHING_DUE
    ),
    Equivalent("registration", "_failed", "branch", "*WAITING", "*WAITING", _NOTHING_DUE),
    Equivalent("registration", "_reconfigured", "branch", "(Lost(''),) if *", "*", _OTHER_ACCOUNT),
    Equivalent("registration", "_reconfigured", "result", "(_started*", "*())", _OTHER_ACCOUNT),
    Equivalent("registration", "_granted", "branch", "() if *", "(Registered*", _AGAIN),
    Equivalent("registration", "_failed", "branch", "(Lost(*) if *", "(Lost*", _SAME_LOSS),
    Equivalent("registration", "_granted", "update", "*lost_at=None*", "*failures=0)", _SINCE),
    Equivalent("registration", "_failed", "update", "*lost_at=*", "*failures + 1)", _SINCE),
    Equivalent("registration", "_failed", "statement", "clause = *", "*", _CLAUSE),
    Equivalent("registration", "_failed", "branch", "*line.lost_at*", "*", _SINCE),
    Equivalent("registration", "_due", "window", "delay.earliest", "delay.latest", _NARROWER),
    Equivalent(
        "line_decisions", "servers", "branch", "*goes_by*", "parameters.raw*", _OLDER_GUIDES
    ),
    Equivalent("line_decisions", "refresh", "off-by-one", "0", "1", _NARROWER),
    Equivalent("line_decisions", "fallback", "bound", "0 < interval < expires", "0 <= *", _ZERO),
    Equivalent(
        "line_decisions", "fallback", "bound", "0 < interval < expires", "*<= expires", _NARROWER
    ),
    Equivalent("line_decisions", "fallback", "off-by-one", "0", "-1", _ZERO),
    Equivalent("line_decisions", "short_delay", "off-by-one", "_BITS", "*", _LIMIT),
    Equivalent("line_decisions", "retry_after", "off-by-one", "LONGEST_DELAY", "*", _LIMIT),
    Equivalent("line_decisions", "retry_after", "statement", "*LONGEST_DELAY*", "*", _LIMIT),
    Equivalent("line_decisions", "_server", "connective", "domain is None or *", "*", _NO_SERVER),
    Equivalent(
        "line_decisions", "_server", "branch", "port is not None and *", "False", _NO_SERVER
    ),
    Equivalent("line_decisions", "_server", "bound", "0 < port < 65536", "*", _NO_SERVER),
    Equivalent("line_decisions", "_server", "off-by-one", "0", "-1", _NO_SERVER),
    Equivalent("line_decisions", "_server", "off-by-one", "65536", "65537", _NO_SERVER),
    Equivalent("line_decisions", "expires_granted", "result", "*", "granted", _REFRESH),
    Equivalent("notify", "read_event", "branch", "*LONGEST_RULE*", "(action, rule)", _LIMIT),
    Equivalent("notify", "read_event", "bound", "*LONGEST_RULE*", "*", _LIMIT),
    Equivalent("notify", "read_event", "off-by-one", "LONGEST_RULE", "*", _LIMIT),
    Equivalent("notify", "read_event", "branch", "action is not *", "False", _OTHER_PROFILE),
    Equivalent("notify", "decide", "branch", "needed and *", "False", _REFUSAL),
    Equivalent("notify", "decide", "*", "interpretations.notify_challenge*", "*", _REFUSAL),
    Equivalent("notify", "decide", "branch", "Challenge() if needed*", "Accept*", _REFUSAL),
    Equivalent(
        "notify", "decide", "*", "action is NotifyAction.CHECK_SYNC and *", "*or*", _CHECK_SYNC
    ),
    Equivalent("notify", "decide", "negation", "interpretations.check_sync*", "*", _CHECK_SYNC),
    Equivalent("notify", "decide", "off-by-one", "BAD_EVENT", "*", _REFUSAL),
    Equivalent("notify", "decide", "off-by-one", "FORBIDDEN", "*", _REFUSAL),
    Equivalent("notify", "decide", "branch", "action in RESYNCING*", "False", _REFUSAL),
    Equivalent(
        "direct_actions", "may_look", "connective", "bool(admin) and *", "*", _NO_ADMINISTRATOR
    ),
    Equivalent(
        "direct_actions",
        "decide",
        "branch",
        "not parameters.flag('Enable_Web_Server')",
        "False",
        _NOBODY,
    ),
    Equivalent("direct_actions", "decide", "off-by-one", "404", "*", _NOBODY),
    Equivalent("direct_actions", "decide", "off-by-one", "403", "*", _STATUS),
    Equivalent(
        "direct_actions", "decide", "connective", "command.credentials or *", "*", _PUT_FIRST
    ),
    Equivalent("direct_actions", "decide", "branch", "disabled and *", "False", _STATUS),
    Equivalent("direct_actions", "decide", "negation", "*provision_disabled*", "*", _STATUS),
    Equivalent(
        "direct_actions", "decide", "branch", "command.action is *UPGRADE and *", "False", _STATUS
    ),
    Equivalent("decisions", "may_ask", "branch", "action is Action.UPGRADE", "False", _STATUS),
    Equivalent("watching", "_origins", "order", "*lost.get(1); *", "*", _ORDER),
    Equivalent("user_agent", "sip_user_agent", "*", "*", "*", _NO_PARAMETER),
    Equivalent(
        "reporting", "changed", "update", "replace(phone, report_due=None)", "*", _FROM_BOOT
    ),
    Equivalent("reporting", "at_boot", "statement", "phone = replace(*", "*", _FROM_BOOT),
    Equivalent("reporting", "at_boot", "update", "*", "*", _FROM_BOOT),
    Equivalent("reporting", "at_boot", "*", "phone.report_due is not None", "*", _FROM_BOOT),
    Equivalent("reporting", "at_boot", "window", "before.earliest", "*", _NO_WIDTH),
    Equivalent("reporting", "began", "*", "*finished*", "*", _THREE),
    Equivalent("reporting", "began", "update", "replace(phone, report_due=None)", "*", _THREE),
    Equivalent(
        "reporting",
        "began",
        "update",
        "*phase=Phase.REPORTING*",
        "replace(phone, attempt*",
        _ONE_BY_ONE,
    ),
    Equivalent(
        "reporting", "due_now", "branch", "*phone.phase is *", "phone.report_due", _ONE_BY_ONE
    ),
    Equivalent("reporting", "began", "negation", "False", "True", _THREE),
    Equivalent("reporting", "*", "branch", "attempt is None", "False", _TYPES),
    Equivalent("reporting", "concluded", "branch", "'' if isinstance*", "''", _NOT_ARRIVED),
    Equivalent("reporting", "concluded", "branch", "not reason", "True", _NOT_ARRIVED),
    Equivalent("reporting", "_next", "update", "*attempt=None*", "*phase=Phase.WAITING)", _OVER),
    Equivalent("reporting", "_next", "order", "phone = replace(*", "*", _OVER),
    Equivalent("reporting", "_next", "result", "*Finished*", "(phone, ())", _TOLD),
    Equivalent("reporting", "_next", "negation", "not reason", "*", _TOLD),
    Equivalent(
        "reporting",
        "_expected",
        "branch",
        "phone.report_due is not None and *",
        "False",
        _BOTH_AT_ONCE,
    ),
    Equivalent(
        "reporting", "_expected", "bound", "phone.report_due.latest <= *", "*", _BOTH_AT_ONCE
    ),
    Equivalent("reporting", "_expected", "window", "*", "*", _NO_WIDTH),
    Equivalent("reports", "split_rules", "branch", "active[start:]*", "True", _NO_RULE),
    Equivalent("reports", "split_rules", "branch", "len(found) > *", "False", _THREE),
    Equivalent("reports", "split_rules", "off-by-one", "MOST_RULES", "MOST_RULES + 1", _THREE),
    Equivalent("reports", "resolve", "branch", "*'tftp'", "False", _BY_TFTP),
    Equivalent("reports", "delay", "branch", "not rules.active_text*", "False", _NO_RULE),
    Equivalent("reports", "delay", "off-by-one", "0", "1", _AT_ONCE),
    Equivalent("log_messages", "_parts", "*", "*", "*", _JUDGES),
    Equivalent("log_messages", "_readings", "*", "*", "*", _JUDGES),
    Equivalent("log_messages", "_understood", "branch", "*", "*", _JUDGES),
    Equivalent("log_messages", "_understood", "connective", "*", "*", _JUDGES),
    Equivalent("log_messages", "_understood", "negation", "*", "*", _JUDGES),
    Equivalent("log_messages", "_understood", "statement", "*", "*", _JUDGES),
    Equivalent("log_messages", "_understood", "update", "*", "*", _JUDGES),
    Equivalent("log_messages", "compose", "branch", "not is_sent*", "False", _SEVERITY),
    Equivalent("log_messages", "compose", "off-by-one", "NOTICE", "NOTICE - 1", _SEVERITY),
    Equivalent("log_messages", "compose", "branch", "not server", "False", _NO_LOG_SERVER),
    Equivalent("log_messages", "compose", "branch", "port and *", "False", _NO_SERVER),
    Equivalent("log_messages", "compose", "connective", "_PORT.fullmatch*", "*", _NO_SERVER),
    Equivalent("log_messages", "compose", "bound", "0 < int(port) < 65536", "*", _NO_SERVER),
    Equivalent("log_messages", "compose", "off-by-one", "0", "-1", _NO_SERVER),
    Equivalent("log_messages", "compose", "off-by-one", "65536", "65537", _NO_SERVER),
    Equivalent("peer_sharing", "message", "*", "kind not in UPGRADE_KINDS", "*", _PEERS),
    Equivalent("peer_sharing", "message", "branch", "*peer_sharing_log*", "False", _PEERS),
    Equivalent("peer_sharing", "message", "negation", "*peer_sharing_log*", "*", _PEERS),
    Equivalent("phone_clock", "time_zone", "branch", "daylight if *", "daylight", _READING),
    Equivalent("phone_clock", "daylight_of_offset", "*", "*", "*", _READING),
    Equivalent("phone_clock", "ntp_servers", "branch", "server", "True", _NAMELESS),
    Equivalent("phone_clock", "dhcp_time_offset", "branch", "seconds if *", "seconds", _NO_OFFSET),
    Equivalent("phone_clock", "dhcp_time_offset", "bound", "*DAY_S", "*", _NO_OFFSET),
    Equivalent("phone_clock", "dhcp_time_offset", "off-by-one", "DAY_S", "*", _NO_OFFSET),
)
"""Rows of `hil.adequacy.mutants.equivalents`."""
