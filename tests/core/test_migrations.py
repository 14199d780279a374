# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Migration scripts, run on rows as earlier versions left them."""

import json
import runpy
from unittest.mock import patch

from odoo.tools import SQL

from ...models.core.sms_relaxation_reason import REASON_SUBTYPE
from ..common import SmsCase
from .common import SCRIPTS


class TestPreferenceLinks(SmsCase):
    """Preference pages' addresses in stored texts are masked."""

    def test_they_are_masked_and_still_sent(self):
        script = runpy.run_path(str(SCRIPTS / "19.0.1.4.0/post-preference-links.py"))
        self.record_consent()
        self.ticket._message_sms("Choose: here")
        sms = self.messages_to()
        pair = (self.company, self.number)
        url = self.env["sms.preference.link"]._get_urls([pair])[pair]
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sms_sms SET body = %s WHERE id = %s", [f"Choose: {url}", sms.id]
        )
        note = sms.mail_message_id
        self.cr.execute(
            "UPDATE mail_message SET body = %s WHERE id = %s",
            [f'<p>Choose: <a href="{url}">{url}</a></p>', note.id],
        )
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.3.0")
        self.env.invalidate_all()
        for record in (sms, note):
            self.assertNotIn(url, record.body)
            self.assertIn("/sms/p/" + "_" * 16, record.body)
        self.assertEqual(sms._to_outbound(sms.sender_id).body, f"Choose: {url}")


class TestPublicAddress(SmsCase):
    """Companies that have a carrier already keep their public address."""

    def test_it_is_kept_for_them_alone(self):
        carrier, sandbox = self.env["res.company"].create(
            [
                {"name": "A carrier's", "sms_provider": "twilio"},
                {"name": "The sandbox's", "sms_provider": "sandbox"},
            ]
        )
        self.env.flush_all()
        self.cr.execute("UPDATE res_company SET sms_webhook_base_url = NULL")
        self.env.invalidate_all()
        script = runpy.run_path(str(SCRIPTS / "19.0.1.4.0/post-public-address.py"))
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.3.0")
            self.env.invalidate_all()
            self.assertEqual(carrier.sms_webhook_base_url, carrier.get_base_url())
            self.assertFalse(sandbox.sms_webhook_base_url)


class TestPages(SmsCase):
    """Addresses of pages that were entered before they were checked are corrected."""

    def test_they_are_mended_or_emptied(self):
        script = runpy.run_path(str(SCRIPTS / "19.0.1.4.0/post-pages.py"))
        for url, mended in (
            ("www.example.com/privacy", "https://www.example.com/privacy"),
            ("https://example.com/x", "https://example.com/x"),
            ("javascript:alert(1)", False),
            ("see our office", False),
        ):
            self.cr.execute(
                "UPDATE res_company SET sms_privacy_url = %s WHERE id = %s",
                [url, self.company.id],
            )
            for _twice in range(2):
                script["migrate"](self.cr, "19.0.1.3.0")
                self.env.invalidate_all()
                self.assertEqual(self.company.sms_privacy_url, mended)


class TestQuietHoursSources(SmsCase):
    """Sources of the law are updated unless somebody has edited them."""

    def setUp(self):
        super().setUp()
        path = SCRIPTS / "19.0.1.4.0/post-quiet-hours-sources.py"
        self.script = runpy.run_path(str(path))
        self.script["FORMER"].add(self.script["digest_words"]("By secondary sources."))

    def test_they_are_those_of_a_new_database(self):
        rules = self.env["sms.quiet.hours"].search([("country_id.code", "=", "US")])
        for rule in rules:
            shipped = rule.source
            digest = self.script["digest_words"](shipped)
            self.assertNotIn(digest, self.script["FORMER"])
            for source, expected in (
                ("By secondary sources.", shipped),
                ("Our own", "Our own"),
            ):
                rule.source = source
                for _twice in range(2):
                    self.script["migrate"](self.cr, "19.0.1.3.0")
                    self.assertEqual(rule.source, expected)

    def test_what_was_read_is_confirmed_and_nothing_else(self):
        for state, is_confirmed in (("al", True), ("md", False)):
            name = f"sms_quiet_hours_us_{state}"
            rule = self.env.ref(f"helpdesk_mgmt_sms.{name}")
            self.assertEqual(rule.is_confirmed, is_confirmed)
            for source, expected in (
                ("By secondary sources.", is_confirmed),
                ("Our own", not is_confirmed),
            ):
                rule.write({"source": source, "is_confirmed": not is_confirmed})
                self.script["migrate"](self.cr, "19.0.1.3.0")
                self.assertEqual(rule.is_confirmed, expected)


