"""The questions that the published text leaves open, each with where it comes from.

Keys I1 to I30 number the questions of the published material; one of them may need several choices
(rounding, short values and zero are all I4). I31 and on arose in building the reference and
stand in `hil.reference.own_questions`.

Sources cited: *chapter* is the normative "Provisioning Parameters"; *AG formats*, *AG provisioning*
and *AG security* are the chapters "Provisioning Formats", "Provisioning" and "Phone Security" of
the 7832 MPP Administration Guide 11.3(1); *conference AG* is the IP Conference Phone MPP
Administration Guide (7832/8832); *SPA guides* are those of the Linksys SPA phones, from which
the provisioning engine descends.

The candidate readings themselves are the types of `hil.reference.interpretations.Interpretations`.
"""

from __future__ import annotations

from hil.reference.own_questions import OWN_QUESTIONS
from hil.reference.question import Question as Question

QUESTIONS: tuple[Question, ...] = (
    Question(
        "I1",
        "resync_trigger",
        "What does a Resync_Trigger_n whose expression is true do?",
        "chapter, Resync Trigger 1; AG formats; SPA guides",
        "becomes-true: a resync when the expression turns true (the chapter). gate: a due "
        "resync waits until a trigger is true (AG formats, which later firmware follows). "
        "as-periodic: a true trigger acts as if Resync_Periodic had run out. The chapter's "
        "sentence is explicit, so it precedes the gate of the newer guide.",
    ),
    Question(
        "I2",
        "random_delay_unit",
        "What is the unit of Resync_Random_Delay?",
        "chapter, Resync Random Delay ('specified in seconds'); conference AG (units of 20 "
        "seconds)",
    ),
    Question(
        "I3",
        "forced_resync_delay",
        "When does a resync that fell due run, given Forced_Resync_Delay?",
        "chapter, Forced Resync Delay; SPA guides; 6851 AG; AG formats",
        "idle-countdown: once all lines have been idle so long. busy-limit: at the latest so "
        "long after it fell due, even in a call. due-plus-delay: exactly then. wait-idle: at "
        "first idle.",
    ),
    Question(
        "I4",
        "resync_at_rounding",
        "How does Resync_At_Random_Delay become minutes?",
        "chapter, Resync At Random Delay",
        "nearest-minute: (value + 30) div 60, the chapter's formula. next-minute: its words "
        "'rounding up to the next minute'. 601 s is 10 or 11 minutes; the default of 600 s is"
        " 10 in both.",
    ),
    Question(
        "I4",
        "resync_at_zero_delay",
        "What does a Resync_At_Random_Delay of 0 mean?",
        "chapter, Resync At Random Delay; 7800 provisioning guide",
        "The chapter gives every value below 600 the interval 0 to 600 s and makes no "
        "exception for 0; the older guide's 'disabled' is therefore second.",
    ),
    Question(
        "I5",
        "list_exhaustion",
        "What follows the last element of a list of delays?",
        "AG formats ('the last element in the sequence is implicitly repeated forever')",
        "The chapter is silent.",
    ),
    Question(
        "I5",
        "list_restart",
        "When does a Resync_Error_Retry_Delay list start again from its first element?",
        "chapter, Resync Error Retry Delay ('the first retry ... after the failure')",
        "never: only a reboot starts it again.",
    ),
    Question(
        "I6",
        "resync_after_update",
        "Does Resync_On_Reset resync after a reboot that a parameter update caused?",
        "chapter, Resync On Reset; provisioning guide, examples; conference AG",
        "web-only: after 'Submit All Changes' on the web page, not after a profile's changes.",
    ),
    Question(
        "I7",
        "fnf_accepted",
        "With Resync_Fails_On_FNF No, do the rules after one whose file was not found run?",
        "chapter, Resync Fails On FNF ('accepts a file-not-found response ... as successful')",
    ),
    Question(
        "I8",
        "failed_rule",
        "A later profile rule fails: what happens to the profiles applied before it?",
        "AG formats (the sequence is interrupted and restarts from the beginning)",
        "The chapter is silent.",
    ),
    Question(
        "I9",
        "empty_element",
        "What does an empty element of a profile do to its parameter?",
        "AG formats, which says all three",
    ),
    Question(
        "I10",
        "kdf_digest",
        "Which digest derives the AES-256-CBC key from --key?",
        "AG formats ('tested against openssl-1.1.1d'); guides up to 11.2 (openssl-0.9.7c)",
        "The default digest of the openssl command named: SHA-256 since 1.1.0, MD5 before. "
        "either: both are tried, SHA-256 first. No document names the digest.",
    ),
    Question(
        "I11",
        "version_mismatch",
        "A version that does not fit the published grammar is compared: what becomes of the rule?",
        "AG formats ('a format parsing error results', effect unpublished)",
    ),
    Question(
        "I12",
        "type_mismatch",
        "What does a comparison of different types, or with an unknown operator, do?",
        "AG formats, conditional expressions (effect unpublished)",
    ),
    Question(
        "I13",
        "upgrade_missing_server",
        "Which server does an Upgrade_Rule without one mean?",
        "AG formats ('empty syntax is not supported by upgrade rules'); chapter, Upgrade Rule",
        "The chapter's 'the host that requests the URL' has a meaning only for the web page's"
        " /admin/upgrade command, where a host requests; a rule has no requester. The guide "
        "that speaks of rules is therefore preferred.",
    ),
    Question(
        "I14",
        "upgrade_options",
        "Does Upgrade_Rule take options in brackets?",
        "AG formats ('not supported for upgrades'); 7800 AG ([--uid U --pwd P])",
        "The chapter's 'same syntax as Profile Rule' does not mention options; the 7832's own"
        " guide excludes them in so many words.",
    ),
    Question(
        "I15",
        "dhcp_server_name",
        "What may DHCP options 66 and 160 contain?",
        "AG security (160 is 'Provisioning URL'); public provisioning servers",
        "any-form: a host, a base URI or a whole rule with macros. host-only: RFC 2132's "
        "server name.",
    ),
    Question(
        "I15",
        "dhcp_vendor_content",
        "What do DHCP options 43, 60 and 125 contribute to provisioning?",
        "chapter, DHCP Option To Use (lists them); their layout is unpublished",
        "text: the same texts as 66, also inside sub-options. ignored: never usable.",
    ),
    Question(
        "I16",
        "psn",
        "What does $PSN expand to on a 7832?",
        "public provisioning servers (the default rule asks for /7832-3PCC.xml); provisioning"
        " guide",
        "The cell is empty in the chapter.",
    ),
    Question(
        "I17",
        "scheme_case",
        "In which case does $SCHEME appear?",
        "provisioning guide, examples ('Requesting resync tftp://...'); chapter, SCHEME",
        "The chapter's 'one of TFTP, HTTP, or HTTPS' names protocols; every published log "
        "line and URL, the chapter's own Upgrade_Rule format too, is in lower case.",
    ),
    Question(
        "I18",
        "log_default_port",
        "Does $PORT expand when the port is the scheme's default?",
        "chapter, Log Request Msg (':$PORT'); provisioning guide, examples (a sample without)",
    ),
    Question(
        "I19",
        "log_request_servip",
        "Does $SERVIP expand in Log_Request_Msg?",
        "chapter, Macro Expansion Variables; release notes 12.0(3) to 12.0(7), CSCwf10956",
        "literal: the open bug. either: both accepted, for firmware that may have it.",
    ),
    Question(
        "I20",
        "log_success_err",
        "Does the default Log_Success_Msg end in ' -- $ERR'?",
        "chapter, Log Success Msg; public dumps of real configurations (without)",
    ),
    Question(
        "I21",
        "redirect_limit",
        "How many 301 or 302 answers in a row are followed?",
        "AG provisioning (301, 302: 'retry immediately'); RFC 2068 section 10.3 (five)",
        "No limit is published; five is what HTTP recommended to clients.",
    ),
    Question(
        "I21",
        "redirect_options",
        "Do the rule's options (key, credentials, method) hold at the redirect's target?",
        "AG provisioning (silent)",
    ),
    Question(
        "I21",
        "redirect_macros",
        "Do macros expand in a Location header?",
        "chapter, Macro Expansion Variables (names the parameters that expand; Location is none)",
    ),
    Question(
        "I21",
        "srv_missing",
        "The rule has --srv and the host has no SRV records: what then?",
        "AG provisioning (silent); RFC 2782, usage rules (look up the host's own address)",
        "address: the host's address and the URL's port are used, as without --srv.",
    ),
    Question(
        "I22",
        "corrupt_profile",
        "What makes a downloaded file corrupt?",
        "chapter, Resync Error Retry Delay ('the downloaded file is corrupt', no criteria)",
        "any-defect: not XML, no flat-profile, bad gzip, bad decryption. malformed-only: XML "
        "without a flat-profile counts as a profile without parameters. A corrupt file is "
        "never applied in part.",
    ),
    Question(
        "I23",
        "notify_challenge",
        "Is a NOTIFY challenged (401) before its event is looked at?",
        "AG formats (the device challenges); RFC 6665 section 4.1.3",
    ),
    Question(
        "I23",
        "notify_refusal",
        "How is a NOTIFY answered that the phone will not act on?",
        "RFC 6665 section 8.3.2 (489 Bad Event); no Cisco text",
        "unspecified: any final answer is accepted.",
    ),
    Question(
        "I24",
        "check_sync",
        "Does a NOTIFY with Event: check-sync cause a resync?",
        "public provisioning servers use it; no Cisco text mentions it",
    ),
    Question(
        "I25",
        "upgrade_reattempt",
        "When is an unchanged Upgrade_Rule attempted again?",
        "chapter, Upgrade Error Retry Delay; AG formats ('until the rule is modified')",
        "after-failure: Upgrade_Error_Retry_Delay retries a failure; a success or no-op ends it.",
    ),
    Question(
        "I26",
        "provision_disabled",
        "Does Provision_Enable No also block a resync asked for by web page or SIP?",
        "chapter, Provision Enable ('controls all resync actions'); AG formats",
    ),
    Question(
        "I27",
        "timer_before_attempt",
        "What are PRVTMR and UPGTMR before the first attempt?",
        "chapter, PRVTMR and UPGTMR (silent)",
    ),
    Question(
        "I27",
        "regtmr_registered",
        "What is REGTMRn while the line is registered?",
        "SPA guides ('$REGTMR1 eq 0' means registered)",
    ),
    Question(
        "I28",
        "substring_out_of_range",
        "What does $(A:p) expand to when p lies beyond the value's end?",
        "chapter, Macro Expansion Variables (silent)",
    ),
    Question(
        "I28",
        "malformed_macro",
        "What becomes of '$(A' without its end, or of a '$' at the end?",
        "chapter, Macro Expansion Variables (an unrecognized form 'remains unchanged')",
    ),
    Question(
        "I28",
        "macro_name_match",
        "Which macro does '$MACfoo' name?",
        "AG formats, macro expansion ($MA, $MAU and $MAC are told apart)",
        "longest: the longest known name, so MAC. whole-name: all of MACfoo, which is unknown.",
    ),
    Question(
        "I29",
        "expansion_order",
        "Are macros expanded before a rule is parsed, so that their text may hold '|' or ')'?",
        "AG formats ('undergo macro expansion prior to being evaluated')",
    ),
    Question(
        "I30",
        "resync_at_2400",
        "What time is a Resync_At of 2400?",
        "chapter, Resync At (HHmm) (the range ends at 2400)",
    ),
    Question(
        "I30",
        "resync_at_minutes",
        "Is a Resync_At such as 0960 valid?",
        "chapter, Resync At (HHmm) ('in HHmm format', invalid values are ignored)",
        "carried: 0960 is 10:00.",
    ),
    Question(
        "I30",
        "resync_at_no_clock",
        "What does Resync_At do while the phone does not know the time?",
        "chapter, Resync At (HHmm) (silent)",
        "periodic: Resync_Periodic counts until the time is known.",
    ),
    Question(
        "I30",
        "resync_at_dst",
        "Does Resync_At follow a change to or from daylight saving time?",
        "chapter, Resync At (HHmm) ('the time ... that the device resynchronizes')",
        "elapsed-day: the next resync is 24 hours after the last whatever the clock shows.",
    ),
    Question(
        "I30",
        "resync_at_gap",
        "When does Resync_At fall on the day on which the clock jumps over its time?",
        "chapter, Resync At (HHmm) (silent)",
        "at-change: at the instant of the jump. skipped: not on that day. That may be a change of "
        "daylight saving time or one by a time server.",
    ),
    Question(
        "I30",
        "resync_at_overlap",
        "Does a Resync_At that the clock shows twice on a day fall due twice?",
        "chapter, Resync At (HHmm) (silent)",
    ),
    *OWN_QUESTIONS,
)
"""Every open question, in the order of its key."""
