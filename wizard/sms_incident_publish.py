# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang, frozendict

from ..models.broadcast import sms_broadcast
from ..models.broadcast import sms_broadcast_recipient as people
from ..models.broadcast.sms_broadcast import CHECKED, CHECKING
from ..models.broadcast.sms_incident import (
    CALLED_OFF,
    GOING_ON,
    MONITORING,
    OPEN,
    PLANNED,
    RESOLVED,
)
from ..models.broadcast.sms_incident_plan import LONGER
from ..tools.figures import render_counts


class SmsIncidentPublish(models.TransientModel):
    """Screen to publish news of an incident and tell people, in one step.

    It shows beforehand how many get a text or an e-mail, and why others get nothing.
    The text is a broadcast, which is prepared and checked when the screen opens.
    """

    _name = "sms.incident.publish"
    _inherit = "sms.emergency.mixin"
    _description = "Publish News of an Incident"

    incident_id = fields.Many2one("sms.incident", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="incident_id.company_id")
    #: Planned maintenance has its own steps, chosen by a button.
    step = fields.Selection(
        [(PLANNED, "Planned"), (CALLED_OFF, "Called off"), (LONGER, "It takes longer")]
    )
    state = fields.Selection(
        [
            (OPEN, "We are working on it"),
            (MONITORING, "Working again, and we are monitoring it"),
            (RESOLVED, "Resolved"),
        ],
        "Status",
        required=True,
        default=OPEN,
    )
    planned_to = fields.Datetime("Ends")
    plan_note = fields.Text(compute="_compute_plan_note")
    body = fields.Text("News", help="What works, what does not, and when you say more.")
    suggestion = fields.Text(help="Shows whether the news were edited.")
    is_told = fields.Boolean(
        "Text and e-mail it",
        default=True,
        help="Otherwise it is shown on the status page and on the tickets only.",
    )
    broadcast_id = fields.Many2one("sms.broadcast", readonly=True)
    seen_id = fields.Many2one("sms.incident.news", readonly=True)
    obstacle = fields.Char(readonly=True, help="Why nobody is texted or mailed.")

    is_live = fields.Boolean(compute="_compute_told")
    told_count = fields.Integer(compute="_compute_told")
    told_html = fields.Html(compute="_compute_told", sanitize=False)
    needs_approval = fields.Boolean(compute="_compute_told")
    checked_count = fields.Integer(related="broadcast_id.checked_count")
    concerned_count = fields.Integer(related="broadcast_id.concerned_count")
    discipline_note = fields.Char(related="broadcast_id.discipline_note")
    sample_html = fields.Html(compute="_compute_sample_html", sanitize=False)
    estimate = fields.Char(compute="_compute_sample_html")

    @api.depends("step")
    def _compute_plan_note(self):
        for form in self:
            form.plan_note = form.step == PLANNED and form.incident_id._describe_plan()

    @api.onchange("planned_to")
    def _onchange_planned_to(self):
        if self.step == LONGER and self.planned_to:
            is_edited = self.body != self.suggestion
            self.suggestion = self._suggest()
            if not is_edited:
                self.body = self.suggestion

    # === Who is told ===

    @api.depends("broadcast_id.state", "is_told")
    def _compute_told(self):
        for form in self:
            broadcast = form.broadcast_id
            form.is_live = broadcast.state == CHECKING
            is_known = broadcast.state == CHECKED and form.is_told
            form.told_count = broadcast._count_told() if is_known else 0
            form.told_html = form._render_told() if is_known else False
            form.needs_approval = is_known and broadcast.needs_approval

    def _render_told(self):
        """Return as HTML how many get what, and why others get nothing."""
        recipients = self.env["sms.broadcast.recipient"]
        outcomes = dict(recipients._fields["outcome"]._description_selection(self.env))
        by_mail = recipients._fields["mail_outcome"]._description_selection(self.env)
        by_mail, reasons = dict(by_mail), dict(recipients._selection_reason())
        found = self.broadcast_id._count_outcomes()[self.broadcast_id.id]
        domain = [("broadcast_id", "=", self.broadcast_id.id)]
        mails = dict(recipients._read_group(domain, ["mail_outcome"], ["__count"]))

        def count(*names):
            return sum(n for (name, _reason), n in found.items() if name in names)

        texted, mailed = count(*people.REACHED), mails.get(people.MAIL, 0)
        title = self.env._(
            "%(texted)s by text, %(mailed)s by e-mail, %(others)s get nothing.",
            texted=formatLang(self.env, texted, 0),
            mailed=formatLang(self.env, mailed, 0),
            others=formatLang(self.env, sum(found.values()) - texted - mailed, 0),
        )
        rows = [(count(people.HELD), outcomes[people.HELD], "text-info")]
        rows += [
            (mails.get(name, 0), by_mail[name], "text-danger")
            for name in (people.NO_ADDRESS, people.EXCLUDED, people.SAME_ADDRESS)
        ]
        muted = (people.DUPLICATE, people.MUTED)
        rows += [(count(name), outcomes[name], "o_sms_muted") for name in muted]
        untexted = Counter()
        for (name, reason), n in found.items():
            if name not in (*people.REACHED, *muted):
                key = reason if name == people.BLOCKED else name
                untexted[reasons.get(key, outcomes[name])] += n
        parts = [Markup("<p class='fw-bold mb-1'>%s</p>") % title]
        parts.append(render_counts(row for row in rows if row[0]))
        if untexted:
            why = self.env._("Why not by text")
            parts.append(Markup("<p class='mb-1 mt-2'>%s</p>") % why)
            untexted = ((n, it, "o_sms_muted") for it, n in untexted.most_common())
            parts.append(render_counts(untexted))
        return Markup("").join(parts)

    @api.depends("body", "broadcast_id.state", "is_told")
    def _compute_sample_html(self):
        """Show the text as it is read, with footer, segments and cost."""
        for form in self:
            broadcast, samples = form.broadcast_id, []
            if broadcast.state == CHECKED and form.is_told and form.body:
                broadcast = form._get_preview()
                samples = broadcast._get_samples()
            form.sample_html = broadcast._render_samples(samples)
            form.estimate = broadcast._estimate(samples) if samples else False

    # === Opening ===

    @api.model
    def _open(self, incident, state):
        """Open the screen; ``state`` is the one afterwards, or :data:`LONGER`."""
        self.search([("incident_id", "=", incident.id)]).unlink()
        steps = dict(self._fields["step"].selection)
        if incident.state != PLANNED and state == CALLED_OFF:
            state = RESOLVED
        end = state == LONGER and self._suggest_end(incident)
        first = incident.broadcast_ids.filtered("started_at").sorted("id")[:1]
        is_emergency = first.is_emergency and state in (OPEN, MONITORING)
        form = self.create(
            {
                "incident_id": incident.id,
                "step": state if state in steps else False,
                "state": OPEN if state in steps else state,
                "planned_to": end,
                "is_told": state != RESOLVED or incident.tells_end,
                "is_emergency": is_emergency,
                "emergency_reason": is_emergency and first.emergency_reason,
                "seen_id": incident.news_ids.sorted("id")[-1:].id,
            }
        )
        form.body = form.suggestion = form._suggest()
        form._prepare()
        return form._get_action()

    @api.model
    def _suggest_end(self, incident):
        """Return a suggested end for a maintenance that takes longer (UTC).

        :raises UserError: if there is no maintenance in progress
        """
        if not incident.planned_to or incident.state not in GOING_ON:
            raise UserError(
                self.env._("“%s” is no maintenance that goes on.", incident.name)
            )
        now = fields.Datetime.now().replace(second=0)
        return max(now, incident.planned_to) + timedelta(hours=1)

    def _get_action(self):
        name = self.env._("Publish news")
        return self._get_records_action(name=name, target="new", context={})

    def _get_state(self):
        own = self.incident_id.state if self.step == LONGER else self.step
        return own or self.state

    def _prepare(self):
        """Prepare the text for the new state, and check its recipients if changed."""
        kind = self.incident_id._get_kind(self._get_state())
        own = self.broadcast_id
        self.obstacle = self.is_told and self.incident_id._find_obstacle(kind, own)
        if self.obstacle or not self.is_told:
            self._drop_broadcast()
        else:
            self._prepare_text(kind)
        self.invalidate_recordset()

    def _prepare_text(self, kind):
        incident = self.incident_id
        values = {
            "is_emergency": self.is_emergency,
            "emergency_reason": self.is_emergency and self.emergency_reason,
        }
        if not self.broadcast_id:
            self.broadcast_id = incident._prepare_broadcast(kind, **values)
        broadcast = self.broadcast_id
        values.update(incident._prepare_kind(kind))
        if changed := {
            name: value for name, value in values.items() if broadcast[name] != value
        }:
            broadcast.write(changed)
        incident._say_around_news(broadcast)
        if broadcast.state not in (CHECKING, CHECKED):
            broadcast._check_now()

    @api.ondelete(at_uninstall=False)
    def _drop_broadcast(self):
        """Delete the prepared text, unless it was sent."""
        self.broadcast_id.filtered(
            lambda it: it.state in sms_broadcast.OPEN[:3] and not it._get_news()
        ).unlink()

    # === Buttons ===

    def action_refresh(self):
        """Wake the check, in case its server was restarted (called by the client)."""
        self.check_access("read")
        self.broadcast_id.action_refresh()
        return True

    def action_count(self):
        """Count the recipients again."""
        self.ensure_one()
        self._check_open()
        self._prepare()
        return self._get_action()

    def action_test_text(self):
        """Open the form to text the news to oneself, as a recipient would read it."""
        self.ensure_one()
        self.check_access("read")
        return self._get_preview()._test_text(back_ref=f"{self._name},{self.id}")

    def action_publish(self):
        """Publish the news, text and mail it, and post it on tickets.

        Nobody is told beyond the number shown on the screen: if there would be more,
        or nobody can be told any more, the screen is shown again instead.

        :raises UserError: without a text, or if somebody else was faster
        """
        self.ensure_one()
        self._check_open()
        if not (self.body or "").strip():
            raise UserError(self.env._("Write the news first."))
        if self.step == LONGER and not self.planned_to:
            raise UserError(self.env._("Enter when it will end."))
        shown, known = self.told_count, self.obstacle
        self._prepare()
        is_new = self.told_count > shown or self.obstacle and self.obstacle != known
        if is_new or self.broadcast_id.state == CHECKING:
            return self._get_action()
        self._publish()
        return {"type": "ir.actions.act_window_close"}

    def _check_open(self):
        """Lock the incident; raise a UserError if others have published meanwhile."""
        incident = self.incident_id
        incident.check_access("write")
        incident._take_for_news()
        if newest := incident.news_ids.sorted("id")[-1:] - self.seen_id:
            raise UserError(
                self.env._(
                    "%(user)s has published news meanwhile: “%(news)s” Close this "
                    "window and look at them first.",
                    user=newest.user_id.name,
                    news=newest.body,
                )
            )

    def _suggest(self):
        """Return the suggested news in the context's language."""
        if self.step == LONGER:
            return self.incident_id._say_longer(self.planned_to)
        return self.incident_id._suggest_news(self._get_state())

    def _get_news_by_lang(self):
        """Return the news by language; in all languages if nobody has edited it.

        Edited news is only in the manager's language.
        """
        body = (self.body or "").strip()
        if body != self._suggest().strip():
            return {self.env.lang or "en_US": body}
        return {
            lang: self.with_context(lang=lang)._suggest().strip()
            for lang, _name in self.env["res.lang"].get_installed()
        }

    def _get_preview(self):
        """Return the broadcast with the news about to be published in its context."""
        news = frozendict(self._get_news_by_lang())
        return self.broadcast_id.with_context(sms_news=news)

    def _publish(self):
        by_lang = self._get_news_by_lang()
        if self.step == LONGER:
            self.incident_id.sudo().planned_to = self.planned_to
        broadcast = self.broadcast_id
        is_told = self.told_count > 0
        if not is_told:
            self._drop_broadcast()
        news_sudo = self.env["sms.incident.news"].sudo()
        news_sudo = news_sudo.create(
            {
                "incident_id": self.incident_id.id,
                "state": self._get_state(),
                "body": self.body.strip(),
            }
        )
        news_sudo._translate(by_lang)
        if is_told:
            news_sudo.broadcast_id = broadcast
            self.incident_id.sudo().is_moved = False
            broadcast.action_send()
