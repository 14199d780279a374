# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The events of the demo's week, chapter by chapter."""

from datetime import datetime, timedelta
from functools import partial
from itertools import count

from odoo.tools import file_open

from ..tools import monitoring, replies
from .stage import COLLEAGUES, MODULE

#: Scheduled actions that run after an act of each kind, and at the end.
AUTOMATIONS = (("sms.automation.run", "_run"),)
BROADCASTS = (*AUTOMATIONS, ("sms.broadcast", "_run_broadcasts"))
VISITS = (*AUTOMATIONS, ("sms.reminder", "_run"))
ALERTS = (("sms.team.alert", "_run"),)
LATER = (
    ("sms.incident", "_run_incidents"),
    ("sms.consent.link", "_run_sealer"),
    ("sms.consent.check", "_run_checks"),
    ("sms.day", "_run"),
)
#: Consents given in the weeks before: customer, method, source, purposes. All others
#: are imported from a list.
CONSENTS = (
    ("priya", "web", "Order form", ("ticket", "alert", "appointment")),
    ("tom", "paper", "Signed form, folder 12", ("ticket", "alert", "appointment")),
    ("mei", "phone", "Call recording 4711", ("ticket", "alert", "appointment")),
    ("omar", "in_person", "Front desk, Boulder", ("ticket", "appointment")),
    ("lucia", "web", "Order form", ("ticket", "alert")),
    ("luis", "written", "Mail of the customer, ticket folder", ("ticket",)),
)
#: Customers not on that list: they opt in by SUPPORT and YES this week, have a consent
#: above, or none at all (Oscar).
NOT_ON_LIST = {"dana", "ivan", "will", "oscar"} | {it[0] for it in CONSENTS}
REPLIES = (
    (9, "nate", "Got one this morning, deleted it"),
    (12, "cole", "I clicked on it and typed my password... what now?"),
    (16, "wanda", "Thanks for the heads up!"),
    (21, "faye", "We had three of them here in Boulder"),
    (34, "hank", "STOP"),
)


def read_talks():
    """Yield the conversations of ``talks.txt``: header fields, title, text, steps."""
    with file_open(f"{MODULE}/demo/talks.txt") as file:
        _explanation, *blocks = file.read().strip().split("\n\n")
    for block in blocks:
        first, words, *steps = block.split("\n")
        header, _bar, title = first.partition(" | ")
        yield header.split(), title, words, steps


