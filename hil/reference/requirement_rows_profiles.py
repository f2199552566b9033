"""The clauses of resyncs and profiles: when one is fetched, by which rule, and what it sets.

Rows of `hil.reference.requirements`: id, our words, source.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources

PROFILES = (
    (
        "provision.enable",
        "With Provision_Enable set to No there is no resync of any kind; with Yes there is.",
        sources.PROFILE + "Provision Enable",
    ),
    (
        "resync.on_reset",
        "Every reboot but those that updates and upgrades cause triggers "
        "a resync if Resync_On_Reset is Yes, and none does if it is No.",
        sources.PROFILE + "Resync On Reset",
    ),
    (
        "resync.random_delay",
        "The resync after boot-up begins at a random moment within Resync_Random_Delay seconds.",
        sources.PROFILE + "Resync Random Delay",
    ),
    (
        "resync.periodic",
        "After a successful resync the next one begins after Resync_Periodic: "
        "a number of seconds, a list taken element by element, or a range; zero disables it.",
        sources.PROFILE + "Resync Periodic",
    ),
    (
        "resync.periodic.first_success",
        "The timer of Resync_Periodic runs only after the first successful resync.",
        sources.PROFILE + "Resync Periodic",
    ),
    (
        "resync.error_retry_delay",
        "After a failed resync the next attempt begins after Resync_Error_Retry_Delay: a number "
        "of seconds, a list taken element by element, or a range; zero means no further attempt.",
        sources.PROFILE + "Resync Error Retry Delay",
    ),
    (
        "resync.failure",
        "A resync fails if the profile cannot be retrieved, is corrupt, "
        "or an internal error occurs; the next attempt starts again with the first rule.",
        sources.PROFILE + "Resync Error Retry Delay; " + sources.FORMATS + ", Profile Rule",
    ),
    (
        "resync.fails_on_fnf",
        "A file-not-found answer fails the resync unless Resync_Fails_On_FNF is No.",
        sources.PROFILE + "Resync Fails On FNF",
    ),
    (
        "rules.sequence",
        "During every resync the profiles of Profile_Rule, _B, _C and _D are applied in sequence.",
        sources.PROFILE + "Profile Rule",
    ),
    (
        "rules.default",
        "Without configuration the phone asks for /$PSN.xml.",
        sources.PROFILE + "Profile Rule",
    ),
    (
        "rules.alternatives",
        "Of a rule's alternatives the first whose condition holds is taken; "
        "if none holds, the rule is skipped.",
        sources.FORMATS + ", conditional expressions",
    ),
    (
        "rules.assignments",
        "The assignments of the chosen alternative are made before its file is fetched.",
        sources.FORMATS + ", assignment expressions",
    ),
    (
        "rules.url",
        "Without a scheme TFTP is used, without a port 69, 80 or 443, "
        "without a server the one that DHCP named.",
        sources.UPGRADE + "Upgrade Rule; " + sources.FORMATS + ", URL",
    ),
    (
        "rules.key",
        "--key decrypts the profile with AES-256-CBC; the key may stand in double quotes.",
        sources.PROFILE + "Profile Rule",
    ),
    (
        "profile.format",
        "A flat-profile sets the parameters that it names, "
        "the last occurrence counting; the others keep their values.",
        sources.FORMATS + ", XML",
    ),
    (
        "profile.compression",
        "A gzip file is recognised by its header and expanded, after decryption.",
        sources.FORMATS + ", compression",
    ),
    (
        "profile.rfc8188",
        "An answer with Content-Encoding aes128gcm is decrypted with IKM_HTTP_Encrypt_Content.",
        sources.FORMATS + ", RFC 8188",
    ),
)
"""Whether and when the phone resyncs, its rules, and what a profile is."""

MESSAGES = (
    (
        "log.request",
        "Log_Request_Msg is sent to the syslog server at the start of a resync attempt.",
        sources.PROFILE + "Log Request Msg",
    ),
    (
        "log.success",
        "Log_Success_Msg is sent upon successful completion of a resync attempt.",
        sources.PROFILE + "Log Success Msg",
    ),
    (
        "log.failure",
        "Log_Failure_Msg is sent after a failed resync attempt.",
        sources.PROFILE + "Log Failure Msg",
    ),
)
"""What the phone says of a resync."""

PERSISTENCE = (
    (
        "flash.persistence",
        "Parameters survive loss of power; a profile is applied whole or not at all.",
        sources.PROFILE + "Resync On Reset; " + sources.FORMATS + ", XML",
    ),
)
"""What outlives a loss of power."""

TIMERS = (
    (
        "resync.at",
        "With a valid Resync_At the phone resyncs at that time of its clock, "
        "and Resync_Periodic is ignored; an invalid one is ignored itself.",
        sources.PROFILE + "Resync At (HHmm)",
    ),
    (
        "resync.at.random_delay",
        "The resync of Resync_At begins within Resync_At_Random_Delay after it, "
        "in whole minutes; a value below 600 counts as 600 seconds.",
        sources.PROFILE + "Resync At Random Delay",
    ),
    (
        "resync.at.clock",
        "The time of Resync_At is local: time zone, offset, daylight saving time, midnight.",
        sources.PROFILE + "Resync At (HHmm); Administration Guide, Time and Date",
    ),
    (
        "resync.idle",
        "The phone does not resync while one of its lines is active.",
        sources.PROFILE + "Forced Resync Delay",
    ),
    (
        "resync.forced_delay",
        "When all lines have become idle, resyncs wait "
        "until Forced_Resync_Delay seconds have passed.",
        sources.PROFILE + "Forced Resync Delay",
    ),
    (
        "resync.from_sip",
        "A SIP NOTIFY triggers a resync if Resync_From_SIP is Yes, and none if it is No.",
        sources.PROFILE + "Resync From SIP",
    ),
    (
        "resync.after_upgrade",
        "An upgrade attempt is followed by a resync if Resync_After_Upgrade_Attempt is Yes, "
        "and by none if it is No.",
        sources.PROFILE + "Resync After Upgrade Attempt",
    ),
    (
        "resync.after_update",
        "A reboot that a parameter update caused is not followed by a resync.",
        sources.PROFILE + "Resync On Reset",
    ),
    (
        "resync.trigger",
        "A resync is triggered when the equation in Resync_Trigger_1 "
        "or Resync_Trigger_2 evaluates to TRUE.",
        sources.PROFILE + "Resync Trigger 1, Resync Trigger 2",
    ),
    (
        "resync.user_configurable",
        "A user can resync the phone from its screen "
        "if User_Configurable_Resync is Yes, and not if it is No.",
        sources.PROFILE + "User Configurable Resync",
    ),
)
"""What else triggers a resync, and what holds one back."""
