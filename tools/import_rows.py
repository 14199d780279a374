# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Parsing of the columns and cells of an imported list of consents."""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from .clocks import to_utc
from .consent import GRANTED, REVOKED
from .texts import fold

#: Clocks differ: a time at most this far in the future counts as now.
CLOCK_TOLERANCE = timedelta(minutes=2)

#: When the first text was sent: nobody can have agreed to any before.
FIRST_TEXT = datetime(1992, 12, 3)

#: The beginning of an ISO 8601 time, in years that Python can convert between zones.
INSTANT = re.compile(r"[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d")

#: How consent can have been given elsewhere, and other spellings of it.
WAYS = {
    "web": ("web form", "website", "online", "form", "formulaire", "formulario"),
    "paper": ("signed paper", "written form", "papier", "papel", "signature"),
    "text": ("sms", "text message", "keyword", "texto"),
    "phone": ("call", "telephone", "phone call", "said on the phone", "téléphone"),
    "in_person": ("in person", "verbal", "face to face", "said in person"),
    "written": ("email", "e-mail", "letter", "e-mail or letter", "mail", "courrier"),
}


def parse_instant(text):
    """Parse an ISO 8601 time into a naive UTC datetime.

    :param str text: such as ``2026-11-25T10:18:00Z`` or ``2026-11-25 10:18:00+01:00``;
        without a zone it is UTC
    :raises ValueError: if it is not such a time
    """
    if not isinstance(text, str) or not INSTANT.match(text):
        raise ValueError(f"not a moment: {text!r}")
    moment = datetime.fromisoformat(text.strip())
    offset = moment.utcoffset() or timedelta()
    return (moment.replace(tzinfo=None) - offset).replace(microsecond=0)


def find_instant(text):
    """Return :func:`parse_instant` of a text, None if it is no such time."""
    try:
        return parse_instant(text)
    except ValueError:
        return None


def settle_clock(moment, now):
    """Return ``moment``, or ``now`` if it is ahead by no more than the tolerance."""
    return moment if moment > now + CLOCK_TOLERANCE else min(moment, now)


def read_way(text):
    """Return the key of :data:`WAYS` that a text means, or None."""
    word = " ".join(str(text).casefold().replace("_", " ").split())
    return next((it for it, others in WAYS.items() if word in (it, *others)), None)


def make_note(way, source, note=None):
    """Return the evidence's note on a consent that was given elsewhere."""
    lines = [
        f"How it was given: {way}" if way else "",
        f"Evidence: {source}" if source else "",
        note,
    ]
    return "\n".join(filter(None, lines))


#: A heading that is a field's own name, but means where people live.
POSTAL = "address"
#: Field: other headings of its column, in lower case without accents.
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
    "decision": "decision|status|consent|opt in|opted in|sms opt in|sms consent|agreed"
    "|accepts sms|accepts sms marketing|subscribed|opt out|answer",
    "witness": "witness|witnessed by|taken by|agent|temoin|zeuge|testigo",
    "address": "ip|ip address|source address|adresse ip",
    "note": "note|notes|comment|remark|remarks|bemerkung|commentaire",
}

#: Fields without which a consent proves nothing; of ``WORDS`` at least one is needed.
REQUIRED = ("number", "happened_at", "how", "source")
WORDS = ("wording", "version")