class Story:
    """The acts of the week: all are planned first, then played in order of time."""

    def __init__(self, stage):
        self.stage, self.calendar = stage, stage.calendar
        self.acts, self._order, self.workers = [], count(), ()
        self.tickets = {}

    def plan(self, moment, act, *args, **values):
        """Plan an act for a moment (UTC). ``None`` only runs the scheduled actions."""
        act = partial(act, *args, **values) if act else None
        self.acts.append((moment, next(self._order), act, self.workers))

    def play(self, clock):
        """Plan all chapters, and play their acts in order of time."""
        for chapter, workers in (
            (self.plan_consents, ()),
            (self.plan_talks, AUTOMATIONS),
            (self.plan_consent_changes, AUTOMATIONS),
            (self.plan_broadcast, BROADCASTS),
            (self.plan_incident, BROADCASTS),
            (self.plan_alerts, ALERTS),
            (self.plan_visits, VISITS),
            (self.plan_reassigned, ()),
            (self.plan_end, AUTOMATIONS),
        ):
            self.workers = workers
            chapter()
        for moment, _order, act, workers in sorted(self.acts, key=lambda it: it[:2]):
            clock.move_to(max(moment, datetime.now()))
            if act:
                act()
            self.stage.settle(workers)

    # === Chapters ===

    def plan_consents(self):
        """Plan the consents of the weeks before: six single ones, and a list."""
        begin, stage = self.calendar.begin, self.stage
        for index, (key, how, source, codes) in enumerate(CONSENTS):
            given_at = begin - timedelta(days=9 - index, hours=-5)
            self.plan(begin, stage.record_consent, key, how, source, codes, given_at)
        words = "I agree to urgent texts and calls about our systems while I work here."
        said = ("in_person", "Personnel file", ("internal",))
        for key in COLLEAGUES:
            given_at = begin - timedelta(days=60)
            self.plan(begin, stage.record_consent, key, *said, given_at, words)
        self.plan(begin, self.import_customers, begin)
        self.plan(begin, self.subscribe_to_mail)

    def import_customers(self, begin):
        """Import the consents that a former system has collected."""
        stage = self.stage
        api = stage.hands("manager")["sms.consent.api"]
        wording = api.get_wordings(["ticket", "alert"])["wording"]
        wording = " ".join(wording.split()).replace('"', "'")
        partners = stage.env["res.partner"].search([("phone", "like", "-555-01")])
        partners -= stage.company.partner_id
        for key in (*NOT_ON_LIST, *COLLEAGUES):
            partners -= stage.partner(key)
        rows = [("Phone", "Name", "Given on", "How", "Wording", "Source")]
        for index, partner in enumerate(partners.sorted("id")):
            day = (begin - timedelta(days=40 + 7 * index)).date().isoformat()
            said = (day, "web form", wording, f"Order {20411 + 17 * index}")
            rows.append((partner.phone, partner.name, *said))
        codes = [("code", "in", ("ticket", "alert"))]
        purposes = stage.env["sms.purpose"].search(codes)
        values = {"purpose_ids": [(6, 0, purposes.ids)]}
        stage.import_list("customers of the order system.csv", rows, **values)

    def subscribe_to_mail(self):
        """Subscribe a customer, in the portal, to news about the mail service."""
        partner = self.stage.partner("priya")
        values = {
            "company_id": self.stage.company.id,
            "area_id": self.stage.ref("area_demo_mail").id,
            "partner_id": partner.id,
            "number": partner.phone_sanitized,
            "lang": "en_US",
            "method": "portal",
        }
        self.stage.env["sms.subscription"].create(values)

    def plan_talks(self):
        """Plan every conversation of ``talks.txt``."""
        for (day, clock, key, channel, login), title, words, steps in read_talks():
            moment, name = self.calendar.at(day, clock), (key, day, clock)
            self.plan(moment, self.begin, name, channel, title, login, words)
            is_taken = channel != "text"
            for step in steps:
                kind, minutes, *rest = step.split(" ", 2)
                if kind == ">" and not is_taken:
                    soon = moment + timedelta(minutes=int(minutes) / 2)
                    self.plan(soon, self.take, name, login)
                    is_taken = True
                moment += timedelta(minutes=int(minutes), seconds=len(step) % 50)
                self.plan(moment, self.go_on, name, login, kind, *rest)

    def begin(self, name, channel, title, login, words):
        """Open a conversation by the customer's text, or by a ticket of the desk."""
        key = name[0]
        if channel == "text":
            ticket = self.stage.text(key, words)
        else:
            ticket = self.stage.open_ticket(key, login, channel, title, words)
        self.tickets[name] = ticket.id

    def take(self, name, login):
        """Assign a conversation to a user."""
        ticket = self.stage.hands(login)["helpdesk.ticket"].browse(self.tickets[name])
        ticket.user_id = ticket.env.user

    def go_on(self, name, login, kind, words=""):
        """Do one step of a conversation; ``talks.txt`` explains the kinds."""
        stage = self.stage
        ticket = stage.hands(login)["helpdesk.ticket"].browse(self.tickets[name])
        if kind == "<":
            stage.text(name[0], words)
        elif kind == ">":
            stage.answer(ticket, login, words)
        elif kind == "#":
            ticket.message_post(body=words)
        else:
            ticket.mark_sms_read()
            stage.move(ticket, {"~": "awaiting", "=": "done"}[kind])

    def plan_consent_changes(self):
        """Plan opt-ins by keyword, and opt-outs in own words and by phone.

        STOP is among the replies to the broadcast.
        """
        at, text = self.calendar.at, self.stage.text
        joins = {"dana": (4, "12:10"), "ivan": ("sun", "18:20"), "will": (1, "11:30")}
        for key, day_and_hour in joins.items():
            moment = at(*day_and_hour)
            self.plan(moment, text, key, "SUPPORT")
            self.plan(moment + timedelta(minutes=2), text, key, "YES")
        self.plan(at(1, "12:05"), text, "karl", "Please stop texting me")
        self.plan(at(1, "16:40"), self.opt_out_by_phone, "edna")
        self.plan(at(0, "55"), text, "tess", "Too many texts lately")

    def opt_out_by_phone(self, key):
        """Record an opt-out that a customer has told the desk on the phone."""
        hands = self.stage.hands("agent")
        values = {
            "number": self.stage.number(key),
            "decision": "revoked",
            "method": "phone",
            "note": "Called the desk. Prefers mail from now on.",
            "res_model": "res.partner",
            "res_id": self.stage.partner(key).id,
        }
        hands["sms.consent.record"].create(values).action_record()

    def plan_broadcast(self):
        """Plan a warning to everybody in Denver and Boulder, and their replies."""
        moment = self.calendar.at(2, "10:15")
        self.plan(moment, self.prepare_broadcast)
        self.plan(moment + timedelta(minutes=3), self.send_broadcast)
        for minutes, key, words in REPLIES:
            self.plan(moment + timedelta(minutes=minutes), self.stage.text, key, words)
        words = "Hi Cole, your password is reset. I call you in two minutes."
        self.plan(moment + timedelta(minutes=15), self.answer_text, "cole", words)
        words = "Thanks, Faye. We have blocked the sender for all."
        self.plan(moment + timedelta(minutes=50), self.answer_text, "faye", words)
        for key in ("nate", "wanda", "faye"):
            self.plan(moment + timedelta(minutes=50), self.close_talk, key)

    def prepare_broadcast(self):
        """Write the warning, and start the check of its recipients."""
        hands = self.stage.hands("manager")
        values = {
            "name": "Phishing mail “Payroll update”",
            "area_ids": [(6, 0, self.stage.ref("area_demo_denver").ids)],
            "body": '[Security] A mail called "Payroll update" asks for your '
            "password. It is not from us: please delete it. Clicked already? Reply "
            "here, and we call you.",
        }
        broadcast = hands["sms.broadcast"].create(values)
        broadcast.action_check()
        self.broadcast_id = broadcast.id

    def send_broadcast(self):
        """Send the warning."""
        broadcasts = self.stage.hands("manager")["sms.broadcast"]
        broadcasts.browse(self.broadcast_id).action_send()

    def answer_text(self, key, words):
        """Answer a customer's last text."""
        self.stage.answer(self.stage.find_text(key).ticket_id, "agent", words)

    def close_talk(self, key):
        """Close the ticket of a customer's last text."""
        ticket = self.stage.find_text(key).ticket_id
        ticket = ticket.with_env(self.stage.hands("agent"))
        ticket.mark_sms_read()
        self.stage.move(ticket, "done")

    def plan_incident(self):
        """Plan an open incident with its news and tickets, and a maintenance."""
        at = self.calendar.at
        self.plan(at(0, "52"), self.open_incident)
        found = (
            "Remote desktops and shared drives cannot be reached from Denver and "
            "Boulder. E-mail works. We say more within the hour."
        )
        self.plan(at(0, "48"), self.open_publishing)
        self.plan(at(0, "46"), self.publish, found)
        self.plan(at(0, "41"), self.report_outage)
        words = "No connection to the data center here in Boulder"
        self.plan(at(0, "38"), self.stage.text, "abel", words)
        words = "Is the connection to the data center down? My desktop is gone"
        self.plan(at(0, "36"), self.stage.text, "june", words)
        self.plan(at(0, "34"), self.join_incident, "priya")
        cause = (
            "A switch has failed, and a technician is replacing it. Please work on "
            "local copies meanwhile."
        )
        self.plan(at(0, "16"), self.open_publishing)
        self.plan(at(0, "14"), self.publish, cause, is_told=False)
        self.plan(at(0, "12"), self.plan_maintenance)

    def open_incident(self):
        """Open the incident in the area of Denver."""
        values = {
            "name": "No connection to the Denver data center",
            "area_ids": [(6, 0, self.stage.ref("area_demo_denver").ids)],
        }
        self.incident_id = self.stage.hands("manager")["sms.incident"].create(values).id

    def open_publishing(self):
        """Open the form to publish news, which determines who would be notified."""
        incidents = self.stage.hands("manager")["sms.incident"]
        self.form_id = incidents.browse(self.incident_id).action_publish()["res_id"]

    def publish(self, words, is_told=True):
        """Publish news."""
        form = self.stage.hands("manager")["sms.incident.publish"].browse(self.form_id)
        form.write({"body": words, "is_told": is_told})
        form.action_publish()

    def report_outage(self):
        """Create the ticket of a customer who has called about the outage."""
        words = "The connection has been dropping for half an hour."
        ticket = self.stage.open_ticket(
            "dana", "agent", "phone", "VPN drops every ten minutes", words
        )
        ticket.sms_incident_id = self.incident_id

    def join_incident(self, key):
        """Link the ticket that a customer has opened before to the incident."""
        ticket = self._find_ticket(key).with_env(self.stage.hands("agent"))
        ticket.sms_incident_id = self.incident_id

    def plan_maintenance(self):
        """Announce a maintenance, in three days early in the morning, on its page."""
        start = self.calendar.tomorrow + timedelta(days=3, hours=5)
        hands = self.stage.hands("manager")
        values = {
            "name": "New core switch in Denver",
            "area_ids": [(6, 0, self.stage.ref("area_demo_denver").ids)],
            "planned_from": self.calendar.to_utc(start),
            "planned_to": self.calendar.to_utc(start + timedelta(hours=2)),
            "end_words": "The new core switch is in place. Remote desktops and "
            "shared drives work again.",
        }
        incident = hands["sms.incident"].create(values)
        hands["sms.incident.news"].create(
            {
                "incident_id": incident.id,
                "state": "planned",
                "body": "We replace the core switch early in the morning. Remote "
                "desktops and shared drives cannot be reached for up to two hours.",
            }
        )

    def plan_alerts(self):
        """Plan three alerts: acknowledged by text, escalated to a call, and today's."""
        at, minute = self.calendar.at, timedelta(minutes=1)
        moment = at(3, "11:20")
        words = "Backup of file server FS2 has failed twice. Look at the job log."
        self.plan(moment, self.raise_alert, words)
        self.plan(moment + 2 * minute, self.reply_to_alert, replies.ACKNOWLEDGE)
        self.plan(moment + 47 * minute, self.reply_to_alert, replies.RESOLVE)
        moment = at("sat", "14:20")
        words = "Server 4 offline. All hands on deck in the data center."
        self.plan(moment, self.report_trouble, words, True)
        self.plan(moment + minute, None)
        self.plan(moment + 2 * minute, self.decline_calls)
        self.plan(moment + 3 * minute, None)
        self.plan(moment + 4 * minute, self.answer_call)
        self.plan(moment + 75 * minute, self.report_trouble, words, False)
        moment = at(0, "33")
        self.plan(moment, self.raise_alert, "UPS in rack B is on battery, 38 % left.")
        self.plan(moment + 3 * minute, self.reply_to_alert, replies.ACKNOWLEDGE)

    def raise_alert(self, words):
        """Raise an alert from the board."""
        forms = self.stage.hands("manager")["sms.team.alert.raise"]
        team = self.stage.ref("team_demo_data_center")
        forms.create({"team_id": team.id, "name": words}).action_raise()

    def report_trouble(self, words, is_firing):
        """Report a problem, or its end, as the monitoring system does."""
        trouble = monitoring.Trouble("server4", is_firing, words)
        report = monitoring.Report("server4", (trouble,))
        self.stage.ref("sms_alert_source_demo")._take(report)

    def reply_to_alert(self, action):
        """Answer the newest alert by the phone of whoever was told first."""
        alert = self.stage.env["sms.team.alert"].search([], order="id desc", limit=1)
        phone = self.stage.hands("manager")["sms.virtual.phone"]
        phone.send_text(alert._get_told()[0].number, alert._get_codes()[action])

    def _get_ringing(self):
        phone = self.stage.hands("manager")["sms.virtual.phone"]
        return phone, [call["id"] for call in phone.get_calls()]

    def decline_calls(self):
        """Decline the call: whoever is on call is on a plane."""
        phone, calls = self._get_ringing()
        for call_id in calls:
            phone.hang_up(call_id, is_declined=True)

    def answer_call(self):
        """Answer the call as the next on the list, and acknowledge the alert."""
        phone, calls = self._get_ringing()
        for call_id in calls:
            phone.answer_call(call_id)
            phone.press_key(call_id, "1")

    def plan_visits(self):
        """Plan visits: two that are over, one moved, and the next with its reminder."""
        at, hour = self.calendar.at, timedelta(hours=1)
        tomorrow = self.calendar.tomorrow
        # The reminder is sent a day before, which must be before the story ends.
        clock = (self.calendar.end - self.calendar.days[0]) - hour
        soon = self.calendar.to_utc(tomorrow + clock // hour * hour)
        title = "Docking station is not recognized"
        visits = (
            ("priya", title, at(4, "11:10"), at(3, "14:00")),
            ("mei", "Second screen to be mounted", at(3, "12:20"), at(1, "10:00")),
            ("tom", "New laptop is to be set up", at(2, "12:00"), soon),
            ("omar", "Second display for room 4", at(2, "16:50"), at(1, "15:00")),
        )
        for key, title, booked_at, start in visits:
            self.plan(booked_at, self.book, key, title, start)
            for before in (24 * hour, 2 * hour):
                if booked_at < start - before <= at(0, "0"):
                    self.plan(start - before + timedelta(minutes=1), None)
        self.plan(at(4, "11:19"), self.stage.text, "priya", "1")
        self.plan(at(3, "12:31"), self.stage.text, "mei", "1")
        moved_to = self.calendar.to_utc(self.calendar.next_day + 15 * hour)
        self.plan(at(1, "09:20"), self.move_visit, "omar", moved_to)
        self.plan(at(0, "40"), self.stage.text, "tom", "1")
        self.plan(at(3, "15:05"), self.end_visit, "priya")
        self.plan(at(1, "11:05"), self.end_visit, "mei")

    def book(self, key, title, start):
        """Book a visit for a new ticket; the customer is notified by text."""
        ticket = self.stage.open_ticket(key, "technician", "phone", title, title)
        hands = self.stage.hands("technician")
        people = ticket.partner_id | hands.user.partner_id
        # No invitations by e-mail from a demo.
        values = {
            "name": f"{ticket.number} {title}",
            "start": start,
            "stop": start + timedelta(hours=1),
            "ticket_id": ticket.id,
            "user_id": hands.uid,
            "technician_id": hands.uid,
            "partner_ids": [(6, 0, people.ids)],
            "location": f"{ticket.partner_id.street}, {ticket.partner_id.city}",
        }
        hands["calendar.event"].with_context(no_mail_to_attendees=True).create(values)

    def _find_visit(self, key):
        events = self.stage.hands("technician")["calendar.event"]
        events = events.with_context(no_mail_to_attendees=True)
        return events.search([("partner_ids", "in", self.stage.partner(key).ids)])

    def move_visit(self, key, start):
        """Move the visit of a customer: the technician is ill."""
        stop = start + timedelta(hours=1)
        self._find_visit(key).write({"start": start, "stop": stop})

    def end_visit(self, key):
        """Close the ticket of a customer who was visited."""
        self.stage.move(self._find_visit(key).ticket_id, "done")

    def plan_reassigned(self):
        """Plan a query of the Reassigned Numbers Database, and its answers."""
        self.plan(self.calendar.at(3, "16:10"), self.ask_reassigned)
        self.plan(self.calendar.at(2, "08:40"), self.import_answers)

    def ask_reassigned(self):
        """Query the consents that are more than a month old."""
        forms = self.stage.hands("manager")["sms.reassigned.wizard"]
        forms.create({"company_code": "LARKSPUR"}).action_make()

    def import_answers(self):
        """Import the database's answers: two numbers have been reassigned."""
        stage = self.stage
        query = stage.env["sms.reassigned.file"].search([], limit=1)
        hashes = query.row_ids.mapped("number_hash")
        consents = stage.env["sms.consent"].search([("number_hash", "in", hashes)])
        number_of = dict(consents.mapped(lambda it: (it.number_hash, it.number)))
        lost = {stage.number("greta"), stage.number("dale")}
        rows = [("TN", "Date", "Disconnected")]
        for row in query.row_ids:
            number = number_of[row.number_hash]
            answer = "yes" if number in lost else "no"
            rows.append((number.removeprefix("+1"), row.day.isoformat(), answer))
        values = {"decision": "answers", "query_id": query.id}
        stage.import_list("reassigned numbers, answers.csv", rows, **values)

    def plan_end(self):
        """Plan what is still open at the end: refused, scheduled and snoozed."""
        at, stage = self.calendar.at, self.stage
        self.plan(at(0, "44"), self.refuse_text)
        self.plan(at(0, "8"), self.plan_text)
        self.plan(at(0, "5"), self.snooze)
        self.plan(at(0, "1"), stage.settle, LATER)

    def refuse_text(self):
        """Text a customer without consent: the gate refuses the text."""
        words = "The lid sensor is broken: the screen goes dark."
        ticket = self.stage.open_ticket(
            "oscar", "agent", "phone", "Laptop goes dark when it is moved", words
        )
        words = "Hi Oscar, your spare laptop is ready at the front desk, Blake Street."
        self.stage.answer(ticket, "agent", words)

    def plan_text(self):
        """Write a text that is sent the next morning."""
        send_at = self.calendar.to_utc(self.calendar.next_day + timedelta(hours=8))
        ticket = self._find_ticket("mei")
        words = "Good morning Mei, the spare screen is here. May I come at 10?"
        self.stage.answer(ticket, "agent", words, send_at=str(send_at))

    def snooze(self):
        """Snooze a conversation until the next afternoon."""
        until = self.calendar.to_utc(self.calendar.next_day + timedelta(hours=15))
        ticket = self._find_ticket("ruth").with_env(self.stage.hands("agent"))
        ticket.mark_sms_read()
        ticket.snooze_sms(str(until))

    def _find_ticket(self, key):
        """Return the ticket of a customer's conversation on the last day."""
        last_day = {name[0]: it for name, it in self.tickets.items() if name[1] == "0"}
        return self.stage.env["helpdesk.ticket"].browse(last_day[key])
