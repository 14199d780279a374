# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...providers.faults import REFUSED_OTHERWISE
from ...tools import TICKET_MODEL, texts, verdicts, ways
from ...tools.actions import notify
from ...tools.phone import E164
from ..core.mixins import NUMBER_GROUPS
from ..ledger.sms_purpose import INTERNAL
from .sms_sms import IN_FLIGHT, LEFT, RECORDED
from .sms_sms_intake import PersonalText
from .sms_sms_waiting import APPOINTMENT_MODEL, WAITING

#: Method of each way.
WAY_METHODS = {
    ways.RECORD: "_open_consent",
    ways.AGAIN: "_go_again",
    ways.OTHER: "_open_other",
    ways.CALL: "_call",
}
#: Most texts that can be sent again by one click.
AGAIN_LIMIT = 1000
#: Shown states of a text that leaves or has left.
LEAVING = {"waiting", "sending", "checking", "sent", "delivered"}
#: The gate's reasons for failure types that an app or Odoo's own loop has set.
BY_FAILURE = {
    "sms_number_missing": verdicts.NO_NUMBER,
    "sms_number_format": verdicts.BAD_NUMBER,
    "sms_not_allowed": verdicts.UNUSABLE,
    "sms_optout": verdicts.OPTED_OUT,
    "sms_blacklist": verdicts.OPTED_OUT,
    "sms_duplicate": verdicts.OVERTAKEN,
    "sms_expired": verdicts.EXPIRED,
}


