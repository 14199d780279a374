# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo import fields, models

from ...tools import web
from ..core.moments import say_moment
from ..dispatch.res_company import REAL, TWILIO_URL_PARAMETER
from ..dispatch.sms_outbox_watch import STANDSTILL
from ..privacy.sms_redaction import KEEP

#: States of a row in the panel.
DONE, TODO, WRONG, SKIPPED = ("done", "todo", "wrong", "skipped")
#: Troubles with a row of their own, besides the outbox's row.
OWN_ROWS = ("copy", "cron", "redaction", "webhook")


def uses_carrier(company):
    """Return whether a company uses one of our carriers other than the sandbox."""
    return company.sudo().sms_provider in REAL


class SmsHealth(models.AbstractModel):
    """The health panel of a company's texts.

    Each row has ``key``, ``title``, ``state`` (``done``: fine, ``wrong``, ``todo``: not
    known yet, ``skipped``: not applicable) and ``text``, without personal data.
    """

    _name = "sms.health"
    _description = "Health of Text Messages"

    def _get_rows(self, company):
        watch_sudo = self.env["sms.outbox.watch"].sudo()
        facts = watch_sudo._get_facts(company)
        troubles = watch_sudo._get_troubles(facts)
        inbound = self._get_last("sms.inbound", company)
        report = self._get_last("sms.report", company, "sms_id.provider")
        state, text = self.env["sms.encryption"]._get_state(company)
        return [
            *self._get_copy_rows(),
            self._get_cron_row(troubles),
            self._get_queue_row(facts, troubles),
            self._get_senders_row(facts),
            *self._get_redaction_rows(company, facts),
            self._get_last_row("inbound", self.env._("Last text received"), inbound),
            self._get_last_row("report", self.env._("Last delivery report"), report),
            self._get_address_row(company),
            *self._get_signature_rows(company, facts),
            self._row("encryption", self.env._("Encryption"), state, text),
            self._get_ledger_row(company),
            self._get_rules_row(company),
        ]

    def _row(self, key, title, state, text):
        return {"key": key, "title": title, "state": state, "text": text}

    def _get_copy_rows(self):
        """Return a warning if this database is a copy, with what to do first."""
        if not self.env["sms.database"]._is_copy():
            return []
        text = self.env._(
            "This database is a copy, so it sends no texts and takes none from the "
            "carrier. Before it does, stop the original: both have the same accounts "
            "and would text the same people. What waits here may have been sent there."
        )
        return [self._row("copy", self.env._("Database"), WRONG, text)]

    def _get_cron_row(self, troubles):
        cron_sudo = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch").sudo()
        when = say_moment(self.env, cron_sudo.nextcall)
        state, text = WRONG, troubles["cron"]
        is_late = fields.Datetime.now() - cron_sudo.nextcall > STANDSTILL
        if not text and is_late:
            text = self.env._(
                "The outbox should have run: %s. Check that Odoo runs its scheduled "
                "actions.",
                when,
            )
        elif not text:
            state, text = DONE, self.env._("Next run of the outbox: %s.", when)
        return self._row("cron", self.env._("Scheduled actions"), state, text)

    def _get_queue_row(self, facts, troubles):
        """Return the row about waiting texts, and what keeps them."""
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

    def _get_senders_row(self, facts):
        state, text = DONE, self.env._("None has stopped.")
        if stopped := facts["stopped_senders"]:
            state = WRONG
            text = self.env._("Stopped because the carrier refuses them: %s.", stopped)
        return self._row("senders", self.env._("Senders"), state, text)

    def _get_redaction_rows(self, company, facts):
        """Return the row about removal at the carrier, if that is used."""
        waiting, late = facts["to_be_removed"], facts["not_removed"]
        if company.sudo().sms_redaction == KEEP and not (waiting or late):
            return []
        text = self.env._("Nothing that was erased here is waiting there.")
        if waiting or late:
            text = self.env._(
                "%(waiting)s erased texts are waiting to be removed there. %(late)s "
                "should be gone by now.",
                waiting=waiting,
                late=late,
            )
        title = self.env._("Removal at the carrier")
        return [self._row("redaction", title, WRONG if late else DONE, text)]

    def _get_last_row(self, key, title, last):
        text = say_moment(self.env, last.received_at) or self.env._("None yet.")
        return self._row(key, title, DONE if last else TODO, text)

    def _get_address_row(self, company):
        """Return the row that shows whether the carrier can reach this server.

        Proven by a signed request from the carrier; before the first one, the address
        itself is judged.
        """
        row = partial(self._row, "address", self.env._("Public address"))
        if not uses_carrier(company):
            return row(SKIPPED, self.env._("No carrier calls it yet."))
        url = company._get_sms_base_url()
        verdict = web.judge_address(url)
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        if parameters_sudo.get_param(TWILIO_URL_PARAMETER):
            # A simulated carrier may be inside this network.
            verdict = web.FINE
        problem = {
            web.NO_ADDRESS: self.env._("%s is not an address.", url),
            web.PRIVATE: self.env._(
                "The carrier cannot reach %s. Enter the public address in Settings, "
                "under Public address.",
                url,
            ),
            web.UNDERSCORE: self.env._(
                "The host of %s has a “_”, which carriers refuse.", url
            ),
        }.get(verdict)
        if problem:
            return row(WRONG, problem)
        if company._has_proven_sms_base_url(company.sudo().sms_provider):
            return row(DONE, self.env._("The carrier has reached %s.", url))
        if verdict == web.NOT_HTTPS:
            return row(TODO, self.env._("%s is not encrypted. Use HTTPS.", url))
        text = self.env._(
            "Nobody has called %s yet. The first report will show it.", url
        )
        return row(TODO, text)

    def _get_signature_rows(self, company, facts):
        if not uses_carrier(company):
            return []
        state = DONE
        text = self.env._("No request was refused since the last that was signed.")
        if facts["refused_requests"]:
            state = WRONG
            text = self.env["sms.outbox.watch"]._explain_refusals(facts)
        title = self.env._("Signatures of the carrier")
        return [self._row("webhook", title, state, text)]

    def _get_ledger_row(self, company):
        """Return the row about the ledger's last verification and its key.

        A key stored in the database gives no protection against whoever controls the
        database.
        """
        checks_sudo = self.env["sms.consent.check"].sudo()
        check = checks_sudo.search([("company_id", "=", company.id)], limit=1)
        state, text = TODO, self.env._("Not verified yet.")
        if check.state == "broken":
            state, text = WRONG, check._describe()
        elif check:
            when = say_moment(self.env, check.checked_at, lasting=True)
            state, text = DONE, self.env._("Intact on %s.", when)
        if self.env["sms.consent.key"]._is_inside():
            state = WRONG if state == WRONG else TODO
            text = f"{text} {checks_sudo._say_key_is_inside()}"
        return self._row("ledger", self.env._("Consent ledger"), state, text)

    def _get_rules_row(self, company):
        """Return the row about rules with dates that end soon, or have ended."""
        text = self.env["sms.outbox.watch"].sudo()._explain_ends(company)
        state = WRONG if text else DONE
        text = text or self.env._("None ends within 60 days without one to follow.")
        return self._row("rules", self.env._("Rules with dates"), state, text)

    def _get_last(self, model, company, path="provider"):
        """Return the newest row that the company's present carrier has told."""
        domain = [("company_id", "=", company.id)]
        domain += [(path, "=", company.sudo().sms_provider)]
        return self.env[model].sudo().search(domain, order="id desc", limit=1)
