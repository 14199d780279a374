# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mask phone numbers, texts and secrets in the server's log.

Logs are copied to places where no access rule applies: disks, collectors, support
tickets. So lines about texts are masked before they are written, whatever logs them:
the access log contains our addresses with their tokens, and a failed query is logged
with its values. The filter sees all lines of the server; those of other apps are left
unchanged, since their developers need to read them.
"""

import logging
import re

#: E.164, also URL-encoded ("%2B1303…"). The last two digits stay, to tell lines apart.
_NUMBER = re.compile(r"(\+|%2B)([1-9]\d{4,12})(\d{2})(?!\d)", re.IGNORECASE)
#: Paths, and below parameters, that are followed by a secret.
_SECRET_PATHS = re.compile(
    r"(/helpdesk_sms/(?:health|alerts|[a-z]+(?=/[^/\s]+/(?:inbound|status|call)))/"
    r"|/sms/(?:preferences|p|t|join|incident)/)[^/\s?\"'&]+"
    r"|(/helpdesk_sms/media/)[^\s?\"']+"
)
_SECRET_ARGUMENTS = re.compile(
    r"((?:[?&\s]|^)(?:access_token|token|key|api_key|auth_token)=)[^&\s\"']+"
)
#: A string literal in a query, with doubled quotes.
_LITERAL = re.compile(r"'(?:[^']|'')*'")
#: Values of a row that PostgreSQL refused, which are unquoted.
_ROWS = re.compile(
    r"(Failing row contains |Key \([^)\n]*\)=)\(.*?\)"
    r"(?=\.\s*(?:\n|$)| already exists| is not present| is still referenced)",
    re.DOTALL,
)
#: Credentials of a request, in a dump of its headers.
_CREDENTIALS = re.compile(r"\b(Bearer|Basic) [\w.~+/=-]{8,}", re.IGNORECASE)
#: The logger of failed queries.
QUERIES = "odoo.sql_db"
#: What marks a line as being about texts: names of tables, columns, modules, files,
#: addresses and carriers, and the customer's page to which texts link.
_OURS = re.compile(
    r"(?<![a-z])(?:sms|twilio|telnyx)(?![a-z])|/my/ticket", re.IGNORECASE
)


def mask(line):
    """Return a line with numbers, refused rows and secrets masked."""
    line = _ROWS.sub(r"\1(***)", line)
    line = _CREDENTIALS.sub(r"\1 ***", line)
    line = _NUMBER.sub(r"\1***\3", line)
    line = _SECRET_PATHS.sub(r"\1\2***", line)
    return _SECRET_ARGUMENTS.sub(r"\1***", line)


def is_ours(name, *parts):
    """Tell if a logger's name, or what it is about to write, concerns texts."""
    return any(_OURS.search(part) for part in (name, *parts) if part)


class LogMask(logging.Filter):
    """Mask what a handler is about to write about texts, including tracebacks."""

    _formatter = logging.Formatter()

    def filter(self, record):
        """Mask a record in place; no record is dropped.

        If its message cannot be formatted, the handler reports that.
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
        masked = mask(_LITERAL.sub("'***'", line) if is_query else line)
        if masked != line:
            record.msg, record.args = masked, None
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        return True

    @staticmethod
    def _decode(record):
        """Decode a query: the quotes of its bytes would look like those of a value."""
        if record.name == QUERIES and isinstance(record.args, tuple):
            record.args = tuple(
                it.decode(errors="replace") if isinstance(it, bytes) else it
                for it in record.args
            )


def install():
    """Mask what the process logs from now on; calling it again changes nothing."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(known, LogMask) for known in handler.filters):
            handler.addFilter(LogMask())