class SmsSms(models.Model):
    """Ways to deal with a text that was blocked or not delivered.

    ``tools.ways`` says what each reason allows. A text is sent again as a new row that
    the gate decides like any other; the old one keeps its outcome. It has one successor
    at most, which can be sent again in turn: a second user finds it there, even at the
    same moment.
    """

    _inherit = "sms.sms"

    sent_again_id = fields.Many2one(
        "sms.sms",
        "Sent Again As",
        **RECORDED,
        index="btree_not_null",
        ondelete="set null",
    )
    ways = fields.Char(
        "What Can Be Done", compute="_compute_ways", help="Of tools.ways, by blanks."
    )
    ways_note = fields.Char(compute="_compute_ways_note")

    # === What can be done ===

    @api.depends(
        *("state", "failure_type", "fault_id", "gate_verdict", "gate_reason"),
        *("number", "body", "sent_again_id", "expires_at", "exemption"),
    )
    @api.depends_context("uid")
    def _compute_ways(self):
        for sms in self:
            sms.ways = " ".join(sms._get_ways())

    @api.depends("ways", "shown_state")
    @api.depends_context("uid", "lang")
    def _compute_ways_note(self):
        for sms in self:
            stopped = sms.shown_state in ("failed", "blocked", "expired")
            sms.ways_note = stopped and sms._get_ways_note() or False

    def _get_ways_note(self):
        """Return a further note, such as what the person could do. Rooms add to it."""
        self.ensure_one()
        if self.sent_again_id:
            return self.env._("It was sent again.")
        return ""

    def _get_stop_reason(self):
        """Return why a text did not reach its recipient, a key of the table of ways.

        :return: empty for a text that waits, is on its way, has arrived, or was
            called off
        """
        if self.state == "error":
            own = BY_FAILURE.get(self.failure_type, REFUSED_OTHERWISE)
            return self.fault_id.sudo().fault or own
        if self.state != "canceled" or self.gate_verdict != verdicts.BLOCK:
            return ""
        if self.gate_reason == verdicts.REFUSED_BY_APP:
            return BY_FAILURE.get(self.failure_type, self.gate_reason)
        return self.gate_reason

    def _get_ways(self):
        """Return what the user can do about one text, of ``tools.ways``.

        Answers of the numbers on one page are read once per transaction.
        """
        self.ensure_one()
        sms_sudo = self.sudo()
        reason = sms_sudo._get_stop_reason()
        is_open = reason and sms_sudo.body and not sms_sudo.sent_again_id
        if not is_open or not self.env.user.has_groups(NUMBER_GROUPS):
            return ()
        found = ways.find_ways(
            reason,
            sms_sudo._find_block_now(),
            is_over=bool(sms_sudo._get_over_reason()),
            # Team alerts have an escalation of their own, which knows its texts.
            is_answer=bool(sms_sudo.exemption) or sms_sudo.purpose_id.code == INTERNAL,
        )
        is_phone = E164.match(sms_sudo.number or "")
        return tuple(way for way in found if way != ways.CALL or is_phone)

    def _get_over_reason(self):
        """Return why the text is no longer worth sending, or empty. Rooms add to it."""
        if self.expires_at and self.expires_at <= fields.Datetime.now():
            return self.env._("It would come too late.")
        return ""

    def _find_block_now(self):
        """Return why the gate would block the text now, or empty.

        By the number, its holder and the account; the time is left to the gate itself.
        """
        question = self._get_question(self.partner_id._get_sms_readers())
        question = question._replace(exemption="", written_at=None)
        return self.env["sms.gate"].sudo()._find_block(question)

    def _get_way_labels(self):
        return {
            ways.RECORD: self.env._("Record consent and send"),
            ways.AGAIN: self.env._("Send again"),
            ways.OTHER: self.env._("Send to another number"),
            ways.CALL: self.env._("Call instead"),
        }

    # === Rights ===

    def _get_post_record(self):
        """Return the record that the text was posted on, else its contact, else none.

        With the user's rights, and never of a model without a chatter.
        """
        self.ensure_one()
        post_sudo = self.sudo().mail_message_id
        model = self.env.get(post_sudo.model or "")
        if isinstance(model, self.pool["mail.thread"]) and (
            record := model.browse(post_sudo.res_id or ()).exists()
        ):
            return record.sudo(False)
        return self.sudo(False).partner_id or self.env["mail.thread"].sudo(False)

    def _check_may_act(self):
        """Check that the user may act on the text.

        They may if they can write on its ticket or appointment, or else read the text.

        :raises AccessError: otherwise
        """
        self.ensure_one()
        if not self.env.user.has_groups(NUMBER_GROUPS):
            raise AccessError(self.env._("Only helpdesk users may do this."))
        self.sudo()._get_sms_company().with_env(self.env)._check_sms_user()
        record = self._get_post_record()
        is_theirs = record._name in (TICKET_MODEL, APPOINTMENT_MODEL)
        if not (is_theirs and record.has_access("write")):
            self.sudo(False).check_access("read")

    def _may_act(self):
        try:
            self._check_may_act()
        except AccessError:
            return False
        return True

    # === Sending again ===

    def action_send_again(self):
        """Send texts again whose obstacle is gone; report the others with reasons.

        :raises AccessError: without rights on a single text; of several texts, those
            that are allowed are sent
        """
        self.check_access("read")
        if len(self) == 1:
            return self._go_again()
        sent_sudo, errors = self._send_again()
        return sent_sudo._get_outcome_notice(errors)

    def _send_again(self, number=None):
        """Create a new text for each that may be sent again, one after the other.

        :param str number: E.164, replaces their own
        :return: the new ``sms.sms`` in sudo, and an error for each of the others
        :raises AccessError: without the right to text so many people at once
        :raises UserError: for more than :data:`AGAIN_LIMIT`
        """
        if len(self) > AGAIN_LIMIT:
            raise UserError(
                self.env._(
                    "At most %s texts can be sent again at once. Choose fewer.",
                    AGAIN_LIMIT,
                )
            )
        by_company = self.sudo().grouped(lambda sms: sms._get_sms_company())
        for company, messages in by_company.items():
            self.env.user._check_sms_bulk_right(company, len(messages))
        sent_sudo, errors = self.sudo().browse(), []
        locked = self.sudo().try_lock_for_update(allow_referencing=True)
        for sms in self.sorted("id"):
            try:
                if sms not in locked:
                    raise UserError(self.env._("Someone else is sending it right now."))
                with self.env.cr.savepoint():
                    sent_sudo += sms._send_one_again(number)
            except UserError as error:  # an AccessError is one
                errors.append(error)
        return sent_sudo, errors

    def _send_one_again(self, number=None):
        """Create a new text for one, in a savepoint: a blocked one is dropped."""
        self._check_may_act()
        self._check_not_again(number)
        sms_sudo = self.sudo()
        values = sms_sudo._prepare_again(number)
        numbers = [values["number"]]
        self._get_post_record()._check_sms_rights([], numbers, numbers)
        post = sms_sudo.mail_message_id
        written = (post.model, post.res_id, self.env.uid, sms_sudo.body)
        context = {"sms_is_again": True}
        context["sms_personal"] = sms_sudo.is_personal and PersonalText(*written)
        new_sudo = sms_sudo.with_context(**context).create([values])
        new_sudo = new_sudo.with_env(sms_sudo.env)
        if new_sudo.gate_verdict == verdicts.BLOCK:
            raise UserError(new_sudo.gate_label)
        sms_sudo.sent_again_id = new_sudo
        sms_sudo._hand_on_to(new_sudo)
        sms_sudo._notify_changed()
        return new_sudo

    def _preview_again(self, number=None):
        """Return what the gate would decide on sending this text again."""
        sms_sudo = self.sudo()
        values = sms_sudo._prepare_again(number)
        question = sms_sudo._get_question(
            sms_sudo.partner_id._get_sms_readers(),
            standing=frozenset(sms_sudo._get_gate_standing()[sms_sudo.id]),
        )
        [refusal] = sms_sudo._get_sms_company()._find_sms_sender_refusals(
            [values["number"]], values.get("asks_answer", "")
        )
        question = question._replace(
            number=values["number"],
            written_at=None,
            send_at=values["send_at"] or None,
            sender_refusal=refusal,
        )
        [(decision, _event_id)] = self.env["sms.gate"].sudo()._decide([question])
        return decision

    def _check_not_left(self):
        """Refuse to resend or cancel messages that the carrier has or may have.

        The user may be looking at an old page: somebody else may have resent it since.
        """
        states = set(self.mapped("state"))
        if states & set(IN_FLIGHT):
            raise UserError(
                self.env._(
                    "The carrier may have sent this message already. It is being "
                    "checked; send a new message if it cannot wait."
                )
            )
        if states & set(LEFT):
            raise UserError(
                self.env._("The carrier already has this message. Reload the page.")
            )
        if self.sent_again_id:
            raise UserError(
                self.env._("This message has already been sent again. Reload the page.")
            )

    def _check_not_again(self, number=None):
        """Refuse to resend a text that has left, may have left, or must not leave.

        :raises UserError: with the reason
        """
        sms_sudo = self.sudo()
        sms_sudo._check_not_left()
        if sms_sudo.state == WAITING:
            raise UserError(self.env._("It is still waiting to be sent."))
        if not sms_sudo.body:
            raise UserError(self.env._("Its words were erased."))
        if (ways.OTHER if number else ways.AGAIN) not in self._get_ways():
            raise UserError(self._explain_no_way())

    def _explain_no_way(self):
        """Return why a text cannot be sent (again)."""
        sms_sudo = self.sudo()
        if over := sms_sudo._get_over_reason():
            return over
        reason = sms_sudo._find_block_now() or sms_sudo._get_stop_reason()
        return (
            self._get_gate_label(reason)
            or sms_sudo._explain_fault()
            or self.env._("It was cancelled. Write a new one.")
        )

    def _get_gate_label(self, reason):
        labels = self._fields["gate_reason"]._description_selection(self.env)
        return dict(labels).get(reason, "")

    def _prepare_again(self, number=None):
        """Return the values of the text that succeeds this one. Rooms add to it.

        A chosen time is kept if it is still to come.
        """
        self.ensure_one()
        is_later = self.send_at and self.send_at > fields.Datetime.now()
        company, reader = self._get_sms_company(), self.partner_id._get_sms_reader()
        number = number and self._to_e164(number, reader, company)
        return {
            "number": number or self.number,
            "body": self.body,
            "partner_id": self.partner_id.id,
            "mail_message_id": self.mail_message_id.id,
            "record_company_id": company.id,
            # One that no rule has given is looked for again, by the record alone:
            # somebody may have written over the template.
            "purpose_id": not self.is_unmapped and self.purpose_id.id,
            "template_id": self.template_id.id,
            "lang": self._find_footer_lang(company),
            "expires_at": self.expires_at,
            "keeps_hours": self.keeps_hours,
            "send_at": is_later and self.send_at,
            "attachment_ids": [fields.Command.set(self.attachment_ids.ids)],
            "media_count": self.media_count,
        }

    def _find_footer_lang(self, company):
        """Return the language of the text's footer: in another it would get a second.

        The reader's may have changed since, or the text was not in theirs.
        """
        said = texts.squeeze(self.body)
        for lang in company._get_sms_active_langs():
            footer = self.purpose_id._get_rules(lang, company).footer
            footer = footer and company._get_sms_footer(self.sender_id.id, footer, lang)
            if footer and texts.squeeze(footer) in said:
                return lang
        return False

    def _hand_on_to(self, new):
        """Point everything that shows this text to its successor. Rooms add to it."""
        self.ensure_one()
        notifications_sudo = self.env["mail.notification"].sudo()
        notifications_sudo = notifications_sudo.search([("sms_id_int", "=", self.id)])
        trackers_sudo = self.env["sms.tracker"].sudo()
        trackers_sudo = trackers_sudo.search([("sms_uuid", "=", self.uuid)])
        trackers_sudo.sms_uuid = new.uuid
        untracked = notifications_sudo - trackers_sudo.mail_notification_id
        trackers_sudo.create(
            [{"sms_uuid": new.uuid, "mail_notification_id": it.id} for it in untracked]
        )
        shown = {"notification_status": "ready", "failure_type": False}
        shown["sms_answered_at"] = new.inbound_id.received_at
        notifications_sudo.write(
            {"sms_id_int": new.id, "sms_number": new.number, **shown}
        )
        (self | new).invalidate_recordset(["sms_tracker_id"])
        new.mail_message_id._notify_message_notification_update()

    def _get_outcome_notice(self, errors=()):
        """Return the notification on the outcome of texts that were just created.

        :param self: in sudo, the texts that were created
        :param errors: why others were not created
        """
        held = stopped = 0
        domain, by = [("id", "in", self.ids)], ["state", "gate_verdict"]
        for state, verdict, count in self._read_group(domain, by, ["__count"]):
            if state in ("error", "canceled"):
                stopped += count
            elif verdict == verdicts.HOLD:
                held += count
        if len(self) == 1 and not errors:
            told = self._describe_outcome()
        else:
            told = self.env._(
                "Texts on their way: %(leaving)s. Held: %(held)s. Not sent: "
                "%(stopped)s.",
                leaving=len(self) - held - stopped,
                held=held,
                stopped=stopped + len(errors),
            )
        reasons = Counter(map(str, errors)).most_common(5)
        lines = [told, *(f"{count} × {reason}" for reason, count in reasons)]
        is_well = not (held or stopped or errors)
        return notify(
            " ".join(lines),
            "success" if is_well else "warning",
            sticky=bool(errors),
            next={"type": "ir.actions.act_window_close"},
        )

    def _describe_outcome(self):
        """Return the outcome of one text, for its author."""
        if self.shown_state in LEAVING:
            return self.env._("The text is on its way.")
        return ". ".join(filter(None, (self.shown_label, self.shown_reason)))

    # === Each way ===

    def _take_way(self, name):
        """Take a way to deal with one text, by the rights on its record.

        :param str name: of ``tools.ways.WAYS``
        :return: an action
        :raises UserError: if it is not possible any more
        """
        self.ensure_one()
        self._check_may_act()
        if name not in self._get_ways():
            raise UserError(self._explain_no_way())
        return getattr(self, WAY_METHODS[name])()

    def action_record_and_send(self):
        """Open the form to record consent; once it is recorded, the text is sent."""
        self.check_access("read")
        return self._take_way(ways.RECORD)

    def action_send_to_other(self):
        """Open the form that asks for another number."""
        self.check_access("read")
        return self._take_way(ways.OTHER)

    def action_call(self):
        """Pass the number to the phone app of the user's device."""
        self.check_access("read")
        return self._take_way(ways.CALL)

    def _go_again(self):
        sent_sudo, errors = self._send_again()
        if errors:
            raise errors[0]
        return sent_sudo._get_outcome_notice()

    def _open_consent(self):
        """Return the form to record consent; the room of consent extends this."""
        return False

    def _open_other(self):
        name = self.env._("Send to another number")
        forms, context = self.env["sms.send.other"], {"default_sms_id": self.id}
        return forms._get_records_action(name=name, target="new", context=context)

    def _call(self):
        return {
            "type": "ir.actions.client",
            "tag": "helpdesk_mgmt_sms.call",
            "params": {"number": self.sudo().number},
        }
