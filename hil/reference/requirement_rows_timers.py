"""The clauses of what else triggers a resync or holds one back, of what it says, and of what it leaves.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Witness, row

TIMERS = (
    row(
        "resync.at",
        "With a valid Resync_At the phone resyncs at that time of its clock, day by day.",
        sources.PROFILE + "Resync At (HHmm)",
        "the time of the request by the clock that the phone was told",
        Witness.TIMING,
        Witness.NTP,
    ),
    row(
        "resync.at.format",
        "Resync_At is four digits from 0000 to 2400, hours and minutes; anything else is ignored.",
        sources.PROFILE + "Resync At (HHmm)",
        "the time of the request, or periods in its place",
        Witness.TIMING,
        Witness.NTP,
    ),
    row(
        "resync.at.overrides_periodic",
        "With a valid Resync_At, Resync_Periodic is ignored.",
        sources.PROFILE + "Resync At (HHmm)",
        "no request between two days' times",
        Witness.ABSENCE,
        Witness.NTP,
    ),
    row(
        "resync.at.random_delay",
        "The resync of Resync_At begins within Resync_At_Random_Delay after it, in whole minutes.",
        sources.PROFILE + "Resync At Random Delay",
        "how far after the time the requests of several days come",
        Witness.TIMING,
        Witness.NTP,
    ),
    row(
        "resync.at.delay_range",
        "Resync_At_Random_Delay is at most 65535, and a number; no other value is taken.",
        sources.PROFILE + "Resync At Random Delay",
        "how far after the time the requests come after such a value",
        Witness.TIMING,
        Witness.NTP,
    ),
    row(
        "resync.at.delay_minimum",
        "A Resync_At_Random_Delay below 600 spreads resyncs over 0 to 600 seconds.",
        sources.PROFILE + "Resync At Random Delay",
        "how far after the time the requests of many days come",
        Witness.TIMING,
        Witness.NTP,
    ),
    row(
        "resync.at.clock",
        "The time of Resync_At is local: time zone, offset, daylight saving time, midnight.",
        sources.PROFILE + "Resync At (HHmm); Administration Guide, Time and Date",
        "the time of the request by the clock that the phone was told",
        Witness.TIMING,
        Witness.NTP,
    ),
    row(
        "resync.idle",
        "The phone does not resync while one of its lines is active.",
        sources.PROFILE + "Forced Resync Delay",
        "no request while a call lasts",
        Witness.ABSENCE,
        Witness.SIP,
    ),
    row(
        "resync.forced_delay",
        "When all lines have become idle, resyncs wait until Forced_Resync_Delay seconds "
        "have passed.",
        sources.PROFILE + "Forced Resync Delay",
        "the time from the end of the last call to the request",
        Witness.TIMING,
        Witness.SIP,
    ),
    row(
        "resync.forced_delay.range",
        "Forced_Resync_Delay is from 0 to 65535; no other value is taken.",
        sources.PROFILE + "Forced Resync Delay",
        "the time from the end of a call to the request after such a value",
        Witness.TIMING,
        Witness.SIP,
    ),
    row(
        "resync.from_sip",
        "A SIP NOTIFY triggers a resync if Resync_From_SIP is Yes, and none if it is No.",
        sources.PROFILE + "Resync From SIP",
        "a request after a NOTIFY, or none",
        Witness.REQUEST,
        Witness.SIP,
    ),
    row(
        "resync.after_upgrade",
        "An upgrade attempt is followed by a resync if Resync_After_Upgrade_Attempt is Yes, "
        "and by none if it is No.",
        sources.PROFILE + "Resync After Upgrade Attempt",
        "a request after the upgrade, or none",
        Witness.REQUEST,
        Witness.ABSENCE,
    ),
    row(
        "resync.after_update",
        "A reboot that a parameter update caused is not followed by a resync.",
        sources.PROFILE + "Resync On Reset",
        "no request after the reboot",
        Witness.ABSENCE,
        Witness.REBOOT,
    ),
    row(
        "resync.trigger",
        "A resync is triggered when the equation in Resync_Trigger_1 or Resync_Trigger_2 "
        "evaluates to TRUE.",
        sources.PROFILE + "Resync Trigger 1, Resync Trigger 2",
        "the request when the equation turns true",
        Witness.TIMING,
    ),
    row(
        "resync.user_configurable",
        "A user can resync the phone from its screen if User_Configurable_Resync is Yes, and "
        "not if it is No.",
        sources.PROFILE + "User Configurable Resync",
        "the key, and a request after it is pressed",
        Witness.SCREEN,
        Witness.REQUEST,
    ),
)
"""What else triggers a resync, and what holds one back."""

MESSAGES = (
    row(
        "log.request",
        "Log_Request_Msg is sent to the syslog server at the start of a resync attempt.",
        sources.PROFILE + "Log Request Msg",
        "the message, before the first request of the attempt",
        Witness.SYSLOG,
        Witness.TIMING,
    ),
    row(
        "log.success",
        "Log_Success_Msg is sent upon successful completion of a resync attempt.",
        sources.PROFILE + "Log Success Msg",
        "the message, after the transfer",
        Witness.SYSLOG,
        Witness.TIMING,
    ),
    row(
        "log.failure",
        "Log_Failure_Msg is sent after a failed resync attempt.",
        sources.PROFILE + "Log Failure Msg",
        "the message, after the transfer that failed",
        Witness.SYSLOG,
        Witness.TIMING,
    ),
)
"""What the phone says of a resync."""

PERSISTENCE = (
    row(
        "flash.persistence",
        "Parameters survive loss of power; a profile is applied whole or not at all.",
        sources.FORMATS + ", XML",
        "what is asked for after a loss of power at a chosen moment",
        Witness.REQUEST,
    ),
)
"""What outlives a loss of power."""
