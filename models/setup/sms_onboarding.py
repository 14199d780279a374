# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...providers.account import CREDENTIALS, FINE, INBOUND, SENDERS
from ...providers.account import WRONG as FOUND_WRONG
from ...providers.faults import COPY
from ...providers.sandbox import SandboxProvider
from ..appointment.sms_reminder import PLANNED
from .res_company import CONTACT, CONTACT_GROUP, SAY_ACTION
from .sms_carrier_check import CHECK, NOT_TAKEN, SET_INBOUND, TAKE_NUMBERS
from .sms_health import DONE, SKIPPED, TODO, WRONG, uses_carrier

SYSTEM_GROUP = "base.group_system"

#: Prefix of the names of our guided tours (views/setup/sms_guide_views.xml).
GUIDE = "helpdesk_sms_guide_"


class SmsOnboarding(models.AbstractModel):
    """The steps from the sandbox to the first real text, and the health panel.

    No step can be ticked off: each is done once its result is found in the company's
    data, at the carrier, or in a delivered text. Nothing is stored here; the carrier's
    findings are in ``sms.carrier.check``.
    """

    _name = "sms.onboarding"
    _description = "Set-up of Text Messages"

    # === Calls from the screen ===

    @api.model
    def get_setup(self):
        """Return the steps and the health of the user's current company.

        :return: ``company`` (its name), ``steps`` and ``health`` (rows of ``key``,
            ``title``, ``state``, ``text``, ``buttons``), ``done`` and
            ``count`` (steps), ``is_asking`` (the carrier has not answered yet)
        :raises AccessError: unless a helpdesk manager or administrator
        """
        company = self._check_may_set_up()
        steps = self._get_steps(company)
        health = self.env["sms.health"]._get_rows(company)
        return {
            "company": company.name,
            "steps": steps,
            "health": [
                {**row, "buttons": self._get_health_buttons(row)} for row in health
            ],
            "done": sum(step["state"] in (DONE, SKIPPED) for step in steps),
            "count": len(steps),
            "is_asking": not self.env["sms.database"]._is_copy()
            and bool(self.env["sms.carrier.check"]._get_open(company).wanted),
        }

    @api.model
    def check_account(self):
        """Have the account checked at the carrier; return :meth:`get_setup`."""
        return self._ask(CHECK)

    @api.model
    def set_inbound_url(self):
        """Have our webhook set at the carrier; return :meth:`get_setup`.

        :raises AccessError: unless an administrator, as it changes the account
        :raises UserError: for an address that the carrier cannot reach
        """
        return self._ask(SET_INBOUND, SYSTEM_GROUP)

    @api.model
    def take_numbers(self):
        """Have the account's numbers created as senders; return :meth:`get_setup`.

        :raises AccessError: unless an administrator, who owns the account
        """
        return self._ask(TAKE_NUMBERS, SYSTEM_GROUP)

    @api.model
    def remove_key(self):
        """Remove the ledger's key from the database, if it is stored outside too.

        :return: see :meth:`get_setup`
        :raises AccessError: unless an administrator
        """
        self._check_may_set_up(SYSTEM_GROUP)
        self.env["sms.consent.key"]._remove_inside()
        return self.get_setup()

    @api.model
    def text_from_here(self):
        """Allow a copy of the database to text; cancel waiting texts of all companies.

        :return: see :meth:`get_setup`
        :raises AccessError: unless an administrator
        """
        self._check_may_set_up(SYSTEM_GROUP)
        # In an original, or upon a second click, nothing is cancelled.
        if self.env["sms.database"]._is_copy():
            self.env["sms.database"]._cancel_waiting()
            self._skip_due()
        return self.text_from_here_with_waiting()

    def _skip_due(self):
        """Skip automatic texts, reminders and broadcasts that are due.

        The original sent them.
        """
        now = fields.Datetime.now()
        runs_sudo = self.env["sms.automation.run"].sudo()
        runs_sudo._find_timed()
        due_sudo = runs_sudo.search(runs_sudo._get_due_domain())
        due_sudo.write({"state": "done", "done_at": now})
        due = Domain("state", "=", PLANNED) & Domain("due_at", "<=", now)
        self.env["sms.reminder"].sudo().search(due)._cancel(lambda _row: "too_late")
        domain = Domain("state", "in", ("leaving", "queueing"))
        domain |= Domain("state", "=", "planned") & Domain("leaves_at", "<=", now)
        for broadcast_sudo in self.env["sms.broadcast"].sudo().search(domain):
            broadcast_sudo.action_cancel()

    @api.model
    def text_from_here_with_waiting(self):
        """Allow a copy of the database to text, including waiting texts.

        Applies to all companies.

        :return: see :meth:`get_setup`
        :raises AccessError: unless an administrator
        """
        self._check_may_set_up(SYSTEM_GROUP)
        self.env["sms.database"]._adopt()
        # Compare opt-outs with the carriers at once.
        self.env["sms.carrier.sync"].sudo().search([]).next_at = fields.Datetime.now()
        for name in ("ir_cron_sms_carrier_sync", "ir_cron_sms_carrier_check"):
            self.env["ir.cron"]._wake_sms(name)
        return self.get_setup()

    def _ask(self, wanted, *groups):
        company = self._check_may_set_up(*groups)
        address = self.env["sms.health"]._get_address_row(company)
        if wanted == SET_INBOUND and address["state"] == WRONG:
            raise UserError(address["text"])
        self.env["sms.carrier.check"]._ask(company, wanted)
        return self.get_setup()

    def _check_may_set_up(self, *groups):
        """Check the user's rights, and return the current company."""
        company = self.env.company
        self.env["sms.carrier.check"]._check_user(company, *groups)
        return company

    # === Rows and buttons ===

    def _get_health_buttons(self, row):
        """Return the buttons of a health row that the user may use."""
        keys, buttons = self.env["sms.consent.key"], []
        if row["key"] == "copy":
            buttons = self._get_copy_buttons()
        elif row["key"] == "ledger" and keys._is_copied_outside():
            label = self.env._("Remove the key from the database")
            confirm = self.env._(
                "The key is deleted from this database. Keep a copy of it elsewhere: "
                "without it the ledger cannot be verified."
            )
            buttons = [self._call(label, "remove_key", SYSTEM_GROUP, confirm)]
        return [button for button in buttons if button]

    def _get_copy_buttons(self):
        """Return the buttons for how to continue in a copy of a database."""
        return [
            self._call(
                self.env._("Text from here, cancel what is waiting"),
                "text_from_here",
                SYSTEM_GROUP,
                self.env._(
                    "Waiting texts are cancelled, in all companies, and what "
                    "automations, reminders and broadcasts were due to send is "
                    "skipped. Continue only if the original is stopped."
                ),
            ),
            self._call(
                self.env._("Text from here, send what is waiting"),
                "text_from_here_with_waiting",
                SYSTEM_GROUP,
                self.env._(
                    "Waiting texts are sent, in all companies. Continue only if the "
                    "original is stopped, and has sent nothing since this copy was "
                    "made."
                ),
            ),
        ]

    def _step(self, key, title, state, text, *buttons):
        """Return a step; buttons that are None are left out."""
        row = self.env["sms.health"]._row(key, title, state, text)
        return {**row, "buttons": [button for button in buttons if button]}

    def _open(self, label, xmlid):
        return {"label": label, "action": f"helpdesk_mgmt_sms.{xmlid}"}

    def _call(self, label, method, group=None, confirm=""):
        """Return a button that calls a method of this model.

        None if the user is not in the group.

        :param str confirm: question to ask first, if it cannot be undone
        """
        if group and not self.env.user.has_group(group):
            return None
        return {"label": label, "method": method, "confirm": confirm}

    # === Steps ===

    def _get_steps(self, company):
        """Return the steps; see :meth:`get_setup`."""
        check = self.env["sms.carrier.check"]._get_current(company)
        account = self._get_account_step(company, check)
        senders = self._get_senders_step(company, check)
        inbound = self._get_inbound_step(company, check)
        self._show_open(company, account, senders, inbound)
        return [
            self._get_company_step(company),
            self._get_sandbox_step(company),
            account,
            senders,
            inbound,
            self._get_text_step(company),
            self._get_answer_step(company),
            self._get_registration_step(company),
        ]

    def _get_company_step(self, company):
        """Return the step for legal pages and a contact.

        Without them no carrier can be chosen; a company that has one is warned.
        """
        unsaid = company._get_sms_unsaid()
        missing = [*unsaid.values()]
        if not company.sudo().country_id:
            missing.append(self.env._("the country"))
        state = DONE
        text = self.env._("Texts and forms can say who writes and where to ask.")
        if missing:
            state = WRONG if uses_carrier(company) and unsaid else TODO
            text = self.env._("Still missing: %s.", ", ".join(missing))
        if CONTACT in unsaid and not self.env.user.has_group(CONTACT_GROUP):
            text = self.env._("%s An administrator enters the contact.", text)
        button = {"label": self.env._("Legal pages and contact"), "action": SAY_ACTION}
        return self._step("company", self.env._("Say who you are"), state, text, button)

    def _get_sandbox_step(self, company):
        """Return the step for a text from the virtual phone."""
        button, sandbox = None, SandboxProvider.code
        tried = [("company_id", "=", company.id), ("provider", "=", sandbox)]
        if self.env["sms.inbound"].sudo().search_count(tried, limit=1):
            state = DONE
            text = self.env._("A text from the virtual phone was received.")
        elif company.sudo().sms_provider != sandbox:
            state, text = SKIPPED, self.env._("Skipped. This step is optional.")
        else:
            state = TODO
            text = self.env._("Text SUPPORT from the virtual phone, and answer YES.")
            button = self._open(self.env._("Virtual phone"), "sms_virtual_phone_action")
        text = " ".join([text, *self._say_left_behind(company)])
        title = self.env._("Try it in the sandbox")
        return self._step("sandbox", title, state, text, button)

    def _say_left_behind(self, company):
        """Yield notes on consent from the sandbox, which no carrier's texts can use."""
        agreed, stopped = self.env["sms.consent"]._count_tried(company)
        company_sudo = company.sudo()
        carrier = self.env["sms.virtual.phone"]._get_provider_label(company_sudo)
        if company_sudo.sms_provider == SandboxProvider.code:
            carrier = self.env._("a carrier")
        if agreed == 1:
            yield self.env._(
                "1 consent given in the sandbox does not count with %s.", carrier
            )
        elif agreed:
            yield self.env._(
                "%(count)s consents given in the sandbox do not count with "
                "%(carrier)s.",
                count=agreed,
                carrier=carrier,
            )
        if stopped:
            yield self.env._(
                "Neither do opt-outs given there (%s): record those of real people "
                "again.",
                stopped,
            )

    def _get_account_step(self, company, check):
        """Return the step for a carrier that accepts the credentials."""
        provider = uses_carrier(company) and company._get_sms_provider()
        again = None
        if not provider:
            state = TODO
            text = self.env._(
                "Choose a carrier. An administrator enters the account, which nobody "
                "can read afterwards."
            )
            if company._get_sms_unsaid():
                text = self.env._("Say who you are first. %s", text)
        elif lock := company._find_sms_account_lock():
            state, text = self.env["sms.encryption"]._get_state(company)
            if lock == COPY:
                state, text = WRONG, self.env["sms.database"]._explain()
        elif not provider.can_check() and provider.missing():
            state = TODO
            text = self.env._("Still missing: %s.", ", ".join(provider.missing()))
        else:
            state, text = self._judge(company, check, CREDENTIALS)
            if provider.can_check():
                again = self._call(self.env._("Check the account"), "check_account")
                if not check:
                    state = TODO
                    text = self.env._(
                        "The carrier has not been asked about this account yet."
                    )
        settings = self._open(self.env._("Settings"), "sms_settings_action")
        title = self.env._("Connect a carrier")
        return self._step("account", title, state, text, again, settings)

    def _get_senders_step(self, company, check):
        state, text = self._judge(company, check, SENDERS)
        take = None
        if "not_chosen" in {it.what for it in check._get_findings(SENDERS)}:
            label = self.env._("Use these numbers")
            take = self._call(label, "take_numbers", SYSTEM_GROUP)
        return self._step("senders", self.env._("Choose a number"), state, text, take)

    def _get_inbound_step(self, company, check):
        """Return the step for receiving texts, above all a STOP."""
        state, text = self._judge(company, check, INBOUND)
        button = None
        if state == WRONG:
            label = self.env._("Set it at the carrier")
            button = self._call(label, "set_inbound_url", SYSTEM_GROUP)
            if not button:
                text = self.env._(
                    "%s An administrator can set it at the carrier.", text
                )
        return self._step("inbound", self.env._("Receive replies"), state, text, button)

    def _show_open(self, company, account, senders, inbound):
        """Show an open or failed request to the carrier on its step."""
        row = self.env["sms.carrier.check"]._get_open(company)
        if row.wanted:
            steps = {SET_INBOUND: inbound, TAKE_NUMBERS: senders}
            step = steps.get(row.wanted, account)
            step.update(state=TODO, text=row._say_wanted())
        elif row.trouble:
            step = inbound if row.trouble == NOT_TAKEN else senders
            step.update(state=WRONG, text=row._say_trouble())

    def _get_text_step(self, company):
        """Return the step for a text delivered to a real phone."""
        title = self.env._("Send the first real text")
        if not uses_carrier(company):
            text = self.env._("Connect a carrier first.")
            return self._step("text", title, TODO, text)
        sent_sudo = self.env["sms.sms"].sudo()
        domain = [
            ("record_company_id", "=", company.id),
            ("sender_id.provider", "=", company.sudo().sms_provider),
        ]
        last = sent_sudo.search(domain, order="id desc", limit=1)
        if sent_sudo.search_count([*domain, ("state", "=", "sent")], limit=1):
            state, text = DONE, self.env._("A text was delivered.")
        elif not last:
            state, text = TODO, self.env._("Text your own phone.")
        else:
            words = " · ".join(filter(None, (last.shown_label, last.shown_reason)))
            state = WRONG if last.state in ("error", "canceled") else TODO
            text = self.env._("The last text: %s.", words.rstrip("."))
        button = self._open(self.env._("Text my phone"), "sms_test_text_action")
        return self._step("text", title, state, text, button)

    def _get_answer_step(self, company):
        state, health = TODO, self.env["sms.health"]
        text = self.env._(
            "Reply HELP to the test text. An answer shows that it was received."
        )
        if uses_carrier(company) and health._get_last("sms.inbound", company):
            state = DONE
            text = self.env._("A text was received from the carrier and verified.")
        return self._step("answer", self.env._("Get an answer"), state, text)

    def _judge(self, company, check, about):
        """Return the state and text for a check's findings about one subject."""
        findings = check._get_findings(about)
        if not findings:
            provider = uses_carrier(company) and company._get_sms_provider()
            if provider and not (provider.missing() or provider.can_check()):
                return SKIPPED, self.env._(
                    "This carrier cannot be asked from here. The first text shows it."
                )
            return TODO, self.env._("Seen once the account is checked.")
        states = {finding.state for finding in findings}
        text = " ".join(check._say(finding) for finding in findings)
        if FOUND_WRONG in states:
            return WRONG, text
        return (DONE if states == {FINE} else TODO), text

    def _get_registration_step(self, company):
        """Return the step for the US registration; its submission cannot be seen."""
        packet = self.env["sms.registration"].new({"company_id": company.id})
        text = self.env._(
            "For numbers in the US. The packet is complete: submit it to the carrier."
        )
        if count := packet.problem_count:
            text = self.env._(
                "For numbers in the US. %s things are still missing in the packet.",
                count,
            )
        title, state = self.env._("Register (A2P 10DLC)"), TODO if count else DONE
        button = self._open(self.env._("Open the packet"), "sms_registration_action")
        return self._step("registration", title, state, text, button)


class WebTourTour(models.Model):
    """Keeps Odoo's own tours from starting after one of our guided tours."""

    _inherit = "web_tour.tour"

    @api.model
    def consume(self, tourName):  # pylint: disable=invalid-name
        """Record that a tour was taken; after a guide, start none of Odoo's own.

        Odoo has enabled its tours for the user, so that the guide continues when a page
        is reloaded.
        """
        following = super().consume(tourName)
        if not str(tourName).startswith(GUIDE):
            return following
        self.env.user.switch_tour_enabled(False)
        return False
