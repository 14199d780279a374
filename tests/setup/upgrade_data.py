# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fill each model of an old version's database, as people and carriers do.

``upgrade_case.py`` feeds this to ``odoo shell`` of that version, so it uses only what
the released versions offer, and nothing of today's sources.
"""

import base64
from datetime import timedelta
from importlib import import_module

from odoo import fields

MODULE = "helpdesk_mgmt_sms"
#: The old version's: run in its shell, this file cannot import relatively.
PROVIDERS = import_module(f"odoo.addons.{MODULE}.providers")
#: Models added after 19.0.1.3.0, which nothing here fills.
LATER = {
    *("sms.carrier.difference", "sms.carrier.opt.out", "sms.carrier.sync"),
    *("sms.number.claim", "sms.oncall.gap", "sms.oncall.turn", "sms.report.fetch"),
    *("sms.reassigned.file", "sms.reassigned.row", "sms.webhook.event"),
    *("sms.alert.trouble", "sms.purpose.company", "sms.purpose.terms"),
    "sms.webhook.refusal",
}
SCAN = base64.b64encode(b"%PDF-1.4 a signed form")
WORDS = "I agree to text messages about my tickets."


def number(index):
    """Return the ``index``-th fictitious number (E.164), 0 to 99."""
    return f"+13035550{100 + index}"


class OldDatabase:
    """One method for each thing that a helpdesk does with its texts.

    The main company uses the sandbox while data is created, and a carrier afterwards:
    the ledger marks what was tried in a sandbox. The other company stays there.
    """

    def __init__(self, env, commit):
        self.env = env
        self.end_transaction = commit
        self.now = fields.Datetime.now()
        module = env["ir.module.module"].search([("name", "=", MODULE)])
        #: third part of the addon's version: 3 for 19.0.1.3.0
        self.minor = int(module.latest_version.split(".")[3])
        #: Footers must mention HELP from 19.0.1.4.0 on, whose upgrade adds it.
        self.help = ", HELP for help" if self.minor > 3 else ""

    def fill(self):
        """Create everything, then fail if a model of the addon is empty."""
        for make in (
            self.set_up_companies,
            self.hire_people,
            self.open_tickets,
            self.record_consents,
            self.edit_shipped_records,
            self.delete_shipped_records,
            self.add_settings,
            self.automate,
            self.text_customers,
            self.receive_texts,
            self.visit,
            self.ask_questions,
            self.report_outage,
            self.alert_team,
            self.import_consents,
            self.record_papers,
            self.erase,
            self.export_evidence,
            self.watch_outbox,
            self.spread_states,
            self.count_days,
            self.choose_carrier,
        ):
            make()
            self.commit()
        if empty := self.find_empty_models():
            raise AssertionError(f"no data in {', '.join(empty)}")

    def find_empty_models(self):
        """Return the addon's stored models that have no rows."""
        self.env.cr.execute(
            """
            SELECT model.model FROM ir_model model
              JOIN ir_model_data entry
                ON entry.model = 'ir.model' AND entry.res_id = model.id
             WHERE NOT model.transient GROUP BY model.model
            HAVING min(entry.module) = %s AND max(entry.module) = %s
            """,
            [MODULE, MODULE],
        )
        models = [self.env[name] for (name,) in self.env.cr.fetchall()]
        # Including archived rows; some models are views on the rows of others.
        return sorted(
            model._name
            for model in models
            if not model._abstract
            and model._name not in LATER
            and not model.with_context(active_test=False).search_count([], limit=1)
        )

    # === Helpers ===

    def ref(self, name):
        """Return a record of the addon by its XML id."""
        return self.env.ref(f"{MODULE}.{name}")

    def known(self, model, **values):
        """Return the values whose fields exist in this version."""
        fields_of = self.env[model]._fields
        return {name: value for name, value in values.items() if name in fields_of}

    def explain(self, model):
        """Return the reason for a relaxed rule, by the field's name in this version."""
        why = "The law was read by counsel."
        return self.known(model, lax_reason=why, relaxation_reason=why)

    def add(self, model, /, **values):
        """Create a record; a list of ids sets a many2many field."""
        values = {
            name: [(6, 0, value)] if isinstance(value, list) else value
            for name, value in values.items()
        }
        return self.env[model].create(values)

    def purposes(self, *codes):
        """Return the purposes with the given codes."""
        return self.env["sms.purpose"].search([("code", "in", codes)])

    def record(self, index, event, method, *codes, company=None, **facts):
        """Record a consent event in the ledger."""
        return self.env["sms.consent.event"]._record(
            company or self.company,
            number(index),
            event,
            method,
            self.purposes(*codes) if codes else None,
            **facts,
        )

    def run_cron(self, name):
        """Run one of the addon's crons, which uses its own transaction."""
        self.commit()
        self.ref(name).method_direct_trigger()
        self.commit()

    def commit(self):
        """Commit, and begin a transaction that sees what others have committed."""
        self.env.flush_all()
        self.end_transaction()
        self.env.invalidate_all()

    def receive(self, index, body, company=None):
        """Receive a text."""
        event = PROVIDERS.SandboxProvider.parse_inbound(
            {"id": f"SB{index}-{body}", "from": number(index), "body": body}
        )
        return self.env["sms.inbound"]._receive(company or self.company, event)

    # === Companies and people ===

    def set_up_companies(self):
        """Set up a US company, and another company with its own settings."""
        # The scheme is required from 19.0.1.4.0 on, whose upgrade adds it.
        scheme = "https://" if self.minor > 3 else ""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company = self.env.company
        self.country = self.env.ref("base.us")
        any_hour = self.known(
            "res.company",
            sms_courtesy_days="all",
            sms_courtesy_from=0,
            sms_courtesy_to=24,
            sms_courtesy_reason="We work in shifts.",
        )
        self.company.write(
            {
                "country_id": self.country.id,
                "sms_provider": "sandbox",
                "sms_join_page": True,
                "sms_counts_clicks": True,
                "sms_privacy_url": "https://example.com/privacy",
                "sms_terms_url": f"{scheme}www.example.com/terms",
                **any_hour,
            }
        )
        self.company.partner_id.tz = "America/Denver"
        self.other = self.env["res.company"].create(
            {
                "name": "Second Ltd",
                "country_id": self.env.ref("base.uk").id,
                "sms_provider": "sandbox",
                "sms_consent_policy": "opt_out",
                "sms_approve_from": 7,
                **any_hour,
            }
        )
        self.env.user.company_ids |= self.other

    def hire_people(self):
        """Create users of each role, and customers."""
        self.users = {
            login: self.env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "name": login.title(),
                    "login": f"upgrade-{login}",
                    "email": f"{login}@example.com",
                    "phone": number(80 + index),
                    "country_id": self.country.id,
                    "company_ids": [(6, 0, (self.company | self.other).ids)],
                    "group_ids": [(4, self.env.ref(group).id)],
                }
            )
            for index, (login, group) in enumerate(
                (
                    ("agent", "helpdesk_mgmt.group_helpdesk_user"),
                    ("manager", "helpdesk_mgmt.group_helpdesk_manager"),
                    ("officer", f"{MODULE}.group_sms_compliance"),
                )
            )
        }
        self.customers = self.env["res.partner"].create(
            [
                {
                    "name": f"Customer {index}",
                    "phone": number(index),
                    "country_id": self.country.id,
                    "city": "Denver",
                    "tz": "America/Denver",
                }
                for index in range(40)
            ]
        )

    def open_tickets(self):
        """Create a team, and a ticket of some customers each."""
        self.team = self.env["helpdesk.ticket.team"].create(
            {
                "name": "Data center",
                "company_id": self.company.id,
                "user_ids": [(6, 0, [user.id for user in self.users.values()])],
            }
        )
        stage = self.env["helpdesk.ticket.stage"].create({"name": "Quiet"})
        self.tickets = self.env["helpdesk.ticket"].create(
            [
                {
                    "name": f"Printer {index} jams",
                    "description": "<p>It jams.</p>",
                    "partner_id": self.customers[index].id,
                    "team_id": self.team.id,
                    "user_id": self.users["agent"].id,
                    "stage_id": stage.id,
                    "partner_phone": number(index),
                }
                for index in range(10)
            ]
        )

    # === Consent ===

    def record_consents(self):
        """Record every event and method there is, with every kind of evidence."""
        wording = self.ref("sms_wording_ticket")
        methods = self.env["sms.consent.event"]._fields["method"].get_values(self.env)
        for index, method in enumerate(methods):
            self.record(
                index,
                "granted",
                method,
                "ticket",
                "alert",
                wordings=wording,
                wording=wording.body,
                happened_at=self.now - timedelta(days=9),
                name=f"Customer {index}",
                note="At the desk",
                witness="Ann",
                address="192.0.2.7",
                device="A browser",
                page="/new/ticket",
                message_ref=f"letter-{index}",
                res_model="res.partner",
                res_id=self.customers[index].id,
            )
        self.record(0, "granted", "phone", "appointment", wording=WORDS)
        for user in self.users.values():
            index = int(user.phone[-2:])
            self.record(index, "granted", "in_person", "internal", wording=WORDS)
        for index, events in enumerate(
            (
                ("requested",),
                ("requested", "confirmed"),
                ("granted", "revoked"),
                ("granted", "expired"),
            ),
            20,
        ):
            for event in events:
                self.record(index, event, "keyword", "marketing", wording=WORDS)
        # No longer sufficient where the purpose needs written consent.
        if self.minor < 4:
            self.record(24, "granted", "phone", "marketing", wording=WORDS)
        self.record(25, "revoked", "keyword")
        self.record(26, "revoked", "carrier")
        self.record(26, "restored", "carrier")
        self.record(27, "granted", "web", "ticket", company=self.other, wording=WORDS)
        self.record(27, "revoked", "keyword", company=self.other)
        # As code could enter it before numbers were normalized.
        self.env["sms.consent.event"]._record(
            self.other, "+4407911123456", "revoked", "written"
        )
        api = self.env["sms.consent.api"].with_user(self.users["agent"])
        moment = (self.now - timedelta(days=2)).isoformat()
        api.record_consent(
            number(28), ["ticket"], "web", moment, WORDS, "Order form", "order-17"
        )
        self.run_cron("ir_cron_sms_consent_seal")
        self.run_cron("ir_cron_sms_consent_check")
        self.record(29, "granted", "paper", "ticket", wording=WORDS)
        self.env["sms.preference.link"]._get_urls([(self.company, number(0))])

    # === What people have made of what ships ===

    def edit_shipped_records(self):
        """Edit a shipped record of each kind, one of them in two languages."""
        template = self.ref("sms_template_ticket_received")
        template.body = "Hello, ticket {{ object.number }} has come in."
        template.with_context(lang="fr_FR").body = "Bonjour, ticket reçu."
        purpose = self.ref("sms_purpose_ticket")
        purpose.write(
            {
                "name": "Your tickets",
                "footer": f"Text STOP to end this{self.help}.",
                **self.explain("sms.purpose"),
            }
        )
        words = f"STOP pour ne plus recevoir{self.help}."
        purpose.with_context(lang="fr_FR").footer = words
        purpose.max_per_day = 7
        self.ref("sms_keyword_help").answer = "Call us: 303 555 0100."
        self.ref("sms_keyword_stop").answer = "Goodbye then."
        contact = " {contact}." if self.minor > 3 else ""
        words = f"{{company}}: we help.{contact} Reply STOP to opt out."
        self.ref("sms_reply_help").body = words
        self.ref("sms_automation_waiting").write({"name": "Wait", "active": False})
        self.ref("fault_too_fast").advice = "Be patient."
        reason = self.explain("sms.quiet.hours")
        self.ref("sms_quiet_hours_us").write({"active": False, **reason})
        self.ref("sms_quiet_hours_us_tx").source = "Our own counsel, May 2026."
        self.ref("sms_team_alert_plan_default").target_minutes = 9
        self.ref("sms_scope_rule_default").source = "Read by counsel."
        self.ref("ir_cron_sms_price").active = False
        self.ref("helpdesk_ticket_channel_sms").name = "Text"

    def delete_shipped_records(self):
        """Delete shipped records that managers may have no use for."""
        for name in (
            "sms_automation_appointment_no_show",
            "sms_template_appointment_no_show",
            "sms_keyword_status",
            "sms_scope_rule_fcc_26_67_marketing",
            "digest_digest_sms",
        ):
            self.ref(name).unlink()

    def add_settings(self):
        """Add a record of the helpdesk's own to each kind of setting."""
        purpose = self.add(
            "sms.purpose",
            name="Surveys",
            code="survey",
            footer=f"STOP to end{self.help}.",
        )
        self.add(
            "sms.purpose.rule",
            level="model",
            model="res.partner",
            purpose_id=purpose.id,
        )
        self.add("sms.wording", purpose_id=purpose.id, lang="en_US", body=WORDS)
        self.add("sms.keyword", word="NEWS", action="join", purpose_ids=[purpose.id])
        # Keywords that ship from a later version on.
        if self.minor < 4:
            self.add("sms.keyword", word="AYUDA", action="help", answer="Llame.")
        self.add(
            "sms.scope.rule",
            name="Ours",
            effective_from="2026-01-01",
            purpose_class="any",
            scope="all",
            source="House rule",
        )
        self.add(
            "sms.quiet.hours",
            name="Ours",
            company_id=self.other.id,
            country_id=self.env.ref("base.uk").id,
            quiet_class="marketing",
            source="House rule",
        )
        self.add("sms.price", company_id=self.company.id, prefix="+1", amount=0.0083)
        self.add(
            "sms.price", company_id=self.other.id, amount=0.05, valid_from="2026-01-01"
        )
        self.add(
            "sms.template",
            name="Ours",
            model_id=self.env.ref("helpdesk_mgmt.model_helpdesk_ticket").id,
            body="Ticket {{ object.number }}.",
        )

    # === Texts ===

    def automate(self):
        """Send a text by an automation about a new ticket, and delay another one."""
        automation = self.add(
            "sms.automation",
            name="Ours",
            trigger="created",
            company_id=self.company.id,
            team_ids=self.team.ids,
            template_id=self.ref("sms_template_ticket_received").id,
            purpose_id=self.ref("sms_purpose_ticket").id,
        )
        automation.copy({"delay_number": 3, "delay_unit": "days"})
        self.add(
            "helpdesk.ticket",
            name="Screen is black",
            description="<p>Since noon.</p>",
            partner_id=self.customers[1].id,
            team_id=self.team.id,
        )
        self.run_cron("ir_cron_sms_automation")

    def text_customers(self):
        """Send some texts, block some, and hold one for later."""
        for ticket in self.tickets:
            ticket._message_sms(f"Ticket {ticket.number} is with us.")
        url = self.env["sms.preference.link"]._get_urls([(self.company, number(0))])
        [url] = url.values()
        self.tickets[0]._message_sms(f"Choose here: {url}")
        self.add(
            "sms.composer",
            composition_mode="numbers",
            numbers=number(25),
            body="An offer",
        ).action_send_sms()
        self.run_cron("ir_cron_sms_dispatch")
        self.tickets[1]._message_sms("This one waits.")

    def receive_texts(self):
        """Receive texts of each kind, one with a picture still to be fetched."""
        for index, body in enumerate(
            ("The printer jams again", "HELP", "I want to cancel", "STATUS"), 2
        ):
            self.receive(index, body)
        self.receive(30, "STOP")
        self.receive(31, "SUPPORT")
        self.receive(32, "Who is this?", self.other)
        event = PROVIDERS.TwilioProvider.parse_inbound(
            {
                "MessageSid": "MM1",
                "From": number(3),
                "To": number(99),
                "Body": "Look",
                "NumMedia": "1",
                "MediaUrl0": "https://example.com/1",
                "MediaContentType0": "image/jpeg",
            }
        )
        self.env["sms.inbound"]._receive(self.company, event)

    def visit(self):
        """Book a visit, and move it."""
        agent = self.users["agent"]
        start = (self.now + timedelta(days=3)).replace(hour=17)
        event = (
            self.env["calendar.event"]
            .with_user(agent)
            .create(
                {
                    "name": "Mend the printer",
                    "start": start,
                    "stop": start + timedelta(hours=1),
                    "ticket_id": self.tickets[0].id,
                    "partner_ids": [(6, 0, (self.customers[0] | agent.partner_id).ids)],
                    "technician_id": agent.id,
                }
            )
        )
        self.run_cron("ir_cron_sms_reminder")
        event.write(
            {"start": start + timedelta(hours=2), "stop": start + timedelta(hours=3)}
        )

    def ask_questions(self):
        """Ask for ratings, one of which is answered."""
        self.env["sms.question"].create(
            [
                {
                    "company_id": self.company.id,
                    "number": number(index),
                    "partner_id": self.customers[index].id,
                    "kind": "rating",
                    "res_model": "helpdesk.ticket",
                    "res_id": self.tickets[index].id,
                    "state": state,
                    "answer": answer,
                    "asked_at": self.now,
                    "expires_at": self.now + timedelta(days=3),
                }
                for index, state, answer in (
                    (4, "open", False),
                    (5, "answered", "5"),
                )
            ]
        )

    # === Outages and alerts ===

    def report_outage(self):
        """Open an incident and announce it; some people mute it or subscribe."""
        manager = self.users["manager"]
        area = self.add(
            "sms.area", name="Denver", cities="Denver", takes_subscribers=True
        )
        incident = self.add(
            "sms.incident",
            name="No connection",
            company_id=self.company.id,
            area_ids=area.ids,
        )
        self.add(
            "sms.incident.news",
            incident_id=incident.id,
            state="open",
            body="We look into it.",
        )
        self.tickets[2].sms_incident_id = incident
        if self.minor < 7:
            action = incident.with_user(manager).action_text()
            broadcast = self.env["sms.broadcast"].browse(action["res_id"])
        else:
            broadcast = self.add(
                "sms.broadcast",
                name="No connection",
                company_id=self.company.id,
                incident_id=incident.id,
                area_ids=area.ids,
                body="We look into it.",
            )
        broadcast.with_user(manager).action_check()
        self.run_cron("ir_cron_sms_broadcast")
        broadcast.with_user(manager).action_send()
        self.run_cron("ir_cron_sms_broadcast")
        self.add(
            "sms.broadcast",
            name="A draft",
            company_id=self.other.id,
            area_ids=area.ids,
            body="To be written",
        )
        mutes = self.env["sms.incident.mute"]
        mutes._mute(incident, number(3), self.customers[3])
        mutes._mute(incident, number(4), self.customers[4])
        mutes.search([("number", "=", number(4))])._end()
        subscriptions = self.env["sms.subscription"]
        for index in (5, 6):
            subscriptions._subscribe(
                self.company, number(index), area, "portal", self.customers[index]
            )
        subscriptions.search([("number", "=", number(6))])._end()

    def alert_team(self):
        """Put people on call and alert them; one of them acknowledges."""
        for sequence, user in enumerate(self.users.values()):
            self.add(
                "sms.oncall.shift",
                team_id=self.team.id,
                company_id=self.company.id,
                user_id=user.id,
                sequence=sequence,
                tz="America/Denver",
            )
        self.env["sms.team.alert.plan"].create(
            {
                "name": "Data center",
                "team_id": self.team.id,
                "company_id": self.company.id,
                "step_ids": [
                    (5, 0, 0),
                    (0, 0, {"after_minutes": 0, "whom": "on_call"}),
                    (0, 0, {"after_minutes": 9, "whom": "all"}),
                ],
            }
        )
        if self.minor > 6:
            self.add("sms.alert.source", name="Zabbix", team_id=self.team.id)
        alerts = self.env["sms.team.alert"]
        alerts._raise(self.team, "Server 4 offline")
        alerts._raise(self.team, "Server 5 offline", ticket_id=self.tickets[3].id)
        self.run_cron("ir_cron_sms_team_alert")
        self.receive(80, "4")

    # === The office ===

    def import_consents(self):
        """Import a list with faulty rows, and leave another one checked only."""
        rows = "\n".join(
            (
                "Phone,Date,Method,Text,Evidence,Name",
                f"{number(35)},2026-03-02 09:00,Web form,{WORDS},CRM 1,Ann",
                f"{number(36)},soon,Web form,{WORDS},CRM 2,Bo",
            )
        )
        for is_imported in (True, False):
            job = self.add(
                "sms.consent.import",
                company_id=self.company.id,
                file=base64.b64encode(rows.encode()),
                file_name="crm.csv",
                purpose_ids=self.purposes("ticket").ids,
                date_order="ymd",
                tz="UTC",
            )
            job.action_check()
            if is_imported:
                job.action_import()

    def record_papers(self):
        """Record a signed form from a stack, and leave another one open."""
        line = {"name": "Cy", "scan": SCAN, "scan_name": "form.pdf"}
        stack = self.add(
            "sms.consent.paper",
            company_id=self.company.id,
            purpose_ids=self.purposes("appointment").ids,
            signed_on="2026-03-02",
        )
        stack.line_ids = [(0, 0, {**line, "number": number(37)})]
        stack.action_record()
        stack.line_ids = [(0, 0, {**line, "number": "12"})]

    def erase(self):
        """Erase a person, with the removal at the carrier still pending."""
        self.receive(33, "Forget me, please")
        wizard = self.env["sms.erasure.wizard"].with_user(self.users["officer"])
        wizard.create(
            {"number": number(33), "reason": "Letter 117", "is_checked": True}
        ).action_erase()
        self.add(
            "sms.redaction",
            company_id=self.company.id,
            provider="twilio",
            carrier_id="SM1",
            queued_at=self.now,
        )

    def export_evidence(self):
        """Export a packet and an audit, and read the ledger as an officer."""
        officer = self.users["officer"]
        wizard = self.env["sms.evidence.wizard"].with_user(officer)
        wizard.create({"numbers": number(0), "kind": "packet"}).action_make()
        audits = self.env["sms.evidence.audit"].with_user(officer)
        audits.create({"date_from": "2020-01-01"}).action_make()
        self.run_cron("ir_cron_sms_evidence_audit")
        evidence = self.env["sms.consent.evidence"].search([], limit=2)
        self.env["sms.evidence.lookup"].with_user(officer)._note(evidence, "read")

    # === The machine room ===

    def watch_outbox(self):
        """Create outbox alerts, and the facts that a carrier reports."""
        alerts = self.env["sms.outbox.alert"]
        alerts._raise(self.company, "credit", "The carrier wants money.")
        alerts._raise(self.other, "silence", "Nothing leaves.")
        alerts._close(self.other, "silence")
        sms = self.env["sms.sms"].search([("state", "=", "sent")], limit=1)
        self.add(
            "sms.report",
            sms_id=sms.id,
            company_id=self.company.id,
            received_at=self.now,
            carrier_id="SM1",
            status="delivered",
            raw={"MessageStatus": "delivered"},
        )
        self.add(
            "sms.unusable.number",
            company_id=self.company.id,
            number=number(38),
            fault_id=self.ref("fault_gone").id,
        )
        self.env["sms.carrier.check"].create(
            {
                "company_id": self.company.id,
                "provider": "twilio",
                "checked_at": self.now,
                "fingerprint": "abc",
                "findings": [{"about": "account", "state": "good", "what": "active"}],
            }
        )
        self.add(
            "sms.carrier.number",
            company_id=self.other.id,
            provider="telnyx",
            number="+447400123456",
        )
        self.env["sms.rate.limit"]._is_over("join_visitor", "192.0.2.7")

    def spread_states(self):
        """Put messages into states that only a carrier's silence leads to."""
        texts = self.env["sms.sms"].search([], limit=3)
        for sms, state in zip(texts, ("process", "pending", "error"), strict=True):
            self.env.cr.execute(
                "UPDATE sms_sms SET state = %s WHERE id = %s", [state, sms.id]
            )
        self.env.invalidate_all()

    def count_days(self):
        """Count the days, and make one of them stale."""
        self.env.cr.execute(
            "UPDATE sms_sms SET create_date = create_date - interval '40 days'"
            " WHERE state = 'sent'"
        )
        self.run_cron("ir_cron_sms_day")
        self.env.cr.execute("UPDATE sms_sms SET price = 3 WHERE state = 'sent'")

    def choose_carrier(self):
        """Switch from the sandbox to a carrier."""
        self.company.write(
            {
                "sms_provider": "twilio",
                "sms_twilio_account_sid": "AC" + "0" * 32,
                "sms_twilio_auth_token": "a secret",
                "sms_twilio_number_ids": [
                    (0, 0, {"number": number(99), "country_id": self.country.id})
                ],
            }
        )
