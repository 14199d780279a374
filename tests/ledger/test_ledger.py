# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import os
import runpy
import tempfile
from unittest.mock import patch

from psycopg2 import errors

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.ledger.sms_consent_key import KEY_VARIABLE
from ...tools import chain, consent
from ..common import SmsCase, phone_number
from .common import CHECK_LOGGER, SCRIPT, LedgerCase


class TestSealing(LedgerCase):
    """Every event gets one link, and they are numbered without gaps."""

    def test_events_are_numbered_in_order(self):
        links = self.seal()
        self.assertEqual(links.mapped("sequence"), list(range(1, len(links) + 1)))
        self.assertEqual(links.event_id, self.events)
        self.assertEqual(self.events.mapped("sequence"), links.mapped("sequence"))
        self.assertEqual(links[0].previous_hash, chain.GENESIS)
        self.assertEqual(links[1:].mapped("previous_hash"), links[:-1].mapped("hash"))

    def test_each_company_has_a_chain_of_its_own(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        self.seal()
        self.env["sms.consent.link"]._seal(other)
        link = self.env["sms.consent.link"].search([("company_id", "=", other.id)])
        self.assertEqual((link.sequence, link.previous_hash), (1, chain.GENESIS))

    def test_sealing_again_adds_nothing(self):
        links = self.seal()
        self.assertEqual(self.env["sms.consent.link"]._seal(self.company), 0)
        self.assertEqual(self.seal(), links)

    def test_the_cron_seals_what_was_recorded(self):
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_seal"))
        self.assertTrue(all(self.events.mapped("sequence")))

    def test_an_event_that_was_committed_late_is_sealed_by_the_check(self):
        """The sealer looks back only so far; the check looks at everything."""
        self.seal()
        late = self.record_consent(phone_number(9))
        link_model = self.env["sms.consent.link"]
        self.assertEqual(link_model._get_unsealed(self.company), late.ids)
        self.assertEqual(link_model._seal(self.company, look_back=-1000), 0)
        self.assertEqual(self.verify().link_count, len(self.events) + 1)

    def test_queries_do_not_grow_with_the_events(self):
        self.seal()
        counts = []
        for amount in (2, 40):
            for index in range(amount):
                self.record_consent(phone_number(100 + index))
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["sms.consent.link"]._seal(self.company)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)

    def test_the_database_refuses_to_change_a_link(self):
        self.seal()
        for query in (
            "UPDATE sms_consent_link SET hash = 'x'",
            "DELETE FROM sms_consent_link",
            "TRUNCATE sms_consent_link",
        ):
            with (
                self.subTest(query),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(errors.RestrictViolation, "append-only"),
                self.cr.savepoint(),
            ):
                self.cr.execute(query)


