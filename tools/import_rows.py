# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Meaning of the columns and cells of an imported list of consents."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from .clocks import to_utc
from .consent import GRANTED, REVOKED
from .texts import fold

#: Clocks differ. What lies so little in the future was said now.
CLOCK_TOLERANCE = timedelta(minutes=2)

#: The beginning of a moment in ISO 8601, far from the ends of Python's calendar.
INSTANT = re.compile(r"[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d")

#: How consent can have been given elsewhere, and how others write that.
WAYS = {
    "web": ("web form", "website", "online", "form", "formulaire", "formulario"),
    "paper": ("signed paper", "written form", "papier", "papel", "signature"),
    "text": ("sms", "text message", "keyword", "texto"),
    "phone": ("call", "telephone", "phone call", "said on the phone", "téléphone"),
    "in_person": ("in person", "verbal", "face to face", "said in person"),
    "written": ("email", "e-mail", "letter", "e-mail or letter", "mail", "courrier"),
}


def parse_instant(text):
    """Return a moment in UTC, without zone, out of ISO 8601.

    :param str text: such as ``2026-11-25T10:18:00Z`` or ``2026-11-25 10:18:00+01:00``;
        without a zone it is UTC
    :raises ValueError: when it is none
    """
    if not isinstance(text, str) or not INSTANT.match(text):
        raise ValueError(f"not a moment: {text!r}")
    moment = datetime.fromisoformat(text.strip())
    offset = moment.utcoffset() or timedelta()
    return (moment.replace(tzinfo=None) - offset).replace(microsecond=0)


def settle_clock(moment, now):
    """Return ``moment``, or ``now`` when it lies in the future by a clock's error."""
    return moment if moment > now + CLOCK_TOLERANCE else min(moment, now)


def read_way(text):
    """Return the key of :data:`WAYS` that a text means, or None."""
    word = " ".join(str(text).casefold().replace("_", " ").split())
    for way, others in WAYS.items():
        if word in (way, *others):
            return way
    return None


def make_note(way, source, note=None):
    """Return what the evidence says of a consent that was given elsewhere."""
    lines = [
        f"How it was given: {way}" if way else "",
        f"Evidence: {source}" if source else "",
        note,
    ]
    return "\n".join(filter(None, lines))


#: Field: how its column is headed elsewhere, in small letters without accents.
HEADERS = {
    "number": "number|phone|phone number|mobile|mobile phone|mobile number|cell|tel"
    "|cell phone|telephone|telefon|telefono|telefonnummer|handy|msisdn|numero"
    "|numero de telephone|portable|movil|celular|e164|to|recipient",
    "happened_at": "when|date|given on|consent date|opt in date|optin date|opted in at"
    "|opt in time|timestamp|consent timestamp|happened at|consented at|signed on|signed"
    "|datum|fecha|date du consentement|created at|opt out date|opted out at",
    "how": "how|how it was given|method|way|channel|consent method|opt in method"
    "|opt in source|optin method|canal|kanal|art|methode|metodo",
    "wording": "wording|words|text|consent text|disclosure|consent wording|statement"
    "|disclosure text|language shown|texte|texto|wortlaut",
    "version": "version|wording version|text version|disclosure version",
    "source": "source|evidence|proof|reference|evidence reference|source reference|ref"
    "|url|link|record|document|quelle|preuve|nachweis|referencia|origen",
    "name": "name|person|full name|contact|customer|customer name|nom|nombre|kunde",
    "purposes": "purpose|purposes|topic|topics|subscription|list|program|category|zweck"
    "|finalite|proposito",
    "decision": "decision|status|consent|state|opt in|opted in|opt out|answer",
    "witness": "witness|witnessed by|taken by|agent|temoin|zeuge|testigo",
    "address": "ip|ip address|address|source address|adresse ip",
    "note": "note|notes|comment|remark|remarks|bemerkung|commentaire",
}

#: What a list must say for a consent to prove anything. Words or their version.
REQUIRED = ("number", "happened_at", "how", "source")
WORDS = ("wording", "version")

YES = "yes y true 1 agreed agree granted opted-in subscribed in opt-in optin ok"
NO = "no n false 0 revoked opted-out unsubscribed out opt-out optout stop"
DECISIONS = {
    **dict.fromkeys((*YES.split(), "opted in", "opt in", "oui", "si", "ja"), GRANTED),
    **dict.fromkeys((*NO.split(), "opted out", "opt out", "non", "nein"), REVOKED),
}

# Order of the parts of a date.
YMD, MDY, DMY = "ymd", "mdy", "dmy"


class Fault(Exception):
    """A row that is not recorded: why, and what in it."""

    def __init__(self, reason, detail=""):
        self.reason, self.detail = reason, detail


class Said(NamedTuple):
    """Contents of a row, as far as they can be read without a database."""

    number: str
    event: str
    happened_at: datetime
    how: str
    wording: str
    version: str
    source: str
    name: str
    purposes: tuple
    witness: str
    address: str
    note: str


