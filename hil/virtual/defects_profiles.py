"""Defects of what a phone makes of a file, and whether it keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hil.errors import ProfileError, ProfileErrorKind
from hil.reference import decisions as spec
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.profiles import GZIP_MAGIC, Profile
from hil.reference.responses import Document
from hil.virtual.defect import Defect, decision, firmware

Reader = Callable[[Document, Mapping[str, str], Parameters, Interpretations], Profile]


def _corrupt_is_empty(
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    try:
        return spec.read_profile(document, options, parameters, reading)
    except ProfileError:
        return Profile({})


def _no_gzip(
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    if document.body.startswith(GZIP_MAGIC):
        raise ProfileError(ProfileErrorKind.NOT_XML, "no XML")
    return spec.read_profile(document, options, parameters, reading)


def _no_rfc8188(
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    plain = replace(document, content_encoding=None)
    return spec.read_profile(plain, options, parameters, reading)


def _md5(
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    return spec.read_profile(document, options, parameters, replace(reading, kdf_digest="md5"))


def _first_occurrence(
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    profile = spec.read_profile(document, options, parameters, reading)
    text = document.body.decode(errors="replace")
    first = {}
    for name, value in profile.parameters.items():
        opening, closing = f"<{name}>", f"</{name}>"
        at = text.find(opening)
        end = text.find(closing, at)
        first[name] = text[at + len(opening) : end].strip() if 0 <= at < end else value
    return replace(profile, parameters=first)


def _forgets_the_rest(parameters: Parameters, profile: Profile) -> Parameters:
    return parameters.without(*parameters.items_set()).updated(profile.parameters)


def _merely_read(parameters: Parameters, profile: Profile) -> Parameters:
    del profile
    return parameters


def _case_blind(parameters: Parameters, profile: Profile) -> Parameters:
    by_folded = {name.lower(): name for name in parameters}
    found = {by_folded.get(name.lower(), name): v for name, v in profile.parameters.items()}
    return parameters.updated(found)


DEFECTS = (
    Defect(
        "corrupt-accepted",
        "resync.failure",
        "takes a corrupt file for a successful resync",
        decision(read_profile=_corrupt_is_empty),
    ),
    Defect(
        "gzip-unknown",
        "profile.compression",
        "does not recognise a compressed profile",
        decision(read_profile=_no_gzip),
    ),
    Defect(
        "rfc8188-unknown",
        "profile.rfc8188",
        "ignores Content-Encoding aes128gcm",
        decision(read_profile=_no_rfc8188),
    ),
    Defect(
        "key-derived-with-md5",
        "rules.key",
        "derives the key of an encrypted profile with MD5",
        decision(read_profile=_md5),
    ),
    Defect(
        "first-occurrence-counts",
        "profile.format",
        "takes the first of several values of a parameter",
        decision(read_profile=_first_occurrence),
    ),
    Defect(
        "profile-resets-others",
        "profile.format",
        "puts parameters that a profile does not mention back to their defaults",
        decision(apply_profile=_forgets_the_rest),
    ),
    Defect(
        "profile-not-applied",
        "profile.format",
        "fetches profiles and applies nothing",
        decision(apply_profile=_merely_read),
    ),
    Defect(
        "tags-case-blind",
        "profile.format",
        "applies elements whose name is in the wrong case",
        decision(apply_profile=_case_blind),
    ),
    Defect(
        "parameters-lost",
        "flash.persistence",
        "has lost its parameters after a power cut",
        firmware(keeps_parameters=False),
    ),
)