class TestCountryRules(SmsCase):
    """Links and sources of rules are updated unless somebody has edited them."""

    def test_they_are_those_of_a_new_database(self):
        script = runpy.run_path(str(SCRIPTS / "19.0.1.8.0/post-country-rules.py"))
        law = self.env.ref("helpdesk_mgmt_sms.sms_consent_law_fr")
        shipped, since = law.source, law.effective_from
        self.assertNotIn(script["digest_words"](shipped), script["FORMER"])
        script["FORMER"].add(script["digest_words"]("Before."))
        laws = self.registry["sms.consent.law"]
        self.startPatcher(patch.object(laws, "_needs_reason", lambda _law: False))
        for source, expected in (("Before.", shipped), ("Our own", "Our own")):
            law.write(
                {
                    **{"source": source, "source_url": False, "read_on": False},
                    **{"effective_from": False, "consent_kind": "express"},
                }
            )
            script["migrate"](self.cr, "19.0.1.7.0")
            self.assertEqual(law.source, expected)
            self.assertEqual(law.effective_from == since, expected == shipped)
            self.assertTrue(law.source_url and law.read_on)
            self.assertEqual(law.consent_kind, "customer")


class TestShippedWords(SmsCase):
    """Words that nobody has edited become those that a new database has."""

    def test_former_words_alone_are_replaced(self):
        for name, words in (
            ("19.0.1.3.0/post-shipped-words", "WORDS"),
            ("19.0.1.6.0/post-plain-words", "WORDS"),
            ("19.0.1.6.0/post-shipped-words", "REPLIES"),
        ):
            script = runpy.run_path(str(SCRIPTS / f"{name}.py"))
            for (xmlid, field), former in script[words].items():
                record = self.env.ref(f"helpdesk_mgmt_sms.{xmlid}")
                shipped = record[field]
                self.assertNotEqual(shipped, former)
                for found, expected in ((former, shipped), ("Our own", "Our own")):
                    with self.subTest(script=name, record=xmlid, found=found):
                        self.overwrite(record, field, found)
                        script["migrate"](self.cr, "19.0.1.2.0")
                        self.assertEqual(record[field], expected)
                self.overwrite(record, field, shipped)

    def overwrite(self, record, field, words):
        """Set a translated field's words, which today's rules may not allow."""
        self.env.flush_all()
        self.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s WHERE id = %s",
                SQL.identifier(record._table),
                SQL.identifier(field),
                json.dumps({"en_US": words}),
                record.id,
            )
        )
        self.env.invalidate_all()


class TestHostTriggers(SmsCase):
    """Former triggers on Odoo's own tables are dropped."""

    def test_they_go_and_our_own_stay(self):
        script = runpy.run_path(str(SCRIPTS / "19.0.1.5.0/pre-host-triggers.py"))
        for table in ("calendar_event", "rating_rating"):
            self.cr.execute(
                f"""
                CREATE FUNCTION sms_day_mark_{table}() RETURNS trigger AS $$
                BEGIN RETURN NULL; END $$ LANGUAGE plpgsql;
                CREATE TRIGGER sms_day_mark AFTER UPDATE ON {table}
                  FOR EACH ROW EXECUTE FUNCTION sms_day_mark_{table}();
                """
            )
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.4.0")
        self.cr.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger"
            " WHERE tgname = 'sms_day_mark' ORDER BY 1"
        )
        self.assertEqual(
            [table for (table,) in self.cr.fetchall()],
            ["sms_reminder", "sms_sms", "sms_team_alert"],
        )