def simplify(text):
    """Return a text in small letters, without accents and marks, to be compared."""
    return " ".join(re.sub(r"[^\w]|_", " ", fold(str(text))).split())


def guess_fields(headers, headings=None):
    """Return what each column holds, as its header says.

    :param headers: the texts of the first row
    :param dict headings: as :data:`HEADERS`, which is the default
    :return: a key of ``headings`` or None for each; no key twice
    """
    known = {
        name: [simplify(name), *it.split("|")]
        for name, it in (headings or HEADERS).items()
    }
    ranks = {}
    for index, header in enumerate(headers):
        word = simplify(header)
        for name, spellings in known.items():
            if word in spellings:
                ranks[name, index] = spellings.index(word)
    guessed, taken = [None] * len(headers), set()
    for (name, index), _rank in sorted(ranks.items(), key=lambda item: item[1]):
        if name not in taken and guessed[index] is None:
            guessed[index] = name
            taken.add(name)
    return guessed


def find_people_columns(cells):
    """Return where a list of people has its numbers and its names.

    :param cells: the texts of the first row: headers, or a person already
    :return: the index of the numbers (None if there are none) and of the names (or
        None), and True for headers
    """
    fields = guess_fields(cells)
    if "number" in fields:
        names = fields.index("name") if "name" in fields else None
        return fields.index("number"), names, True
    found = [
        (sum(map(str.isdigit, cell)), -index)
        for index, cell in enumerate(cells)
        if re.fullmatch(r"[+(]?\d[\d ().\-/]{5,30}", cell)
    ]
    if not found:
        return None, None, True
    numbers = -max(found)[1]  # a date has fewer digits
    others = [index for index in range(len(cells)) if index != numbers]
    return numbers, others[0] if others else None, False


def find_missing(names):
    """Return which required columns are not among ``names``."""
    missing = [name for name in REQUIRED if name not in names]
    return missing + ([] if set(WORDS) & set(names) else ["wording"])


DATE = re.compile(
    r"(?P<a>\d{1,4})[-/. ](?P<b>\d{1,2})[-/. ](?P<c>\d{1,4})"
    r"(?:[T ,]+(?P<hour>\d{1,2})[:.h](?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\.\d+)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?\s*(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)


def parse_time(text, order, zone):
    """Return when a row says that it was said, in UTC.

    A day without a time is its beginning: whoever said STOP on that day has the last
    word. Dates that begin with the year are always read so.

    :param str order: :data:`MDY` or :data:`DMY`, or :data:`YMD` for no other dates
    :raises ValueError: when it cannot be told
    """
    match = DATE.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    a, b, c = match["a"], match["b"], match["c"]
    if len(a) == 4:
        year, month, day = a, b, c
    elif len(c) == 4 and order in (MDY, DMY):
        year = c
        month, day = (a, b) if order == MDY else (b, a)
    else:
        raise ValueError(text)
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if match["half"].lower().startswith("p") else 0)
    clock = (hour, int(match["minute"] or 0), int(match["second"] or 0))
    moment = datetime(int(year), int(month), int(day), *clock)
    offset = match["zone"]
    if not offset:
        return to_utc(moment, zone)
    offset = offset.upper().replace("UTC", "Z")
    return parse_instant(f"{moment.isoformat()}{offset}")


def read_row(cells, columns, order, zone, now, decision=GRANTED):
    """Return what a row says.

    :param dict columns: ``{field: index}``
    :param order, zone: see :func:`parse_time`
    :param datetime now: UTC
    :param str decision: what a row says that has no column for it
    :raises Fault: for the first thing that is missing or wrong
    """
    found = dict.fromkeys(HEADERS, "")
    for name, index in columns.items():
        if index < len(cells):
            found[name] = cells[index]
    event = decision
    if said := found.pop("decision"):
        event = DECISIONS.get(said.casefold().replace("_", " ").strip())
        if not event:
            raise Fault("bad_decision", said)
    if not found["number"]:
        raise Fault("no_number")
    happened_at = _read_time(found.pop("happened_at"), order, zone, now)
    for name in ("how", "source"):
        if not found[name]:
            raise Fault(f"no_{name}")
    if event == GRANTED and not (found["wording"] or found["version"]):
        raise Fault("no_words")
    purposes = map(str.strip, re.split("[,;|]", found.pop("purposes")))
    return Said(
        event=event,
        happened_at=happened_at,
        purposes=tuple(filter(None, purposes)),
        **found,
    )


def _read_time(text, order, zone, now):
    """Return when it was said, or raise the fault."""
    if not text:
        raise Fault("no_time")
    try:
        moment = settle_clock(parse_time(text, order, zone), now)
    except (ValueError, OverflowError) as error:
        raise Fault("bad_time", text) from error
    if moment > now:
        raise Fault("future", text)
    return moment
