# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Attacks on the ledger by the owner of the database, and how they are reported."""

import os
import random
from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2 import errors

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.ledger.ledger_guards import find_faulty_guards, get_guards
from ...models.ledger.sms_consent_event import Statement
from ...models.ledger.sms_consent_evidence import PERSONAL_FIELDS
from ...models.ledger.sms_consent_key import KEY_PARAMETER, KEY_VARIABLE
from ...tools import chain, consent
from ..common import phone_number
from .common import CHECK_LOGGER, LedgerCase


class AttackCase(LedgerCase):
    """Common base: an intact ledger to attack."""

    def setUp(self):
        super().setUp()
        self.record_consent(phone_number(0), event="revoked")
        self.assertEqual(self.verify().state, "intact")

    def find(self):
        """Verify the ledger, which must be broken; return the check."""
        with mute_logger(CHECK_LOGGER):
            check = self.verify()
        self.assertEqual(check.state, "broken")
        return check

    def assertFound(self, reason, *words):
        """Check that a verification fails for a reason, and that its text says so."""
        check = self.find()
        self.assertEqual(check.broken_reason, reason, check.findings)
        for word in words:
            self.assertIn(word, check._describe())
        return check

    def hash(self, index=0):
        """Return the keyed hash of one of the numbers."""
        number = phone_number(index)
        return self.env["sms.consent.key"]._hash([number])[number]


