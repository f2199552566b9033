"""The clauses of resyncs and profiles: when one is fetched, by which rule, and what it sets.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Witness, row

PROFILES = (
    row(
        "provision.enable",
        "With Provision_Enable set to No there is no resync of any kind; with Yes there is.",
        sources.PROFILE + "Provision Enable",
        "no request for a profile, whatever asks for a resync",
        Witness.REQUEST,
        Witness.ABSENCE,
    ),
    row(
        "resync.on_reset",
        "Every reboot but those that updates and upgrades cause triggers a resync if "
        "Resync_On_Reset is Yes, and none does if it is No.",
        sources.PROFILE + "Resync On Reset",
        "the first request after the lease, or none",
        Witness.REQUEST,
        Witness.TIMING,
    ),
    row(
        "resync.random_delay",
        "The resync after boot-up begins at a random moment within Resync_Random_Delay seconds.",
        sources.PROFILE + "Resync Random Delay",
        "the time from the lease to the first request, over many boots",
        Witness.TIMING,
    ),
    row(
        "resync.random_delay.range",
        "Resync_Random_Delay is an integer from 0 to 65535; no other value is taken.",
        sources.PROFILE + "Resync Random Delay",
        "the time from the lease to the first request after such a value",
        Witness.TIMING,
    ),
    row(
        "resync.periodic",
        "After a successful resync the next one begins after Resync_Periodic: a number of "
        "seconds, a list taken element by element, or a range; zero disables it.",
        sources.PROFILE + "Resync Periodic",
        "the time from one resync to the next",
        Witness.TIMING,
    ),
    row(
        "resync.periodic.list",
        "The elements of a list in Resync_Periodic are taken one after another, the last one "
        "again and again.",
        sources.PROFILE + "Resync Periodic; " + sources.FORMATS + ", schedules",
        "the times between the resyncs",
        Witness.TIMING,
    ),
    row(
        "resync.periodic.range",
        "A range a+b in Resync_Periodic, or in an element of its list, means from a to a+b "
        "seconds.",
        sources.PROFILE + "Resync Periodic",
        "the times between many resyncs",
        Witness.TIMING,
    ),
    row(
        "resync.periodic.zero",
        "Resync_Periodic 0 disables periodic resyncs.",
        sources.PROFILE + "Resync Periodic",
        "no request for a day",
        Witness.ABSENCE,
    ),
    row(
        "resync.periodic.first_success",
        "The timer of Resync_Periodic runs only after the first successful resync.",
        sources.PROFILE + "Resync Periodic",
        "no request before a resync has succeeded",
        Witness.ABSENCE,
    ),
    row(
        "resync.error_retry_delay",
        "After a failed resync the next attempt begins after Resync_Error_Retry_Delay: a "
        "number of seconds, a list taken element by element, or a range; zero means no "
        "further attempt.",
        sources.PROFILE + "Resync Error Retry Delay",
        "the time from a failed resync to the next attempt",
        Witness.TIMING,
    ),
    row(
        "resync.error_retry_delay.list",
        "The elements of a list in Resync_Error_Retry_Delay are taken one after another, the "
        "last one again and again.",
        sources.PROFILE + "Resync Error Retry Delay; " + sources.FORMATS + ", schedules",
        "the times between the attempts",
        Witness.TIMING,
    ),
    row(
        "resync.error_retry_delay.range",
        "A range a+b in Resync_Error_Retry_Delay, or in an element of its list, means from a "
        "to a+b seconds.",
        sources.PROFILE + "Resync Error Retry Delay",
        "the times between many attempts",
        Witness.TIMING,
    ),
    row(
        "resync.error_retry_delay.zero",
        "With Resync_Error_Retry_Delay 0 a failed resync is not attempted again.",
        sources.PROFILE + "Resync Error Retry Delay",
        "no request for a day",
        Witness.ABSENCE,
    ),
    row(
        "resync.failure",
        "A resync fails if the profile cannot be retrieved; the next attempt starts again "
        "with the first rule.",
        sources.PROFILE + "Resync Error Retry Delay; " + sources.FORMATS + ", Profile Rule",
        "a retry, which asks for the first rule again",
        Witness.REQUEST,
        Witness.TIMING,
    ),
    row(
        "resync.failure.corrupt",
        "A corrupt file fails the resync, and nothing of it is applied.",
        sources.PROFILE + "Resync Error Retry Delay",
        "a retry after a file that is damaged in a known way",
        Witness.REQUEST,
        Witness.TIMING,
    ),
    row(
        "resync.failure.internal",
        "What the phone itself cannot do with a file that it received fails the resync, and "
        "the phone goes on.",
        sources.PROFILE + "Resync Error Retry Delay",
        "a retry after a file that no phone has room for",
        Witness.REQUEST,
        Witness.TIMING,
    ),
    row(
        "resync.fails_on_fnf",
        "A file-not-found answer fails the resync unless Resync_Fails_On_FNF is No.",
        sources.PROFILE + "Resync Fails On FNF",
        "whether a retry follows a missing file, or a period",
        Witness.TIMING,
        Witness.SYSLOG,
    ),
    row(
        "rules.sequence",
        "During every resync the profiles of Profile_Rule, _B, _C and _D are applied in sequence.",
        sources.PROFILE + "Profile Rule",
        "the order of the requests of one resync",
        Witness.REQUEST,
    ),
    row(
        "rules.default",
        "Without configuration the phone asks for /$PSN.xml.",
        sources.PROFILE + "Profile Rule",
        "the path that a phone without configuration asks for",
        Witness.REQUEST,
    ),
    row(
        "rules.alternatives",
        "Of a rule's alternatives the first whose condition holds is taken; if none holds, "
        "the rule is skipped.",
        sources.FORMATS + ", conditional expressions",
        "which of the alternatives is asked for",
        Witness.REQUEST,
    ),
    row(
        "rules.assignments",
        "The assignments of the chosen alternative are made before its file is fetched.",
        sources.FORMATS + ", assignment expressions",
        "a path with the assigned register in it",
        Witness.REQUEST,
    ),
    row(
        "rules.url",
        "Without a scheme TFTP is used, without a port 69, 80 or 443, without a server the "
        "one that DHCP named.",
        sources.UPGRADE + "Upgrade Rule; " + sources.FORMATS + ", URL",
        "protocol, port and host of the request",
        Witness.REQUEST,
    ),
    row(
        "rules.key",
        "--key decrypts the profile with AES-256-CBC.",
        sources.PROFILE + "Profile Rule",
        "a path with a register that the encrypted profile sets",
        Witness.REQUEST,
    ),
    row(
        "rules.key.quotes",
        "The argument of --key may stand in double quotes.",
        sources.PROFILE + "Profile Rule",
        "a path with a register that the encrypted profile sets",
        Witness.REQUEST,
    ),
    row(
        "profile.format",
        "A flat-profile sets the parameters that it names, the last occurrence counting; the "
        "others keep their values.",
        sources.FORMATS + ", XML",
        "paths with the parameters that the profile sets",
        Witness.REQUEST,
        Witness.WEB,
    ),
    row(
        "profile.compression",
        "A gzip file is recognised by its header and expanded, after decryption.",
        sources.FORMATS + ", compression",
        "a path with a register that the compressed profile sets",
        Witness.REQUEST,
    ),
    row(
        "profile.rfc8188",
        "An answer with Content-Encoding aes128gcm is decrypted with IKM_HTTP_Encrypt_Content.",
        sources.FORMATS + ", RFC 8188",
        "a path with a register that the encrypted answer sets",
        Witness.REQUEST,
    ),
)
"""Whether and when the phone resyncs, its rules, and what a profile is."""
