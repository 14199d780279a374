# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts about tickets: ticket numbers in received texts, and the answer to STATUS.

The company chooses the format of ticket numbers (the sequence's prefix), so a text is
compared with the numbers of real tickets. ``HT00042`` is found in ``#ht00042``,
``HT-00042``, ``Ht 00042`` and ``ticket 00042``, but not in ``ht 42``.
"""

import re
import unicodedata
from typing import NamedTuple

from .segments import count_segments
from .texts import plain_digits, shorten

#: Characters of a text that are searched: people name a ticket early.
LIMIT = 2000

#: Marks that the following digits are a ticket's number.
_WORDS = "TICKET|CASE|NO|NR|NUMBER|INCIDENT|CASO|NUMMER|NÚMERO|NUMÉRO|TICKETNUMMER"
_MARK = rf"(?:#|\b(?:N°|(?:{_WORDS})\b\.?)[\s:#]*)"
#: Blanks, dots, dashes and slashes that people write inside a number.
_GAP = r"[\s.\-_/]{0,2}"

_ALONE = re.compile(r"#?\s*([^\W\d_]{1,8})" + _GAP + r"(\d{2,12})\W*\Z")
_MARKED = re.compile(_MARK + r"\s*(\d{1,12})\W*\Z")


def find_ticket_number(text, numbers):
    """Return the ticket number that a text names.

    :param numbers: the numbers of tickets, the preferred one first
    :return: the first of ``numbers`` that is in the text, or None
    """
    folded = _fold(text)
    return next((it for it in numbers if _get_pattern(it).search(folded)), None)


def is_alone(text, number):
    """Tell if a text is only a certain ticket's number."""
    found = _get_pattern(number).search(_fold(text))
    rest = found and found.string[: found.start()] + found.string[found.end() :]
    return bool(found) and not re.sub(
        rf"\bN°|\b(?:{_WORDS}|STATUS|OF)\b|[\W_]", "", rest
    )


def may_be_number(text):
    """Tell if a text is only what could be a ticket's number in any company."""
    folded = _fold(text).strip()
    return bool(_MARKED.match(folded) or _ALONE.match(folded))


def looks_like(text, sample):
    """Tell if a text is only what could be a ticket's number in a company.

    Only the format counts, not whether there is such a ticket.

    :param str sample: the number of any ticket of the company, may be empty
    """
    folded = _fold(text).strip()
    if _MARKED.match(folded):
        return True
    found = _ALONE.match(folded)
    prefix = re.match(r"[^\W\d_]*", _fold(sample))[0]
    return bool(found and prefix) and found[1] == prefix


def _get_pattern(number):
    """Return a pattern for the ways in which people write a ticket's number."""
    kept = [char for char in _fold(number) if char.isalnum()]
    if not kept:
        return re.compile(r"(?!)")
    digits = re.search(r"\d+\Z", "".join(kept))
    whole = _GAP.join(map(re.escape, kept))
    # A number of digits only needs a mark, or "12 printers" would name ticket 12.
    whole = _MARK + r"\s*" + whole if kept[0].isdigit() else r"(?<![^\W_])" + whole
    if digits and not kept[0].isdigit():
        whole = f"(?:{whole}|{_MARK}\\s*{digits[0]})"
    elif digits:
        whole = rf"(?:{whole}|\A\W*{re.escape(digits[0])}(?=\W*\Z))"
    return re.compile(whole + r"(?![^\W_])")


def _fold(text):
    return plain_digits(unicodedata.normalize("NFKC", (text or "")[:LIMIT])).upper()


#: Most tickets in one list.
MAX_TICKETS = 5
#: Most segments of the list; the text around it needs another.
MAX_SEGMENTS = 3
#: Characters of a title: enough to recognize one's own ticket.
TITLE_LIMIT = 30


class Ticket(NamedTuple):
    """A ticket as a status text shows it."""

    number: str
    title: str
    stage: str


def tell_status(tickets, more):
    """Return the states of tickets, one per line, as many as fit.

    :param tickets: list of :class:`Ticket`, the most important first
    :param str more: line for those left out; ``{count}`` is their number
    """
    lines = []
    for ticket in tickets[:MAX_TICKETS]:
        # The usual ellipsis is not in GSM-7, and would double the cost.
        title = shorten(ticket.title, TITLE_LIMIT, sign="..")
        line = f"{ticket.number} {title}: {ticket.stage}"
        if lines and count_segments("\n".join([*lines, line])).count > MAX_SEGMENTS:
            break
        lines.append(line)
    left = len(tickets) - len(lines)
    return "\n".join([*lines, more.format(count=left)] if left else lines)
