# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import requests

from ..live import LiveCase

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
#: Highest accepted length of a body, in bytes.
FORM_LIMIT, JSON_LIMIT = 64 * 1024, 1024 * 1024


class TestTooMuch(LiveCase):
    """Too long bodies and other content types are refused before they are read."""

    def get_path(self, carrier="twilio"):
        """Return the path of an endpoint."""
        return f"/helpdesk_sms/{carrier}/{self.key}/inbound"

    def talk(self, path, headers, body=b""):
        """Send headers, and only this part of the body; return the status."""
        address = ("127.0.0.1", self.server.port)
        with socket.create_connection(address, timeout=30) as connection:
            lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            return int(connection.recv(100).split()[1])

    def test_what_is_too_long_is_refused_and_none_of_it_awaited(self):
        """The response comes although the body was never sent."""
        for carrier, kind, limit in (
            ("twilio", FORM, FORM_LIMIT),
            ("telnyx", JSON, JSON_LIMIT),
        ):
            for size in (limit + 1, 10**7, 10**12):
                with self.subTest(carrier=carrier, size=size):
                    headers = {"Content-Type": kind, "Content-Length": size}
                    status = self.talk(self.get_path(carrier), headers)
                    self.assertEqual(status, 413)

    def test_what_has_no_length_is_cut_off(self):
        headers = {"Content-Type": FORM, "Transfer-Encoding": "chunked"}
        chunk = b"x" * (FORM_LIMIT + 1)
        body = b"%x\r\n%s\r\n" % (len(chunk), chunk)
        # The response comes although the end of the body was never sent.
        self.assertIn(self.talk(self.get_path(), headers, body), (403, 413))

    def test_another_content_type_is_refused_and_none_of_it_awaited(self):
        for carrier, kind in (
            ("twilio", "multipart/form-data; boundary=x"),
            ("twilio", JSON),
            ("twilio", "text/plain"),
            ("telnyx", FORM),
            ("telnyx", "multipart/form-data; boundary=x"),
        ):
            with self.subTest(carrier=carrier, kind=kind):
                headers = {"Content-Type": kind, "Content-Length": 1000}
                self.assertEqual(self.talk(self.get_path(carrier), headers), 415)

    def test_what_a_carrier_sends_at_most_is_taken(self):
        form = {"MessageSid": "SM" + uuid.uuid4().hex, "From": "+13035550129"}
        form["Body"] = "x" * (FORM_LIMIT - len(urlencode({**form, "Body": ""})))
        self.assertEqual(len(urlencode(form)), FORM_LIMIT)
        self.assertEqual(self.post("inbound", form).status_code, 200)
        long = {**form, "Body": form["Body"] + "x"}
        self.assertEqual(self.post("inbound", long).status_code, 413)
        # Within Telnyx's limit, so that it is refused for its signature.
        event = json.dumps({"data": "x" * (JSON_LIMIT - 100)})
        url = self.server.url + self.get_path("telnyx")
        headers = {"Content-Type": JSON}
        response = requests.post(url, data=event, headers=headers, timeout=30)
        self.assertEqual(response.status_code, 403)

    def test_forms_of_our_pages_are_short_too(self):
        size = {"Content-Type": FORM, "Content-Length": 10**7}
        for path in ("/sms/join/x", "/sms/preferences/x"):
            with self.subTest(path=path):
                self.assertEqual(self.talk(path, size), 413)


