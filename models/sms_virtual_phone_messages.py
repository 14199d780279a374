# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ..providers.sandbox import SandboxProvider
from .sms_virtual_phone import PHONE_GROUP

BUS_CHANNEL = "helpdesk_mgmt_sms.virtual_phone"
NOTIFICATION_TYPE = "helpdesk_mgmt_sms/virtual_phone"
#: States of ``sms.sms`` in which the text has reached the phone.
REACHED_STATES = ("pending", "sent")
#: The direction of a text as the phone's owner sees it.
RECEIVED, SENT = "received", "sent"


class SmsVirtualPhone(models.AbstractModel):
    """The virtual phone's texts: how a row looks on it, and how it gets there live."""

    _inherit = "sms.virtual.phone"

    # What the outbox and the webhook call
    # ------------------------------------------------------------

    @api.model
    def _notify_outgoing(self, sms_records):
        """Show texts on open virtual phones, once they are sent.

        :param sms_records: ``sms.sms`` rows; those that are not the sandbox's, or did
            not reach the phone, are skipped
        """
        for sms in sms_records.filtered_domain(self._outgoing_domain()):
            self._notify(sms.record_company_id, sms.number, self._prepare_outgoing(sms))

    @api.model
    def _notify_inbound(self, inbound_records):
        """Show texts that came in, so that several open screens agree.

        :param inbound_records: ``sms.inbound`` rows; others' than the sandbox's are
            skipped
        """
        for inbound in inbound_records.filtered_domain(self._inbound_domain()):
            self._notify(
                inbound.company_id, inbound.number, self._prepare_inbound(inbound)
            )

    @api.model
    def _notify(self, company, number, message):
        """Tell the screens of a company about one text, after the commit.

        :param company: the ``res.company`` whose text it is
        :param str number: the phone's number, E.164
        :param dict message: as :meth:`get_messages` lists it
        """
        self.env["bus.bus"]._sendone(
            self._get_bus_channel(company),
            NOTIFICATION_TYPE,
            {"company_id": company.id, "number": number, "message": message},
        )

    @api.model
    def _get_bus_channel(self, company):
        """Return a company's channel. No client can name it: it is not a string."""
        return (self.env.cr.dbname, BUS_CHANNEL, company.id)

    @api.model
    def _get_user_bus_channels(self):
        """Return the channels that the current user may listen to.

        :rtype: list[tuple]
        """
        user = self.env.user
        if not user.has_group(PHONE_GROUP):
            return []
        companies = user.company_ids.filtered(
            lambda company: company.sms_provider == SandboxProvider.code
        )
        return [self._get_bus_channel(company) for company in companies]

    # Messages
    # ------------------------------------------------------------

    def _outgoing_domain(self, company=None):
        """Return the domain of the ``sms.sms`` rows that reached a virtual phone."""
        domain = Domain("provider", "=", SandboxProvider.code)
        domain &= Domain("state", "in", REACHED_STATES)
        return (
            domain & Domain("record_company_id", "=", company.id) if company else domain
        )

    def _inbound_domain(self, company=None):
        """Return the domain of the ``sms.inbound`` rows of virtual phones."""
        domain = Domain("provider", "=", SandboxProvider.code)
        return domain & Domain("company_id", "=", company.id) if company else domain

    def _prepare_outgoing(self, sms, body=None):
        """Return an ``sms.sms`` row as the phone shows it: as its owner got it.

        :param str body: the words in full, if they are known already
        :return: ``id`` (``out-12``), ``direction`` (``received``: the phone got it),
            ``body``, ``date`` (UTC, ``YYYY-MM-DD HH:MM:SS``), ``state``, ``media``
            (paths of pictures and files)
        """
        return {
            "id": f"out-{sms.id}",
            "direction": RECEIVED,
            "body": sms._get_revealed_bodies()[sms.id] if body is None else body,
            "date": fields.Datetime.to_string(sms.sent_at or sms.create_date),
            "state": sms.state,
            "media": sms._get_media_paths() if sms.media_count else [],
        }

    def _prepare_inbound(self, inbound):
        """Return an ``sms.inbound`` row as the phone shows it.

        :return: as in :meth:`_prepare_outgoing`; ``id`` is ``in-5``, ``direction`` is
            ``sent`` and ``state`` is ``sent``
        """
        return {
            "id": f"in-{inbound.id}",
            "direction": SENT,
            "body": inbound.body or "",
            "date": fields.Datetime.to_string(
                inbound.received_at or inbound.create_date
            ),
            "state": SENT,
            "media": [],
        }

    @staticmethod
    def _message_order(pair):
        """Sort by time; within a second by creation, the person's own words first.

        An answer that is made in the transaction of the question is as old as it.
        """
        message, row = pair
        is_received = message["direction"] == RECEIVED
        return message["date"], row.create_date, is_received, row.id
