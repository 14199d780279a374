# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files for and from the FCC's Reassigned Numbers Database.

A query gives a number and the date of consent; the answer says whether the number has
been permanently disconnected since. A caller who got a wrong "no" is not liable for the
call (47 CFR 64.1200(m)), but must prove what was asked and answered.

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
the names and order of the columns, whether a header row is expected, and whether a
number may be queried with two dates in one file. The columns are named like the fields
of its API in public clients (tn, date, companyId; disconnected, dateProvided).
"""

import re
from datetime import date
from itertools import chain
from typing import NamedTuple

from .geography import STATE_OF_AREA_CODE
from .import_rows import Fault, pick_cells, read_moment, simplify
from .phone import find_refusal_of_words
from .tabular import write_rows

NO_DATA, NO, YES = ANSWERS = ("no_data", "no", "yes")
#: Most numbers in one query file.
MAX_ROWS = 250_000
#: A company's id in the database.
COMPANY_CODE = re.compile(r"[A-Za-z0-9]{3,10}\Z")

#: Area codes of the territories (https://www.nanpa.com/numbering/area-codes): American
#: Samoa, Guam, Northern Mariana Islands, Puerto Rico, Virgin Islands.
TERRITORY_AREA_CODES = ("684", "671", "670", "787", "939", "340")
#: Area codes that can be queried. Canada and others share the calling code, and
#: toll-free numbers belong to no single country.
AREA_CODES = (*STATE_OF_AREA_CODE, *TERRITORY_AREA_CODES)

QUERY_HEADERS = ("TN", "Date", "CompanyID")
#: Field of an answer: possible headings of its column, in lower case.
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
    """A row of an answer file: number (E.164), day if given, and answer."""

    number: str
    day: date | None
    answer: str
    company_code: str


def write_query(rows, company_code="", has_header=True):
    """Return the query file (CSV) as bytes.

    :param rows: pairs of a US number (E.164) and the date of its consent
    :param str company_code: the company's id there; empty: without that column
    """
    width = 2 + bool(company_code)
    header = [QUERY_HEADERS] if has_header else []
    values = ((number[2:], day.isoformat(), company_code) for number, day in rows)
    return write_rows((row[:width] for row in chain(header, values)), "utf-8")


def read_reply(cells, columns, order):
    """Parse a row of an answer file into a :class:`Reply`.

    :param dict columns: ``{field: index}``
    :param str order: see :func:`import_rows.parse_time`
    :raises Fault: for the first thing that is missing or wrong
    """
    found = pick_cells(cells, columns, HEADERS)
    number = _NUMBER.match(re.sub(r"[ ().\-]", "", found["number"]))
    if not number:
        written = found["number"]
        raise Fault(find_refusal_of_words(written) if written else "no_number", written)
    answer = _WORDS.get(simplify(found["answer"]))
    if not answer:
        raise Fault("bad_answer", found["answer"])
    asked_day = found["asked_day"]
    day = read_moment(asked_day, order, "UTC").date() if asked_day else None
    return Reply(f"+1{number[1]}", day, answer, found["company_code"])


def is_news(answer, earlier):
    """Tell if an answer adds to the earlier ones to the same question.

    A "no" adds to "no data", and a "yes" to both.
    """
    return all(ANSWERS.index(answer) > ANSWERS.index(it) for it in earlier)


def concerns(answer, asked_day, consent_day, known_day):
    """Tell if an answer applies to a consent.

    A number disconnected since a day was also disconnected since every earlier one; a
    number not disconnected since a day was not since any later one.

    :param str answer: one of :data:`ANSWERS`
    :param date asked_day: the date in the query
    :param date consent_day: the date of the consent
    :param date known_day: when the number was last known to be the person's: that of
        the consent, or when it was last verified
    """
    if answer == YES:
        return consent_day <= asked_day
    return answer == NO and known_day >= asked_day
