# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers import PROVIDERS
from .sms_sms import IN_FLIGHT

WAITING, DONE, FAILED = ("waiting", "done", "failed")

#: What becomes of a text at the carrier once it is forgotten here.
KEEP, EMPTY, DELETE = ("keep", "empty", "delete")

#: Carriers that remove single texts.
REDACTING = [code for code, cls in PROVIDERS.items() if cls.can_redact]
#: Days for which a row that is done is kept, to be looked at.
KEPT_DAYS = 30


class SmsRedaction(models.Model):
    """A text that was forgotten here and is to be removed at its carrier.

    It holds the carrier's id and no word: it works when the text is long gone. Made in
    the transaction that forgets, by :meth:`_queue_sent` and :meth:`_queue_received`;
    a cron asks the carrier (``sms_redaction_run``), as often as it takes.
    """

    _name = "sms.redaction"
    _description = "Text to Be Removed at the Carrier"
    _order = "id desc"
    _rec_name = "carrier_id"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    carrier_id = fields.Char(
        "Carrier's ID",
        readonly=True,
        help="Empty while the carrier has not said what it calls the text.",
    )
    sms_id = fields.Many2one(
        "sms.sms", readonly=True, index="btree_not_null", ondelete="set null"
    )
    is_whole = fields.Boolean(
        "Altogether", readonly=True, help="The record too, not its words and media."
    )
    state = fields.Selection(
        [(WAITING, "To be removed"), (DONE, "Removed"), (FAILED, "Not removed")],
        required=True,
        readonly=True,
        default=WAITING,
    )
    queued_at = fields.Datetime("Forgotten Here", required=True, readonly=True)
    attempts = fields.Integer(required=True, readonly=True, default=0)
    next_at = fields.Datetime("Next Attempt", readonly=True)
    done_at = fields.Datetime("Removed On", readonly=True)
    fault = fields.Char(
        "Last Answer", readonly=True, help="What came instead of a yes."
    )

    _carrier_unique = models.UniqueIndex(
        "(company_id, provider, carrier_id) WHERE carrier_id IS NOT NULL"
    )
    _due_index = models.Index(
        "(company_id, provider, next_at, id) WHERE state = 'waiting'"
    )

    # ------------------------------------------------------------------
    # What is to be removed
    # ------------------------------------------------------------------

    @api.model
    def _queue_sent(self, messages):
        """Note texts that were sent, before they are forgotten here.

        Under every id that the carrier has given them: who is texted again after a
        failure has a text there for each attempt.

        :param messages: ``sms.sms``
        """
        self.env["sms.sms"].flush_model()
        self._queue(
            SQL(
                """
                SELECT sms.record_company_id AS company_id, sms.provider,
                       known.carrier_id, sms.id AS sms_id
                  FROM sms_sms sms, LATERAL (
                           SELECT sms.carrier_id UNION
                           SELECT report.carrier_id FROM sms_report report
                            WHERE report.sms_id = sms.id
                       ) known
                 WHERE sms.id = ANY(%s)
                   AND (known.carrier_id IS NOT NULL
                        OR sms.carrier_id IS NULL AND sms.state = ANY(%s))
                """,
                messages.ids,
                list(IN_FLIGHT),
            )
        )

    @api.model
    def _queue_received(self, inbounds):
        """Note texts that were received, before they are forgotten here.

        :param inbounds: ``sms.inbound``
        """
        self.env["sms.inbound"].flush_model()
        self._queue(
            SQL(
                """
                SELECT company_id, provider, provider_sid AS carrier_id,
                       NULL::int AS sms_id
                  FROM sms_inbound WHERE id = ANY(%s)
                """,
                inbounds.ids,
            )
        )

    @api.model
    def _queue(self, texts):
        """Make rows for texts, where the company wants it and the carrier can do it.

        :param SQL texts: query with ``company_id``, ``provider``, ``carrier_id`` and
            ``sms_id``
        """
        self.flush_model()
        self.env["res.company"].flush_model(["sms_redaction"])
        made = self.env.execute_query(
            SQL(
                """
                INSERT INTO sms_redaction (company_id, provider, carrier_id, sms_id,
                                           is_whole, state, queued_at, attempts,
                                           next_at)
                SELECT text.company_id, text.provider, text.carrier_id, text.sms_id,
                       company.sms_redaction = %(delete)s, 'waiting', %(now)s, 0,
                       %(now)s
                  FROM (%(texts)s) text
                  JOIN res_company company ON company.id = text.company_id
                   AND company.sms_redaction IN (%(empty)s, %(delete)s)
                 WHERE text.provider = ANY(%(providers)s)
           ON CONFLICT DO NOTHING
             RETURNING id
                """,
                empty=EMPTY,
                delete=DELETE,
                now=fields.Datetime.now(),
                texts=texts,
                providers=REDACTING,
            )
        )
        if made:
            self._wake()

    @api.model
    def _count_for(self, messages, company_field):
        """Return how many texts are removed at their carrier when they are forgotten.

        :param messages: ``sms.sms`` or ``sms.inbound``
        :param str company_field: where the company of one stands
        """
        return len(
            messages.filtered(
                lambda text: (
                    text.provider in REDACTING
                    and text[company_field].sms_redaction != KEEP
                )
            )
        )

    @api.model
    def _wake(self, at=None):
        """Wake the cron that asks the carriers.

        :param datetime at: UTC, default now
        """
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_redaction")
        cron.sudo()._trigger(at)

    # ------------------------------------------------------------------
    # For people
    # ------------------------------------------------------------------

    def action_try_again(self):
        """Ask the carrier again about what was not removed, after it was mended."""
        self.check_access("read")
        failed_sudo = self.sudo().filtered(lambda row: row.state == FAILED)
        now = fields.Datetime.now()
        failed_sudo.write(
            {"state": WAITING, "attempts": 0, "queued_at": now, "next_at": now}
        )
        self._wake()

    @api.autovacuum
    def _gc_done(self):
        """Delete what has been done for a while."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        done = self.search([("state", "=", DONE), ("done_at", "<", limit)], limit=10000)
        done.unlink()
        return len(done), len(done) == 10000
