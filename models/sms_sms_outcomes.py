# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers.outbound import QUEUED, REPORT_RANKS, OutboundMessage
from ..tools import links
from .sql_array import as_arrays

#: Reported by a carrier (``providers.outbound.REPORT_RANKS``): state of the row.
REPORT_STATES = {
    "queued": "pending",
    "sent": "pending",
    "canceled": "canceled",
    "undelivered": "error",
    "delivered": "sent",
    "read": "sent",
}
#: A delivery report is overdue after this; then the carrier is asked.
REPORT_OVERDUE = timedelta(hours=1)
#: Reports after which no other is expected.
FINAL_REPORTS = ("canceled", "undelivered", "delivered", "read")

#: What the carrier's answer changes, where no report was faster.
NOTE_ACCEPTED = """
    UPDATE sms_sms sms
       SET sent_at = %s,
           carrier_id = COALESCE(sms.carrier_id, new.carrier_id),
           state = CASE WHEN COALESCE(sms.report_rank, 0) < new.rank
                        THEN new.state
                        ELSE sms.state END,
           lookup_at = CASE WHEN COALESCE(sms.report_rank, 0) < new.rank
                            THEN new.lookup_at ELSE sms.lookup_at END,
           delivered_at = CASE WHEN new.state = 'sent'
                               THEN COALESCE(sms.delivered_at, %s)
                               ELSE sms.delivered_at END,
           report_rank = GREATEST(sms.report_rank, new.rank)
      FROM unnest(%s)
        AS new (id, carrier_id, rank, state, lookup_at)
     WHERE sms.id = new.id
"""
#: The columns of its ``new``.
ACCEPTED_KINDS = ("int4", "varchar", "int4", "varchar", "timestamp")


class Bodies(dict):
    """Words as their readers get them, by id: the context ``sms_bodies`` of a claim.

    Of a class of its own: a client's context can hold nothing that passes for it.
    """


class SmsSms(models.Model):
    """A message's way through the outbox: claimed, then taken by the carrier.

    Every method wants its rows locked. The chatter is told by the caller, for all of a
    batch at once (:meth:`_update_trackers`).
    """

    _inherit = "sms.sms"

    def _to_outbound(self, sender):
        """Return what the adapter needs of this message.

        :param sender: the ``sms.sender`` that it leaves by
        """
        self.ensure_one()
        provider = sender.provider or self.provider
        company = self._get_sms_company()
        callback = company._get_sms_url(f"status/{self.uuid}", provider)
        bodies = self.env.context.get("sms_bodies")
        if not isinstance(bodies, Bodies):
            bodies = self._get_revealed_bodies()
        return OutboundMessage(
            self.uuid,
            self.number,
            bodies[self.id],
            callback,
            sender.address,
            key=self._get_carrier_key(),
            media=self._get_media_urls(),
        )

    def _get_revealed_bodies(self):
        """Return the words as their readers get them, by id: with their own addresses.

        For who hands them over, and for the virtual phone; nobody else may see them.

        :rtype: Bodies
        """
        bodies = Bodies((sms.id, sms.body or "") for sms in self)
        masked = self.filtered(lambda sms: links.is_masked(sms.body))
        if not masked:
            return bodies
        pairs = {sms.id: (sms._get_sms_company(), sms.number) for sms in masked}
        urls = self._get_preference_urls(pairs.values())
        for sms in masked:
            if url := urls.get(pairs[sms.id]):
                bodies[sms.id] = links.reveal_key(sms.body, url)
        return bodies

    @api.model
    def _get_preference_urls(self, pairs):
        """Return the addresses of people's own pages; rooms that have pages extend it.

        :param pairs: ``(res.company, number)``, E.164
        :return: address by pair
        :rtype: dict
        """
        return {}

    def _get_carrier_key(self):
        """Return the key by which a carrier knows another post of the same message.

        The same until it was taken; another one for what is meant to be taken again:
        after it was not delivered, or when a person sends it anew.
        """
        moments = (self.tried_at, self.sent_at)
        stamps = [str(int(it.timestamp())) if it else "0" for it in moments]
        return "-".join([self.uuid, *stamps])

    def _mark_claimed(self, provider):
        """Mark messages as being sent, before the first byte of them leaves.

        :param str provider: code of the adapter
        """
        now = fields.Datetime.now()
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_sms
                   SET state = 'process', provider = %(provider)s,
                       claimed_at = %(now)s, tried_at = COALESCE(tried_at, %(now)s),
                       attempts = COALESCE(attempts, 0) + 1,
                       carrier_id = NULL, carrier_code = NULL, carrier_detail = NULL,
                       fault_id = NULL, failure_type = NULL, report_rank = 0,
                       lookups = 0, lookup_at = NULL
                 WHERE id = ANY(%(ids)s)
                """,
                provider=provider,
                now=now,
                ids=self.ids,
            )
        )
        self.invalidate_recordset(flush=False)

    def _note_accepted(self, outcomes):
        """Note that the carrier has these messages.

        A delivery report may have come before its answer: then only the id is new.

        :param dict outcomes: ``Outcome`` by message id
        """
        if not self:
            return
        self._take_back({outcome.carrier_id for outcome in outcomes.values()})
        now = fields.Datetime.now()
        rows = [
            (sms_id, *self._read_accepted(outcome, now))
            for sms_id, outcome in outcomes.items()
        ]
        accepted = as_arrays(rows, *ACCEPTED_KINDS)
        self.env.cr.execute(SQL(NOTE_ACCEPTED, now, now, accepted))
        self.invalidate_recordset(flush=False)
        self.sender_id._note_success()

    @api.model
    def _read_accepted(self, outcome, now):
        """Return what is stored of a message that the carrier has taken.

        :return: the carrier's id, the report's rank, the state, when to ask about it
        """
        # What it took in words that we do not know is at least queued.
        report = outcome.report if outcome.report in REPORT_STATES else QUEUED
        lookup_at = None if report in FINAL_REPORTS else now + REPORT_OVERDUE
        carrier_id = outcome.carrier_id or None
        return carrier_id, REPORT_RANKS[report], REPORT_STATES[report], lookup_at

    def _note_found(self, found):
        """Note that the carrier has a message whose outcome was unknown.

        :param providers.outbound.Found found: the message there
        """
        self.ensure_one()
        self.write({"sent_at": self.claimed_at, "state": "pending", "lookups": 0})
        self._apply_report(found.report)
        if not self.report_rank:
            self.write({"carrier_id": found.report.carrier_id, "report_rank": 1})
        if self.state == "pending":
            self.lookup_at = fields.Datetime.now() + REPORT_OVERDUE
        if price := found.report.price:
            self._note_prices(self.provider, {found.report.carrier_id: price})

    def _take_back(self, carrier_ids):
        """Take the carrier's ids from other messages: they belong to these.

        Of two messages of the same words to the same number a lookup cannot tell which
        one the carrier has. Its answer and its reports can. The other is looked up
        again.

        :param set carrier_ids: what the carrier has just called these messages
        """
        carrier_ids = carrier_ids - {False, ""}
        others = self.search(
            [
                ("provider", "in", self.mapped("provider")),
                ("carrier_id", "in", carrier_ids),
                ("id", "not in", self.ids),
            ]
        )
        if others:
            others.write({"carrier_id": False, "report_rank": 0, "lookups": 0})
            others._mark_unknown()
            self.env.flush_all()
