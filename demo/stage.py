# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The calendar of the demo's week, and the actions of its people."""

import base64
from datetime import UTC, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, rrule

MODULE = "helpdesk_mgmt_sms"
ZONE = ZoneInfo("America/Denver")
#: Opening hours of the desk in the story. Before ``MORNING`` it ends the day before.
MORNING, EVENING = timedelta(hours=10, minutes=30), timedelta(hours=17, minutes=30)
SATURDAY = 5
CHANNEL = "helpdesk_mgmt.helpdesk_ticket_channel"
COLLEAGUES = ("agent", "manager", "technician")


class Calendar:
    """The working days of the story, in Denver's time; all times returned are UTC."""

    def __init__(self, now):
        local = now.replace(tzinfo=UTC).astimezone(ZONE).replace(tzinfo=None)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        working_days = rrule(
            DAILY, midnight - timedelta(weeks=2), byweekday=range(SATURDAY)
        )
        if local.weekday() >= SATURDAY or local - midnight < MORNING:
            midnight = working_days.before(midnight)
            local = midnight + EVENING
        self.end = min(local, midnight + EVENING).replace(second=0, microsecond=0)
        #: The working days of a week, the last one first.
        week = working_days.between(midnight - timedelta(weeks=1), midnight)
        self.days = [midnight, *reversed(week)]
        #: When consents are recorded: a week before the last day, in the afternoon.
        self.begin = self.to_utc(midnight - timedelta(days=7) + EVENING)
        self.tomorrow = midnight + timedelta(days=1)
        self.next_day = working_days.after(midnight)

    @staticmethod
    def to_utc(local):
        """Convert a time in Denver to UTC."""
        return local.replace(tzinfo=ZONE).astimezone(UTC).replace(tzinfo=None)

    def at(self, day, clock):
        """Return a moment: ``at(2, "09:45")``, ``at("sat", "16:05")``, ``at(0, "25")``.

        :param day: working days before the last one, ``sat`` or ``sun``
        :param str clock: time in Denver; on the last day (0), minutes before its end
        """
        if day in (0, "0"):
            return self.to_utc(self.end - timedelta(minutes=int(clock)))
        if day in ("sat", "sun"):
            back = (self.days[0].weekday() + (2 if day == "sat" else 1)) % 7
            date = self.days[0] - timedelta(days=back)
        else:
            date = self.days[int(day)]
        hour, minute = map(int, clock.split(":"))
        return self.to_utc(date + timedelta(hours=hour, minutes=minute))


class Stage:
    """The database, with the actions that people do in it."""

    def __init__(self, env, calendar):
        self.env, self.calendar = env, calendar
        self.company = env.company

    def ref(self, name):
        """Return a record by its XML id, by default one of the addon."""
        return self.env.ref(name if "." in name else f"{MODULE}.{name}")

    def partner(self, key):
        """Return the contact of a customer or a colleague."""
        if key in COLLEAGUES:
            return self.ref(f"user_demo_{key}").partner_id
        return self.ref(f"partner_demo_{key}")

    def number(self, key):
        """Return the number of a customer or a colleague (E.164)."""
        return self.partner(key).phone_sanitized

    def hands(self, login):
        """Return an environment with the user of a colleague."""
        context = {"lang": "en_US", "tz": ZONE.key}
        return self.env(user=self.ref(f"user_demo_{login}"), context=context)

    def settle(self, workers):
        """Flush as before a commit, then run scheduled actions and the outbox.

        :param workers: pairs of a model and its method; the outbox runs after them
        """
        self.env.cr.flush()
        for model, method in workers:
            getattr(self.env[model], method)()
        if self.env["sms.sms"].search_count([("state", "=", "outgoing")], limit=1):
            self.env["sms.dispatcher"]._run()
        self.env.cr.flush()

    # === Customers ===

    def text(self, key, words):
        """Text the company from a customer's phone; return the text's ticket."""
        self.hands("manager")["sms.virtual.phone"].send_text(self.number(key), words)
        return self.find_text(key).ticket_id

    def find_text(self, key):
        """Return the last text received from a customer or colleague."""
        domain = [("number", "=", self.number(key))]
        return self.env["sms.inbound"].search(domain, order="id desc", limit=1)

    def open_ticket(self, key, login, channel, title, words):
        """Create the ticket of a customer who has called or written."""
        partner = self.partner(key)
        values = {
            "name": title,
            "description": f"<p>{words}</p>",
            "partner_id": partner.id,
            "partner_name": partner.name,
            "partner_email": partner.email,
            "team_id": self.ref("team_demo_service_desk").id,
            "channel_id": self.ref(f"{CHANNEL}_{channel}").id,
            "user_id": self.ref(f"user_demo_{login}").id,
        }
        return self.hands(login)["helpdesk.ticket"].create(values)

    # === The desk ===

    def move(self, ticket, stage):
        """Move a ticket to one of the helpdesk's stages."""
        ticket.stage_id = self.ref(f"helpdesk_mgmt.helpdesk_ticket_stage_{stage}")

    def answer(self, ticket, login, words, **values):
        """Text a ticket's customer; take the ticket if nobody has."""
        ticket = ticket.with_env(self.hands(login))
        if not ticket.user_id:
            ticket.user_id = ticket.env.user
        if ticket.stage_id == self.ref("helpdesk_mgmt.helpdesk_ticket_stage_new"):
            self.move(ticket, "in_progress")
        ticket.mark_sms_read()
        ticket.send_sms_reply(words, uuid4().hex, is_sure=True, **values)

    def record_consent(self, key, how, source, codes, given_at, words=None):
        """Record a consent as another system does, by default to the wording in force.

        :param str key: of a customer or a colleague
        """
        api = self.hands("manager")["sms.consent.api"]
        api.record_consent(
            self.number(key),
            list(codes),
            how,
            given_at.isoformat(),
            words or api.get_wordings(list(codes))["wording"],
            source,
            f"demo-{key}-{'-'.join(codes)}",
            name=self.partner(key).name,
        )

    def import_list(self, name, rows, **values):
        """Import a list as a manager does: check it, then record the valid rows."""
        content = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
        job = self.hands("manager")["sms.consent.import"].create(
            {"file": base64.b64encode(content.encode()), "file_name": name, **values}
        )
        job.action_check()
        job.action_import()
        return job
