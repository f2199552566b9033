"""The clauses of SIP: registrations, calls, NOTIFY, and the internal error codes.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Level, Witness, row

SIP = (
    row(
        "sip.registration",
        "A line registers with its proxy, authenticates when it is asked to, and registers "
        "again before its registration expires.",
        "RFC 3261 section 10; 8800 Administration Guide, SIP settings",
        "the REGISTERs and what they ask for",
        Witness.SIP,
        Witness.TIMING,
    ),
    row(
        "sip.transactions",
        "Requests are repeated and given up by the timers of RFC 3261.",
        "RFC 3261 section 17",
        "repetitions, and when they end",
        Witness.SIP,
        Witness.TIMING,
    ),
    row(
        "sip.calls",
        "A line takes and makes calls, and answers what it is asked outside of them.",
        "RFC 3261 sections 11 to 15",
        "the responses and requests of calls",
        Witness.SIP,
    ),
    row(
        "sip.notify",
        "A NOTIFY is obeyed only if its sender authenticates, where Auth_Resync-Reboot asks "
        "for that; an event that the phone does not know has no effect.",
        sources.FORMATS + ", SIP NOTIFY; RFC 6665 section 4.1.3",
        "the answer to a NOTIFY, and what follows it",
        Witness.SIP,
        Witness.REQUEST,
    ),
    row(
        "sip.check_sync",
        "A phone may know the event check-sync; one that accepts it resyncs.",
        "field use by provisioning servers; " + sources.FORMATS + ", SIP NOTIFY",
        "a request after a NOTIFY that was accepted",
        Witness.SIP,
        Witness.REQUEST,
        level=Level.MAY,
    ),
    row(
        "sip.message_waiting",
        "A line subscribes to its mailbox at Voice_Mail_Server for "
        "Voice_Mail_Subscribe_Interval seconds a time, unless Voice_Mail_Enable is No, and "
        "takes what the server tells it.",
        "8800 Administration Guide, Ext (n), Voice Mail Server; RFC 3842; RFC 6665",
        "the SUBSCRIBEs and the answers to NOTIFYs",
        Witness.SIP,
        Witness.TIMING,
        level=Level.SHOULD,
    ),
    row(
        "sip.backup",
        "A registration that fails with a code of Try_Backup_RSC is tried with the backup proxy.",
        "8800 Administration Guide, SIP settings, Try Backup RSC",
        "REGISTERs at the backup proxy",
        Witness.SIP,
        level=Level.SHOULD,
    ),
    row(
        "sip.register_retry",
        "A registration that fails with a code of Retry_Reg_RSC is tried again after "
        "Reg_Retry_Intvl, one that fails with another code after Reg_Retry_Long_Intvl.",
        "8800 Administration Guide, SIP settings, Retry Reg RSC",
        "the time between REGISTERs",
        Witness.SIP,
        Witness.TIMING,
        level=Level.SHOULD,
    ),
    row(
        "codes.x00",
        "X00 is a transport layer or ICMP error when sending a SIP request.",
        sources.CODES + "X00",
        "the code in the log, and the proxy that is tried next",
        Witness.SYSLOG,
        Witness.SIP,
    ),
    row(
        "codes.x20",
        "X20 is a SIP request that times out while waiting for a response.",
        sources.CODES + "X20",
        "the code in the log, and the proxy that is tried next",
        Witness.SYSLOG,
        Witness.SIP,
    ),
    row(
        "codes.x40",
        "X40 is a general SIP protocol error: an unacceptable codec in an answer, or no ACK "
        "in time.",
        sources.CODES + "X40",
        "the code in the log",
        Witness.SYSLOG,
        Witness.SIP,
    ),
    row(
        "codes.x60",
        "X60 is a dialled number that is invalid according to the dial plan.",
        sources.CODES + "X60",
        "the code in the log, and no INVITE",
        Witness.SYSLOG,
        Witness.ABSENCE,
    ),
    row(
        "codes.templates",
        "Templates such as X*, 5?? or 404 choose codes: ? is one character, * the rest.",
        sources.FORMATS + ", data types, RscTmplt",
        "the proxy that is tried next",
        Witness.SIP,
    ),
)
"""Lines, calls, and the codes of what fails."""
