# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Count spoken consents to purposes that need consent in writing."""

import logging

_logger = logging.getLogger(__name__)


def migrate(cr, _version):
    """Log their number: the gate no longer accepts them."""
    cr.execute(
        """
        SELECT count(*) FROM sms_consent answer
          JOIN sms_consent_event event ON event.id = answer.event_id
          JOIN sms_purpose purpose ON purpose.id = answer.purpose_id
         WHERE answer.state = 'opted_in' AND event.method IN ('in_person', 'phone')
           AND purpose.accepts_spoken IS NOT TRUE
        """
    )
    [count] = cr.fetchone()
    if count:
        _logger.warning(
            "%s consents were only said, for purposes that need them in writing: "
            "nothing is sent under them. See Consents > Numbers, filter “Only said, "
            "needs writing”.",
            count,
        )
