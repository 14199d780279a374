# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Extract from the carriers' API descriptions what our adapters use.

Run by hand when a carrier's description has changed; see README.md beside this file.
"""

import importlib
import json
import sys
import types
import typing
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent
ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
#: By file of Twilio's description: paths and methods that ``providers/twilio*.py`` use.
TWILIO = {
    "twilio_api_v2010": {
        "/2010-04-01/Accounts/{Sid}.json": ["get"],
        f"{ACCOUNT}/Messages.json": ["get", "post"],
        f"{ACCOUNT}/Messages/{{Sid}}.json": ["get", "post", "delete"],
        f"{ACCOUNT}/Messages/{{MessageSid}}/Media.json": ["get"],
        f"{ACCOUNT}/Messages/{{MessageSid}}/Media/{{Sid}}.json": ["delete"],
        f"{ACCOUNT}/Calls.json": ["get", "post"],
        f"{ACCOUNT}/Calls/{{Sid}}.json": ["get", "delete"],
        f"{ACCOUNT}/IncomingPhoneNumbers.json": ["get"],
        f"{ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json": ["post"],
    },
    "twilio_messaging_v1": {
        "/v1/Services/{Sid}": ["get", "post"],
        "/v1/Services/{ServiceSid}/PhoneNumbers": ["get"],
        "/v1/Deactivations": ["get"],
    },
    "twilio_accounts_v1": {"/v1/Consents/Bulk": ["post"]},
}
#: Keys that are dropped: texts for people, and what does not constrain any content.
DROPPED = {"description", "summary", "tags", "externalDocs", "security", "title"}
DROPPED |= {"headers", "operationId"}
#: Number of examples kept of a response: they differ little.
EXAMPLES = 2
#: Missing in its description: https://www.twilio.com/docs/usage/twilios-response
TWILIO_ERROR = {
    "type": "object",
    "required": ["code", "message", "more_info", "status"],
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "more_info": {"type": "string", "format": "uri"},
        "status": {"type": "integer"},
    },
}

#: Telnyx's library: method and path of a request, type of its parameters and where they
#: go, type of the response or of its items, and whether it is a list.
TELNYX = (
    ("post", "/v2/messages", "message_send_params", "body", "message_send_response", 0),
    ("get", "/v2/messages/{id}", "", "", "message_retrieve_response", 0),
    (
        *("get", "/v2/detail_records", "detail_record_list_params", "query"),
        *("detail_record_list_response.MessageDetailRecord", 1),
    ),
    (
        *("get", "/v2/messaging_optouts", "messaging_optout_list_params", "query"),
        *("messaging_optout_list_response", 1),
    ),
    (
        *("get", "/v2/phone_numbers/messaging", "phone_numbers.messaging_list_params"),
        *("query", "shared.phone_number_with_messaging_settings", 1),
    ),
    (
        *("get", "/v2/messaging_profiles/{id}", "", ""),
        *("messaging_profile_retrieve_response", 0),
    ),
    (
        *("patch", "/v2/messaging_profiles/{id}", "messaging_profile_update_params"),
        *("body", "messaging_profile_update_response", 0),
    ),
)
TELNYX_EVENTS = ("inbound_message_webhook_event", "delivery_update_webhook_event")
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def write(name, document):
    """Write a description, with one path or schema per line."""
    parts = []
    for section in filter(document.__contains__, ("paths", "webhooks")):
        rows = document.pop(section)
        lines = [f"{json.dumps(key)}:{dump(row)}" for key, row in rows.items()]
        parts.append(f'"{section}":{{\n' + ",\n".join(lines) + "\n}")
    schemas = document.pop("schemas")
    lines = [f"{json.dumps(key)}:{dump(row)}" for key, row in sorted(schemas.items())]
    parts.append('"components":{"schemas":{\n' + ",\n".join(lines) + "\n}}")
    head = dump(document)[1:-1]
    (HERE / f"{name}.json").write_text("{" + ",\n".join([head, *parts]) + "}\n")


def dump(value):
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# === Twilio: an OpenAPI description (3.0) ===


def cut_twilio(folder, source):
    """Write the used parts of the descriptions in a folder."""
    paths, schemas = {}, {"Error": TWILIO_ERROR}
    failure = answer_with({"$ref": "#/components/schemas/Error"})
    for name, wanted in TWILIO.items():
        whole = json.loads((Path(folder) / f"{name}.json").read_text())
        for path, methods in wanted.items():
            item = whole["paths"][path]
            paths[path] = {method: tidy(item[method]) for method in methods}
            for operation in paths[path].values():
                operation["responses"]["default"] = failure
                for content in operation.get("requestBody", {}).get("content", {}):
                    operation["requestBody"]["content"][content].pop("examples", None)
        waiting = find_refs(paths)
        while waiting:
            ref = waiting.pop()
            if ref in whole["components"]["schemas"] and ref not in schemas:
                schemas[ref] = tidy(whole["components"]["schemas"][ref])
                waiting |= find_refs(schemas[ref])
    info = {"title": "Twilio", "version": source, "license": whole["info"]["license"]}
    write(
        "twilio",
        {"openapi": "3.1.0", "info": info, "paths": paths, "schemas": schemas},
    )


def tidy(value, is_name=False):
    """Return a part without the dropped keys, and with nulls as in JSON Schema.

    :param bool is_name: the keys are names, as in ``properties``, and all kept
    """
    if isinstance(value, list):
        return [tidy(it) for it in value]
    if not isinstance(value, dict):
        return value
    if is_name:
        return {key: tidy(it) for key, it in value.items()}
    kept = {
        key: tidy_examples(it) if key == "examples" else tidy(it, key == "properties")
        for key, it in value.items()
        if key not in DROPPED and not key.startswith("x-")
    }
    if "in" in kept:
        kept.pop("examples", None)
    if kept.pop("nullable", False):
        if "enum" in kept:
            kept["enum"] = [*kept["enum"], None]
        if "type" in kept:
            kept["type"] = [kept["type"], "null"]
    return kept


def tidy_examples(examples):
    """Return the values of the first examples."""
    if not isinstance(examples, dict):
        return examples
    found = [it["value"] for it in examples.values() if it.get("value")]
    return {str(at): {"value": it} for at, it in enumerate(found[:EXAMPLES])}


def find_refs(value):
    """Return the names of the schemas that a part refers to."""
    if isinstance(value, list):
        return set().union(*map(find_refs, value))
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"].rpartition("/")[2]} if "$ref" in value else set()
    return own.union(*map(find_refs, value.values()))


# === Telnyx: the types of its own library, which is generated from its description ===


def cut_telnyx(source):
    """Write the used types of the installed library."""
    schemas = {}
    cutter = TypeCutter(schemas)
    errors = wrap("errors", cutter.cut(find_type("shared.api_error")))
    paths = {}
    for method, path, params, where, answered, is_list in TELNYX:
        operation = {"parameters": []}
        if "{id}" in path:
            operation["parameters"].append(
                {"name": "id", "in": "path", "required": True, "schema": {}}
            )
        if params:
            ref = cutter.cut(find_type(params))["$ref"]
            add_params(operation, where, schemas.pop(ref.rpartition("/")[2]))
        answer = cutter.cut(find_type(answered))
        answer = answer_with(wrap("data", answer) if is_list else answer)
        operation["responses"] = {"200": answer, "default": answer_with(errors)}
        paths.setdefault(path, {})[method] = operation
    events = {
        name: {"post": {"requestBody": answer_with(cutter.cut(find_type(name)))}}
        for name in TELNYX_EVENTS
    }
    info = {"title": "Telnyx", "version": source, "license": {"name": "MIT"}}
    document = {"openapi": "3.1.0", "info": info, "paths": paths, "webhooks": events}
    write("telnyx", {**document, "schemas": schemas})


def find_type(name):
    """Return a type of the library: the named one, or the first one of a module."""
    place, _, last = name.rpartition(".")
    if last[0].isupper():
        return getattr(importlib.import_module(f"telnyx.types.{place}"), last)
    module = importlib.import_module(f"telnyx.types.{name}")
    return getattr(module, module.__all__[0])


def wrap(name, item):
    """Return the schema of an object that holds a list."""
    items = {"type": "array", "items": item}
    return {"type": "object", "properties": {name: items}}


def add_params(operation, where, params):
    """Add its parameters to an operation.

    :param str where: ``query`` or ``body``
    """
    properties, required = params["properties"], params.get("required", ())
    header = properties.pop("Idempotency-Key", None)
    if header:
        operation["parameters"].append(
            {"name": "Idempotency-Key", "in": "header", "schema": header}
        )
    if where == "body":
        operation["requestBody"] = {"required": True, **answer_with(params)}
        return
    for name, schema in properties.items():
        param = {"name": name, "in": "query", "schema": schema}
        if name in required:
            param["required"] = True
        if "$ref" in schema:
            param["style"] = "deepObject"
        operation["parameters"].append(param)


def answer_with(schema):
    """Return the content of a response (or request) in JSON."""
    return {"content": {"application/json": {"schema": schema}}}


class TypeCutter:
    """Convert Python types to JSON Schema; models become named schemas."""

    def __init__(self, schemas):
        self.schemas = schemas

    def cut(self, kind):
        """Return the schema of a type."""
        if kind in PLAIN:
            return {"type": PLAIN[kind]}
        if kind is datetime:
            return {"type": "string", "format": "date-time"}
        origin, args = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Literal:
            return {"enum": list(args)}
        if origin in (typing.Union, types.UnionType):
            return self.cut_union(args)
        if hasattr(kind, "__required_keys__") or hasattr(kind, "model_fields"):
            return self.cut_model(kind)
        name = getattr(origin, "__name__", str(origin))
        if name in ("Annotated", "Required"):
            return self.cut(args[0])
        if name in ("list", "Sequence", "SequenceNotStr"):
            return {"type": "array", "items": self.cut(args[0])}
        return {"type": "object"} if name == "dict" else {}

    def cut_union(self, kinds):
        """Return the schema of a union of types."""
        found = [self.cut(it) for it in kinds if it is not type(None)]
        if str in kinds and datetime in kinds:
            found.remove({"type": "string"})
        if type(None) not in kinds:
            return found[0] if len(found) == 1 else {"anyOf": found}
        if len(found) == 1 and isinstance(found[0].get("type"), str):
            return {**found[0], "type": [found[0]["type"], "null"]}
        if len(found) == 1 and "enum" in found[0]:
            return {"enum": [*found[0]["enum"], None]}
        return {"anyOf": [*found, {"type": "null"}]}

    def cut_model(self, kind):
        """Return a reference to the schema of a model; make the schema if missing."""
        name = kind.__module__.rpartition(".")[2] + "." + kind.__name__
        ref = {"$ref": f"#/components/schemas/{name}"}
        if name in self.schemas:
            return ref
        self.schemas[name] = schema = {"type": "object", "properties": {}}
        required = []
        for name, part, must in get_fields(kind):
            schema["properties"][name] = self.cut(part)
            if must:
                required.append(name)
        if required:
            schema["required"] = required
        if getattr(kind, "__extra_items__", None) is object:
            schema["additionalProperties"] = True
        return ref


def get_fields(kind):
    """Yield each field's name in JSON, its type, and whether it is required."""
    if hasattr(kind, "model_fields"):
        for key, field in kind.model_fields.items():
            yield field.alias or key, field.annotation, field.is_required()
        return
    # A dependency of the library: imported here, so that Twilio's part works without.
    extensions = importlib.import_module("typing_extensions")
    hints = extensions.get_type_hints(kind, include_extras=True)
    for key, part in hints.items():
        notes = [it for it in typing.get_args(part) if hasattr(it, "alias")]
        alias = notes[0].alias if notes and notes[0].alias else key
        # Where types are written as text, Required is known by the hint alone.
        yield alias, part, "Required[" in str(part)


if __name__ == "__main__":
    if sys.argv[1] == "twilio":
        cut_twilio(*sys.argv[2:])
    else:
        cut_telnyx(*sys.argv[2:])
