# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Telling a customer by text how their tickets stand, in few segments."""

from typing import NamedTuple

from .segments import count_segments
from .texts import shorten

#: Tickets that are told at once.
LIMIT = 5
#: Segments that the list may take; the words around it need another.
MAX_SEGMENTS = 3
#: Characters of a title: enough to know one's own ticket by.
TITLE_LIMIT = 30


class Ticket(NamedTuple):
    """What is told of a ticket."""

    number: str
    title: str
    stage: str


def tell(tickets, more="+{count}"):
    """Return the state of some tickets, one a line.

    As many as fit; how many are left out is said.

    :param tickets: list of :class:`Ticket`, the most important first
    :param str more: what is said of those that are left out
    :rtype: str
    """
    lines = []
    for ticket in tickets[:LIMIT]:
        # The usual sign for what is left out is not in GSM-7, and would cost double.
        title = shorten(ticket.title, TITLE_LIMIT, sign="..")
        line = f"{ticket.number} {title}: {ticket.stage}"
        if lines and count_segments("\n".join([*lines, line])).count > MAX_SEGMENTS:
            break
        lines.append(line)
    left = len(tickets) - len(lines)
    return "\n".join([*lines, more.format(count=left)] if left else lines)
