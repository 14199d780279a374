# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prepare a copy of the demo for the screenshots; run by Odoo's shell.

Most pictures show the demo as it is. What it lacks is made here: a stack of signed
forms, a checked import, a verification of the ledger. Prints the ids that
``pictures.mjs`` opens.
"""

import base64
import io
import json
from datetime import timedelta
from pathlib import Path

from odoo import fields

from odoo.addons.helpdesk_mgmt_sms.tools import evidence

#: Scheduled actions that process what is done here, as cron threads would.
CRONS = ("webhook", "automation", "broadcast", "dispatch", "consent_seal", "day")
LIST = """Phone,Name,Given on,How,Wording,Source
{rows}call me,Ruth Pohl,2026-03-02,web form,I agree to texts.,Order 161
+13035550171,Kim Larsen,,web form,I agree to texts.,Order 162
+13035550172,Ali Haddad,2026-03-04,web form,I agree to texts.,
"""
ROW = (
    "+1212555{index:04},Customer {index},2026-03-01,web form,I agree to texts.,"
    "Order {index}\n"
)
#: By language: locale, customer, number, city and agent of the scenes in walk.mjs.
WALKS = {
    "en": ("en_US", "Emily Carter", "+13035550181", "Denver", "Ana Miller"),
    "es": ("es_ES", "Elena Romero", "+34612345670", "Madrid", "Marta Gil"),
    "fr": ("fr_FR", "Camille Laurent", "+33612345670", "Lyon", "Julie Morel"),
    "de": ("de_DE", "Jonas Weber", "+4915123456780", "Köln", "Sabine Vogt"),
}
ZONES = {
    "Denver": "America/Denver",
    "Madrid": "Europe/Madrid",
    "Lyon": "Europe/Paris",
    "Köln": "Europe/Berlin",
}
#: The list of forms shows only the scan's name.
SCAN = base64.b64encode(b"%PDF-1.4 a signed form").decode()


def run_crons(env):
    """Commit, and do what Odoo's cron threads do after that."""
    env.cr.commit()
    for name in CRONS:
        env.ref(f"helpdesk_mgmt_sms.ir_cron_sms_{name}").sudo().method_direct_trigger()
    env.cr.commit()
    env.invalidate_all()


def find_customer(env):
    """Return the customer of the open ticket with the most texts, and that ticket."""
    tickets = env["helpdesk.ticket"].search([("partner_id.phone", "!=", False)])
    tickets = tickets.filtered(
        lambda it: not it.stage_id.closed and it.sms_consent_state == "opted_in"
    )
    count = env["sms.sms"].search_count
    ticket = tickets.sorted(
        lambda it: count([("number", "=", it.partner_phone_sanitized)]), reverse=True
    )[:1]
    return ticket.partner_id, ticket


def stack_forms(env):
    """Return a stack of signed forms that are not recorded yet."""
    purposes = env["sms.purpose"].search([("code", "in", ("ticket", "appointment"))])
    people = [("+13035550173", "Nora Lind"), ("+13035550174", "Omar Said")]
    forms = [
        {"number": number, "name": name, "scan_name": f"form {name.lower()}.pdf"}
        for number, name in people
    ]
    values = {
        "purpose_ids": [(6, 0, purposes.ids)],
        "signed_on": fields.Date.today() - timedelta(days=3),
        "witness": "Ana Castillo, front desk",
        "line_ids": [fields.Command.create({**form, "scan": SCAN}) for form in forms],
    }
    return env["sms.consent.paper"].create(values)


def check_list(env):
    """Return an import whose rows were checked, some of them wrong."""
    rows = "".join(ROW.format(index=index) for index in range(101, 161))
    purposes = env["sms.purpose"].search([("code", "=", "ticket")])
    values = {
        "file": base64.b64encode(LIST.format(rows=rows).encode()),
        "file_name": "crm.csv",
        "purpose_ids": [(6, 0, purposes.ids)],
    }
    job = env["sms.consent.import"].create(values)
    job.action_check()
    return job


def raise_alert(env):
    """Raise a team alert that is texted to whoever is on call; return it."""
    team = env["sms.oncall.shift"].search([], limit=1).team_id
    alert = env["sms.team.alert"]._raise(
        team, "Server 4 offline. All hands on deck in the data center."
    )
    run_crons(env)
    return alert


def make_certificate(env, number):
    """Write a number's certificate as a web page; return its ``file:`` address."""
    source, stream = env["sms.evidence"], io.StringIO()
    facts = source._gather(env.company, [number], [])
    evidence.write_json(stream, facts)
    digest = evidence.sha256(stream.getvalue().encode())
    file = Path("pictures-certificate.html").resolve()
    file.write_bytes(source._make_page(facts, digest))
    return file.as_uri()


def activate_languages(env):
    """Install all languages of :data:`WALKS`."""
    codes = [lang for lang, *_others in WALKS.values()]
    langs = env["res.lang"].with_context(active_test=False)
    langs = langs.search([("code", "in", codes), ("active", "=", False)])
    if langs:
        env["base.language.install"].create({"lang_ids": langs.ids}).lang_install()


def make_walkers(env):
    """Return a customer and an agent of each language, as plain data by language."""
    activate_languages(env)
    manager = env["res.users"].search([("login", "=", "manager")])
    cron = env.ref("helpdesk_mgmt_sms.ir_cron_sms_reminder")
    walks = {}
    for code, (lang, name, number, city, agent) in WALKS.items():
        place = {"lang": lang, "tz": ZONES[city]}
        customer = env["res.partner"].create(
            {"name": name, "phone": number, "city": city, **place}
        )
        login = f"agent_{code}"
        manager.copy({"name": agent, "login": login, "password": login, **place})
        area = env["sms.area"].create({"name": city, "cities": city})
        walks[code] = {
            "lang": lang,
            "number": number,
            "customer": customer.id,
            "area": area.id,
            "cron": cron.id,
        }
    return walks


def set_scene(env):
    """Return the records and addresses that pictures.mjs needs, as plain data."""
    manager = env(user=env["res.users"].search([("login", "=", "manager")]))
    run_crons(env)
    customer, ticket = find_customer(env)
    number = customer.phone_sanitized
    on_tickets = [("mail_message_id.model", "=", "helpdesk.ticket")]
    blocked = env["sms.sms"].search(
        [("gate_reason", "=", "no_consent"), *on_tickets], limit=1
    )
    alerts = env["sms.team.alert"].search([], order="id DESC")
    broadcast = env["sms.broadcast"].search([("state", "!=", "draft")], limit=1)
    check = env["sms.consent.check"]._verify(env.company)
    scene = {
        "customer": customer.name,
        "number": number,
        "ticket": ticket.id,
        "blocked": blocked.mail_message_id.res_id,
        "alert": (alerts[:1] or raise_alert(manager)).id,
        "broadcast": broadcast.id,
        "paper": stack_forms(manager).id,
        "list": check_list(manager).id,
        "check": check.id,
        "certificate": make_certificate(manager, number),
        "consent": env["sms.consent"].search([("number", "=", number)], limit=1).id,
        "preferences": env["sms.preference.link"]
        ._make(env.company, number, env["sms.consent.key"]._hash([number])[number])
        ._get_path(),
        "walks": make_walkers(env),
    }
    env.cr.commit()
    return scene


print("scene:", json.dumps(set_scene(env)))  # noqa: F821
