# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests of strangers and carriers to public addresses, drawn by hypothesis.

Nothing here knows the addon's code. A name of :data:`BLANKS` stands for a value of the
database (a valid key, a form's token), which the test fills in.
"""

import json
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

from hypothesis import strategies as st

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
RIGHT, FORGED, UNSIGNED = PROOFS = ("right", "forged", "unsigned")
#: Placeholders, filled in before a request: the session's token, a wording's id.
BLANKS = CSRF, WORDING = ("CsrfToken", "WordingId")

#: Markup that must always be escaped, and a result that no template may compute.
MARKUP, COMPUTED = "<fz", "8672449"
ODD = (
    *("", " ", "\x00", "a\x00b", "\ud83d", "a\udc00", "\ufffe\uffff", "\u202egnp.exe"),
    *(
        f"{MARKUP} onload='x'>\"",
        f"</p>{MARKUP}>",
        "' OR 1=1 --",
        "'); DROP TABLE x;--",
    ),
    *("{{2969*2921}}", "${2969*2921}", "<t t-out='2969*2921'/>", "%(x)s %s %n {0}"),
    *("-1", "0", "1e999", "NaN", "9" * 400, "0x10", "٣", "²", "1.5", "true", "null"),
    *("../../etc/passwd", "x\r\nSet-Cookie: x=1", "\u2028", "\u200b" * 9, "é" * 99),
    *("__class__", "[]", "{}", "\U0001f469\u200d\U0001f467", "e" + "\u0301" * 99),
    *("+13035550100", "+1 (303) 555-0100", "+1303555010" + "0" * 50, "911", "BANK"),
    *("STOP", "stop", "YES", "HELP", "START", "ѕtop", "please stop texting me", "1"),
    *("delivered", "failed", "undelivered", "21610", "30008", "human", "ticket", "all"),
)
#: Long texts, made by repetition, so that the printed example stays small.
HUGE = st.builds(
    lambda unit, times: unit * times,
    st.sampled_from([it for it in ODD if it]),
    st.sampled_from((50, 2000, 20000)),
).map(lambda text: text[:70000])
WORDS = st.one_of(
    st.sampled_from(ODD), st.sampled_from(ODD), st.text(max_size=30), HUGE
)
#: Segments of a path, without a slash.
SEGMENTS = st.one_of(st.sampled_from(ODD), st.text(max_size=30)).map(
    lambda text: text.replace("/", "\\")[:3000] or "x"
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from((2**31, 2**63, -(2**63) - 1, 10**400, 1e400, float("nan"))),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)
    ),
    max_leaves=5,
)
#: Bodies that no parser accepts.
RAW = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        (
            *(b"", b"\x00", b"\xff\xfe", b"null", b"true", b"0", b'"x"', b"[]", b"{}"),
            *(
                b"[" * 900,
                b"[" * 100_000,
                b'{"data":' * 50_000,
                b"[" * 999 + b"]" * 999,
            ),
            *(b"1" * 5000, b"NaN", b'{"data": Infinity}', b"\xef\xbb\xbf{}", b'{"a"'),
            *(b'{"data":1,"data":{}}', '{"ü":"é"}'.encode("utf-16"), b"x" * 1_000_000),
            *(
                b"&" * 60_000,
                b"a=1&" * 15_000,
                b"%ff=%00&%zz=%",
                b"Body=%F0%9F&From=%FF",
            ),
            b'{"data":{"payload":{"text":"' + b"x" * 999_000 + b'"}}}',
        )
    ),
)
HEADERS = st.sampled_from(
    (
        ("Accept-Language", "x" * 5000),
        ("Accept-Language", "de;q=NaN,\xff\xfe,*;q=-1"),
        ("Accept-Language", ",".join(f"x{it}" for it in range(500))),
        ("Accept", "text/plain;version=\x01,*/*;q=9"),
        ("User-Agent", "<fz onload=x>\xff" * 60),
        ("Cookie", "session_id=../../x; frontend_lang=<fz>; cids=-1"),
        ("Cookie", "session_id=" + "a" * 84),
        ("X-Forwarded-For", "::1%\xff, 127.0.0.1"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "javascript"),
        ("Authorization", "Bearer \xff"),
        ("Authorization", "Basic !!!"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Content-Encoding", "gzip"),
        ("Range", "bytes=9-1"),
        ("If-None-Match", "*"),
        ("Referer", "javascript:alert(1)"),
    )
)


@dataclass(frozen=True)
class Ask:
    """One request, with placeholders for values of the database.

    :param str endpoint: the path of the route, with its variables
    :param tuple fills: a text for each variable of the path; None: the valid one
    :param bytes query: the query string, without the question mark
    :param str proof: one of :data:`PROOFS`
    :param int times: how often it is made
    """

    endpoint: str
    method: str
    fills: tuple
    query: bytes
    headers: tuple
    kind: str
    body: bytes
    proof: str
    times: int

    def __repr__(self):
        body = self.body if len(self.body) < 500 else self.body[:500] + b"..."
        return (
            f"Ask({self.endpoint!r}, {self.method!r}, {self.fills!r}, {self.query!r}, "
            f"{self.headers!r}, {self.kind!r}, {body!r}, {self.proof!r}, {self.times})"
        )


def encode(text):
    """Encode a text, lone surrogates too."""
    return text.encode("utf-8", "surrogatepass")


@st.composite
def forms(draw, samples):
    """Draw a form like one of the samples, with fields changed or repeated."""
    pairs = list(draw(st.sampled_from(samples)).items())
    names = [name for name, _value in pairs] or ["x"]
    changed = st.tuples(st.one_of(st.sampled_from(names), WORDS), WORDS)
    pairs += draw(st.lists(changed, max_size=3))
    if draw(st.booleans()):  # code may read the first or the last
        pairs.reverse()
        pairs = pairs if draw(st.booleans()) else list(dict(pairs).items())
    body = "&".join(
        f"{quote_plus(encode(name))}={quote_plus(encode(value))}"
        for name, value in pairs
    )
    return body.encode()


@st.composite
def documents(draw, samples):
    """Draw JSON like one of the samples, with some of its values changed."""
    document = json.loads(json.dumps(draw(st.sampled_from(samples))))
    for _change in range(draw(st.integers(0, 3))):
        document = _change_somewhere(draw, document)
    text = json.dumps(document, ensure_ascii=draw(st.booleans()))
    return encode(text)


def _change_somewhere(draw, document):
    """Return a document with a value, or the whole of it, replaced."""
    if isinstance(document, dict | list) and document and draw(st.integers(0, 5)):
        keys = document if isinstance(document, dict) else range(len(document))
        key = draw(st.sampled_from(sorted(keys)))
        document[key] = _change_somewhere(draw, document[key])
        return document
    return draw(VALUES)


@st.composite
def asks(draw, endpoints):
    """Draw a request to one of the endpoints.

    :param dict endpoints: for each path its methods, content type and samples of a body
    """
    path = draw(st.sampled_from(sorted(endpoints)))
    methods, kind, samples = endpoints[path]
    others = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW")
    is_usual = draw(st.integers(0, 9))
    fill = st.one_of(st.none(), st.none(), st.none(), SEGMENTS)
    bodies = documents(samples) if kind == JSON else forms(samples)
    kinds = (
        FORM,
        JSON,
        "",
        "multipart/form-data; boundary=x",
        "text/\xff",
        f"{kind};x=",
    )
    is_posted = "POST" in methods
    return Ask(
        path,
        draw(st.sampled_from(methods if is_usual else others)),
        tuple(draw(fill) for _variable in range(path.count("<"))),
        draw(st.one_of(st.just(b""), st.just(b""), queries())),
        tuple(draw(st.lists(HEADERS, max_size=2))),
        kind if draw(st.integers(0, 9)) else draw(st.sampled_from(kinds)),
        draw(st.one_of(bodies, bodies, bodies, RAW)) if is_posted else b"",
        draw(st.sampled_from((RIGHT, RIGHT, FORGED, UNSIGNED))),
        draw(st.sampled_from((1, 1, 1, 2, 3))),
    )


def queries():
    """Return a strategy for query strings."""
    names = st.sampled_from(("done", "format", "lang", "db", "debug", "x", "sms"))
    pairs = st.lists(st.tuples(names, st.sampled_from(ODD)), min_size=1, max_size=3)
    encoded = pairs.map(
        lambda found: urlencode([(n, encode(v)) for n, v in found]).encode()
    )
    return st.one_of(
        encoded, st.sampled_from((b"%ff&&=", b"\xff=\x00", b"a=%zz" * 900))
    )
