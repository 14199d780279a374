# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Check requests and responses against a carrier's API description (``openapi/``).

A request is checked as strictly as possible: what the description does not name is
wrong. So are the responses of our own peers; a real carrier's may contain more.
"""

import json
import re
from collections import defaultdict
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator, FormatChecker

from .serving import Loopback
from .twilio import PeerHandler, PeerServer

FOLDER = Path(__file__).parent / "openapi"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
#: A number, a short code, an alphanumeric sender, or another channel's address.
PHONE = re.compile(r"\+[1-9]\d{1,14}|\d{3,8}|[\w &+-]{1,11}|[a-z]+:.+")
#: A value that is not in any list: carriers add new ones.
UNHEARD_OF = "unheard_of"

formats = FormatChecker(())


@formats.checks("phone-number")
def _is_phone(value):
    return not isinstance(value, str) or bool(PHONE.fullmatch(value))


@formats.checks("uri")
def _is_uri(value):
    # Twilio describes the paths of its pages as URIs, too.
    return not isinstance(value, str) or value.startswith(("https://", "http://", "/"))


@formats.checks("date", raises=ValueError)
def _is_date(value):
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@formats.checks("date-time", raises=ValueError)
def _is_time(value):
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


@formats.checks("date-time-rfc-2822", raises=ValueError)
def _is_mail_time(value):
    return not isinstance(value, str) or bool(parsedate_to_datetime(value))


class Description:
    """A carrier's API description.

    ``operations`` maps a method and a path template to the operation's description.
    """

    def __init__(self, carrier):
        self.document = json.loads((FOLDER / f"{carrier}.json").read_text())
        self.operations = {
            (method, path): operation
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }
        self._components = close(self.document["components"])

    def find(self, method, target):
        """Return the operation of a request, and the values in its path.

        :return: key of :attr:`operations`, None if there is none; dict
        """
        path = urlsplit(target).path
        for known in self.operations:
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(known[1]))
            found = re.fullmatch(pattern, path)
            if found and known[0] == method.lower():
                return known, found.groupdict()
        return None, {}

    def check(self, exchange):
        """Return what is wrong with a request and its response, as texts."""
        key, in_path = self.find(exchange.method, exchange.target)
        if not key:
            return [f"{exchange.method} {exchange.target}: not described"]
        operation = self.operations[key]
        complaints = [
            *self._check_params(operation, in_path, exchange),
            *self._check_body(operation, exchange),
            *self._check_answer(operation, exchange),
        ]
        return [f"{' '.join(key)}: {complaint}" for complaint in complaints]

    def _check_params(self, operation, in_path, exchange):
        query = parse_qsl(urlsplit(exchange.target).query, keep_blank_values=True)
        given = {"path": in_path, "query": dict(query)}
        given["header"] = {k.lower(): v for k, v in exchange.headers.items()}
        for param in operation.get("parameters", ()):
            values = given[param["in"]]
            if param.get("style") == "deepObject":
                value = take_deep(values, param["name"])
            else:
                name = param["name"]
                name = name.lower() if param["in"] == "header" else name
                value = read(values.pop(name, None), param["schema"])
            if value is None:
                if param.get("required"):
                    yield f"{param['name']} lacks"
                continue
            yield from self.validate(param["schema"], value, param["name"])
        for name in (*given["path"], *given["query"]):
            yield f"{name} is not described"

    def _check_body(self, operation, exchange):
        described = operation.get("requestBody", {}).get("content", {})
        if not described:
            return ["there is a body"] if exchange.body else []
        kind = exchange.headers.get("Content-Type", "").partition(";")[0]
        if kind not in described:
            return [f"{kind} is not described"]
        schema = described[kind]["schema"]
        if kind == JSON:
            return self.validate(schema, json.loads(exchange.body), "body")
        return self.validate(schema, read_form(exchange.body, schema), "form")

    def _check_answer(self, operation, exchange):
        responses = operation["responses"]
        described = responses.get(str(exchange.status), responses["default"])
        content = described.get("content", {})
        if not content:
            return ["an answer"] if exchange.answer else []
        if exchange.status < 400 and described is responses["default"]:
            return [f"{exchange.status} is not described"]
        return self.validate(content[JSON]["schema"], exchange.answer, "answer")

    def validate(self, schema, value, where):
        """Return what is wrong with a value."""
        whole = {**close(schema), "components": self._components}
        validator = Draft202012Validator(whole, format_checker=formats)
        return [
            f"{where}{error.json_path[1:]}: {error.message[:200]}"
            for error in validator.iter_errors(value)
        ]

    # === Described responses ===

    def get_answer(self, key):
        """Return the status and the schema of an operation's successful response."""
        responses = self.operations[key]["responses"]
        status = min(responses)
        content = responses[status].get("content", {}).get(JSON, {})
        return int(status), content

    def make_answers(self, content):
        """Yield responses: the description's examples, then variants of the first.

        In the variants, each value in turn is null (where allowed), each of its
        enumerated values, and an unknown one; each field is missing in turn, and a
        field that is not described is added.
        """
        schema = content.get("schema", {})
        examples = [it["value"] for it in content.get("examples", {}).values()]
        examples = examples or [self.make(schema)]
        yield from examples
        # With it, each variant would cause a request for a second page.
        first = {k: it for k, it in examples[0].items() if k != "next_page_uri"}
        yield from self.vary(schema, first)

    def resolve(self, schema):
        """Return a schema, or the one that it refers to."""
        while "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self.document["components"]["schemas"][name]
        return schema

    def make(self, schema):
        """Return a complete value of a schema."""
        schema = self.resolve(schema)
        if "anyOf" in schema:
            return self.make(schema["anyOf"][0])
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type", "object")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            fields = schema.get("properties", {})
            return {name: self.make(field) for name, field in fields.items()}
        if kind == "array":
            return [self.make(schema.get("items", {}))]
        if kind == "string":
            is_time = schema.get("format") == "date-time"
            return "2026-11-27T10:00:00.123456+00:00" if is_time else "word"
        return {"integer": 1, "number": 0.5, "boolean": True, "null": None}[kind]

    def vary(self, schema, value):
        """Yield the variants of a value of a schema."""
        schema = self.resolve(schema)
        if "null" in schema.get("type", ()):
            yield None
        for choice in schema.get("anyOf", ()):
            yield from self.vary(choice, self.make(choice))
        if "enum" in schema:
            yield from schema["enum"]
            yield UNHEARD_OF
        if isinstance(value, dict):
            yield from self._vary_fields(schema.get("properties", {}), value)
        if isinstance(value, list):
            yield []
            first = value[0] if value else self.make(schema.get("items", {}))
            for other in self.vary(schema.get("items", {}), first):
                yield [other, *value[1:]]

    def _vary_fields(self, fields, value):
        yield {**value, UNHEARD_OF: {UNHEARD_OF: [1, None]}}
        for name, field in fields.items():
            yield {key: it for key, it in value.items() if key != name}
            whole = value.get(name)
            for other in self.vary(field, self.make(field) if whole is None else whole):
                yield {**value, name: other}


