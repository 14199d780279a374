# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Masking of a server's log: no number, no text, no way in.

A log is copied to where no rule of the database holds: to disks, collectors, tickets of
support. So what is about texts is masked before it is written, whoever writes it: the
access log has our addresses with their tokens, a query that fails is logged with its
values. The filter sees the lines of the whole server; those of other apps stay as they
are, since who mends one needs to read them.
"""

import logging
import re

#: E.164, also as in an address ("%2B1303…"). The last two digits tell lines apart.
_NUMBER = re.compile(r"(\+|%2B)([1-9]\d{4,12})(\d{2})(?!\d)", re.IGNORECASE)
#: Paths, and parameters, of which the rest opens something.
_SECRET_PATHS = re.compile(
    r"(/helpdesk_sms/(?:health|alerts|[a-z]+(?=/[^/\s]+/(?:inbound|status)))/"
    r"|/sms/(?:preferences|p|t|join|incident)/)[^/\s?\"'&]+"
    r"|(/helpdesk_sms/media/)[^\s?\"']+"
)
_SECRET_ARGUMENTS = re.compile(
    r"((?:[?&\s]|^)(?:access_token|token|key|api_key|auth_token)=)[^&\s\"']+"
)
#: A value in a query, with its doubled quotes.
_LITERAL = re.compile(r"'(?:[^']|'')*'")
#: Values of a row that PostgreSQL refused, without quotes.
_ROWS = re.compile(
    r"(Failing row contains |Key \([^)\n]*\)=)\(.*?\)"
    r"(?=\.\s*(?:\n|$)| already exists| is not present| is still referenced)",
    re.DOTALL,
)
#: Credentials of a request, in a dump of its headers.
_CREDENTIALS = re.compile(r"\b(Bearer|Basic) [\w.~+/=-]{8,}", re.IGNORECASE)
#: The logger of queries that failed.
QUERIES = "odoo.sql_db"
#: What is about texts: tables, columns, modules, files, addresses and carriers by their
#: names, and the customer's page that texts lead to.
_OURS = re.compile(
    r"(?<![a-z])(?:sms|twilio|telnyx)(?![a-z])|/my/ticket", re.IGNORECASE
)


def mask(line):
    """Return a line without numbers, refused rows, and what opens something."""
    line = _ROWS.sub(r"\1(***)", line)
    line = _CREDENTIALS.sub(r"\1 ***", line)
    line = _NUMBER.sub(r"\1***\3", line)
    line = _SECRET_PATHS.sub(r"\1\2***", line)
    return _SECRET_ARGUMENTS.sub(r"\1***", line)


def mask_query(line):
    """Return a query that failed without the values in it, numbers and texts alike."""
    return mask(_LITERAL.sub("'***'", line))


def is_ours(name, *parts):
    """Tell if a logger, or what it is about to write, has to do with texts."""
    return any(_OURS.search(part) for part in (name, *parts) if part)


class LogMask(logging.Filter):
    """Masks what a handler is about to write about texts, its traceback included."""

    _formatter = logging.Formatter()

    def filter(self, record):
        """Mask a record in place; nothing is left out.

        A line that cannot be put together is the handler's to report.
        """
        self._decode(record)
        try:
            line = record.getMessage()
        except (TypeError, ValueError):
            return True
        if record.exc_info and not record.exc_text:
            record.exc_text = self._formatter.formatException(record.exc_info)
        if not is_ours(record.name, line, record.exc_text):
            return True
        is_query = record.name == QUERIES
        masked = mask_query(line) if is_query else mask(line)
        if masked != line:
            record.msg, record.args = masked, None
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        return True

    @staticmethod
    def _decode(record):
        """Take a query for text: the quotes of its bytes would look like a value's."""
        if record.name == QUERIES and isinstance(record.args, tuple):
            record.args = tuple(
                it.decode(errors="replace") if isinstance(it, bytes) else it
                for it in record.args
            )


def install():
    """Mask what the process logs from now on; again changes nothing."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(known, LogMask) for known in handler.filters):
            handler.addFilter(LogMask())
