"""Defects of what a phone makes of a file, and of how it keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from hil.errors import ProfileError, ProfileErrorKind
from hil.reference.interpretations import Interpretations
from hil.reference.parameter_table import TABLE
from hil.reference.parameters import Parameters
from hil.reference.profiles import GZIP_MAGIC, Profile
from hil.reference.responses import Document
from hil.virtual.defect import Defect, firmware
from hil.virtual.deviations import Apply, Read, decoding, deviating, finding
from hil.virtual.flash import Flash

_ELEMENT = re.compile(r"<([A-Za-z_][\w.-]*)[^<>]*>([^<]*)</\1>")


def _as_written(document: Document) -> list[tuple[str, str]]:
    """Every element of a plain file that holds text alone, undecoded, in order."""
    return _ELEMENT.findall(document.body.decode(errors="replace"))


# -- decoding -----------------------------------------------------------------------------------------


def _corrupt_is_empty(
    right: Read,
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    try:
        return right(document, options, parameters, reading)
    except ProfileError:
        return Profile({})


def _too_large_is_empty(
    right: Read,
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    try:
        return right(document, options, parameters, reading)
    except ProfileError as error:
        if error.kind is not ProfileErrorKind.TOO_LARGE:
            raise
        return Profile({})


def _salvaged(
    right: Read,
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    try:
        return right(document, options, parameters, reading)
    except ProfileError as error:
        if error.kind is not ProfileErrorKind.NOT_XML:
            raise
        return Profile(dict(_as_written(document)))


def _key_first(
    right: Read,
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    if "key" in options:
        document = replace(document, content_encoding=None)
    return right(document, options, parameters, reading)


def _key_by_md5(
    right: Read,
    document: Document,
    options: Mapping[str, str],
    parameters: Parameters,
    reading: Interpretations,
) -> Profile:
    return right(document, options, parameters, replace(reading, kdf_digest="md5"))


def _gzip_refused(document: Document) -> Document:
    if document.body.startswith(GZIP_MAGIC):
        raise ProfileError(ProfileErrorKind.NOT_XML, "no XML")
    return document


def _declaration_refused(document: Document) -> Document:
    if document.body.startswith(b"<?xml"):
        raise ProfileError(ProfileErrorKind.NOT_XML, "no element at the beginning")
    return document


def _nested_refused(document: Document) -> Document:
    before, found, _ = document.body.partition(b"<flat-profile")
    if found and re.search(rb"<[A-Za-z]", before):
        raise ProfileError(ProfileErrorKind.NO_FLAT_PROFILE, "the root is no flat-profile")
    return document


def _with_entities_kept(document: Document) -> Document:
    return replace(document, body=document.body.replace(b"&", b"&amp;"))


# -- what a file sets ---------------------------------------------------------------------------------


def _first_occurrences(profile: Profile, document: Document) -> Profile:
    first = dict(reversed(_as_written(document)))
    return replace(profile, parameters={**profile.parameters, **first})


def _unstripped(profile: Profile, document: Document) -> Profile:
    return replace(profile, parameters={**profile.parameters, **dict(_as_written(document))})


def _unknown_refused(profile: Profile, _document: Document) -> Profile:
    if unknown := profile.parameters.keys() - TABLE.keys():
        raise ProfileError(ProfileErrorKind.NOT_XML, f"unknown: {', '.join(sorted(unknown))}")
    return profile


def _forgets_the_rest(right: Apply, parameters: Parameters, profile: Profile) -> Parameters:
    return right(parameters.without(*parameters.items_set()), profile)


def _nothing_applied(_right: Apply, parameters: Parameters, _profile: Profile) -> Parameters:
    return parameters


def _blanks_filled(right: Apply, parameters: Parameters, profile: Profile) -> Parameters:
    known = parameters.items_set()
    new = {name: value for name, value in profile.parameters.items() if name not in known}
    return right(parameters, replace(profile, parameters=new))


def _case_blind(right: Apply, parameters: Parameters, profile: Profile) -> Parameters:
    by_folded = {name.lower(): name for name in parameters}
    found = {by_folded.get(name.lower(), name): v for name, v in profile.parameters.items()}
    return right(parameters, replace(profile, parameters=found))


# -- keeping ------------------------------------------------------------------------------------------


async def _nowhere(_flash: Flash, _parameters: Mapping[str, str]) -> None:
    return


async def _one_by_one(flash: Flash, parameters: Mapping[str, str]) -> None:
    stored = flash.load()
    for name, value in parameters.items():
        if stored.get(name) != value:
            stored[name] = value
            await flash.commit(stored)


async def _in_place(flash: Flash, parameters: Mapping[str, str]) -> None:
    await flash.commit({})
    await flash.commit(parameters)


DEFECTS = (
    Defect(
        "corrupt-accepted",
        "resync.failure.corrupt",
        "takes a corrupt file for a successful resync",
        deviating(read_profile=_corrupt_is_empty),
    ),
    Defect(
        "no-room-is-success",
        "resync.failure.internal",
        "takes a file that it has no room for as a successful resync",
        deviating(read_profile=_too_large_is_empty),
    ),
    Defect(
        "corrupt-applied-in-part",
        "resync.failure.corrupt",
        "applies of a file that is not well-formed what it can read",
        deviating(read_profile=_salvaged),
    ),
    Defect(
        "gzip-unknown",
        "profile.compression",
        "does not recognise a compressed profile",
        decoding(_gzip_refused),
    ),
    Defect(
        "rfc8188-unknown",
        "profile.rfc8188",
        "ignores Content-Encoding aes128gcm",
        decoding(lambda came: replace(came, content_encoding=None)),
    ),
    Defect(
        "key-before-content-encoding",
        "profile.rfc8188",
        "decrypts with --key what Content-Encoding says to be aes128gcm",
        deviating(read_profile=_key_first),
    ),
    Defect(
        "key-derived-with-md5",
        "rules.key",
        "derives the key of an encrypted profile with MD5",
        deviating(read_profile=_key_by_md5),
    ),
    Defect(
        "declaration-refused",
        "profile.format",
        "takes a profile with an XML declaration for corrupt",
        decoding(_declaration_refused),
    ),
    Defect(
        "nested-profile-refused",
        "profile.format",
        "finds a flat-profile only at the root of a file",
        decoding(_nested_refused),
    ),
    Defect(
        "entities-kept",
        "profile.format",
        "leaves entities in a value as they are written",
        decoding(_with_entities_kept),
    ),
    Defect(
        "white-space-kept",
        "profile.format",
        "keeps white space around a value, and newlines in it",
        finding(_unstripped),
    ),
    Defect(
        "first-occurrence-counts",
        "profile.format",
        "takes the first of several values of a parameter",
        finding(_first_occurrences),
    ),
    Defect(
        "unknown-element-refused",
        "profile.format",
        "takes a profile with an element that it does not know for corrupt",
        finding(_unknown_refused),
    ),
    Defect(
        "profile-resets-others",
        "profile.format",
        "puts parameters that a profile does not mention back to their defaults",
        deviating(apply_profile=_forgets_the_rest),
    ),
    Defect(
        "profile-not-applied",
        "profile.format",
        "fetches profiles and applies nothing",
        deviating(apply_profile=_nothing_applied),
    ),
    Defect(
        "profile-fills-blanks",
        "rules.sequence",
        "lets a profile set only what nobody has set before",
        deviating(apply_profile=_blanks_filled),
    ),
    Defect(
        "tags-case-blind",
        "profile.format",
        "applies elements whose name is in the wrong case",
        deviating(apply_profile=_case_blind),
    ),
    Defect(
        "parameters-not-stored",
        "flash.persistence",
        "has lost what a profile or a rule set after a power cut",
        firmware(store=_nowhere),
    ),
    Defect(
        "flash-erased-for-the-fetch",
        "flash.persistence",
        "erases its parameters when it asks for new ones",
        firmware(erases_before_fetch=True),
    ),
    Defect(
        "flash-erased-first",
        "flash.persistence",
        "erases its parameters before it writes the new ones",
        firmware(store=_in_place),
    ),
    Defect(
        "flash-written-one-by-one",
        "flash.persistence",
        "writes the parameters of a profile one after another",
        firmware(store=_one_by_one),
    ),
)
