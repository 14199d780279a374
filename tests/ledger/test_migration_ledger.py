# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The upgrade carries over a ledger from before it had seals."""

import os
import runpy
from pathlib import Path
from unittest.mock import patch

from odoo.tools import mute_logger

from ...models.ledger.sms_consent_key import KEY_VARIABLE, ConsentKeyError
from ...tools import chain
from ..common import phone_number
from .common import CHECK_LOGGER, LedgerCase

SCRIPTS = Path(__file__).parents[2] / "migrations" / "19.0.1.4.0"


class TestCarryOver(LedgerCase):
    """Earlier links stay as they were, and one new link commits to all of them."""

    def setUp(self):
        super().setUp()
        self.record_consent(phone_number(0), event="revoked", method="keyword")
        self.env["sms.erasure"]._erase(self.company, phone_number(1), "request 1")
        self.go_back()

    def go_back(self):
        """Put the ledger into the form of the previous version."""
        self.tamper("sms_consent_event", "UPDATE sms_consent_event SET seal = NULL")
        self.tamper("sms_consent_event", "UPDATE sms_consent_event SET sandbox = NULL")
        query = "UPDATE sms_consent_evidence SET erasure_seal = NULL"
        self.tamper("sms_consent_evidence", query)
        self.tamper("sms_consent_link", "DELETE FROM sms_consent_link")
        self.link_as_before()
        self.cr.execute(
            "INSERT INTO sms_consent_check (company_id, checked_at, state, link_count,"
            " head_hash) VALUES (%s, '2026-01-01', 'intact', %s, %s)",
            [self.company.id, *self.env["sms.consent.link"]._get_head(self.company)],
        )

    def link_as_before(self):
        """Make links as the previous version did: without seals, with fewer fields."""
        ledger = self.env["sms.consent.event"]
        events = ledger.search([("company_id", "=", self.company.id)], order="id")
        previous = chain.GENESIS
        contents = ledger._read_content(events.ids)
        for sequence, event_id in enumerate(events.ids, 1):
            content = chain.content_of(contents[event_id], 1)
            own_hash = chain.link_hash(previous, sequence, content)
            self.cr.execute(
                "INSERT INTO sms_consent_link"
                " (company_id, sequence, event_id, previous_hash, hash)"
                " VALUES (%s, %s, %s, %s, %s)",
                [self.company.id, sequence, event_id, previous, own_hash],
            )
            previous = own_hash
        self.env.invalidate_all()

    def upgrade(self):
        """Run the migration scripts as Odoo does."""
        self.env.flush_all()
        for name in ("pre-ledger", "post-answers", "post-ledger"):
            script = runpy.run_path(str(SCRIPTS / f"{name}.py"))
            script["migrate"](self.cr, "19.0.1.3.0")
        self.env.invalidate_all()

    def get_links(self):
        """Return the company's links, oldest first."""
        return self.env["sms.consent.link"].search(
            [("company_id", "=", self.company.id)], order="sequence"
        )

    def test_without_it_the_ledger_is_broken(self):
        """So nobody can later pass off a chain without seals as an old one."""
        with mute_logger(CHECK_LOGGER):
            check = self.verify()
        self.assertEqual(check.state, "broken")
        self.assertIn("not entered by the ledger", check.findings)

    def test_a_chain_without_any_seal_is_broken(self):
        self.upgrade()
        self.tamper(
            "sms_consent_link",
            "DELETE FROM sms_consent_link WHERE statement IS NOT NULL",
        )
        self.assertBroken(len(self.get_links()), chain.NOT_SEALED)

    def test_it_is_taken_over_and_intact(self):
        old = self.get_links()
        hashes = old.mapped("hash")
        self.upgrade()
        links = self.get_links()
        self.assertEqual(links[:-1].mapped("hash"), hashes)
        self.assertFalse(any(links[:-1].mapped("seal")))
        said = links[-1].statement
        self.assertEqual(
            (said["statement"], said["links"], said["end"]),
            ("carried_over", len(old), hashes[-1]),
        )
        check = self.verify()
        self.assertEqual(check.state, "intact", check.findings)
        self.assertIn(f"Links 1 to {len(old)} are from before", check.remarks)

    def test_it_goes_on(self):
        self.upgrade()
        event = self.record_consent(phone_number(2), event="revoked")
        self.seal()
        self.assertTrue(event.link_ids.seal)
        self.assertEqual(self.verify().state, "intact")

    def test_a_second_time_changes_nothing(self):
        self.upgrade()
        before = self.get_links()
        self.upgrade()
        self.assertEqual(self.get_links(), before)
        self.assertEqual(self.verify().state, "intact")

    def test_what_was_said_in_the_sandbox_is_marked(self):
        self.assertEqual(self.company.sms_provider, "sandbox")
        self.upgrade()
        self.assertTrue(all(self.events.mapped("sandbox")))
        expired = self.env["sms.consent.event"].search(
            [("company_id", "=", self.company.id), ("method", "=", "erasure")]
        )
        self.assertTrue(expired)
        self.assertFalse(any(expired.mapped("sandbox")))
        self.company.sms_provider = "twilio"
        self.assertEqual(self.verify().state, "intact")

    def test_what_was_said_with_a_carrier_is_not(self):
        self.cr.execute(
            "UPDATE res_company SET sms_provider = 'twilio' WHERE id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()
        self.upgrade()
        self.assertFalse(any(self.events.mapped("sandbox")))
        self.assertEqual(self.verify().state, "intact")

    def test_an_old_event_that_is_changed_afterwards_is_found(self):
        self.upgrade()
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET method = 'web' WHERE id = %s",
            [self.events[1].id],
        )
        self.assertBroken(2, chain.CHANGED)

    def test_an_old_chain_that_is_computed_anew_afterwards_is_found(self):
        self.upgrade()
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET method = 'web' WHERE id = %s",
            [self.events[1].id],
        )
        statement_link = self.get_links()[-1]
        self.tamper(
            "sms_consent_link",
            "DELETE FROM sms_consent_link WHERE id != %s",
            [statement_link.id],
        )
        self.tamper(
            "sms_consent_link", "UPDATE sms_consent_link SET sequence = 1000000"
        )
        self.link_as_before()
        self.tamper(
            "sms_consent_link",
            "UPDATE sms_consent_link SET sequence = %s WHERE sequence = 1000000",
            [len(self.get_links())],
        )
        # An earlier verification has seen the end of the old chain.
        self.assertBroken(len(self.get_links()) - 1, chain.CHANGED)
        self.tamper("sms_consent_check", "DELETE FROM sms_consent_check")
        self.cr.execute("UPDATE res_company SET sms_check_seal = NULL")
        self.assertBroken(len(self.get_links()), chain.REORDERED)

    def test_answers_are_derived_anew(self):
        self.tamper(
            "sms_consent",
            "UPDATE sms_consent SET state = 'opted_in' WHERE number = %s",
            [phone_number(0)],
        )
        self.upgrade()
        answers = self.env["sms.consent"].search([("number", "=", phone_number(0))])
        self.assertEqual(set(answers.mapped("state")), {"opted_out"})
        self.assertEqual(self.verify().state, "intact")

    def test_without_the_key_it_waits(self):
        with (
            patch.dict(os.environ, {KEY_VARIABLE: "another key"}),
            self.assertRaises(ConsentKeyError),
        ):
            self.upgrade()

    def test_the_log_columns_go(self):
        self.cr.execute("ALTER TABLE sms_consent_check ADD COLUMN create_uid int4")
        for _twice in range(2):
            self.upgrade()
        self.cr.execute(
            "SELECT 1 FROM information_schema.columns"
            " WHERE table_name = 'sms_consent_check' AND column_name = 'create_uid'"
        )
        self.assertFalse(self.cr.fetchall())
