# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from ...providers import PROVIDERS
from ...providers.sandbox import SandboxProvider
from ...tools import web
from ..dispatch.res_company import TWILIO_URL_PARAMETER
from ..privacy.sms_redaction import KEEP

#: What a row of the panel says of a thing.
DONE, TODO, WRONG, SKIPPED = ("done", "todo", "wrong", "skipped")
#: Troubles that have a row of their own beside the outbox's.
OWN_ROWS = ("cron", "redaction", "webhook")
#: A scheduled action that is so late stands still: Odoo's cron does not run.
CRON_LATE = timedelta(minutes=10)


def uses_carrier(company):
    """Tell if a company's texts leave by a carrier of ours that reaches phones."""
    code = company.sudo().sms_provider
    return code in PROVIDERS and code != SandboxProvider.code


class SmsHealth(models.AbstractModel):
    """How a company's text messages are: what a manager looks at when in doubt.

    Each row is ``key``, ``title``, ``state`` (``done``: fine, ``wrong``, ``todo``: not
    known yet) and ``text``; none says a word about a person.
    """

    _name = "sms.health"
    _description = "Health of Text Messages"

    @api.model
    def _get_rows(self, company):
        """Return the rows of the panel.

        :param company: ``res.company``
        """
        watch_sudo = self.env["sms.outbox.watch"].sudo()
        facts = watch_sudo._get_facts(company)
        return [
            self._get_cron_row(),
            self._get_queue_row(facts, watch_sudo._get_troubles(facts)),
            self._get_senders_row(facts),
            *self._get_redaction_rows(company, facts),
            self._get_inbound_row(company),
            self._get_report_row(company),
            self._get_address_row(company),
            *self._get_signature_rows(company, facts),
            self._get_encryption_row(company),
            self._get_ledger_row(company),
        ]

    @api.model
    def _row(self, key, title, state, text):
        return {"key": key, "title": title, "state": state, "text": text}

    @api.model
    def _get_cron_row(self):
        """Tell if scheduled actions run, the outbox's among them."""
        cron_sudo = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch").sudo()
        late = fields.Datetime.now() - cron_sudo.nextcall
        if not cron_sudo.active:
            state, text = (
                WRONG,
                self.env._("That of the outbox is switched off: no text leaves."),
            )
        elif late > CRON_LATE:
            state = WRONG
            text = self.env._(
                "The outbox's should have run at %s. See if Odoo runs its cron.",
                self._when(cron_sudo.nextcall),
            )
        else:
            state = DONE
            text = self.env._(
                "The outbox runs next at %s.", self._when(cron_sudo.nextcall)
            )
        return self._row("cron", self.env._("Scheduled actions"), state, text)

    @api.model
    def _get_queue_row(self, facts, troubles):
        """Tell what waits, and what keeps it.

        :param dict facts: see ``SmsOutboxWatch._get_facts``
        :param dict troubles: see ``SmsOutboxWatch._get_troubles``
        """
        wrong = [text for key, text in troubles.items() if text and key not in OWN_ROWS]
        text = self.env._(
            "Waiting: %(waiting)s. Held for later: %(held)s. Being checked with the "
            "carrier: %(unknown)s.",
            waiting=facts["waiting"],
            held=facts["held"],
            unknown=facts["unknown"],
        )
        state = WRONG if wrong else DONE
        return self._row("queue", self.env._("Outbox"), state, " ".join([text, *wrong]))

    @api.model
    def _get_senders_row(self, facts):
        stopped = facts["stopped_senders"]
        if stopped:
            text = self.env._("Stopped, since the carrier refuses them: %s.", stopped)
        else:
            text = self.env._("None has stopped.")
        state = WRONG if stopped else DONE
        return self._row("senders", self.env._("Senders"), state, text)

    @api.model
    def _get_redaction_rows(self, company, facts):
        """Tell what is still at the carrier, where something is to be removed there."""
        waiting, late = facts["to_be_removed"], facts["not_removed"]
        if company.sudo().sms_redaction == KEEP and not (waiting or late):
            return []
        text = self.env._("Nothing that was forgotten here waits there.")
        if waiting or late:
            text = self.env._(
                "%(waiting)s forgotten texts wait to be removed there. %(late)s should "
                "be gone by now.",
                waiting=waiting,
                late=late,
            )
        title = self.env._("Removal at the carrier")
        return [self._row("redaction", title, WRONG if late else DONE, text)]

    @api.model
    def _get_inbound_row(self, company):
        last = self._get_last_inbound(company)
        text = self._when(last.received_at) if last else self.env._("None yet.")
        state = DONE if last else TODO
        return self._row("inbound", self.env._("Last text received"), state, text)

    @api.model
    def _get_report_row(self, company):
        last = self._get_last_report(company)
        text = self._when(last.received_at) if last else self.env._("None yet.")
        state = DONE if last else TODO
        return self._row("report", self.env._("Last delivery report"), state, text)

    @api.model
    def _get_address_row(self, company):
        """Tell if the carrier reaches this server.

        Proven by a signed request of the carrier's; before the first one, the address
        itself tells if it can.
        """
        url = company._get_sms_base_url()
        title = self.env._("Public address")
        if not uses_carrier(company):
            text = self.env._("No carrier calls it yet.")
            return self._row("address", title, SKIPPED, text)
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        verdict = web.judge_address(url)
        if parameters_sudo.get_param(TWILIO_URL_PARAMETER):
            # Where something stands in for the carrier, it may stand in this house.
            verdict = web.FINE
        problems = self._get_address_problems(url)
        if verdict in problems:
            return self._row("address", title, WRONG, problems[verdict])
        if self._is_reached(company):
            text = self.env._("The carrier has reached %s.", url)
            return self._row("address", title, DONE, text)
        text = self.env._("Nobody has called %s yet; the first report shows it.", url)
        if verdict == web.NOT_HTTPS:
            text = self.env._("%s is not encrypted. Use HTTPS.", url)
        return self._row("address", title, TODO, text)

    @api.model
    def _get_signature_rows(self, company, facts):
        if not uses_carrier(company):
            return []
        title = self.env._("Signatures of the carrier")
        if facts["refused_requests"]:
            text = self.env["sms.outbox.watch"]._explain_refusals(facts)
            return [self._row("webhook", title, WRONG, text)]
        text = self.env._("No request was refused since the last that was signed.")
        return [self._row("webhook", title, DONE, text)]

    @api.model
    def _get_address_problems(self, url):
        """Return why a carrier cannot reach an address, by verdict."""
        return {
            web.NO_ADDRESS: self.env._("%s is no address.", url),
            web.PRIVATE: self.env._(
                "The carrier cannot reach %s. Enter the address that the internet "
                "knows in Settings, under Public address.",
                url,
            ),
            web.UNDERSCORE: self.env._(
                "The host of %s has a “_”, which carriers refuse.", url
            ),
        }

    @api.model
    def _get_encryption_row(self, company):
        state, text = self.env["sms.encryption"]._get_state(company)
        return self._row("encryption", self.env._("Encryption"), state, text)

    @api.model
    def _get_ledger_row(self, company):
        """Tell how the consent ledger was last verified, and where its key lies.

        In the database the key protects against nobody who owns the database.
        """
        checks_sudo = self.env["sms.consent.check"].sudo()
        check = checks_sudo.search([("company_id", "=", company.id)], limit=1)
        keys = self.env["sms.consent.key"]
        state, text = TODO, self.env._("Not verified yet.")
        if check.state == "broken":
            state, text = WRONG, check._describe()
        elif check:
            when = self._when(check.checked_at)
            state, text = DONE, self.env._("Intact on %s.", when)
        if keys._is_inside():
            state = WRONG if state == WRONG else TODO
            text = f"{text} {checks_sudo._say_key_is_inside()}"
        return self._row("ledger", self.env._("Consent ledger"), state, text)

    # === Facts ===

    @api.model
    def _get_last_inbound(self, company):
        domain = [
            ("company_id", "=", company.id),
            ("provider", "=", company.sudo().sms_provider),
        ]
        return self.env["sms.inbound"].sudo().search(domain, order="id desc", limit=1)

    @api.model
    def _get_last_report(self, company):
        domain = [("company_id", "=", company.id)]
        return self.env["sms.report"].sudo().search(domain, order="id desc", limit=1)

    @api.model
    def _is_reached(self, company):
        return bool(self._get_last_inbound(company) or self._get_last_report(company))

    @api.model
    def _when(self, moment):
        """Return a moment (UTC) as the reader writes it."""
        return format_datetime(self.env, moment)