class TestInboundEndpoint(LiveCase):
    """The public endpoint for texts, with valid, invalid and huge input."""

    def setUp(self):
        super().setUp()
        self.before = self._count_all()

    def _count_all(self):
        """Return the numbers of texts and of the ledger's events."""
        return (
            self.count("sms_inbound", "TRUE", []),
            self.count("sms_consent_event", "TRUE", []),
        )

    def _read_inbound(self, sid):
        """Return the stored text with an id of the carrier."""
        [inbound] = self.rpc(
            "sms.inbound",
            "search_read",
            [("provider_sid", "=", sid)],
            ["kind", "body", "number", "raw", "ticket_id", "partner_id", "error"]
            + ["mail_message_id"],
        )
        return inbound

    def test_a_forged_signature_is_refused_and_nothing_written(self):
        form = {"MessageSid": "SM1", "From": "+13035550110", "Body": "STOP"}
        for signature in ("forged", "", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "é" * 2000):
            with self.subTest(signature=signature):
                response = self.post("inbound", form, signature.encode())
                self.assertEqual(response.status_code, 403)
        self.assertEqual(self._count_all(), self.before)

    def test_a_missing_signature_is_refused_and_nothing_written(self):
        url = f"{self.server.url}/helpdesk_sms/twilio/{self.key}/inbound"
        response = requests.post(url, data={"MessageSid": "SM2"}, timeout=30)
        self.assertEqual(response.status_code, 403)
        self.assertEqual(self._count_all(), self.before)

    def test_a_signature_for_other_fields_is_refused(self):
        sid = "SM" + uuid.uuid4().hex
        form = {"MessageSid": sid, "From": "+13035550110", "Body": "hello"}
        good = self.sign("inbound", form)
        tampered = {**form, "From": "+13035550111"}
        self.assertEqual(self.post("inbound", tampered, good).status_code, 403)
        self.assertEqual(self._count_all(), self.before)

    def test_the_address_is_ours_and_not_the_callers(self):
        """X-Forwarded-Host cannot change the address over which requests are signed."""
        form = {"MessageSid": "SM3", "From": "+13035550110", "Body": "hello"}
        url = "http://evil.example/helpdesk_sms/twilio/{key}/inbound"
        signature = self.validator.compute_signature(url.format(key=self.key), form)
        response = requests.post(
            f"{self.server.url}/helpdesk_sms/twilio/{self.key}/inbound",
            data=form,
            headers={
                "X-Twilio-Signature": signature,
                "X-Forwarded-Host": "evil.example",
            },
            timeout=30,
        )
        self.assertEqual(response.status_code, 403)
        self.assertEqual(self._count_all(), self.before)

    def test_a_former_address_works_on_until_its_key_is_replaced_again(self):
        """Reports on earlier texts still go to the address that was given with them."""
        statuses = []
        for _round in range(2):
            self.rpc("res.company", "action_rotate_sms_webhook_key", [self.company_id])
            sid = "SM" + uuid.uuid4().hex
            form = {"MessageSid": sid, "From": "+13035550110", "Body": "still here"}
            statuses.append(self.post("inbound", form).status_code)
        self.assertEqual(statuses, [200, 404])
        [company] = self.rpc(
            "res.company", "read", [self.company_id], ["sms_webhook_key"]
        )
        type(self).key = company["sms_webhook_key"]
        self.assertEqual(self.post("inbound", form).status_code, 200)

    def test_an_unknown_key_is_not_found(self):
        for key in ("unknown", "x" * 5000, "%00", self.key + "x"):
            with self.subTest(key=key[:20]):
                url = f"{self.server.url}/helpdesk_sms/twilio/{key}/inbound"
                response = requests.post(url, data={"Body": "STOP"}, timeout=30)
                self.assertEqual(response.status_code, 404)
        self.assertEqual(self._count_all(), self.before)

    def test_another_method_is_refused(self):
        url = f"{self.server.url}/helpdesk_sms/twilio/{self.key}/inbound"
        self.assertEqual(requests.get(url, timeout=30).status_code, 405)

    def test_the_answer_is_empty_twiml(self):
        response = self.text("+13035550120", "Good morning")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Content-Type"].split(";")[0], "text/xml")
        self.assertEqual(
            response.text, '<?xml version="1.0" encoding="UTF-8"?><Response/>'
        )
        self.assertNotIn("Set-Cookie", response.headers)

    def test_unknown_fields_are_kept_and_do_no_harm(self):
        sid = "SM" + uuid.uuid4().hex
        self.text("+13035550120", "hi", sid, NewField="x", company_id="1", key="y")
        raw = self._read_inbound(sid)["raw"]
        self.assertEqual((raw["NewField"], raw["company_id"]), ("x", "1"))

    def test_bodies_of_all_kinds_are_kept(self):
        for body, kept in (
            ("", ""),
            ("a\x00b", "ab"),
            ("😀 fire in rack 4 🔥", "😀 fire in rack 4 🔥"),
            ("<script>alert(1)</script> {{ object.name }}", None),
            ("x" * 60_000, None),
        ):
            with self.subTest(body=body[:20]):
                sid = "SM" + uuid.uuid4().hex
                response = self.text("+13035550121", body, sid)
                self.assertEqual(response.status_code, 200)
                inbound = self._read_inbound(sid)
                self.assertEqual(inbound["body"], body if kept is None else kept)
                self.assertEqual(inbound["kind"], "conversation")

    def test_a_huge_and_hostile_text_is_posted_on_the_ticket(self):
        partner_id = self.make_customer("+13035550122")
        ticket_id = self.make_ticket(partner_id)
        sid = "SM" + uuid.uuid4().hex
        self.text("+13035550122", "<b>hi</b> {{ 7*7 }} " + "x" * 60_000, sid)
        inbound = self._read_inbound(sid)
        self.assertFalse(inbound["error"])
        self.assertEqual(inbound["ticket_id"][0], ticket_id)
        [message] = self.rpc(
            "mail.message",
            "read",
            [inbound["mail_message_id"][0]],
            ["body", "author_id", "res_id"],
        )
        self.assertEqual(message["res_id"], ticket_id)
        self.assertIn("&lt;b&gt;hi&lt;/b&gt; {{ 7*7 }}", message["body"])
        self.assertLess(len(message["body"]), 6000)
        self.assertEqual(message["author_id"][0], partner_id)

    def test_a_text_without_a_sender_is_kept_and_has_no_effect(self):
        sid = "SM" + uuid.uuid4().hex
        events = self._count_all()[1]
        self.assertEqual(self.text("", "STOP", sid).status_code, 200)
        self.assertEqual(self._read_inbound(sid)["kind"], "unreadable")
        self.assertEqual(self._count_all()[1], events)

    def test_a_name_or_a_short_code_is_not_answered(self):
        for sender in ("ACME-BANK", "12345"):
            with self.subTest(sender=sender):
                sid = "SM" + uuid.uuid4().hex
                self.assertEqual(self.text(sender, "HELP", sid).status_code, 200)
                self.assertEqual(self._read_inbound(sid)["kind"], "help")
                self.assertEqual(self.read_messages(sender), [])

    def test_a_stop_of_a_short_code_is_recorded(self):
        self.text("54321", "STOP")
        found = self.count(
            "sms_consent", "number = '54321' AND state = 'opted_out'", []
        )
        self.assertEqual(found, 1)

    def test_a_text_without_an_id_is_taken_once(self):
        form = {"From": "+13035550123", "To": "+13035550100", "Body": "no id here"}
        for _time in range(2):
            self.assertEqual(self.post("inbound", form).status_code, 200)
        found = self.count("sms_inbound", "body = 'no id here'", [])
        self.assertEqual(found, 1)

    def test_a_repeated_text_has_one_effect(self):
        """The same MessageSid ten times in parallel: one STOP, one confirmation."""
        number, sid = "+13035550124", "SM" + uuid.uuid4().hex
        with ThreadPoolExecutor(10) as pool:
            responses = list(
                pool.map(lambda _i: self.text(number, "STOP", sid), range(10))
            )
        self.assertEqual({response.status_code for response in responses}, {200})
        self.assertEqual(self.count("sms_inbound", "provider_sid = %s", [sid]), 1)
        self.assertEqual(self.count_events(number), 1)
        self.peer.wait_for(number)
        self.wait_state(number, "pending")
        self.assertEqual(len(self.peer.to(number)), 1)

    def test_texts_of_one_number_at_once_lose_nothing(self):
        """Ten parallel texts, a STOP among them: all are stored, and the STOP holds."""
        number = "+13035550125"
        partner_id = self.make_customer(number)
        ticket_id = self.make_ticket(partner_id)
        bodies = [f"line {i}" for i in range(9)] + ["stop"]
        with ThreadPoolExecutor(10) as pool:
            responses = list(pool.map(lambda body: self.text(number, body), bodies))
        self.assertEqual({response.status_code for response in responses}, {200})
        self.assertEqual(self.count("sms_inbound", "number = %s", [number]), 10)
        self.assertEqual(self.count("sms_inbound", "ticket_id = %s", [ticket_id]), 9)
        [partner] = self.rpc("res.partner", "read", [partner_id], ["sms_consent_state"])
        self.assertEqual(partner["sms_consent_state"], "opted_out")

    def test_help_is_answered_whatever_the_state(self):
        number = "+13035550126"
        self.text(number, "STOP")
        self.peer.wait_for(number)
        self.text(number, "Help?")
        answer = self.peer.wait_for(number, 2)[-1]
        self.assertIn("IT support", answer["Body"])
        self.assertIn("Reply STOP to opt out", answer["Body"])

    def test_what_the_carrier_has_answered_is_not_answered_again(self):
        number = "+13035550127"
        self.text(number, "AVSLUTA", OptOutType="STOP")
        self.assertEqual(self.read_messages(number), [])
        found = self.count(
            "sms_consent", "number = %s AND state = 'opted_out'", [number]
        )
        self.assertEqual(found, 1)

    def test_start_gives_back_what_stop_took_and_nothing_more(self):
        number = "+13035550128"
        partner_id = self.make_customer(number)
        for body in ("SUPPORT", "YES", "STOP", "START"):
            self.text(number, body)
        [partner] = self.rpc("res.partner", "read", [partner_id], ["sms_consent_state"])
        self.assertEqual(partner["sms_consent_state"], "opted_in")
        stranger = "+13035550129"
        self.text(stranger, "START")
        answer = self.peer.wait_for(stranger)[-1]
        self.assertIn("reply SUPPORT", answer["Body"])
        self.assertEqual(self.count("sms_consent", "number = %s", [stranger]), 0)

    def test_a_yes_to_no_question_is_conversation(self):
        number, sid = "+13035550130", "SM" + uuid.uuid4().hex
        self.text(number, "Yes", sid)
        self.assertEqual(self._read_inbound(sid)["kind"], "conversation")
        self.assertEqual(self.count("sms_consent", "number = %s", [number]), 0)


