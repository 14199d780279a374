# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from collections import Counter, defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, float_is_zero

from ...providers import PROVIDERS, account
from ...tools import advice, dispatch, texts
from ..core.mixins import open_linked
from ..message.sms_sms import IN_FLIGHT, LEFT, UNKNOWN_STATE
from ..message.sms_sms_waiting import WAITING
from .sms_sender_pace import NEEDS_REPORT

#: Default segments per second, which a manager can change. Carriers promise one for a
#: long code, three for toll-free, ten and more for a short code; a service has several
#: numbers. https://www.twilio.com/docs/messaging/guides/scaling-queueing-latency
DEFAULT_RATES = {
    account.LONG_CODE: 1.0,
    account.TOLL_FREE: 3.0,
    account.SHORT_CODE: 10.0,
    account.SERVICE: 10.0,
    account.SANDBOX: 0.0,
    account.ALPHANUMERIC: 10.0,
}
#: Kinds of senders that can place calls as well.
CALLERS = (account.LONG_CODE, account.TOLL_FREE, account.SANDBOX)
#: Fields that the choice of a sender depends on.
CHOICE_FIELDS = {"team_id", "country_ids", "active", "is_one_way", "footer"}
#: Placeholders that a sender's footer may contain.
FOOTER_BLANKS = {"link", "sender"}


