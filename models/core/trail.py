# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The trail of texts in the server's log: each line names them by their ids.

All lines about texts have one form, that of Odoo: ``sms.sms(12,): claimed``. Successes
are logged at debug level, since a broadcast is a hundred thousand texts; see
docs/operations.md. No line has a number, a name or a body.
"""

import logging

from odoo.tools import split_every

_logger = logging.getLogger(__name__)
#: Most ids in one line; more of them take several lines.
LINE_IDS = 50


def trace(records, message, *names):
    """Log at debug level what has happened to texts; costs nothing if that is off.

    :param str message: filled in with the records, and with their values of ``names``
    :param names: fields without personal data; records that differ in them are logged
        in separate lines
    """
    if not _logger.isEnabledFor(logging.DEBUG):
        return
    alike = records.sudo().grouped(lambda record: tuple(record[name] for name in names))
    for values, own in alike.items():
        log_each(_logger, logging.DEBUG, own, message, *values)


def log_each(logger, level, records, message, *args):
    """Log a message about records, in as many lines as their ids take."""
    for ids in split_every(LINE_IDS, records._ids):
        logger.log(level, message, records.browse(ids), *args)