class TestVerification(LedgerCase):
    """Verification finds tampering by the database's owner, and locates it."""

    def test_an_untouched_ledger_is_intact(self):
        check = self.verify()
        self.assertEqual(check.state, "intact")
        self.assertEqual(check.link_count, len(self.events))
        self.assertEqual(check.head_hash, self.seal()[-1].hash)
        self.assertEqual(check.unsealed_count, 0)

    def test_a_changed_event_is_located(self):
        self.seal()
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET event = 'revoked' WHERE id = %s",
            [self.events[1].id],
        )
        check = self.assertBroken(2, chain.CHANGED)
        self.assertEqual(check.broken_event_id, self.events[1].id)
        self.assertIn("link 2", check._describe())

    def test_a_removed_event_is_located(self):
        links = self.seal()
        self.tamper(
            "sms_consent_event",
            "ALTER TABLE sms_consent_link"
            " DROP CONSTRAINT sms_consent_link_event_id_fkey;"
            "ALTER TABLE sms_consent DROP CONSTRAINT sms_consent_event_id_fkey;"
            "DELETE FROM sms_consent_event WHERE id = %s",
            [links[2].event_id.id],
        )
        self.assertBroken(3, chain.EVENT_GONE)

    def test_a_removed_link_is_located(self):
        self.seal()
        self.tamper(
            "sms_consent_link",
            "DELETE FROM sms_consent_link WHERE company_id = %s AND sequence = 2",
            [self.company.id],
        )
        self.assertBroken(2, chain.MISSING)

    def test_swapped_links_are_located(self):
        self.seal()
        swap = "UPDATE sms_consent_link SET sequence = %s WHERE sequence = %s"
        self.tamper("sms_consent_link", ";".join([swap] * 3), [-1, 2, 2, 3, 3, -1])
        self.assertBroken(2, chain.REORDERED)

    def test_one_hash_computed_anew_is_located(self):
        """Without the key its seal cannot be forged."""
        links = self.seal()
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET event = 'revoked' WHERE id = %s",
            [links[1].event_id.id],
        )
        content = self.env["sms.consent.event"]._read_content(links[1].event_id.ids)
        forged = chain.link_hash(links[0].hash, 2, content[links[1].event_id.id])
        self.tamper(
            "sms_consent_link",
            "UPDATE sms_consent_link SET hash = %s WHERE id = %s",
            [forged, links[1].id],
        )
        self.assertBroken(2, chain.FORGED)

    def test_a_chain_that_was_cut_short_is_found(self):
        links = self.seal()
        last_event_id = links[-1].event_id.id
        self.verify()
        self.tamper(
            "sms_consent_link",
            "DELETE FROM sms_consent_link WHERE id = %s;",
            [links[-1].id],
        )
        self.tamper(
            "sms_consent_event",
            "ALTER TABLE sms_consent DROP CONSTRAINT sms_consent_event_id_fkey;"
            "DELETE FROM sms_consent_event WHERE id = %s",
            [last_event_id],
        )
        self.assertBroken(len(links), chain.SHORTENED)

    def test_changed_evidence_is_located(self):
        self.seal()
        self.tamper(
            "sms_consent_evidence",
            "UPDATE sms_consent_evidence SET wording = 'anything' WHERE id = %s",
            [self.events[2].evidence_id.id],
        )
        self.assertBroken(3, chain.EVIDENCE_CHANGED)

    def test_a_changed_scan_is_located(self):
        event = self.record_consent(files=[("form.pdf", b"%PDF signed")])
        self.assertEqual(self.verify().state, "intact")
        event.evidence_id.attachment_ids.raw = b"%PDF forged"
        self.assertBroken(len(self.events) + 1, chain.EVIDENCE_CHANGED)

    def test_a_break_is_told_to_the_compliance_officers(self):
        self.seal()
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET method = 'paper' WHERE id = %s",
            [self.events[0].id],
        )
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET method = 'web' WHERE id = %s",
            [self.events[0].id],
        )
        with mute_logger(CHECK_LOGGER):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_check"))
        message = self.env["mail.message"].search(
            [("subject", "=", "The consent ledger is broken")]
        )
        self.assertIn(self.compliance_officer.partner_id, message.notified_partner_ids)
        self.assertIn("BROKEN at link 1", message.body)

    def test_the_ledger_of_an_archived_company_is_verified_too(self):
        """It stays the proof of what was sent until then."""
        other = self.make_company("Former")
        event = self.record_consent(company=other)
        self.env["sms.consent.link"]._seal(other)
        other.active = False
        query = "UPDATE sms_consent_event SET method = 'web' WHERE id = %s"
        self.tamper("sms_consent_event", query, event.ids)
        with mute_logger(CHECK_LOGGER):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_check"))
        check = self.env["sms.consent.check"].search([("company_id", "=", other.id)])
        self.assertEqual(check.state, "broken")
        with mute_logger(CHECK_LOGGER), patch("builtins.print") as printed:
            self.assertFalse(self.env["sms.consent.check"]._print_report())
        lines = [call.args[0] for call in printed.call_args_list]
        self.assertTrue(any(it.startswith("Former: BROKEN") for it in lines))

    def test_the_command_line_prints_a_line_for_each_company(self):
        with patch("builtins.print") as printed:
            self.assertTrue(self.env["sms.consent.check"]._print_report())
        [line] = [
            call.args[0]
            for call in printed.call_args_list
            if call.args[0].startswith(f"{self.company.name}: ")
        ]
        self.assertIn(f"intact, {len(self.events)} links", line)

    def test_the_export_is_verified_without_odoo(self):
        """By the script in ``bin``, which uses neither Odoo nor this addon."""
        self.seal()
        verify = runpy.run_path(str(SCRIPT))["main"]
        exported = self.env["sms.consent.check"]._export(self.company)
        self.assertNotIn("Person 1", exported)
        self.assertNotIn(phone_number(1)[2:], exported)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(exported)
            file.flush()
            with patch("builtins.print") as printed:
                self.assertEqual(verify(file.name), 0)
        head = self.verify().head_hash
        self.assertIn(f"{len(self.events)} links, end {head}", str(printed.mock_calls))
        for old, new, expected in (
            ('"event": "granted"', '"event": "revoked"', "link 1 is not what"),
            ('"sequence": 2', '"sequence": 3', "link 2 is missing"),
        ):
            with (
                self.subTest(new),
                tempfile.NamedTemporaryFile("w", suffix=".json") as file,
            ):
                file.write(exported.replace(old, new, 1))
                file.flush()
                self.assertIn(expected, verify(file.name))

    def test_who_may_export(self):
        check = self.verify()
        action = check.with_user(self.compliance_officer).action_export()
        export = self.env["sms.evidence.export"].search([])
        self.assertEqual(
            (export.kind, export.user_id), ("chain", self.compliance_officer)
        )
        self.assertRegex(action["url"], r"^/web/content/\d+\?download=true$")
        with self.assertRaises(AccessError):
            check.with_user(self.agent).action_export()

    def test_who_may_verify(self):
        action = (
            self.env["sms.consent.check"]
            .with_user(self.compliance_officer)
            .action_verify()
        )
        check = self.env["sms.consent.check"].browse(action["res_id"])
        self.assertEqual(check.with_user(self.compliance_officer).state, "intact")


