# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files for and from the FCC's Reassigned Numbers Database.

One asks it with a number and the date of consent, and is told whether the number was
permanently disconnected since. Who was told "no" by mistake is not liable for the call
(47 CFR 64.1200(m)), and must prove what was asked and answered.

Read on 2026-11-27:

- https://docs.fcc.gov/public/attachments/DA-21-1649A1.txt: the answers are "yes", "no"
  and "no data"; "yes" if the number was disconnected on or after the date.
- https://www.acainternational.org/news/fcc-issues-supplemental-guidance-for-reassigned-numbers-database-users/
  quotes it: the date is that on which consent was obtained, or one on which the caller
  could be reasonably certain to reach the consumer at the number.
- https://www.reassigned.us/resources/faq: a file that is uploaded may ask for 250,000
  numbers; a date may be written as 2021-04-01; a company has an id of 3 to 10 letters
  and digits.
- https://www.reassigned.us/node/38: files are CSV or XLSX.

Not confirmed, since the query's user guide could not be read
(https://www.reassigned.us/sites/default/files/resources/userguides/QueryUserGuide_2.pdf):
the names and the order of the columns, whether a row of names is wanted, and whether a
number may be asked about with two dates in one file. The columns are called as public
clients call the fields of its API (tn, date, companyId; disconnected, dateProvided).
"""

import io
import re
from datetime import date
from typing import NamedTuple

from .geography import STATE_OF_AREA_CODE
from .import_rows import Fault, parse_time, simplify
from .phone import find_refusal_of_words
from .tabular import write_csv

NO_DATA, NO, YES = ANSWERS = ("no_data", "no", "yes")
#: Numbers that one file may ask about.
MAX_ROWS = 250_000
#: What the database calls a company.
COMPANY_CODE = re.compile(r"[A-Za-z0-9]{3,10}\Z")

#: Area codes of the territories (https://www.nanpa.com/numbering/area-codes): American
#: Samoa, Guam, Northern Mariana Islands, Puerto Rico, Virgin Islands.
TERRITORY_AREA_CODES = ("684", "671", "670", "787", "939", "340")
#: All that the query may ask about. Canada and others share the calling code, and
#: toll-free numbers are no one country's.
AREA_CODES = (*STATE_OF_AREA_CODE, *TERRITORY_AREA_CODES)

QUERY_HEADERS = ("TN", "Date", "CompanyID")
#: Field of an answer: how its column is headed, in small letters.
HEADERS = {
    "number": "tn|telephone number|phone number|number|phone|telephone",
    "asked_day": "dateprovided|date provided|date|consent date|date of consent",
    "answer": "disconnected|permanently disconnected|response|answer|result|reply",
    "company_code": "companyid|company id|company code|company",
}
REQUIRED = ("number", "answer")

_WORDS = {
    **dict.fromkeys(("yes", "y"), YES),
    **dict.fromkeys(("no", "n"), NO),
    **dict.fromkeys(("no data", "nodata"), NO_DATA),
}
_NUMBER = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})\Z")


class Reply(NamedTuple):
    """A row of the answers: of which number (E.164), and which day if it is told."""

    number: str
    day: date | None
    answer: str
    company_code: str


def write_query(rows, company_code="", has_header=True):
    """Return the file that asks the database, as bytes.

    :param rows: pairs of a number (E.164, of the US) and the day of its consent
    :param str company_code: the company's id there; empty: without that column
    """
    width = 2 + bool(company_code)
    stream = io.StringIO(newline="")
    if has_header:
        write_csv(stream, [QUERY_HEADERS[:width]])
    write_csv(
        stream,
        ((number[2:], day.isoformat(), company_code)[:width] for number, day in rows),
    )
    return stream.getvalue().encode()


def read_reply(cells, columns, order):
    """Return what a row of the answers says.

    :param dict columns: ``{field: index}``
    :param str order: see :func:`import_rows.parse_time`
    :raises Fault: for the first thing that is missing or wrong
    """
    found = {
        name: cells[columns[name]] if columns.get(name, len(cells)) < len(cells) else ""
        for name in HEADERS
    }
    number = _match_number(found["number"])
    if not number:
        written = found["number"]
        raise Fault(find_refusal_of_words(written) if written else "no_number", written)
    answer = _WORDS.get(simplify(found["answer"]))
    if not answer:
        raise Fault("bad_answer", found["answer"])
    day = _read_day(found["asked_day"], order) if found["asked_day"] else None
    return Reply(f"+1{number[1]}", day, answer, found["company_code"])


def _match_number(text):
    return _NUMBER.match(re.sub(r"[ ().\-]", "", text))


def has_number(cells):
    """Tell if a row holds a phone number, and so does not name the columns."""
    return any(map(_match_number, cells))


def _read_day(text, order):
    try:
        return parse_time(text, order, "UTC").date()
    except (ValueError, OverflowError) as error:
        raise Fault("bad_time", text) from error


def is_news(answer, earlier):
    """Tell if an answer says more than those to the same question before it.

    A "no" or "yes" is more than "no data", and a "yes" always counts.
    """
    return all(ANSWERS.index(answer) > ANSWERS.index(it) for it in earlier)


def concerns(answer, asked_day, consent_day, known_day):
    """Tell if an answer says something of a consent.

    What was disconnected since a day was so since every day before it; what was not
    since a day was not since any later one.

    :param date known_day: when the number was last known to be the person's: that of
        the consent, or when it was last verified
    """
    if answer == YES:
        return consent_day <= asked_day
    return answer == NO and known_day >= asked_day