class SmsSender(models.Model):
    """A number or service that texts leave by: whether it may send, and how fast.

    Follows the company's account (:meth:`_sync`); managers set its speed. Values that
    change with every batch are in ``sms.sender.pace``.
    """

    _name = "sms.sender"
    _description = "Text Message Sender"
    _inherit = ["sms.setup.mixin", "sms.cached.rules", "sms.checked.words"]
    _cached_fields = CHOICE_FIELDS
    _order = "company_id, id"
    _rec_name = "address"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    address = fields.Char(
        "Sender", required=True, readonly=True, help="A number, or a service's ID."
    )
    kind = fields.Selection(
        [
            (account.LONG_CODE, "Number"),
            (account.TOLL_FREE, "Toll-free number"),
            (account.SHORT_CODE, "Short code"),
            (account.SERVICE, "Messaging Service"),
            (account.SANDBOX, "Sandbox"),
            (account.ALPHANUMERIC, "Name (alphanumeric)"),
        ],
        required=True,
        readonly=True,
    )
    rate = fields.Float(
        "Segments per Second",
        digits=(8, 2),
        help="What the carrier allows this sender. 0 for no limit.",
    )
    active = fields.Boolean(default=True, readonly=True)
    stopped_until = fields.Datetime(
        readonly=True,
        help="Nothing is sent until then. After that, one attempt "
        "shows whether it can send again.",
    )
    stop_count = fields.Integer(readonly=True, help="Stops in a row.")
    fault_id = fields.Many2one("sms.fault", "Stop Reason", readonly=True)
    fault_detail = fields.Char("Carrier's Message", readonly=True)
    country_ids = fields.Many2many(
        "res.country",
        "sms_sender_country_rel",
        string="For Countries",
        help="Texts to these countries are sent from it. Leave empty for its own "
        "country and those without another sender.",
    )

    is_one_way = fields.Boolean(
        "Cannot Receive",
        help="Nobody can answer its texts. Questions are sent by another sender or not "
        "at all, and the footer links to the customer's own preference page.",
    )
    footer = fields.Text(
        "Own Footer",
        translate=True,
        help="Used in place of the purpose's footer, e.g. “STOP to {sender}”. "
        "{link} is the address of the customer's own preference page. Leave empty for "
        "the usual words.",
    )

    carrier_name = fields.Char(compute="_compute_carrier_name")
    waiting_count = fields.Integer("Waiting", compute="_compute_queue")
    held_count = fields.Integer(
        "Held", compute="_compute_queue", help="Scheduled for later."
    )
    sending_count = fields.Integer("Sending", compute="_compute_queue")
    checking_count = fields.Integer(
        "Checking", compute="_compute_queue", help="Being checked with the carrier."
    )
    oldest_at = fields.Datetime(
        "Waiting Since", compute="_compute_queue", help="The oldest waiting message."
    )
    sent_count = fields.Integer(
        "Sent", compute="_compute_outcome", help="Within the last 24 hours."
    )
    failed_count = fields.Integer(
        "Not Delivered", compute="_compute_outcome", help="Within the last 24 hours."
    )
    failed_reasons = fields.Char(
        "Why Not Delivered",
        compute="_compute_outcome",
        help="Within the last 24 hours.",
    )
    rate_label = fields.Char(
        "Current Speed",
        compute="_compute_rate_label",
        help="Segments per second: the rate set, or less after the carrier asked to "
        "slow down.",
    )

    _address_unique = models.Constraint(
        "unique(company_id, provider, address)", "This sender already exists."
    )
    _name_is_one_way = models.Constraint(
        f"CHECK (kind != '{account.ALPHANUMERIC}' OR is_one_way)",
        "Nobody can answer a name. Use a number to receive texts.",
    )
    _rate_positive = models.Constraint(
        "CHECK (rate >= 0)", "The rate of a sender cannot be negative."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create the pace of each sender.

        :raises ValidationError: for an invalid speed
        """
        for vals in vals_list:
            self._check_rate(vals)
        senders = super().create(vals_list)
        paces_sudo = self.env["sms.sender.pace"].sudo()
        paces_sudo.create([{"sender_id": sender_id} for sender_id in senders.ids])
        return senders

    def write(self, vals):
        """Check the speed; later texts choose their senders anew.

        :raises ValidationError: for an invalid speed
        """
        self._check_rate(vals)
        return super().write(vals)

    @api.model
    def _check_rate(self, vals):
        """Refuse a speed that is below zero, or so low that zero would be stored.

        Zero means no limit: the slowest sender would become the fastest.
        """
        rate = float(vals.get("rate") or 0)
        if not rate >= 0:  # refuses NaN as well
            message = self.env._("The rate of a sender cannot be negative.")
            raise ValidationError(message)
        _precision, places = self._fields["rate"].get_digits(self.env)
        if rate and float_is_zero(rate, precision_digits=places):
            raise ValidationError(
                self.env._(
                    "%(rate)s segments per second is too slow. Enter at least "
                    "%(least)s, or 0 for no limit.",
                    rate=f"{rate:g}",
                    least=f"{10**-places:g}",
                )
            )

    @api.constrains("country_ids")
    def _check_countries(self):
        rules = self.env["sms.sender.rule"]
        for sender in self:
            rules._check_countries(sender.kind, sender.address, sender.country_ids)

    @api.constrains("footer", "is_one_way")
    def _check_footer(self):
        """Refuse a footer that does not say how to opt out."""
        for sender in self.filtered("footer"):
            if unknown := texts.find_unknown(sender.footer, FOOTER_BLANKS):
                raise ValidationError(
                    self.env._(
                        "“{%s}” is not known. A sender's footer can have {link} and "
                        "{sender}.",
                        unknown[0],
                    )
                )
            # A STOP must be named, and be received.
            missing = advice.find_missing(sender.footer)
            lacks_stop = sender.is_one_way or "STOP" in missing
            if lacks_stop and "{link}" not in sender.footer:
                raise ValidationError(
                    self.env._(
                        "The footer of “%s” must say how to opt out: STOP in capitals "
                        "where it can receive texts, else {link}.",
                        sender.address,
                    )
                )

    @api.model
    def _sync(self, companies):
        """Sync the senders with the companies' accounts.

        Messages of a removed sender get another one when it is their turn.
        """
        self.env.registry.clear_cache()  # the accounts are cached
        senders_sudo = self.sudo().with_context(active_test=False)
        for company in companies:
            wanted = {
                (code, sender.address): sender.kind
                for code in company._get_sms_carriers()
                for sender in company._get_sms_provider(code).senders()
            }
            found = senders_sudo.search([("company_id", "=", company.id)])
            known = {(row.provider, row.address): row for row in found}
            for key, row in known.items():
                row.active = key in wanted
            # Removed senders send nothing that could show that they work again.
            found.filtered(lambda row: row.stop_count and not row.active)._start()
            senders_sudo.create(
                [
                    {
                        "company_id": company.id,
                        "provider": code,
                        "address": address,
                        "kind": kind,
                        "rate": DEFAULT_RATES[kind],
                        "is_one_way": kind == account.ALPHANUMERIC,
                    }
                    for (code, address), kind in wanted.items()
                    if (code, address) not in known
                ]
            )
        self.env.registry.clear_cache()

    def _stop(self, policy, detail=""):
        """Stop sending for a while, longer each time; alert administrators once."""
        now = fields.Datetime.now()
        for sender in self:
            # Texts in flight when it stopped are refused as well: one stop for all.
            if sender._is_stopped():
                continue
            count = sender.stop_count + 1
            pause = dispatch.pause_after(policy, count, random.random())
            reason = {"fault_id": policy.id, "fault_detail": detail}
            until = now + timedelta(seconds=pause)
            sender.write({"stopped_until": until, "stop_count": count, **reason})
            if sender.stop_count == 1:
                sender._tell_administrators()

    def _tell_administrators(self):
        words = {"sender": self.address, "reason": self.fault_id.name}
        message = self.env._(
            "Texts from %(sender)s have stopped. %(reason)s. Waiting texts are kept, "
            "and sending is tried again from time to time.",
            **words,
        )
        if self.fault_id.use_backup and len(self.company_id._get_sms_carriers()) > 1:
            message = self.env._(
                "Texts from %(sender)s have stopped. %(reason)s. Waiting texts are "
                "sent through the other carrier, and sending is tried again from time "
                "to time.",
                **words,
            )
        alerts = self.env["sms.outbox.alert"]
        alerts._raise(self.company_id, f"sender:{self.id}", message)

    def _is_stopped(self):
        return bool(self.stopped_until and self.stopped_until > fields.Datetime.now())

    def _needs_report(self):
        """Return whether only a delivery report shows that it may send again.

        Carriers accept texts that they refuse later, such as those of a number without
        registration.
        """
        self.flush_recordset()
        self.env["sms.sms"].flush_model()
        query = "SELECT 1 FROM sms_sender sender WHERE sender.id = %s AND %s"
        return bool(self.env.execute_query(SQL(query, self.id, NEEDS_REPORT)))

    def action_start(self):
        """Send again now, without waiting for the pause to end."""
        self.check_access("write")
        self.sudo()._start()
        return True

    def _start(self):
        """Resume sending, and close the alerts about these senders."""
        if not self:
            return
        names = ("stopped_until", "stop_count", "fault_id", "fault_detail")
        self.write(dict.fromkeys(names, False))
        alerts = self.env["sms.outbox.alert"]
        for sender in self:
            alerts._close(sender.company_id, f"sender:{sender.id}")
        self.env["sms.dispatcher"]._wake()

    def _slow_down(self):
        """Halve the speed of these senders: the carrier says that they are too fast."""
        for sender in self:
            now = fields.Datetime.now()
            row = self.env["sms.sender.pace"]._get(sender)
            seconds = (now - row.slowed_at).total_seconds() if row.slowed_at else 0
            # Texts in flight when it slowed down say nothing about the new speed. The
            # time is negative only if a clock was set back.
            if row.slowed_at and 0 <= seconds < dispatch.REACTION:
                continue
            share = dispatch.slower(row.slowed_to or 1.0, seconds)
            row.write({"slowed_at": now, "slowed_to": share})

    def _find_conversations(self, company, numbers, sender_ids):
        """Return the sender of each person's last conversation: ``{E.164: sender id}``.

        Received texts are known to the rooms above, which extend this.
        """
        return {}

    # === Queue as a manager watches it ===

    @api.depends("provider")
    def _compute_carrier_name(self):
        for sender in self:
            known = PROVIDERS.get(sender.provider)
            sender.carrier_name = known.name if known else sender.provider

    def _compute_queue(self):
        """Count open messages; the indexes contain only those."""
        messages, own = self.env["sms.sms"], Domain("sender_id", "in", self.ids)
        is_due = Domain("not_before", "<=", fields.Datetime.now())
        due = messages._read_group(
            own & Domain("state", "=", WAITING) & is_due,
            ["sender_id"],
            ["__count", "not_before:min"],
        )
        due = {sender: counted for sender, *counted in due}
        is_open = own & Domain("state", "in", (WAITING, *IN_FLIGHT))
        groups = messages._read_group(is_open, ["sender_id", "state"], ["__count"])
        counts = Counter({(sender, state): count for sender, state, count in groups})
        for sender in self:
            sender.waiting_count, sender.oldest_at = due.get(sender, (0, False))
            sender.held_count = counts[sender, WAITING] - sender.waiting_count
            sender.sending_count = counts[sender, "process"]
            sender.checking_count = counts[sender, UNKNOWN_STATE]

    def _compute_outcome(self):
        """Count texts that have ended within the last day, and say why some failed."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        domain = [("sender_id", "in", self.ids), ("state", "in", [*LEFT, "error"])]
        domain += [("claimed_at", ">=", since), ("is_call", "=", False)]
        keys = ["sender_id", "state", "fault_id"]
        groups = self.env["sms.sms"]._read_group(
            domain, keys, ["__count"], order="__count desc"
        )
        sent, failed, reasons = Counter(), Counter(), defaultdict(list)
        for sender, state, fault, count in groups:
            if state == "error":
                failed[sender] += count
                name = fault.name or self.env._("Not known")
                reasons[sender].append(f"{count} × {name}")
            else:
                sent[sender] += count
        for sender in self:
            sender.sent_count = sent[sender]
            sender.failed_count = failed[sender]
            sender.failed_reasons = " · ".join(reasons[sender])

    def _compute_rate_label(self):
        domain = [("sender_id", "in", self.ids), ("slowed_at", "!=", False)]
        slowed = self.env["sms.sender.pace"].sudo().search(domain).grouped("sender_id")
        now = fields.Datetime.now()
        for sender in self:
            rate = sender.rate
            if row := slowed.get(sender):
                seconds = (now - row.slowed_at).total_seconds()
                rate = dispatch.current_rate(rate, row.slowed_to, seconds)
            words = self.env._("%s a second", f"{rate:.4g}")
            sender.rate_label = words if rate else self.env._("No limit")
            if sender._is_stopped():
                sender.rate_label = self.env._("Stopped")

    def action_view_messages(self):
        """Show this sender's messages, at first only those that wait."""
        xmlid, shown = "helpdesk_mgmt_sms.sms_sms_action", {"search_default_waiting": 1}
        return open_linked(self, xmlid, "sender_id", **shown)

    def action_view_failed(self):
        """Show the messages that were not delivered, by reason."""
        context = {"search_default_failed": 1, "search_default_group_fault": 1}
        return {**self.action_view_messages(), "context": context}