class TestErasure(LedgerCase):
    """The chain stays valid after a person was erased."""

    def test_nothing_that_names_the_person_is_left(self):
        event = self.record_consent(
            name="Dana Secret",
            note="secret note",
            address="203.0.113.7",
            files=[("form.pdf", b"%PDF signed by Dana Secret")],
        )
        evidence, attachment = event.evidence_id, event.evidence_id.attachment_ids
        self.seal()
        evidence._erase()
        self.cr.execute(
            "SELECT row_to_json(e)::text || row_to_json(v)::text"
            "  FROM sms_consent_event e JOIN sms_consent_evidence v"
            "    ON v.id = e.evidence_id WHERE e.id = %s",
            [event.id],
        )
        [stored] = self.cr.fetchone()
        for word in ("Dana", "secret", "203.0.113.7", self.number[-7:]):
            self.assertNotIn(word, stored)
        self.assertFalse(attachment.exists())
        self.assertIn("erased number", event.display_name)

    def test_erasing_is_not_mistaken_for_tampering(self):
        self.seal()
        self.events[1].evidence_id._erase()
        self.assertEqual(self.verify().state, "intact")

    def test_an_opt_out_still_blocks_after_erasure(self):
        self.record_consent(event="revoked").evidence_id._erase()
        self.env.invalidate_all()
        answers = self.env["sms.consent"]._get_answers([self.company.id], [self.number])
        found = answers[self.company.id, self.number]
        self.assertTrue(consent.has_left(found))

    def test_evidence_can_be_erased_and_not_changed(self):
        evidence = self.events[0].evidence_id
        for query in (
            "UPDATE sms_consent_evidence SET name = 'x' WHERE id = %s",
            "UPDATE sms_consent_evidence SET name = NULL, erased_at = now()"
            " WHERE id = %s",
            "DELETE FROM sms_consent_evidence WHERE id = %s",
        ):
            with (
                self.subTest(query),
                mute_logger("odoo.sql_db"),
                self.assertRaises(errors.RestrictViolation),
                self.cr.savepoint(),
            ):
                self.cr.execute(query, [evidence.id])
        with self.assertRaises(UserError):
            evidence.write({"name": "x"})
        with self.assertRaises(UserError):
            evidence.unlink()

    def test_erasing_twice_keeps_the_first_time(self):
        evidence = self.events[0].evidence_id
        evidence._erase()
        first = evidence.erased_at
        evidence._erase()
        self.assertEqual(evidence.erased_at, first)