class TestStatusEndpoint(LiveCase):
    """The public endpoint for delivery reports."""

    def _sent(self, number):
        """Return a message that the peer has accepted, and its id there."""
        self.text(number, "HELP")
        posts = self.peer.wait_for(number)
        return self.wait_state(number, "pending"), posts[-1]["sid"]

    def test_reports_move_a_message_forward_only(self):
        number = "+13035550131"
        message, sid = self._sent(number)
        for status, state in (
            ("queued", "pending"),
            ("delivered", "sent"),
            ("sent", "sent"),
            ("delivered", "sent"),
            ("undelivered", "sent"),
            ("from_the_future", "sent"),
        ):
            with self.subTest(status=status):
                response = self.report(message, status, sid)
                self.assertEqual(response.status_code, 200)
                self.assertEqual(self.read_messages(number)[-1]["state"], state)

    def test_an_undelivered_message_says_why(self):
        number = "+13035550132"
        message, sid = self._sent(number)
        self.report(message, "undelivered", sid, ErrorCode="30007")
        last = self.read_messages(number)[-1]
        self.assertEqual(last["state"], "error")
        self.assertEqual(last["failure_type"], "sms_rejected")

    def test_the_carriers_opt_out_enters_the_ledger(self):
        number = "+13035550133"
        message, sid = self._sent(number)
        self.report(message, "failed", sid, ErrorCode="21610")
        found = self.count_events(number, "carrier")
        self.assertEqual(found, 1)

    def test_a_report_for_an_unknown_message_is_a_logged_nothing(self):
        for endpoint in (
            f"status/{uuid.uuid4().hex}",
            "status/x",
            "status/" + "y" * 3000,
        ):
            with self.subTest(endpoint=endpoint[:20]):
                form = {"MessageSid": "SM9", "MessageStatus": "delivered"}
                self.assertEqual(self.post(endpoint, form).status_code, 200)

    def test_a_forged_report_is_refused_and_changes_nothing(self):
        number = "+13035550134"
        message, sid = self._sent(number)
        form = {"MessageSid": sid, "MessageStatus": "delivered"}
        endpoint = f"status/{message['uuid']}"
        self.assertEqual(self.post(endpoint, form, "forged").status_code, 403)
        self.assertEqual(self.read_messages(number)[-1]["state"], "pending")

    def test_ten_reports_at_once(self):
        number = "+13035550135"
        message, sid = self._sent(number)
        statuses = ["sent", "delivered"] * 5
        with ThreadPoolExecutor(10) as pool:
            responses = list(
                pool.map(lambda status: self.report(message, status, sid), statuses)
            )
        self.assertEqual({response.status_code for response in responses}, {200})
        self.assertEqual(self.read_messages(number)[-1]["state"], "sent")
