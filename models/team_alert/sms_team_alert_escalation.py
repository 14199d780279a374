# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

from ...tools import escalation
from ...tools.purpose_rules import MessageSource
from ..core.batch_jobs import try_work_off
from ..ledger.sms_purpose import INTERNAL
from .sms_team_alert import OPEN
from .sms_team_alert_entry import NOBODY, TOLD

#: A text that has waited so long has lost its point: people are called.
LIFE = timedelta(hours=2)
#: An alert is tried again so long after a fault.
PAUSE = timedelta(minutes=1)


class SmsTeamAlert(models.Model):
    """Escalation: an alert is told step by step, until somebody takes it.

    A step's messages, its rows in the timeline and the time of the next step are one
    transaction: a killed worker leaves all of them or none, and what was due meanwhile
    is done at once, each number once.
    """

    _inherit = "sms.team.alert"

    @api.model
    def _run(self):
        """Do what is due of all alerts, one after the other (a cron)."""
        passed = self.browse()
        while due := self._find_due(passed):
            alert = due[0]
            done = try_work_off(alert, alert._work_off)
            if done is None:
                alert.next_at = fields.Datetime.now() + PAUSE
            if not done:
                # It failed, or somebody else has it: the next run looks at it again.
                passed += alert
            left = len(self._find_due(passed))
            cron = self.env["ir.cron"]
            if not cron._commit_progress(done or 0, remaining=left) and left:
                return
        self._wake_next()

    @api.model
    def _find_due(self, without):
        return self.search(
            [
                ("state", "=", OPEN),
                ("next_at", "<=", fields.Datetime.now()),
                ("id", "not in", without.ids),
            ],
            order="next_at, id",
        )

    def _work_off(self):
        """Do what is due of an alert; return how many alerts that was."""
        self.ensure_one()
        if not self.try_lock_for_update():
            return 0
        self.invalidate_recordset()
        now = fields.Datetime.now()
        is_due = self.state == OPEN and self.next_at and self.next_at <= now
        if is_due:
            self._escalate(now)
        return int(bool(is_due))

    @api.model
    def _wake_next(self):
        domain = [("state", "=", OPEN), ("next_at", "!=", False)]
        following = self.search(domain, order="next_at", limit=1)
        if following:
            cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_team_alert").sudo()
            cron._trigger(following.next_at)

    def _escalate(self, now):
        """Do all steps that are due, and set the time of the next one."""
        self.ensure_one()
        steps = self.plan_id._get_steps()
        done = timedelta(minutes=self.done_minutes)
        due = escalation.find_due(steps, done, now - self.escalating_since)
        self._advance(steps, due, now, self.escalating_since)

    def _hasten(self, now):
        """Do the next step at once; the others follow at the distance they had.

        With no step left all are told once more.
        """
        self.ensure_one()
        steps = self.plan_id._get_steps()
        done = timedelta(minutes=self.done_minutes)
        following = escalation.find_next(steps, done)
        if not following:
            following = [escalation.Occurrence(done, escalation.ALL)]
        self._advance(steps, following, now, now - following[0].offset)

    def _advance(self, steps, due, now, since):
        """Do some steps; where they reach nobody the next ones do not wait.

        :param list due: of :class:`tools.escalation.Occurrence`
        :param datetime since: from when on the steps are counted (UTC)
        """
        done = timedelta(minutes=self.done_minutes)
        is_reached = not due
        while due:
            done = max(done, due[-1].offset)
            is_reached = self._tell(due, now, since)
            due = [] if is_reached else escalation.find_next(steps, done)
            since = now - due[0].offset if due else since
        following = escalation.find_next(steps, done)
        self.write(
            {
                "escalating_since": since,
                "done_minutes": done // timedelta(minutes=1),
                "next_at": following and since + following[0].offset,
            }
        )
        if not following:
            self._tell_leaders(is_reached)
        self._wake_next()

    def _tell(self, due, now, since):
        """Text those whom some steps mean; tell if anybody was reached."""
        due_at = since + due[0].offset
        chosen = self._choose_people(due, now)
        if not chosen:
            self._note(NOBODY, now, due_at=due_at)
            return False
        message_of = self._queue_texts(chosen)
        for user, message in message_of.items():
            self._note(
                TOLD,
                now,
                due_at=due_at,
                user_id=user.id,
                partner_id=user.partner_id.id,
                number=message.number,
                sms_id=message.id,
            )
        messages = self.env["sms.sms"].union(*message_of.values())
        self.env["sms.question"]._ask_team_alert(self, messages)
        return any(message.state != "canceled" for message in messages)

    def _choose_people(self, due, now):
        people = self.env["sms.oncall"]._get_people(self.team_id, self.company_id, now)
        told = set(self.entry_ids.filtered(lambda it: it.kind == TOLD).user_id)
        chosen = self.env["res.users"]
        for occurrence in due:
            for user in escalation.pick(list(people), occurrence.whom, told):
                chosen |= user
                told.add(user)
        return chosen

    def _queue_texts(self, users):
        """Return ``{user: sms.sms}``, one new text for each number."""
        values_of, key_of = {}, {}
        for user in users:
            partner = user.partner_id
            number = partner.phone_sanitized or partner.phone or ""
            key = key_of[user] = number or user
            if key not in values_of:
                body = self.plan_id._render(self, partner.lang)
                values_of[key] = self._prepare_text(partner, number, body)
        urgent = self.env["sms.sms"].with_context(
            sms_source=MessageSource(is_urgent=True)
        )
        messages = urgent.create(list(values_of.values()))
        message_of = dict(zip(values_of, messages, strict=True))
        return {user: message_of[key] for user, key in key_of.items()}

    def _prepare_text(self, partner, number, body):
        return {
            "partner_id": partner.id,
            "number": number,
            "body": body,
            "record_company_id": self.company_id.id,
            "purpose_id": self.env["sms.purpose"]._get(INTERNAL).id,
            "expires_at": fields.Datetime.now() + LIFE,
        }

    def _note(self, kind, at, **values):
        """Enter something into the timeline."""
        self.ensure_one()
        self.env["sms.team.alert.entry"].create(
            {"alert_id": self.id, "kind": kind, "at": at, **values}
        )

    def _tell_leaders(self, is_reached):
        """Notify that the plan has nothing more to do.

        To the team's leader, else to the user who has raised it, else to the managers.
        """
        if is_reached:
            words = self.env._(
                "Everyone in “%s” has been notified, and nobody has acknowledged it "
                "yet.",
                self.team_id.name,
            )
        else:
            words = self.env._(
                "Nobody in “%s” could be notified by text. Call them now.",
                self.team_id.name,
            )
        managers = self.env.ref("helpdesk_mgmt.group_helpdesk_manager").all_user_ids
        managers = managers.filtered(lambda it: self.company_id in it.company_ids)
        leaders = self.team_id.user_id or self.user_id or managers
        self._message_log(body=words)
        self.message_notify(
            partner_ids=leaders.partner_id.ids,
            subject=self.env._("Team alert: %s", self.name),
            body=words,
        )