#: Words that answer the question in a heading, also those that spreadsheets write.
YES = ("yes", "y", "true", "1", "oui", "si", "ja", "vrai", "verdadero", "wahr")
NO = ("no", "n", "false", "0", "non", "nein", "faux", "falso", "falsch")
BARE = frozenset((*YES, *NO))
AGREED = "agreed agree granted opted-in subscribed in opt-in optin ok"
LEFT = "revoked opted-out unsubscribed out opt-out optout stop"
DECISIONS = {
    **dict.fromkeys((*YES, *AGREED.split(), "opted in", "opt in"), GRANTED),
    **dict.fromkeys((*NO, *LEFT.split(), "opted out", "opt out"), REVOKED),
}
#: A heading that tells who has opted out, perhaps with words before or after.
NO_HEADING = re.compile(
    r"(?!.*\b(?:e ?mail|mail|(?<!not )opt(?:ed)? ?in|or)\b)(?:.* )?"
    r"(?:opt(?:ed|ing)? ?outs?|unsubscri\w+|dnc|revo(?:ked|ca\w+|que\w*)|withdr\w+"
    r"|do not (?:text|sms|contact|call|message)|desinscri\w+|desabonn\w+|opposition"
    r"|refus\w*|ne pas \w+|baja|desuscri\w+|no (?:contactar|enviar|llamar|molestar)"
    r"|ab(?:ge)?meld\w+|abbestell\w+|ausgetragen|wider(?:ruf|spr)\w*"
    r"|(?<!\w )(?:not?|keine?|pas de) (?:sms|texts?|consent|subscri|agree|opted)\w*"
    r")(?: .*)?"
)
#: A heading that tells who has agreed, perhaps with words before or after.
YES_HEADING = re.compile(
    r"(?!.*\b(?:e ?mail|mail)\b)(?:.* )?(?:opt(?:ed|ing)? ?ins?|subscribed|accepts"
    r"|agree[ds]?|consent(?:ed|s)?|einwilligung|consentement|consentimiento)(?: .*)?"
)
#: How exports name the answer of people who have not agreed.
NOT_AGREED = re.compile(
    r"(?:not|never|unsubscribed|unconfirmed|unknown|pending|declined|denied|refus\w*"
    r"|opted.out|revo\w+|withdr\w+|reject\w*|cancel\w*|expired|nicht|nie|abgelehnt"
    r"|abgemeldet|widerruf\w*|jamais|retir\w+|rechaz\w+|nunca)\b"
)
#: What exports write into a column of a :data:`NO_HEADING` about those who have not.
EMPTY_WORDS = frozenset(("none", "null", "na", "n a", "nan", "never"))

# Order of the parts of a date.
YMD, MDY, DMY = "ymd", "mdy", "dmy"


class Fault(Exception):
    """A row that cannot be recorded: the reason, and the text at fault."""

    def __init__(self, reason, detail=""):
        self.reason, self.detail = reason, detail


class Said(NamedTuple):
    """Parsed contents of a row, as far as possible without a database."""

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
    """Return a text in lower case without accents and punctuation, for comparison."""
    return " ".join(re.sub(r"[^\w]|_", " ", fold(str(text))).split())


def guess_fields(headers, headings=None):
    """Return the field of each column, guessed from its header.

    :param headers: the cells of the first row
    :param dict headings: as :data:`HEADERS`, which is the default
    :return: for each column a key of ``headings``, at most once, or None
    """
    known = {
        name: [simplify(name), *it.split("|")]
        for name, it in (headings or HEADERS).items()
    }
    ranks = {}
    for index, header in enumerate(headers):
        word = simplify(header)
        for name, spellings in known.items():
            if word in spellings and word != POSTAL:
                ranks[name, index] = spellings.index(word)
    guessed = [None] * len(headers)
    for name, index in sorted(ranks, key=ranks.get):
        if name not in guessed and guessed[index] is None:
            guessed[index] = name
    return guessed


def find_people_columns(cells):
    """Return which columns of a list of people hold numbers and names.

    :param cells: the first row: headers, or already a person
    :return: ``(index of the numbers or None, index of the names or None, has headers)``
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


def find_missing(names, event=GRANTED):
    """Return the required fields that are not among ``names``; a no needs no proof."""
    required = REQUIRED if set(WORDS) & set(names) else (*REQUIRED, "wording")
    required = REQUIRED[:2] if event == REVOKED else required
    return [name for name in required if name not in names]


DATE = re.compile(
    r"(?P<a>\d{1,4})[-/. ](?P<b>\d{1,2})[-/. ](?P<c>\d{1,4})"
    r"(?:[T ,]+(?P<hour>\d{1,2})[:.h](?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\.\d+)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?\s*(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)


def parse_time(text, order, zone):
    """Parse the time of a row, and return it in UTC.

    A date without a time means the beginning of that day, so that a STOP on the same
    day prevails. Dates that begin with the year are accepted with any order.

    :param str order: :data:`MDY` or :data:`DMY`, or :data:`YMD` for no other dates
    :param str zone: of times without one (IANA)
    :raises ValueError: if it cannot be parsed
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