class TestRenamedWords(SmsCase):
    """Models, fields and records are renamed in Odoo's tables."""

    def test_former_names_become_those_of_today(self):
        script = runpy.run_path(str(SCRIPTS / "19.0.1.5.0/pre-renamed-words.py"))
        subtype = self.env.ref(REASON_SUBTYPE)
        model = self.env["ir.model"]._get("sms.relaxation.reason")
        field = self.env["ir.model.fields"]._get("sms.purpose", "relaxation_reason")
        self.env.flush_all()
        self.cr.execute(
            """
            UPDATE ir_model SET model = 'sms.lax.reason' WHERE id = %(model)s;
            UPDATE ir_model_fields SET model = 'sms.lax.reason'
             WHERE model = 'sms.relaxation.reason';
            UPDATE ir_model_fields SET name = 'lax_reason'
             WHERE name = 'relaxation_reason';
            UPDATE ir_model_data
               SET name = replace(name, 'relaxation_reason', 'lax_reason')
             WHERE module = 'helpdesk_mgmt_sms'
            """,
            {"model": model.id},
        )
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.4.0")
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()
        self.assertEqual(self.env.ref(REASON_SUBTYPE), subtype)
        self.assertEqual(model.model, "sms.relaxation.reason")
        self.assertEqual(
            (field.name, field.model), ("relaxation_reason", "sms.purpose")
        )
        module = "helpdesk_mgmt_sms"
        for record, name in (
            (model, "model_sms_relaxation_reason"),
            (field, "field_sms_purpose__relaxation_reason"),
        ):
            self.assertEqual(record.get_external_id()[record.id], f"{module}.{name}")


class TestVerdicts(SmsCase):
    """Earlier texts that were cancelled outside the gate get its verdict."""

    def test_verdict_and_reason_agree_and_others_stay(self):
        script = runpy.run_path(str(SCRIPTS / "19.0.1.5.0/post-verdicts.py"))
        muted, sent = self.env["sms.sms"].create(
            [{"number": self.number, "body": body} for body in ("Muted", "Sent")]
        )
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sms_sms SET state = 'canceled', gate_verdict = 'send',"
            " gate_reason = CASE WHEN id = %s THEN 'muted' ELSE 'consent' END"
            " WHERE id IN %s",
            [muted.id, (muted.id, sent.id)],
        )
        for _twice in range(2):
            script["migrate"](self.cr, "19.0.1.4.0")
        self.env.invalidate_all()
        self.assertEqual(muted.gate_verdict, "block")
        self.assertEqual(sent.gate_verdict, "send")


class TestOtherWord(SmsCase):
    """A company's own keyword OTHER stays, and does not make the upgrade fail."""

    def test_the_word_that_is_there_is_the_one_that_ships(self):
        shipped = self.env.ref("helpdesk_mgmt_sms.sms_keyword_other")
        script = runpy.run_path(str(SCRIPTS / "19.0.1.8.0/pre-keyword-languages.py"))
        shipped.unlink()
        script["migrate"](self.cr, "19.0.1.5.0")
        ref = self.env.ref
        name = "helpdesk_mgmt_sms.sms_keyword_other"
        self.assertFalse(ref(name, raise_if_not_found=False), "nothing to keep")
        own = self.env["sms.keyword"].create(
            {
                "word": "OTHER",
                "action": "answer",
                "answer": "Call us.",
                "company_id": self.company.id,
            }
        )
        self.env.flush_all()
        script["migrate"](self.cr, "19.0.1.5.0")
        self.env.registry.clear_cache()
        self.assertEqual(ref(name), own)
        self.assertEqual(own.action, "answer")


class TestClickAddresses(SmsCase):
    """Who opened a link in a text is forgotten; other apps' clicks stay."""

    def test_they_are_emptied(self):
        trackers = self.env["link.tracker"].sudo()
        values = {"title": "Help", "sms_company_id": self.company.id}
        ours = trackers.create({"url": "https://example.com/a", **values})
        other = trackers.create({"url": "https://example.com/b", "title": "Help"})
        clicks = self.env["link.tracker.click"].create(
            [{"link_id": link.id, "ip": "192.0.2.1"} for link in (ours, other)]
        )
        self.env.flush_all()
        script = runpy.run_path(str(SCRIPTS / "19.0.1.18.0/post-click-addresses.py"))
        script["migrate"](self.cr, "19.0.1.17.0")
        self.env.invalidate_all()
        self.assertEqual(clicks.mapped("ip"), [False, "192.0.2.1"])