@tagged("post_install", "-at_install")
class TestKey(SmsCase):
    """With another key no opt-out would be found, so nothing is sent."""

    def test_another_key_is_noticed(self):
        self.record_consent(event="revoked")
        with (
            patch.dict(os.environ, {KEY_VARIABLE: "another key"}),
            self.assertRaisesRegex(UserError, KEY_VARIABLE),
        ):
            self.env["sms.consent.key"]._hash([self.number])

    def test_with_another_key_nothing_is_sent_and_nothing_is_lost(self):
        self.record_consent()
        with patch.dict(os.environ, {KEY_VARIABLE: "another key"}):
            self.env.cr.precommit.data.clear()
            ticket = self.make_ticket(self.customer, stage_id=self.new_stage.id)
            message = self.messages_to()
            self.env.cr.precommit.data.clear()
        self.assertTrue(ticket.exists())
        self.assertEqual(message.gate_reason, "ledger_unreadable")

    def test_the_installation_makes_a_key(self):
        """Or two first messages at once would each make one, and one would fail."""
        parameters = self.env["ir.config_parameter"]
        self.assertTrue(parameters.get_param("helpdesk_mgmt_sms.consent_key"))
        self.assertTrue(
            parameters.get_param("helpdesk_mgmt_sms.consent_key_fingerprint")
        )

    def test_an_empty_ledger_takes_another_key(self):
        """An administrator may set one by the environment after the installation."""
        self.assertFalse(self.env["sms.consent.event"].search_count([]))
        with patch.dict(os.environ, {KEY_VARIABLE: "another key"}):
            self.assertEqual(self.env["sms.consent.key"]._get(), "another key")
            self.record_consent()
        with self.assertRaises(UserError):
            self.env["sms.consent.key"]._get()

    def test_with_another_key_nothing_is_sent_at_the_second_look_either(self):
        """Under the opt-out policy a number that is not found would be texted."""
        self.company.sms_consent_policy = "opt_out"
        self.record_consent(event="revoked")
        # A server that starts with another key has nothing cached.
        self.env["sms.consent"]._forget_answers()
        with patch.dict(os.environ, {KEY_VARIABLE: "another key"}):
            for _ in range(2):
                self.ticket._message_sms("Hi")
        reasons = self.messages_to().mapped("gate_reason")
        self.assertEqual(reasons, ["ledger_unreadable"] * 2)

    def test_the_key_of_the_environment_comes_first(self):
        self.env["ir.config_parameter"].search(
            [("key", "like", "helpdesk_mgmt_sms.consent_key%")]
        ).unlink()
        with patch.dict(os.environ, {KEY_VARIABLE: "outside"}):
            hashes = self.env["sms.consent.key"]._hash([self.number])
        self.assertEqual(
            hashes, {self.number: chain.number_hash("outside", self.number)}
        )
        self.assertFalse(
            self.env["ir.config_parameter"].get_param("helpdesk_mgmt_sms.consent_key")
        )
