# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command, Domain

from ...tools import escalation
from ...tools.dispatch import WANTED
from ...tools.purpose_rules import MessageSource
from ..core.batch_jobs import try_work_off
from ..ledger.sms_purpose import INTERNAL
from .sms_team_alert import OPEN
from .sms_team_alert_entry import MISSED, NOBODY, TOLD

#: After this time a waiting text is pointless, since people are called by hand; and a
#: waiting call, since the plan has gone on.
LIFE, CALL_LIFE = timedelta(hours=2), timedelta(minutes=15)
#: Delay before an alert is retried after an error.
PAUSE = timedelta(minutes=1)


class SmsTeamAlert(models.Model):
    """Escalates an alert step by step, until somebody takes it.

    A step's messages, its timeline entries and the time of the next step are committed
    together: a killed worker leaves all of them or none. Steps that became due
    meanwhile run at once, with one message to each number.
    """

    _inherit = "sms.team.alert"
    _never_gives_way = True

    @api.model
    def _run(self):
        """Run the due steps of all alerts, one after the other (cron)."""
        passed = self.browse()
        while due := self._find_due(passed):
            alert = due[0]
            lang = alert.company_id._pick_sms_lang()  # a cron has none
            done = try_work_off(alert, alert.with_context(lang=lang)._work_off)
            if done is None:
                alert.next_at = fields.Datetime.now() + PAUSE
            if not done:
                # It failed or is locked: left to the next run.
                passed += alert
            left = len(self._find_due(passed))
            cron = self.env["ir.cron"]
            if not cron._commit_progress(done or 0, remaining=left) and left:
                return
        self._wake_next()

    @api.model
    def _find_due(self, without):
        is_open = Domain("state", "=", OPEN) & Domain("id", "not in", without.ids)
        due = Domain("next_at", "<=", fields.Datetime.now())
        found = self.search(is_open & due, order="next_at, id")
        return found | self._find_with_missed_calls(is_open)

    def _work_off(self):
        """Run the due steps of an alert; return 1 if there were any, else 0."""
        if not self.try_lock_for_update():
            return 0
        now = fields.Datetime.now()
        if self.state != OPEN:
            return 0
        is_due = bool(self.next_at and self.next_at <= now)
        missed = self._note_missed_calls(now)
        if is_due:
            self._escalate(now)
        elif missed and not self._get_running_calls():
            self._skip_wait(now)
        return int(is_due or bool(missed))

    @api.model
    def _wake_next(self):
        domain = [("state", "=", OPEN), ("next_at", "!=", False)]
        if following := self.search(domain, order="next_at", limit=1):
            self.env["ir.cron"]._wake_sms("ir_cron_sms_team_alert", following.next_at)

    def _escalate(self, now):
        """Run all steps that are due, and set the time of the next one."""
        steps = self.plan_id._get_steps()
        done = timedelta(minutes=self.done_minutes)
        due = escalation.find_due(steps, done, now - self.escalating_since)
        self._advance(steps, due, now, self.escalating_since)

    def _hasten(self, now, passed_by=()):
        """Run the next step at once; later ones keep their distance to it.

        With no step left, everybody is told once more, except who has passed it on.

        :param passed_by: ``res.users`` who cannot take it and are skipped
        """
        steps = self.plan_id._get_steps()
        done = timedelta(minutes=self.done_minutes)
        following = escalation.find_next(steps, done)
        if not following:
            following = [escalation.Occurrence(done, escalation.ALL, steps[-1].how)]
        self._advance(steps, following, now, now - following[0].offset, passed_by)

    def _skip_wait(self, now):
        """Run the next step at once, since nobody has taken the last one's calls.

        Repeats of the same step are not brought forward.
        """
        done = timedelta(minutes=self.done_minutes)
        following = escalation.find_next(self.plan_id._get_steps(), done)
        if not all(it.is_repeat for it in following):
            self._hasten(now)

    def _advance(self, steps, due, now, since, passed_by=()):
        """Run steps; if they reach nobody, run the next ones at once.

        :param list due: :class:`tools.escalation.Occurrence` items
        :param datetime since: time from which the steps are counted (UTC)
        """
        done = timedelta(minutes=self.done_minutes)
        while due:
            done = max(done, due[-1].offset)
            is_reached = self._tell(due, now, since, passed_by)
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
            self._tell_leaders()
        self._wake_next()

    def _tell(self, due, now, since, passed_by=()):
        """Text or call the people of due steps; return whether anybody was reached."""
        due_at = since + due[0].offset
        chosen = self._choose_people(due, now, passed_by)
        if not chosen:
            self._note(NOBODY, now, due_at=due_at)
            return False
        told = self._queue_messages(self._choose_ways(chosen, now))
        for user, message in told:
            values = {
                "user_id": user.id,
                "partner_id": user.partner_id.id,
                "number": message.number,
                "sms_id": message.id,
            }
            self._note(TOLD, now, due_at=due_at, **values)
            if message.is_call and message.state == "canceled":
                self._note(MISSED, now, **values)
        messages = self.env["sms.sms"].union(*(message for _user, message in told))
        self.env["sms.question"]._ask_team_alert(self, messages)
        self._notify_in_odoo(self.env["res.users"].union(*chosen))
        return any(message.state != "canceled" for message in messages)

    def _choose_people(self, due, now, passed_by=()):
        """Return ``{user: how}``: the people of due steps, and how to reach them."""
        people = self.env["sms.oncall"]._get_people(self.team_id, self.company_id, now)
        if passed_by:
            people = (people - passed_by) or people
        told = set(self._get_told().user_id)
        chosen = {}
        for occurrence in due:
            for user in escalation.pick(list(people), occurrence.whom, told):
                told.add(user)
                if chosen.get(user) != escalation.CALL:
                    chosen[user] = occurrence.how
        return chosen

    def _queue_messages(self, ways_of):
        """Queue a message per number and way; return pairs of user and ``sms.sms``."""
        values_of, key_of, message_of = {}, {}, {}
        for user, ways in ways_of.items():
            partner = user.partner_id
            number = partner.phone_sanitized or partner.phone or ""
            for way in ways:
                key = key_of[user, way] = number or user, way
                if key in values_of or key in message_of:
                    continue
                if way != escalation.CALL:
                    body = self.plan_id._render(self, partner.lang)
                    values_of[key] = self._prepare_text(partner, number, body)
                elif call := self._join_call(number):
                    message_of[key] = call
                else:
                    values_of[key] = self._prepare_call(partner, number)
        source = MessageSource(is_urgent=True, asks_answer=WANTED)
        urgent = self.env["sms.sms"].with_context(sms_source=source)
        messages = urgent.create(list(values_of.values()))
        message_of |= zip(values_of, messages, strict=True)
        return [(user, message_of[key]) for (user, _way), key in key_of.items()]

    def _prepare_text(self, partner, number, body):
        return {
            "partner_id": partner.id,
            "number": number,
            "body": body,
            "record_company_id": self.company_id.id,
            "purpose_id": self.env["sms.purpose"]._get(INTERNAL).id,
            "expires_at": fields.Datetime.now() + LIFE,
        }

    def _notify_in_odoo(self, users):
        """Also notify people in Odoo and by e-mail, independently of the carrier.

        Notifications follow each user's preference; those who read them in Odoo get an
        e-mail besides, and open browser tabs show the alert at once.
        """
        body = self.env._("Team alert: %s", self.name)
        message = self._notify_by_queue(users, body)
        others = users.filtered(lambda user: user.notification_type == "inbox")
        mail = {
            "mail_message_id": message.id,
            "body_html": message.body,
            "is_notification": True,
            "auto_delete": True,
        }
        self.env["mail.mail"].sudo().create(
            [
                {**mail, "recipient_ids": [Command.link(user.partner_id.id)]}
                for user in others.filtered("email")
            ]
        )
        shown = {"type": "danger", "sticky": True, "message": body}
        for user in users:
            user._bus_send("simple_notification", shown)

    def _web_push_send_notification(self, devices, *args, **kwargs):
        """Leave even a few pushes to Odoo's cron: an alert must not wait for them."""
        payload = kwargs.get("payload")
        if not payload:
            return super()._web_push_send_notification(devices, *args, **kwargs)
        words = json.dumps(payload)
        self.env["mail.push"].sudo().create(
            [{"mail_push_device_id": it.id, "payload": words} for it in devices]
        )
        self.env.ref("mail.ir_cron_web_push_notification").sudo()._trigger()
        return None

    def _note(self, kind, at, **values):
        values |= {"alert_id": self.id, "kind": kind, "at": at}
        self.env["sms.team.alert.entry"].create(values)

    def _tell_leaders(self):
        """Notify somebody in charge that the plan is exhausted.

        The team's leader, else the user who has raised the alert, else the managers.
        """
        team = self.team_id
        if self._get_reached():
            words = self.env._(
                "The plan for “%s” has no more steps, and nobody has acknowledged it "
                "yet.",
                team.name,
            )
        else:
            words = self.env._(
                "Nobody in “%s” could be notified by text. Call them now.", team.name
            )
        both = self.env["sms.automation"]._filter_colleagues(
            team.user_id | self.user_id, self.company_id
        )
        leaders = both & team.user_id or both
        leaders = leaders or self.company_id._get_sms_managers()
        self._message_log(body=words)
        self._notify_by_queue(leaders, words)

    def _notify_by_queue(self, users, body):
        """Notify people, and have their e-mails sent by Odoo's cron, at once.

        Sent after the commit, an e-mail that the cron has begun to send as well would
        show the user an error about an alert that was raised.

        :return: the ``mail.message``
        """
        subject, people = self.env._("Team alert: %s", self.name), users.partner_id
        message = self.message_notify(
            force_send=False, subject=subject, body=body, partner_ids=people.ids
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return message