def read_moment(text, order, zone):
    """Parse a time as :func:`parse_time`.

    :raises Fault: if it cannot be parsed
    """
    try:
        return parse_time(text, order, zone)
    except (ValueError, OverflowError) as error:
        raise Fault("bad_time", text) from error


def pick_cells(cells, columns, names):
    """Return the cells of a row by the names of their columns, empty for the others.

    :param dict columns: ``{name: index}``
    """
    found = {name: cells[at] for name, at in columns.items() if at < len(cells)}
    return {**dict.fromkeys(names, ""), **found}


def read_row(cells, columns, order, zone, now, decision=GRANTED, heading=""):
    """Parse a row into :class:`Said`.

    :param dict columns: ``{field: index}``
    :param order, zone: see :func:`parse_time`
    :param datetime now: UTC
    :param str decision: the event of rows without a decision
    :param str heading: of the column with the decision
    :raises Fault: for the first thing that is missing or wrong
    """
    found = pick_cells(cells, columns, HEADERS)
    event = decision
    if said := found.pop("decision"):
        event = _read_decision(said, heading, decision)
    elif GRANTED == decision == get_meaning(heading):
        raise Fault("bad_decision")  # a box that was not ticked
    if not found["number"]:
        raise Fault("no_number")
    happened_at = _read_time(found.pop("happened_at"), order, zone, now, event)
    if event == GRANTED:
        for name in ("how", "source"):
            if not found[name]:
                raise Fault(f"no_{name}")
        if not (found["wording"] or found["version"]):
            raise Fault("no_words")
    purposes = map(str.strip, re.split("[,;|]", found.pop("purposes")))
    return Said(
        event=event,
        happened_at=happened_at,
        purposes=tuple(filter(None, purposes)),
        **found,
    )


def _read_decision(text, heading, default):
    """Return the event that a cell names.

    Under "Opt out" a yes is an opt-out, and a no leaves a consent as it is.

    :raises Fault: if it names none
    """
    word = fold(text).replace("_", " ").strip()
    event = DECISIONS.get(word)
    if word in BARE and get_meaning(heading) == REVOKED:
        event = REVOKED if event == GRANTED else {GRANTED: GRANTED}.get(default)
    if not event:
        raise Fault("bad_decision", text)
    return event


@lru_cache(maxsize=1024)
def get_meaning(heading):
    """Return the event that a yes under a heading means, None if it asks for none."""
    heading = simplify(heading)
    if NO_HEADING.fullmatch(heading):
        return REVOKED
    return GRANTED if YES_HEADING.fullmatch(heading) else None


def denies(event, text, heading):
    """Tell if a cell says the opposite of an event.

    :param str heading: of its column, which nobody reads otherwise
    """
    word = fold(text).replace("_", " ").strip()
    said, is_about_no = DECISIONS.get(word), get_meaning(heading) == REVOKED
    if word in BARE and is_about_no:
        said = REVOKED if said == GRANTED else GRANTED
    if said or event == REVOKED:
        return said not in (None, event)
    if not is_about_no:
        return bool(NOT_AGREED.match(word))
    is_silent = not text.strip("-–—./ ") or simplify(text) in EMPTY_WORDS
    return not is_silent and "://" not in text


def _read_time(text, order, zone, now, event):
    """Return when it was said (UTC); an opt-out at no possible time counts from now.

    :raises Fault: if the time is missing or unreadable, or a consent's in the future
    """
    if not text:
        raise Fault("no_time")
    moment = settle_clock(read_moment(text, order, zone), now)
    if moment > now and event == GRANTED:
        raise Fault("future", text)
    return moment if event == GRANTED or FIRST_TEXT < moment <= now else now
