# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The script that verifies a packet without Odoo reports whatever is missing."""

import hashlib
import io
import json
import os
import re
import runpy
import shutil
import sys
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ...models.ledger.sms_consent import SmsConsent
from ...models.ledger.sms_consent_key import KEY_PARAMETER, KEY_VARIABLE
from ...tools import chain, consent
from ..common import phone_number
from .common import PacketCase

SCRIPT = Path(__file__).resolve().parents[2] / "bin" / "verify-ledger.py"
BEGIN = datetime(2026, 1, 1)
#: Codes of purposes, as the script knows them, by their ids here.
CODES = {0: None, 1: "ticket", 2: "appointment", 3: "marketing"}
METHODS = ("keyword", "paper", "web", "in_person", "phone", "import", "api", "time")

#: Keys of the document that only people read.
WORDS = ("made_by", "made_at", "reference", "company", "content_fields")

sayings = st.tuples(
    st.sampled_from(consent.EVENTS),
    st.sampled_from(sorted(CODES)),
    st.sampled_from(METHODS),
    st.integers(0, 40),
    st.booleans(),
    st.sampled_from(("n1", "n2")),
)


@cache
def read_script():
    """Return the script's globals."""
    return runpy.run_path(str(SCRIPT))


@tagged("post_install", "-at_install")
class TestSameRule(BaseCase):
    """The script's copy of the consent rule gives the same answers as ours."""

    @given(st.lists(sayings, max_size=14))
    @settings(max_examples=3000, deadline=None)
    def test_on_random_events(self, said):
        script = read_script()
        events, contents = [], []
        for event_id, saying in enumerate(said, 1):
            event, purpose_id, method, hours, is_worded, number = saying
            if event not in consent.FOR_ALL_EVENTS and not purpose_id:
                purpose_id = 1
            happened_at = BEGIN + timedelta(hours=hours)
            values = {
                "number_hash": number,
                "event": event,
                "method": method,
                "wording_digest": "d" if is_worded else None,
            }
            more = {"purpose_id": purpose_id, "happened_at": happened_at}
            events.append({**values, "id": event_id, **more})
            at = happened_at.strftime("%Y-%m-%dT%H:%M:%SZ")
            more = {"purpose": CODES[purpose_id], "happened_at": at}
            contents.append({**values, "event_id": event_id, **more})
        answers = {}
        SmsConsent._follow(answers, events)
        expected = {
            (number, CODES[purpose_id]): (
                answer.state,
                answer.event_id,
                since and since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            )
            for (number, purpose_id), (answer, since) in SmsConsent._get_shown(
                answers
            ).items()
        }
        found = {key: it[:3] for key, it in script["replay"](contents).items()}
        self.assertEqual(found, expected)

    def test_it_seals_as_the_ledger_does(self):
        script = read_script()
        for kind in chain.SEAL_KINDS:
            self.assertEqual(
                script["make_seal"]("key", kind, {"é": 1}),
                chain.seal("key", kind, {"é": 1}),
            )
        self.assertEqual(script["fingerprint"]("key"), chain.fingerprint("key"))
        self.assertEqual(script["OLD_CONTENT"] | {"sandbox"}, set(chain.CONTENT_FIELDS))


