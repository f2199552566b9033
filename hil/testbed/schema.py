"""The JSON schema of an inventory, for editors that complete and check YAML while it is written.

It is made from the models, so it says what `hil.testbed.inventory.load` says of a single value; what
entries say of each other no schema can. An editor reads YAML by its own rules, where a scalar such as
``00012`` or ``yes`` is a number or a text, so texts may look like numbers here and booleans like words.
"""

from __future__ import annotations

import json
from typing import Any

from hil.testbed.defaults import DEFAULTS_ARE, KEY, OWN
from hil.testbed.models import Testbed

FILE = "inventory.schema.json"
"""What the schema is called beside the inventories of a checkout or a wheel."""

_NEEDED = ["name", "mac", "serial"]
"""What each handset has of its own; everything else may stand under ``defaults``."""

_WORDS = [True, False, "yes", "no", "on", "off", "true", "false"]


def schema() -> dict[str, Any]:
    """The schema (JSON Schema draft 2020-12) of an inventory file."""
    made = Testbed.model_json_schema()
    definitions = made["$defs"]
    handset = definitions["HandsetEntry"]
    handset["required"] = _NEEDED
    definitions["PowerRef"].pop("required")
    common = {name: value for name, value in handset["properties"].items() if name not in OWN}
    made["properties"].pop("file")
    made["properties"][KEY] = {
        "type": "object",
        "description": DEFAULTS_ARE,
        "properties": common,
        "additionalProperties": False,
    }
    made["required"].remove("file")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A testbed of hil",
        "description": "The phones of a laboratory and what surrounds them.",
    }
    return head | {key: _as_written(value) for key, value in made.items() if key not in head}


def schema_text() -> str:
    """The schema as the file has it."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


def _as_written(node: Any) -> Any:
    """A part of the schema for values as an editor takes them from YAML."""
    if isinstance(node, list):
        return [_as_written(each) for each in node]
    if not isinstance(node, dict):
        return node
    written = {key: _as_written(value) for key, value in node.items()}
    if node.get("type") == "string" and "enum" not in node and "const" not in node:
        written["type"] = ["string", "number", "boolean"]
    elif node.get("type") == "boolean":
        del written["type"]
        written["enum"] = _WORDS
    return written