def close(schema):
    """Return a schema that refuses properties that it does not name."""
    if isinstance(schema, list):
        return [close(it) for it in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: close(it) for key, it in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def read(value, schema):
    """Convert a value of a query or a form to the type of its schema."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", value or ""):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def read_form(body, schema):
    """Return the fields of a form; repeated fields and arrays become lists."""
    fields = defaultdict(list)
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        fields[name].append(value)
    described = schema["properties"]
    return {
        name: values
        if described.get(name, {}).get("type") == "array" or len(values) > 1
        else read(values[0], described.get(name, {}))
        for name, values in fields.items()
    }


def take_deep(values, name):
    """Pop an object's parameters (``filter[created_at][gte]``) from a query."""
    found = {}
    for key in [it for it in values if it.startswith(f"{name}[")]:
        *path, last = re.findall(r"\[(\w+)\]", key)
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[last] = values.pop(key)
    return found or None


class DescribedPeer(Loopback):
    """A server that answers each request as its carrier's description says.

    ``answers`` maps an operation to another response: status and body.
    """

    def __init__(self, description):
        self.description, self.answers = description, {}
        handler = type("Handler", (DescribedHandler,), {"peer": self})
        self.server = PeerServer(("127.0.0.1", 0), handler)
        self._usual = {}

    def get_answer(self, method, target):
        """Return status and body of the response; no list has a third page."""
        key, _in_path = self.description.find(method, target)
        if not key:
            return 404, ""
        if key not in self._usual:
            status, content = self.description.get_answer(key)
            bodies = self.description.make_answers(content)
            self._usual[key] = status, next(bodies) if content else ""
        status, body = self.answers.get(key) or self._usual[key]
        if "PageToken=" in target and isinstance(body, dict):
            body = {**body, "next_page_uri": None}
        return status, body


class DescribedHandler(BaseHTTPRequestHandler):
    """Answers one connection. ``peer`` is the :class:`DescribedPeer` that it serves."""

    peer = None
    protocol_version = "HTTP/1.1"
    wbufsize = PeerHandler.wbufsize

    def log_message(self, *_args):
        """Stay silent."""

    def _answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.peer.get_answer(self.command, self.path)
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer
