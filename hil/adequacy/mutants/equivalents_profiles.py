"""Equivalent mutants of what a phone makes of files, rules, macros, values and DHCP options."""

from __future__ import annotations

from hil.adequacy.mutants.equivalent import Equivalent
from hil.adequacy.mutants.equivalent_reasons import LIMIT, READING

_CALLERS = (
    "a guard against a caller's mistake: what the phone hands over is valid already, because a value "
    "comes into force only if it is"
)
_TYPES = "a guard that the type checker asks for: the pattern always matches, the row has a minimum"
_PIECES = "how large the pieces are in which a file is read changes nothing of what is read"
_REASON = "only which reason is told: what comes after the check refuses the same for another one"
_IPV4 = (
    "the phones of the bench have IPv4 alone: a host of IPv6 cannot be asked, whatever it is taken "
    "for"
)
_SAME = "the same value by another way"
_ATTRIBUTES = (
    "the attributes ua and user-pref are for the phone's screen, which asks nobody for them"
)
_TOO_SHORT = (
    "a body whose records hold no data has no profile in it, so it fails whatever else is looked at"
)
_ITS_OWN = "the phone of the bench is a 7832 with a client certificate, and cannot be another one"
_STAND_INS = "which characters stand in for macros until a rule is read shows nowhere"
_VALIDITY = (
    "here the phone asks only whether a list is one; its codes are read with the DHCP options"
)
_NUMBER = "which alternative it is, by its number, is told in reasons alone"
_IGNORED = (
    "Resync_At alone is a time; it comes into force whatever it is, and is ignored if it is none"
)
_NESTED = "what an element means within one that is a parameter is not published"
_FEW = "more entries than any rule of a phone has room for"