class TestAnswers(AttackCase):
    """Answers, which decide about texts, must follow from the events."""

    def attack(self, query, *params):
        """Check that the triggers refuse a statement, then run it without them."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(errors.RestrictViolation, "follows from the ledger"),
            self.cr.savepoint(),
        ):
            self.cr.execute(query, params)
        self.tamper("sms_consent", query, params)

    def test_a_state_that_was_changed(self):
        self.attack(
            "UPDATE sms_consent SET state = 'opted_in' WHERE number_hash = %s"
            " AND purpose_id IS NULL",
            self.hash(),
        )
        self.assertFound("answer", self.hash()[:12], "“May text”", "“Opted out”")

    def test_every_state_at_once(self):
        self.attack("UPDATE sms_consent SET state = 'opted_in'")
        self.assertFound("answer", "all purposes says “May text”")

    def test_a_purpose_right_after_the_stop(self):
        """The answer of a new event is checked as well, and not repaired silently."""
        self.record_consent(phone_number(1), event="revoked", method="keyword")
        self.attack(
            "UPDATE sms_consent SET state = 'opted_in' WHERE number_hash = %s"
            " AND purpose_id IS NOT NULL",
            self.hash(1),
        )
        self.assertFound("answer", self.hash(1)[:12], "Tickets says “May text”")

    def test_an_answer_that_was_deleted(self):
        self.attack(
            "DELETE FROM sms_consent WHERE number_hash = %s AND purpose_id IS NULL",
            self.hash(),
        )
        self.assertFound("answer", "for all purposes is missing", "“Opted out”")

    def test_an_answer_that_was_added(self):
        self.attack(
            "INSERT INTO sms_consent"
            " (company_id, number_hash, number, purpose_id, state, event_id, since)"
            " SELECT company_id, number_hash, number, %s, 'opted_in', event_id, since"
            "   FROM sms_consent WHERE number_hash = %s AND purpose_id IS NULL",
            self.purposes("marketing").id,
            self.hash(),
        )
        self.assertFound("answer", "says “May text”; no event gives any")

    def test_an_answer_under_another_persons_event(self):
        self.attack(
            "UPDATE sms_consent SET event_id = %s, state = 'opted_in'"
            " WHERE number_hash = %s AND purpose_id IS NULL",
            self.events[1].id,
            self.hash(),
        )
        self.assertFound("answer", "“May text”")

    def test_a_date_that_was_changed(self):
        self.tamper("sms_consent", "UPDATE sms_consent SET since = '2020-01-01'")
        self.assertFound("answer", "under another event or date")

    def test_a_number_that_was_changed(self):
        self.tamper(
            "sms_consent",
            "UPDATE sms_consent SET number = %s WHERE number_hash = %s",
            [phone_number(77), self.hash()],
        )
        self.assertFound("answer", "name another number")

    def test_many_are_named_by_example(self):
        for index in range(20, 40):
            self.record_consent(phone_number(index))
        self.seal()
        self.tamper("sms_consent", "UPDATE sms_consent SET state = 'opted_out'")
        self.assertFound("answer", "There are more of this kind.")


class TestTriggers(AttackCase):
    """Each trigger must exist, be enabled, and be as installed."""

    def test_they_are_as_they_were_installed(self):
        self.assertEqual(find_faulty_guards(self.env), [])
        tables = {table for table, _guard in get_guards(self.env)}
        self.assertLessEqual(
            {
                *("sms_consent", "sms_consent_event", "sms_consent_evidence"),
                *("sms_consent_link", "sms_consent_check", "sms_evidence_export"),
                *("sms_evidence_lookup", "sms_erasure"),
            },
            tables,
        )

    def test_one_that_was_dropped(self):
        for table, guard in get_guards(self.env):
            with self.subTest(guard.name), self.cr.savepoint() as savepoint:
                self.drop(table, guard.name)
                self.assertFound("trigger", f"{guard.name} of {table} is gone")
                savepoint.rollback()

    def test_one_that_was_disabled(self):
        for how in ("DISABLE TRIGGER", "ENABLE REPLICA TRIGGER"):
            for table, guard in get_guards(self.env):
                with self.subTest((how, guard)), self.cr.savepoint() as savepoint:
                    self.alter(table, how, guard.name)
                    self.assertFound("trigger", f"{guard.name} of {table} is disabled")
                    savepoint.rollback()

    def test_all_that_were_disabled(self):
        self.cr.execute("ALTER TABLE sms_consent DISABLE TRIGGER USER")
        self.assertFound("trigger", "sms_consent_kept of sms_consent is disabled")

    def test_one_that_is_enabled_in_more_sessions(self):
        self.alter("sms_consent_event", "ENABLE ALWAYS TRIGGER", "sms_append_only")
        self.assertEqual(self.verify().state, "intact")

    def test_a_function_that_was_replaced(self):
        self.cr.execute(
            "CREATE OR REPLACE FUNCTION sms_append_only() RETURNS trigger"
            " LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
        )
        self.assertFound("trigger", "sms_append_only of sms_consent_event does", "else")

    def test_a_trigger_that_calls_another_function_or_less_often(self):
        self.cr.execute(
            "CREATE FUNCTION pg_temp.nothing() RETURNS trigger"
            " LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
        )
        for words in (
            "BEFORE UPDATE ON sms_consent_event EXECUTE FUNCTION sms_append_only()",
            "BEFORE UPDATE OR DELETE OR TRUNCATE ON sms_consent_event"
            " WHEN (FALSE) EXECUTE FUNCTION sms_append_only()",
            "BEFORE UPDATE OF id OR DELETE OR TRUNCATE ON sms_consent_event"
            " EXECUTE FUNCTION sms_append_only()",
            "BEFORE UPDATE OR DELETE OR TRUNCATE ON sms_consent_event"
            " EXECUTE FUNCTION pg_temp.nothing()",
        ):
            with self.subTest(words), self.cr.savepoint() as savepoint:
                self.drop("sms_consent_event", "sms_append_only")
                self.cr.execute(f"CREATE TRIGGER sms_append_only {words}")
                self.assertFound("trigger", "sms_append_only of sms_consent_event")
                savepoint.rollback()

    def test_a_session_that_calls_none(self):
        self.cr.execute("SET LOCAL session_replication_role = replica")
        self.assertFound("trigger", "sms_append_only of sms_consent_link is disabled")

    def drop(self, table, name):
        """Drop a trigger."""
        self.env.flush_all()
        table, name = SQL.identifier(table), SQL.identifier(name)
        self.cr.execute(SQL("DROP TRIGGER %s ON %s", name, table))

    def alter(self, table, how, name):
        """Enable or disable a trigger."""
        self.env.flush_all()
        table, name = SQL.identifier(table), SQL.identifier(name)
        self.cr.execute(SQL("ALTER TABLE %s %s %s", table, SQL(how), name))


class TestEvidence(AttackCase):
    """Evidence must match its event, and may go only by an erasure."""

    def test_evidence_of_another_number(self):
        first, second = self.events[0].evidence_id, self.events[1].evidence_id
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET evidence_id = %s WHERE id = %s",
            [second.id, self.events[0].id],
        )
        self.assertFound("evidence_foreign", "another number", "link 1")
        self.assertIn(f"evidence {first.id} was removed", self.find().findings)

    def test_a_number_in_the_evidence(self):
        self.tamper(
            "sms_consent_evidence",
            "UPDATE sms_consent_evidence SET number = %s WHERE id = %s",
            [phone_number(1), self.events[0].evidence_id.id],
        )
        self.assertFound("evidence_foreign", "another number", "link 1")

    def test_another_companys(self):
        self.tamper(
            "sms_consent_evidence",
            "UPDATE sms_consent_evidence SET company_id = %s WHERE id = %s",
            [self.make_company("Other").id, self.events[0].evidence_id.id],
        )
        self.assertFound("evidence_foreign", "another number or company")

    def test_evidence_that_nobody_erased(self):
        """The triggers allow erasing evidence, but only the ledger can seal that."""
        columns = ", ".join(f"{name} = NULL" for name in PERSONAL_FIELDS)
        query = f"UPDATE sms_consent_evidence SET {columns}, erased_at = now()"
        self.env.flush_all()
        self.cr.execute(f"{query} WHERE id = %s", [self.events[2].evidence_id.id])
        self.env.invalidate_all()
        self.assertFound("not_erased", "marked as erased", "link 3")

    def test_an_erasure_that_signs_for_another(self):
        self.events[0].evidence_id._erase()
        self.tamper(
            "sms_consent_evidence",
            "UPDATE sms_consent_evidence other"
            "   SET erased_at = own.erased_at, erased_by_id = own.erased_by_id,"
            "       erasure_seal = own.erasure_seal"
            "  FROM sms_consent_evidence own WHERE own.id = %s AND other.id = %s",
            [self.events[0].evidence_id.id, self.events[1].evidence_id.id],
        )
        self.assertFound("not_erased", "link 2")

    def test_what_is_erased_by_a_person_or_by_time_is_intact(self):
        self.env["sms.erasure"]._erase(self.company, phone_number(1), "request 1")
        self.events[2].evidence_id._forget()
        self.assertEqual(self.verify().state, "intact")


class TestEntries(AttackCase):
    """Events that the ledger has not recorded are found."""

    def insert(self, event):
        """Insert an event by SQL, which no trigger refuses."""
        self.env.flush_all()
        self.cr.execute(
            """
            INSERT INTO sms_consent_evidence
                SELECT (jsonb_populate_record(evidence,
                        jsonb_build_object(
                            'id', nextval('sms_consent_evidence_id_seq')))).*
                  FROM sms_consent_evidence evidence WHERE id = %s
             RETURNING id
            """,
            [event.evidence_id.id],
        )
        [evidence_id] = self.cr.fetchone()
        self.cr.execute(
            """
            INSERT INTO sms_consent_event
                SELECT (jsonb_populate_record(source,
                        jsonb_build_object(
                            'id', nextval('sms_consent_event_id_seq'),
                            'evidence_id', %s, 'recorded_at',
                            now()::timestamp - interval '1 minute'))).*
                  FROM sms_consent_event source WHERE id = %s
             RETURNING id
            """,
            [evidence_id, event.id],
        )
        self.env.invalidate_all()
        return self.cr.fetchone()[0]

    def test_an_event_that_was_made_up(self):
        event_id = self.insert(self.events[0])
        self.assertFound("entry_forged", "not entered by the ledger", str(event_id))

    def test_an_event_that_was_copied(self):
        self.env.flush_all()
        self.cr.execute(
            """
            INSERT INTO sms_consent_event
                SELECT (jsonb_populate_record(source,
                        jsonb_build_object(
                            'id', nextval('sms_consent_event_id_seq')))).*
                  FROM sms_consent_event source WHERE id = %s
            """,
            [self.events[0].id],
        )
        self.env.invalidate_all()
        self.assertFound("entry_copied", f"is a copy of event {self.events[0].id}")

    def test_a_mark_of_the_sandbox_that_was_taken_away(self):
        self.company.sms_provider = "sandbox"
        event = self.record_consent(phone_number(8))
        self.assertTrue(event.sandbox)
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET sandbox = FALSE WHERE id = %s",
            [event.id],
        )
        self.assertFound("entry_forged", "not entered by the ledger")


class TestChain(AttackCase):
    """A forged chain lacks the seals made with the key."""

    def forge(self, seal=None):
        """Change an event, recompute the whole chain, and delete the checks."""
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET event = 'granted', purpose_id = %s"
            " WHERE event = 'revoked' AND company_id = %s",
            [self.purposes("marketing").id, self.company.id],
        )
        self.tamper(
            "sms_consent_link",
            "DELETE FROM sms_consent_link WHERE company_id = %s",
            [self.company.id],
        )
        self.tamper("sms_consent_check", "DELETE FROM sms_consent_check")
        self.cr.execute("UPDATE res_company SET sms_check_seal = NULL")
        ledger = self.env["sms.consent.event"]
        events = ledger.search([("company_id", "=", self.company.id)], order="id")
        previous = chain.GENESIS
        for sequence, (event_id, content) in enumerate(
            sorted(ledger._read_content(events.ids).items()), 1
        ):
            own_hash = chain.link_hash(previous, sequence, content)
            self.cr.execute(
                "INSERT INTO sms_consent_link (company_id, sequence, event_id,"
                " previous_hash, hash, seal, content_version)"
                " VALUES (%s, %s, %s, %s, %s, %s, 2)",
                [
                    *(self.company.id, sequence, event_id, previous, own_hash),
                    seal and seal(sequence, own_hash),
                ],
            )
            previous = own_hash
        self.env.invalidate_all()

    def test_without_seals(self):
        self.forge()
        check = self.assertFound("not_sealed", "not sealed by the key")
        self.assertIn("The answer of number", check.findings)

    def test_with_seals_of_another_key(self):
        self.forge(
            lambda number, own: chain.link_seal("?", self.company.id, number, own)
        )
        self.assertFound("forged", "not sealed by the key", "link 1")

    def test_with_other_letters_as_seals(self):
        """They cannot keep the check from being made."""
        self.forge(lambda _number, _own: "é" * 64)
        self.assertFound("forged", "not sealed by the key", "link 1")

    def test_left_to_the_sealer(self):
        """The sealer makes new links for deleted ones, but events have seals too."""
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET method = 'web' WHERE id = %s",
            [self.events[0].id],
        )
        self.tamper("sms_consent_link", "DELETE FROM sms_consent_link")
        self.tamper("sms_consent_check", "DELETE FROM sms_consent_check")
        self.cr.execute("UPDATE res_company SET sms_check_seal = NULL")
        self.env.invalidate_all()
        self.assertFound("entry_forged", "not entered by the ledger", "link 1")

    def test_passed_off_as_an_old_one(self):
        """By a link that carries over the chain, which needs a seal as well."""
        self.forge()
        sequence, previous = self.env["sms.consent.link"]._get_head(self.company)
        sequence += 1
        said = chain.carry_over(
            self.company.id, sequence, previous, "?", datetime(2026, 11, 27)
        )
        own_hash = chain.link_hash(previous, sequence, said)
        own_seal = chain.link_seal("?", self.company.id, sequence, own_hash)
        self.env["sms.consent.link"].create(
            {
                "company_id": self.company.id,
                "sequence": sequence,
                "previous_hash": previous,
                "hash": own_hash,
                "seal": own_seal,
                "statement": said,
            }
        )
        self.env.flush_all()
        self.assertFound("forged", "not sealed by the key", f"link {sequence}")

    def test_cut_with_its_newest_verification(self):
        last = self.seal()[-1]
        event_id = last.event_id.id
        self.tamper(
            "sms_consent_link", "DELETE FROM sms_consent_link WHERE id = %s", [last.id]
        )
        self.tamper(
            "sms_consent_event",
            "ALTER TABLE sms_consent DROP CONSTRAINT sms_consent_event_id_fkey;"
            "DELETE FROM sms_consent_event WHERE id = %s",
            [event_id],
        )
        self.tamper("sms_consent_check", "DELETE FROM sms_consent_check")
        check = self.find()
        self.assertIn("The newest verification is missing.", check.findings)
        self.assertIn("The event of evidence", check.findings)
        self.assertIn("no event gives any", check.findings)


class TestChecks(AttackCase):
    """Verifications are a chain of their own."""

    def test_it_cannot_be_changed(self):
        check = self.verify()
        for query in ("UPDATE sms_consent_check SET state = 'x'", "TRUNCATE {}"):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(errors.RestrictViolation, "append-only"),
                self.cr.savepoint(),
            ):
                self.cr.execute(query.format("sms_consent_check"))
        with self.assertRaises(UserError):
            check.state = "broken"
        with self.assertRaises(UserError):
            check.unlink()

    def test_one_that_was_changed(self):
        check = self.verify()
        self.tamper(
            "sms_consent_check",
            "UPDATE sms_consent_check SET checked_at = '2020-01-01' WHERE id = %s",
            [check.id],
        )
        self.assertFound("check", "was changed")

    def test_one_that_was_removed_in_the_middle(self):
        check = self.verify()
        self.verify()
        self.tamper(
            "sms_consent_check",
            "DELETE FROM sms_consent_check WHERE id = %s",
            [check.id],
        )
        self.assertFound("check", "A verification before that of", "is missing")

    def test_the_newest_that_was_removed(self):
        check = self.verify()
        self.tamper(
            "sms_consent_check",
            "DELETE FROM sms_consent_check WHERE id = %s",
            [check.id],
        )
        self.assertFound("check", "The newest verification is missing")

    def test_one_that_was_made_up(self):
        self.cr.execute(
            "INSERT INTO sms_consent_check (company_id, checked_at, state)"
            " VALUES (%s, now(), 'intact')",
            [self.company.id],
        )
        self.assertFound("check", "was made up")

    def test_what_was_found_is_told_by_mail(self):
        self.tamper("sms_consent", "UPDATE sms_consent SET state = 'opted_in'")
        with mute_logger(CHECK_LOGGER):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_check"))
        message = self.env["mail.message"].search(
            [("subject", "=", "The consent ledger is broken")], limit=1
        )
        self.assertIn("says “May text”; the events give “Opted out”", message.body)


class TestKey(AttackCase):
    """Where the key is stored, what that means, and how it leaves the database."""

    def setUp(self):
        super().setUp()
        self.parameters = self.env["ir.config_parameter"]
        self.key = self.parameters.get_param(KEY_PARAMETER)

    def outside(self, value):
        """Set the key in the server's environment."""
        return patch.dict(os.environ, {KEY_VARIABLE: value})

    def test_in_the_database_the_owner_can_compute_the_chain_anew(self):
        check = self.verify()
        self.assertEqual((check.state, check.key_place), ("intact", "inside"))
        self.assertIn("The key of the ledger lies in the database", check._describe())
        self.assertIn(KEY_VARIABLE, check.remarks)
        # What a verification found is kept as it was.
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            check.state = "broken"

    def test_the_same_key_outside_lets_the_copy_go(self):
        with self.outside(self.key):
            self.assertEqual(self.verify().key_place, "inside")
            self.assertTrue(self.env["sms.consent.key"]._remove_inside())
            self.assertFalse(self.parameters.get_param(KEY_PARAMETER))
            check = self.verify()
            self.assertEqual((check.state, check.key_place), ("intact", "outside"))
            self.assertNotIn("lies in the database", check._describe())
            self.assertFalse(self.env["sms.consent.key"]._remove_inside())

    def test_an_administrator_removes_it_in_the_set_up(self):
        setup = self.env["sms.onboarding"]

        def get_row(shown):
            """Return the health row about the ledger."""
            return next(row for row in shown["health"] if row["key"] == "ledger")

        row = get_row(setup.get_setup())
        self.assertEqual((row["state"], row["buttons"]), ("todo", []))
        self.assertIn("The key of the ledger lies in the database", row["text"])
        with self.outside(self.key):
            row = get_row(setup.get_setup())
            self.assertEqual(row["buttons"][0]["method"], "remove_key")
            self.assertIn("a copy still lies in it", row["text"])
            row = get_row(setup.remove_key())
            self.assertEqual((row["state"], row["buttons"]), ("done", []))
        self.assertFalse(self.parameters.get_param(KEY_PARAMETER))

    def test_the_only_copy_stays(self):
        for outside in ("", "another key"):
            with self.subTest(outside), self.outside(outside):
                self.assertFalse(self.env["sms.consent.key"]._remove_inside())
                self.assertEqual(self.parameters.get_param(KEY_PARAMETER), self.key)

    def test_a_key_that_is_not_the_ledgers_stays(self):
        self.parameters.set_param(KEY_PARAMETER, "another key")
        with self.outside("another key"):
            self.assertFalse(self.env["sms.consent.key"]._remove_inside())

    def test_the_daily_verification_removes_the_copy(self):
        with self.outside(self.key):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_check"))
            self.assertFalse(self.parameters.get_param(KEY_PARAMETER))

    def test_without_the_key_it_is_said_and_nothing_is_sealed(self):
        self.record_consent(phone_number(9))
        cron = "helpdesk_mgmt_sms.ir_cron_sms_consent_{}"
        with self.outside("another key"), mute_logger(CHECK_LOGGER, LINK_LOGGER):
            self._run_cron(self.env.ref(cron.format("seal")))
            self._run_cron(self.env.ref(cron.format("check")))
        message = self.env["mail.message"].search(
            [("subject", "=", "The consent ledger is broken")], limit=1
        )
        self.assertIn("is not the one that it was begun with", message.body)
        self.assertEqual(self.verify().state, "intact")