@tagged("post_install", "-at_install")
class TestVerifier(PacketCase):
    """Whatever is missing or inconsistent has a message, and an exit status."""

    def setUp(self):
        super().setUp()
        self.record_consent(phone_number(3))
        self.record_consent(name="Dana", files=[("form.pdf", b"%PDF signed")])
        self.tell_story()
        self.receive("STOP")
        self.key = self.env["ir.config_parameter"].get_param(KEY_PARAMETER)
        self.facts = self.gather()
        self.folder = self.make_packet(self.facts)

    def read_document(self):
        """Return the packet's document."""
        return json.loads((self.folder / "evidence.json").read_text("utf-8"))

    def write_document(self, data):
        """Replace the packet's document, and update the checksums."""
        path = self.folder / "evidence.json"
        path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        self.sum_up()

    def sum_up(self):
        """Recompute SHA256SUMS, and its digest in SEAL, as a forger would."""
        sums = "".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}"
            f"  {path.relative_to(self.folder).as_posix()}\n"
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name not in ("SHA256SUMS", "SEAL")
        )
        (self.folder / "SHA256SUMS").write_text(sums, "utf-8")
        seal = json.loads((self.folder / "SEAL").read_text("utf-8"))
        seal["sums"] = hashlib.sha256(sums.encode()).hexdigest()
        (self.folder / "SEAL").write_text(json.dumps(seal), "utf-8")

    def assertBroken(self, words, *arguments):
        status, said = self.verify(self.folder, *arguments)
        self.assertEqual(status, 1, said)
        self.assertRegex(said, f"^BROKEN: .*{words}")
        self.assertNotIn("Traceback", said)

    def verify(self, folder, *arguments, key=None):
        """Run the script in this process: hundreds of processes would take minutes.

        :return: exit status and output, like the packet's own script
        """
        script, said = read_script(), io.StringIO()
        command = ["verify-ledger.py", str(folder / "evidence.json"), *arguments]
        with (
            patch.dict(os.environ, {KEY_VARIABLE: key or ""}),
            patch.object(sys, "argv", command),
            redirect_stdout(said),
            self.assertRaises(SystemExit) as end,
        ):
            script["run"]()
        status = end.exception.code
        if isinstance(status, str):
            return 1, status
        return status, said.getvalue().strip()

    # === Files ===

    def test_the_untouched_packet(self):
        status, words = self.verify(self.folder)
        self.assertEqual(status, 0, words)
        self.assertIn("seals not checked: no key given", words)

    def test_missing_files(self):
        for name in ("SHA256SUMS", "SEAL", "messages.csv", "received.csv"):
            with self.subTest(name):
                path = self.folder / name
                kept = path.read_bytes()
                path.unlink()
                self.assertBroken(f"{name}.* is missing|{name} is missing")
                path.write_bytes(kept)
        self.assertEqual(self.verify(self.folder)[0], 0)

    def test_a_file_that_is_missing_in_the_list_too(self):
        (self.folder / "messages.csv").unlink()
        self.sum_up()
        self.assertBroken("messages.csv is missing in SHA256SUMS")

    def test_a_file_that_is_not_listed(self):
        (self.folder / "scans" / "more.txt").write_text("x")
        self.assertBroken("scans/more.txt is not listed")

    def test_a_list_that_leads_out_of_the_packet(self):
        sums = self.folder / "SHA256SUMS"
        for line in ("0" * 64 + "  ../x", "0" * 64 + "  /etc/passwd", "nonsense"):
            with self.subTest(line):
                kept = sums.read_text("utf-8")
                sums.write_text(kept + line + "\n", "utf-8")
                self.assertBroken("outside the packet|cannot be read")
                sums.write_text(kept, "utf-8")

    def test_a_table_with_a_row_less(self):
        path = self.folder / "messages.csv"
        lines = path.read_text("utf-8-sig").splitlines(keepends=True)
        path.write_text("\ufeff" + "".join(lines[:-1]), "utf-8")
        self.sum_up()
        self.assertBroken("messages.csv has other rows")

    # === The document ===

    def test_missing_and_unknown_keys(self):
        data = self.read_document()
        for name in data:
            with self.subTest(name):
                self.write_document({k: v for k, v in data.items() if k != name})
                self.assertBroken(f"{name}|unknown")
        self.write_document({**data, "more": 1})
        self.assertBroken("'more' is unknown")

    def test_unknown_formats(self):
        data = self.read_document()
        for form in ("helpdesk_mgmt_sms.evidence/1", "x", None, 2, []):
            with self.subTest(form):
                self.write_document({**data, "format": form})
                self.assertBroken("format .* is unknown here|cannot be read")

    def test_what_is_no_json(self):
        path = self.folder / "evidence.json"
        original = path.read_text("utf-8")
        for text in ("", "{", "[]", "null", "\x00", '{"a": 1, "a": 2}', "[" * 100_000):
            with self.subTest(text[:20]):
                path.write_text(text, "utf-8")
                self.assertBroken("")
        path.write_bytes(b"\xff\xfe")
        self.assertBroken("cannot be read")
        path.write_text(original.replace('"format":', '"format": 1, "format":', 1))
        self.assertBroken("names something twice")

    def test_values_of_another_kind(self):
        data = self.read_document()
        for name in data:
            for value in (None, 1, "x", [], {}, [None], [1]):
                if value == data[name]:
                    continue
                with self.subTest((name, value)):
                    self.write_document({**data, name: value})
                    status, said = self.verify(self.folder)
                    self.assertNotIn("Traceback", said)
                    if name not in WORDS:
                        self.assertEqual(status, 1, said)

    def test_without_messages(self):
        self.write_document(
            {k: v for k, v in self.read_document().items() if k != "messages"}
        )
        self.assertBroken("'messages' is missing")

    # === What was left out, or made up ===

    def drop(self, data, event_id, is_thorough):
        """Remove an event from a document, and from what refers to it."""
        data["events"] = [
            it for it in data["events"] if it["content"]["event_id"] != event_id
        ]
        data["chain"]["sealed"] = len(data["events"])
        for message in data["messages"]:
            if message["consent_event_id"] == event_id:
                message["consent_event_id"] = None
        data["opt_outs"] = [
            it for it in data["opt_outs"] if event_id not in it["event_ids"]
        ]
        if is_thorough:
            for person in data["person"]["numbers"]:
                place = person["event_ids"].index(event_id)
                del person["event_ids"][place], person["links"][place]
        return data

    def find_stop(self, data):
        """Return the id of the newest opt-out."""
        return [
            event["content"]["event_id"]
            for event in data["events"]
            if event["content"]["event"] == "revoked"
        ][-1]

    def test_a_stop_that_was_dropped(self):
        data = self.read_document()
        stop_id = self.find_stop(data)
        self.write_document(self.drop(data, stop_id, is_thorough=False))
        self.assertBroken("not those that are listed of the numbers")
        self.write_document(
            self.drop(self.read_document() | data, stop_id, is_thorough=True)
        )
        self.assertBroken(f"event {stop_id}, which gave an answer, is missing")

    def test_a_stop_that_was_dropped_with_all_that_follows_from_it(self):
        """Only the packet's seal reveals it, and only the key can make that seal."""
        data = self.read_document()
        self.drop(data, self.find_stop(data), is_thorough=True)
        contents = [event["content"] for event in data["events"]]
        script = runpy.run_path(str(SCRIPT))
        derived, blank = script["replay"](contents), script["Standing"]()
        for row in data["answers"]:
            number, purpose = row["number_hash"], row["purpose"]
            own = derived.get((number, purpose), blank)
            of_all = derived.get((number, None), blank)
            answer = script["combine"](own, of_all)
            times = [it.since for it in (own, of_all) if it.since]
            row["state"], row["event_id"] = answer.state, answer.event_id or None
            row["since"] = max(times) if answer.event_id else None
        self.write_document(data)
        for name, column in (("events.csv", "event_id"), ("opt-outs.csv", "event_ids")):
            self.rewrite_table(name, column, data)
        self.sum_up()
        self.assertEqual(self.verify(self.folder)[0], 0)
        status, words = self.verify(self.folder, key=self.key)
        self.assertEqual(status, 1)
        self.assertIn("BROKEN: SEAL was not made with the key", words)

    def rewrite_table(self, name, column, data):
        """Remove a table's rows whose events are no longer in the document."""
        path = self.folder / name
        kept = {
            str(it)
            for event in data["events"]
            for it in (event["content"]["event_id"],)
        }
        lines = path.read_text("utf-8-sig").splitlines(keepends=True)
        place = lines[0].strip().split(",").index(column)
        rows = [line for line in lines[1:] if line.split(",")[place] in kept]
        path.write_text("\ufeff" + lines[0] + "".join(rows), "utf-8")

    def test_an_opt_out_that_is_not_listed(self):
        data = self.read_document()
        data["opt_outs"].pop()
        self.write_document(data)
        self.assertBroken("is not listed among the opt-outs")

    def test_answers_that_do_not_follow(self):
        data = self.read_document()
        for row in data["answers"]:
            for name, value in (
                ("state", "opted_in"),
                ("state", "none"),
                ("since", "2020-01-01T00:00:00Z"),
                ("event_id", data["events"][0]["content"]["event_id"]),
            ):
                if row[name] == value:
                    continue
                with self.subTest((row["purpose"], name)):
                    kept, row[name] = row[name], value
                    self.write_document(data)
                    self.assertBroken("does not follow")
                    row[name] = kept
        self.write_document({**data, "answers": []})
        self.assertBroken("does not follow|missing")

    def test_events_that_are_not_sealed(self):
        data = self.read_document()
        data["events"][-1].update(
            sequence=None, previous=None, hash=None, link_seal=None, seal="unsealed"
        )
        self.write_document(data)
        self.assertBroken("is not sealed")

    def test_a_link_without_its_seal(self):
        data = self.read_document()
        data["events"][1]["link_seal"] = None
        self.write_document(data)
        self.assertBroken(f"link {data['events'][1]['sequence']} has no seal")

    def test_a_number_that_was_exchanged(self):
        data = self.read_document()
        data["person"]["numbers"][0]["number"] = phone_number(88)
        self.write_document(data)
        self.assertBroken("is not that of its events")

    # === With the key ===

    def test_the_seals_hold(self):
        path = self.folder.parent / f"{self.folder.name}.key"
        self.addCleanup(path.unlink)
        path.write_text(self.key + "\n", "utf-8")
        for given_key in ((), ("--key", str(path))):
            status, words = self.verify(
                self.folder, *given_key, key=None if given_key else self.key
            )
            self.assertEqual(status, 0, words)
            self.assertIn("seals checked", words)
        path.write_text("", "utf-8")
        self.assertBroken("holds no key", "--key", str(path))
        self.assertBroken("cannot be read", "--key", str(path) + "x")

    def test_another_key(self):
        status, words = self.verify(self.folder, key="another")
        self.assertEqual((status, words), (1, "BROKEN: the key is not the ledger's"))

    def test_a_person_made_up_without_the_key(self):
        """Everything is recomputed, except for the seals."""
        data = self.read_document()
        own = data["events"][0]
        own["content"]["method"] = "web" if own["content"]["method"] != "web" else "api"
        own["hash"] = chain.link_hash(own["previous"], own["sequence"], own["content"])
        for event in data["events"][1:]:
            if event["sequence"] == own["sequence"] + 1:
                event["previous"] = own["hash"]
                event["hash"] = chain.link_hash(
                    event["previous"], event["sequence"], event["content"]
                )
                own = event
        self.write_document(data)
        status, words = self.verify(self.folder, key=self.key)
        self.assertEqual(status, 1)
        self.assertIn("was not sealed by the key", words)

    # === The whole chain ===

    def export(self):
        """Return the company's chain as a document."""
        return json.loads(self.env["sms.consent.check"]._export(self.company))

    def check_chain(self, data, key=None):
        """Run the script on a chain; return its exit status and output."""
        folder = self.folder.parent / f"{self.folder.name}-chain"
        folder.mkdir(exist_ok=True)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        shutil.copy(SCRIPT, folder)
        (folder / "evidence.json").write_text(json.dumps(data), "utf-8")
        return self.verify(folder, key=key)

    def test_the_chain(self):
        data = self.export()
        for key in (None, self.key):
            status, words = self.check_chain(data, key)
            self.assertEqual(status, 0, words)
        self.assertEqual(self.check_chain({**data, "links": []})[0], 0)

    def test_a_chain_that_was_tampered_with(self):
        def gone(data):
            del data["links"][2]

        def unsealed(data):
            data["links"][2]["seal"] = None

        def renamed(data):
            data["company_id"] += 1

        def emptied(data):
            data["links"][1]["content"] = None

        def renumbered(data):
            data["links"][1]["sequence"] = "2"

        for change, words in (
            (gone, "link 3 is missing"),
            (unsealed, "link 3 has no seal"),
            (renamed, "another company's"),
            (emptied, "the event of link 2 is missing"),
            (renumbered, ""),
        ):
            with self.subTest(change.__name__):
                data = self.export()
                change(data)
                status, said = self.check_chain(data)
                self.assertEqual(status, 1)
                self.assertTrue(re.match(f"BROKEN: .*{words}", said), said)
                self.assertNotIn("Traceback", said)