PROFILES: tuple[Equivalent, ...] = (
    # -- files
    Equivalent("profiles", "_limit", "*", "*", "*", LIMIT),
    Equivalent("profiles", "decode", "statement", "_limit(data, max_size)", "*", LIMIT),
    Equivalent("profiles", "_expand_member", "*", "max_size - len(output)*", "*", LIMIT),
    Equivalent("profiles", "_expand_member", "off-by-one", "1", "*", LIMIT),
    Equivalent("profiles", "_expand_member", "*", "len(output) > max_size", "*=*", LIMIT),
    Equivalent("profiles", "_expand_member", "branch", "len(output) > max_size", "False", LIMIT),
    Equivalent("profiles", "_expand_member", "off-by-one", "_CHUNK", "*", _PIECES),
    Equivalent("profiles", "_codings", "branch", "len(codings) != *", "False", LIMIT),
    Equivalent("profiles", "key_material", "branch", "isinstance(ikm, bytes)", "False", _TYPES),
    Equivalent("profiles", "_decrypt", "branch", "_is_plausible(text)", "True", _REASON),
    Equivalent("profiles", "_is_plausible", "connective", "_is_utf8(text) and *", "*", _REASON),
    Equivalent("profiles", "_is_plausible", "negation", "*b'\\x00' not in text", "*", _REASON),
    Equivalent("profiles", "_is_utf8", "statement", "text.decode()", "*", _REASON),
    Equivalent("profiles", "_is_utf8", "negation", "False", "True", _REASON),
    Equivalent("profiles", "_apply_readings", "*", "*attributes*", "*", _ATTRIBUTES),
    Equivalent("profiles", "_apply_readings", "*", "value not in _EMPTY", "*", READING),
    Equivalent("profiles", "_apply_readings", "*", "cleared.*", "*", READING),
    Equivalent("profile_xml", "_Reader.start", "*", "depth > MAX_DEPTH", "*=*", LIMIT),
    Equivalent("profile_xml", "_Reader.start", "branch", "depth > MAX_DEPTH", "False", LIMIT),
    Equivalent("profile_xml", "_Reader.start", "off-by-one", "MAX_DEPTH", "*", LIMIT),
    Equivalent(
        "profile_xml", "_Reader.end", "*", "len(self.elements) > MAX_PARAMETERS", "*=*", LIMIT
    ),
    Equivalent(
        "profile_xml",
        "_Reader.end",
        "branch",
        "len(self.elements) > MAX_PARAMETERS",
        "False",
        LIMIT,
    ),
    Equivalent("profile_xml", "_Reader.end", "off-by-one", "MAX_PARAMETERS", "*", LIMIT),
    Equivalent("profile_xml", "_expanded_size", "*", "*", "*", _REASON),
    Equivalent("profile_xml", "read_flat_profile", "*", "*_expanded_size(*", "*", _REASON),
    Equivalent("profile_xml", "read_flat_profile", "off-by-one", "_PIECE", "*", _PIECES),
    Equivalent("profile_crypto", "derive_salted", "bound", "len(derived) < 48", "*", _SAME),
    Equivalent("profile_crypto", "derive_salted", "off-by-one", "48", "47", _SAME),
    Equivalent("profile_crypto", "derive_salted", "negation", "False", "True", _SAME),
    Equivalent(
        "profile_crypto", "open_gcm", "off-by-one", "MIN_RECORD", "MIN_RECORD - 1", _TOO_SHORT
    ),
    Equivalent("profile_crypto", "open_gcm", "*", "len(body) <= start", "*", _TOO_SHORT),
    Equivalent("profile_crypto", "_open_records", "*", "len(record) <= BLOCK", "*", _REASON),
    Equivalent("profile_crypto", "_open_records", "off-by-one", "BLOCK", "*", _REASON),
    Equivalent("profile_crypto", "_open_records", "branch", "number", "False", _REASON),
    Equivalent("profile_builder", "flat_profile", "branch", "*", "False", _CALLERS),
    Equivalent("profile_builder", "flat_profile", "negation", "False", "True", _SAME),
    Equivalent("profile_builder", "encrypt", "branch", "len(salt) != 8", "False", _CALLERS),
    Equivalent("profile_builder", "encrypt_rfc8188", "*", "len(salt) != 16 or *", "*", _CALLERS),
    Equivalent("profile_builder", "encrypt_rfc8188", "bound", "*", "*", _CALLERS),
    Equivalent("profile_builder", "encrypt_rfc8188", "off-by-one", "255", "*", _CALLERS),
    Equivalent("profile_builder", "encrypt_rfc8188", "off-by-one", "MIN_RECORD", "*", _CALLERS),
    Equivalent("profile_builder", "encrypt_rfc8188", "off-by-one", "32", "*", _CALLERS),
    Equivalent("profile_builder", "encrypt_rfc8188", "off-by-one", "2", "3", _CALLERS),
    Equivalent(
        "profile_builder", "encrypt_rfc8188", "off-by-one", "1", "*", _CALLERS, "*max(len(body)*"
    ),
    # -- parameters
    Equivalent(
        "parameters", "Parameters.__getitem__", "branch", "name not in TABLE", "False", _CALLERS
    ),
    Equivalent(
        "parameters", "Parameters.__init__", "statement", "lookup_parameter(name)", "*", _CALLERS
    ),
    Equivalent(
        "parameters", "Parameters.raw", "statement", "lookup_parameter(name)", "*", _CALLERS
    ),
    Equivalent("parameters", "Parameters.__eq__", "branch", "not isinstance(*", "False", _CALLERS),
    Equivalent("parameters", "Parameters.__eq__", "result", "NotImplemented", "*", _CALLERS),
    Equivalent("parameters", "Parameters.flag", "branch", "not is_valid(*", "False", _CALLERS),
    Equivalent("parameters", "Parameters.integer", "*", "number is None or *", "*", _CALLERS),
    Equivalent("parameters", "Parameters.integer", "off-by-one", "0", "*", _TYPES),
    Equivalent(
        "parameters", "Parameters.integer", "branch", "row.on_invalid is not *", "False", _SAME
    ),
    Equivalent("parameters", "Parameters.choice", "branch", "chosen is None", "False", _CALLERS),
    Equivalent("parameters", "Parameters.milliseconds", "*", "number is None or *", "*", _CALLERS),
    Equivalent(
        "parameters", "Parameters._typed", "branch", "row.kind is not kind", "False", _CALLERS
    ),
    Equivalent("parameters", "Parameters.without", "branch", "name not in names", "True", READING),
    Equivalent("parameters", "parse_option_codes", "result", "tuple(codes)", "()", _VALIDITY),
    Equivalent("parameters", "parse_option_codes", "statement", "codes[*", "*", _VALIDITY),
    # -- rules
    Equivalent("expressions", "_holds", "arguments", "_cannot(*", "*", READING),
    Equivalent("expressions", "_cannot", "branch", "reading == 'rule-error'", "False", READING),
    Equivalent("expressions", "_operand", "branch", "looks_like_version(text)", "True", READING),
    Equivalent("expansion", "Reference.resolve", "branch", "not self.name", "False", READING),
    Equivalent("expansion", "Reference._resolve_bare", "off-by-one", "_LONGEST_NAME", "*", _SAME),
    Equivalent("expansion", "bounded_join", "*", "size > MAX_EXPANSION", "*=*", LIMIT),
    Equivalent("expansion", "bounded_join", "branch", "size > MAX_EXPANSION", "False", LIMIT),
    Equivalent("expansion", "bounded_join", "off-by-one", "0", "*", LIMIT),
    Equivalent("expansion", "bounded_join", "statement", "size += len(part)", "*", LIMIT),
    Equivalent("expansion", "*", "off-by-one", "MAX_EXPANSION", "*", LIMIT),
    Equivalent("expansion", "pieces", "branch", "*", "True", _SAME),
    Equivalent("expansion", "pieces", "bound", "*", "*", _SAME),
    Equivalent("expansion", "_reference", "branch", "match['name']", "True", _SAME),
    Equivalent("expansion", "Reference._resolve_bare", "window", "min(*", "*", _SAME),
    Equivalent("expansion", "Reference._resolve_bare", "arithmetic", "len(*", "*", _SAME),
    Equivalent("expressions", "_tokens", "off-by-one", "0", "-1", _SAME),
    Equivalent("expressions", "parse", "branch", "not term", "False", _REASON),
    Equivalent("rule_parser", "parse_rule", "off-by-one", "0", "-1", _SAME, "*position = 0*"),
    Equivalent("watching", "_turning", "negation", "True", "False", _SAME, "*strict=*"),
    Equivalent("triggers", "_instants", "off-by-one", "_MOST_NUMBERS", "*", LIMIT),
    Equivalent("parameters", "is_valid", "branch", "*Kind.TIME_HHMM", "False", _IGNORED),
    Equivalent("parameters", "is_valid", "*", "not value.strip()", "*", _IGNORED),
    Equivalent("parameters", "is_valid", "negation", "*.clock_time(*", "*", _IGNORED),
    Equivalent("parameters", "_is_within", "off-by-one", "0", "-1", _CALLERS),
    Equivalent("profile_xml", "_Reader.*", "off-by-one", "1", "0", _NESTED, "*_open[-1]*"),
    Equivalent("responses", "meaning", "connective", "text or 'File not found'", "*", _REASON),
    Equivalent(
        "provisioning_source", "_cisco_blocks", "off-by-one", "5", "6", _SAME, "*while at + 5 *"
    ),
    Equivalent("rule_parser", "_assignments", "off-by-one", "0", "-1", _SAME),
    Equivalent("expansion", "_count", "*", "MAX_EXPANSION if *", "int(significant)", LIMIT),
    Equivalent("expansion", "_count", "bound", "*", "*", LIMIT),
    Equivalent(
        "macros", "MacroTable._not_started", "branch", "'0' if reading == *", "'0'", READING
    ),
    Equivalent("rule_parser", "_alternative", "branch", "url.end() if url *", "url.end()", _TYPES),
    Equivalent(
        "rule_parser", "_skip_blanks", "branch", "match.end() if match *", "match.end()", _TYPES
    ),
    Equivalent("rule_parser", "_argument", "branch", "end < len(text) and *", "False", _REASON),
    Equivalent("rules", "Fetch.url", "branch", "*", "self.host", _IPV4),
    Equivalent("rules", "_resolve", "branch", "not text", "False", _REASON),
    Equivalent("rules", "_Held._hide", "branch", "len(self._waiting) > *", "False", _FEW),
    Equivalent("rules", "_Held._hide", "bound", "len(self._waiting) > *", "*", _FEW),
    Equivalent(
        "urls", "DefaultServer.__post_init__", "branch", "self.port is not None*", "False", _CALLERS
    ),
    Equivalent("urls", "check_scheme", "branch", "lowered == 'gds'", "False", _REASON),
    Equivalent("urls", "_split_authority", "branch", "'@' in authority", "False", _REASON),
    Equivalent("urls", "check_host", "branch", "'%' in bare", "False", _IPV4),
    Equivalent("urls", "check_host", "*", "bracketed or ':' in bare", "*bracketed and*", _IPV4),
    Equivalent("urls", "check_host", "branch", "bracketed or ':' in bare", "False", _IPV4),
    Equivalent("urls", "check_host", "result", "str(ipaddress.IPv6Address(bare))", "*", _IPV4),
    Equivalent("urls", "check_host", "branch", "host[1:-1] if *", "host", _IPV4),
    Equivalent("urls", "check_host", "connective", "host.startswith('[') and *", "*", _IPV4),
    Equivalent("urls", "check_host", "off-by-one", "1", "*", _IPV4),
    Equivalent(
        "responses", "_redirect", "branch", "fetch.options if keeps *", "fetch.options", READING
    ),
    Equivalent("responses", "_redirect", "update", "*", "*path=target.path)", READING),
    Equivalent("rules", "_Held._hide", "off-by-one", "_*_STAND_IN", "*", _STAND_INS),
    Equivalent("rules", "_Held._hide", "arithmetic", "_*_STAND_IN *", "*", _STAND_INS),
    Equivalent("rules", "_Held.__init__", "*", "self._is_url = *", "*", READING),
    Equivalent("rules", "_Held.__init__", "negation", "False", "True", READING),
    Equivalent("rules", "_Held.hide", "*", "*not _STRUCTURE.search(rule)", "*", READING),
    Equivalent("rules", "_for_upgrade", "*", "server is None or *", "*server is None and*", _SAME),
    Equivalent("rules", "_for_upgrade", "branch", "server is None or *", "False", _SAME),
    Equivalent("rules", "_credentials", "*", "option not in _DISPUTED", "*", READING),
    Equivalent("rules", "_resolve", "off-by-one", "1", "*", _NUMBER),
    Equivalent("rules", "_resolve", "negation", "False", "True", _SAME),
    Equivalent("rules", "_resolve", "branch", "not active_text(rule)", "False", _SAME),
    Equivalent("rules", "_without_stand_ins", "branch", "_PRIVATE.search(text)", "False", LIMIT),
    # -- DHCP options
    Equivalent("provisioning_source", "parse_order", "arguments", "Skipped(*", "*", _REASON),
    Equivalent("provisioning_source", "_text_of", "bound", "len(stripped) > MAX_TEXT", "*", LIMIT),
    Equivalent(
        "provisioning_source", "_text_of", "branch", "len(stripped) > MAX_TEXT", "False", LIMIT
    ),
    Equivalent("provisioning_source", "_text_of", "off-by-one", "MAX_TEXT", "*", LIMIT),
    Equivalent(
        "provisioning_source", "_cisco_blocks", "bound", "at + 5 <= len(content)", "*", _SAME
    ),
    Equivalent("provisioning_source", "_text_of", "branch", "not stripped", "False", _REASON),
    Equivalent("provisioning_source", "_classify", "branch", "SourceKind.*", "*", READING),
    Equivalent("provisioning_source", "survey", "arguments", "Skipped(*", "*", _REASON),
    Equivalent("provisioning_source", "_classify", "branch", "not server", "False", _REASON),
    # -- the phone itself
    Equivalent(
        "identity", "Identity.model", "branch", "digits[0] if digits *", "digits[0]", _ITS_OWN
    ),
    Equivalent("identity", "Identity.ccert", "branch", "*", "'Installed'", _ITS_OWN),
    Equivalent(
        "interpretations", "Interpretations.choose", "branch", "* not in known", "False", _CALLERS
    ),
    Equivalent(
        "interpretations", "Interpretations.choose", "branch", "not match", "False", _CALLERS
    ),
    Equivalent("interpretations", "Interpretations.choose", "off-by-one", "0", "-1", _SAME),
)