LINK_LOGGER = "odoo.addons.helpdesk_mgmt_sms.models.ledger.sms_consent_link"


@tagged("post_install", "-at_install")
class TestReplay(LedgerCase):
    """After random statements in any order, the answers follow from the events."""

    METHODS = ("keyword", "paper", "web", "in_person", "phone", "import", "api")

    def test_random_events(self):
        seeded = random.Random(20261127)  # noqa: S311  # an order, not a secret
        numbers = [phone_number(index) for index in range(200, 212)]
        codes = ("ticket", "appointment", "alert")
        begin = datetime(2026, 1, 1)
        for _round in range(12):
            statements = [
                self.draw(seeded, numbers, codes, begin) for _count in range(25)
            ]
            if seeded.random() < 0.5:
                self.env["sms.consent.event"]._record_many(self.company, statements)
            else:
                for one in statements:
                    self.env["sms.consent.event"]._record(
                        self.company, *one[:4], happened_at=one.happened_at
                    )
            self.company.sms_provider = seeded.choice(["sandbox", "twilio", "iap"])
            self.assertEqual(
                list(self.env["sms.consent"]._find_underived(self.company)), []
            )
            self.assertEqual(self.verify().state, "intact", self.verify().findings)

    def draw(self, seeded, numbers, codes, begin):
        """Return a random statement."""
        event = seeded.choice(consent.EVENTS)
        purposes = self.purposes(*seeded.sample(codes, seeded.randint(1, 2)))
        if event in consent.FOR_ALL_EVENTS and seeded.random() < 0.5:
            purposes = None
        return Statement(
            seeded.choice(numbers),
            event,
            seeded.choice(self.METHODS),
            purposes,
            begin + timedelta(hours=seeded.randint(0, 400)),
        )

    def test_what_waits_for_its_link_is_not_compared_yet(self):
        """It may still be written, or another transaction may not have seen it yet."""
        event = self.record_consent(phone_number(0), event="revoked")
        self.tamper(
            "sms_consent",
            "UPDATE sms_consent SET state = 'opted_in' WHERE event_id = %s",
            [event.id],
        )
        found = self.env["sms.consent"]._find_underived
        self.assertFalse(list(found(self.company)))
        self.seal()
        self.assertTrue(list(found(self.company)))

    def test_rebuilding_mends_what_was_changed(self):
        self.record_consent(phone_number(0), event="revoked")
        before = self.read_answers()
        self.tamper("sms_consent", "UPDATE sms_consent SET state = 'opted_in'")
        self.env["sms.consent"]._rebuild_all()
        self.assertEqual(self.read_answers(), before)
        self.tamper("sms_consent", "DELETE FROM sms_consent")
        self.env["sms.consent"]._rebuild_all()
        self.assertEqual(self.read_answers(), before)
        self.assertEqual(self.verify().state, "intact")

    def read_answers(self):
        """Return the stored answers."""
        self.env.flush_all()
        self.cr.execute(
            "SELECT number_hash, number, purpose_id, state, event_id, since"
            "  FROM sms_consent WHERE company_id = %s ORDER BY 1, 3, 4",
            [self.company.id],
        )
        return self.cr.fetchall()
