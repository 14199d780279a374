# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import web

#: How many times in how many seconds, by scope. Phones of one carrier share addresses,
#: so visitors are counted generously; a token is one person's.
LIMITS = {
    "preferences_visitor": (120, 600),
    "preferences_token": (30, 600),
    "ticket_visitor": (120, 600),
    "ticket_link": (60, 600),
    # A page that thousands open at once is counted by visitor only.
    "incident_visitor": (120, 600),
    "join_visitor": (30, 600),
    # Questions to numbers that somebody has typed, and numbers that a form refuses, on
    # all pages. How often one number is asked: ``tools.consent``.
    "join_visitor_question": (10, 3600),
    "portal_user_question": (5, 3600),
    "join_company_question": (100, 3600),
    "appointments": (10**6, 3600),
    # Unsigned requests of carriers, wrong tokens.
    "refused": (300, 600),
    # Texts of a user to a number that they call their own.
    "test_texts": (5, 3600),
    # Mails that raise an alert of one plan.
    "team_alert_mails": (20, 3600),
    # Reports of one monitoring system, and the alerts that it raises.
    "alert_source": (600, 60),
    "alert_source_alerts": (20, 3600),
    # Automatic answers to one number.
    "answers": (10, 3600),
    # These refuse nothing. Their rows make transactions conflict: two texts of one
    # number, two replies or questions to one, two alerts that need codes.
    "texts": (1_000_000, 3600),
    "replies": (1_000_000, 3600),
    "questions": (1_000_000, 3600),
    "team_alerts": (1_000_000, 3600),
}


class SmsRateLimit(models.Model):
    """Counters that keep the public pages from being overrun, for all workers.

    A scope has a fixed number of rows (:data:`tools.web.BUCKETS`), which do not show
    who was counted. Written by :meth:`_is_over` alone.
    """

    _name = "sms.rate.limit"
    _description = "Rate Limit of the Public Pages"
    _log_access = False

    scope = fields.Char(required=True, readonly=True)
    bucket = fields.Integer(required=True, readonly=True)
    started_at = fields.Datetime(required=True, readonly=True)
    hits = fields.Integer(required=True, readonly=True)

    _bucket_unique = models.UniqueIndex("(scope, bucket)")

    @api.model
    def _is_over(self, scope, key):
        """Count one more, and return whether that was too many.

        Of two at once the later one starts over, by Odoo's retry; pages commit each.
        """
        limit, seconds = LIMITS[scope]
        query = """
            INSERT INTO sms_rate_limit AS counter (scope, bucket, started_at, hits)
            VALUES (%(scope)s, %(bucket)s, %(now)s, 1)
            ON CONFLICT (scope, bucket) DO UPDATE SET
                hits = CASE WHEN counter.started_at > %(since)s
                            THEN LEAST(counter.hits + 1, %(limit)s + 1) ELSE 1 END,
                started_at = CASE WHEN counter.started_at > %(since)s
                                  THEN counter.started_at ELSE %(now)s END
            RETURNING hits
        """
        now = fields.Datetime.now()
        since = fields.Datetime.subtract(now, seconds=seconds)
        row = {"scope": scope, "bucket": web.bucket(key), "now": now}
        [[hits]] = self.env.execute_query(SQL(query, since=since, limit=limit, **row))
        return hits > limit
