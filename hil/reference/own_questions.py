"""The questions I31 and on, which arose in building the reference; see `open_questions`."""

from __future__ import annotations

from hil.reference.question import Question

OWN_QUESTIONS: tuple[Question, ...] = (
    Question(
        "I31",
        "invalid_value",
        "What does an invalid value in a profile do where the chapter does not say?",
        "chapter, Resync At (HHmm) ('ignored' is the only published consequence)",
    ),
    Question(
        "I32",
        "key_without_encryption",
        "The rule has --key and the file is not encrypted: what then?",
        "AG formats (the file must be what the openssl command produces)",
        "plain: it is read as it is. The guide makes 'Salted__' part of the format, and a key"
        " is a demand: to accept plain text would let anyone on the path replace the profile.",
    ),
    Question(
        "I33",
        "ikm_encoding",
        "How does the text of IKM_HTTP_Encrypt_Content become key material?",
        "AG formats (silent); RFC 8188 section 2.1 (any octets)",
    ),
    Question(
        "I34",
        "dhcp_offset_daylight",
        "Is daylight saving time added to the time offset that DHCP option 2 gives?",
        "7800 AG, Ignore DHCP Time Offset; RFC 2132 section 3.4 (the offset of the subnet from UTC)",
    ),
    Question(
        "I35",
        "peer_sharing_log",
        "What does a phone send to Peer_Firmware_Sharing_Log_Server?",
        "chapter, Peer Firmware Sharing Log Server; 68xx AG, Phone Features",
        "Address and port are published, text and occasion are not. unspecified: any datagram may come "
        "there while an upgrade is attempted with Upgrade_Enable and Peer_Firmware_Sharing both Yes; "
        "none is owed, and at any other time one is forbidden. upgrade-messages: what goes to "
        "Syslog_Server for Log_Upgrade_* goes there too.",
    ),
    Question(
        "I36",
        "resync_after_failed_upgrade",
        "Does Resync_After_Upgrade_Attempt resync after an upgrade that failed?",
        "chapter, Resync After Upgrade Attempt ('after any upgrade occurs'); conference AG",
        "The parameter's name and the conference guide's 'after each upgrade attempt' include "
        "failures.",
    ),
    Question(
        "I37",
        "external_address",
        "What does $EXTIP stand for?",
        "chapter, EXTIP ('as seen on the Internet'); 7800 AG, NAT Support Parameters; ATA guides",
        "configured: EXT_IP, and nothing where that is empty. observed: with Handle_VIA_received or "
        "STUN_Enable what the registrar or the STUN server saw 'supersedes' EXT_IP, as the guides of "
        "the ATAs say of SIP messages; that the macro follows is said nowhere.",
    ),
    Question(
        "I38",
        "dual_registration",
        "With Dual_Registration_n_ Yes, is a line's backup asked before anything has failed?",
        "8800 AG, Ext (n) settings, Dual Registration, Alternate Proxy; SIP settings, Try Backup RSC",
        "either: a phone may register with both servers at once, or with the backup when the other "
        "fails; one that was seen to do with one server is held to that. fail-over: the backup is "
        "asked only after a failure.",
    ),
    Question(
        "I39",
        "secret_macros",
        "In the arguments of which options do $SA to $SD expand?",
        "chapter, SA through SD ('recognized as arguments to the optional resync URL qualifier, "
        "--key'); AG formats, where one paragraph names --key, --uid and --pwd and another --key alone",
    ),
    Question(
        "I40",
        "unlisted_transport_code",
        "Which internal code has a server's name without address, or a TLS handshake that fails?",
        "chapter, Internal Error Codes (X00 is a 'transport layer (or ICMP) error'; neither of the two "
        "is named); RFC 3261 section 18.4",
        "transport-error: X00, as of every connection that cannot be had. time-out: X20, as of a "
        "request that nobody answered. No requirement says which, so no verdict rests on it.",
    ),
)
"""In the order of their keys."""
