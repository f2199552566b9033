"""The shape of an inventory as its models have it: which field stands at which place.

A place of pydantic's names the kind of an entry where there are several (``("pdus", 0, "snmp",
"host")``), which the document does not: `walk` translates. `misplaced` goes the other way, from a
document to the keys that mean nothing on a testbed of its kind, or that a rack lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hil.testbed.checks import Place, Wrong
from hil.testbed.defaults import DEFAULTS_ARE, KEY
from hil.testbed.entry import needed_in_rack, only_for
from hil.testbed.models import HandsetEntry, Testbed

DEFAULTS = FieldInfo(
    annotation=HandsetEntry,
    default=None,
    description=DEFAULTS_ARE,
)
"""The key ``defaults``, which is part of the handsets when the models see them."""


def walk(place: Place) -> tuple[FieldInfo | None, Place]:
    """The field that a place of pydantic's belongs to, and the place as the document has it."""
    kinds: Mapping[str, type[BaseModel]] = {"": Testbed}
    field: FieldInfo | None = None
    plain: list[str | int] = []
    for step in place:
        if isinstance(step, str) and "" not in kinds and step in kinds:
            kinds = {"": kinds[step]}
            continue
        plain.append(step)
        if isinstance(step, str) and "" in kinds:
            field = _known(kinds[""]).get(step)
            kinds = _kinds(field.annotation) if field else {}
    return field, tuple(plain)


def fields_at(place: Place) -> Mapping[str, FieldInfo]:
    """The fields of the mapping that stands at a place of pydantic's."""
    kinds = kinds_at(place)
    model = kinds.get(str(place[-1]) if "" not in kinds else "")
    return _known(model) if model else {}


def kinds_at(place: Place) -> Mapping[str, type[BaseModel]]:
    """The models of the entry at a place of pydantic's, by its kind, or by "" where there is one."""
    if not place:
        return {"": Testbed}
    field = walk(place)[0]
    return _kinds(field.annotation) if field else {}


def models_in(field: FieldInfo) -> tuple[type[BaseModel], ...]:
    """The models of the mappings that a field may hold."""
    return tuple(_kinds(field.annotation).values())


def misplaced(document: Mapping[str, Any]) -> Iterator[Wrong]:
    """Find the keys that belong to another kind of testbed, and those that a rack cannot do without.

    What has the wrong shape takes no part, nor has an inventory whose kind is wrong.
    """
    kind = document.get("kind")
    if kind in ("virtual", "rack"):
        yield from _misplaced(document, Testbed, (), str(kind))


def _misplaced(
    value: Mapping[str, Any], model: type[BaseModel], place: Place, kind: str
) -> Iterator[Wrong]:
    for name, field in _known(model).items():
        there = (*place, name)
        if name not in value:
            if kind == "rack" and needed_in_rack(field):
                yield Wrong(there, f"a rack needs {name}", field.description or "")
            elif name == "network" and kind == "rack":
                yield from _misplaced({}, _kinds(field.annotation)[""], there, kind)
            continue
        if only_for(field) not in ("", kind):
            problem = f"{name} means nothing on a testbed of kind {kind}"
            yield Wrong(there, problem, f"kind: {only_for(field)}, or leave it out")
            continue
        kinds = _kinds(field.annotation)
        for below, inner in _mappings(value[name], there):
            chosen = kinds.get("") or kinds.get(str(inner.get("driver")))
            if chosen is not None:
                yield from _misplaced(inner, chosen, below, kind)


def _mappings(value: object, place: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield place, value
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            if isinstance(inner, Mapping):
                yield (*place, index), inner


def _known(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The keys of a mapping; those of an inventory differ from the model's fields."""
    if model is not Testbed:
        return model.model_fields
    fields = {name: field for name, field in Testbed.model_fields.items() if name != "file"}
    return fields | {KEY: DEFAULTS}


def _kinds(annotation: Any, key: str = "") -> Mapping[str, type[BaseModel]]:
    """The models inside an annotation such as ``tuple[Pdu, ...]`` or ``SnmpUser | None``.

    By the value of ``key``, if one tells several apart, else by an empty text.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        tags = get_args(annotation.model_fields[key].annotation) if key else ("",)
        return dict.fromkeys(tags, annotation)
    parts = get_args(annotation)
    for part in parts:
        if isinstance(part, FieldInfo) and isinstance(part.discriminator, str):
            key = part.discriminator
    return {tag: kind for part in parts for tag, kind in _kinds(part, key).items()}
