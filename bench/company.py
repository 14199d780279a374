# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The company that is the carrier's customer, its consents and waiting messages."""

from common import fill_consents, phone

OWN_NUMBER = "+13035550100"
PUBLIC_URL = "http://sms.example"
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "5ecret-of-the-benchmark"
#: Rows that Odoo's mass composer creates per call.
BATCH = 1_000


def connect(company):
    """Give a company its account at the carrier and a number, if it has none."""
    country = company.env.ref("base.us")
    company.write(
        {
            "country_id": country.id,
            "sms_provider": "twilio",
            "sms_twilio_account_sid": ACCOUNT_SID,
            "sms_twilio_auth_token": AUTH_TOKEN,
        }
    )
    if not company.sms_twilio_number_ids:
        values = {"number": OWN_NUMBER, "country_id": country.id}
        company.sms_twilio_number_ids = [(0, 0, values)]


def configure(env, carrier, in_flight=64, rate=0, workers=1):
    """Make the company a customer of the carrier; leave only the outbox's crons active.

    :param str carrier: address of the carrier's API
    :param int in_flight: requests that a worker has open at the same time
    :param rate: segments per second of the sender; 0: no limit
    :param int workers: number of active crons, at most 2
    """
    connect(env.company)
    set_param = env["ir.config_parameter"].sudo().set_param
    set_param("web.base.url", PUBLIC_URL)
    env.flush_all()
    env.cr.execute("UPDATE ir_cron SET active = FALSE")
    env.invalidate_all()
    if "sms.dispatcher" in env:
        set_param("helpdesk_mgmt_sms.twilio_api_url", carrier)
        set_param("helpdesk_mgmt_sms.in_flight", str(in_flight))
        env["sms.sender"].search([]).rate = rate
        for name in ("ir_cron_sms_dispatch", "ir_cron_sms_dispatch_2")[:workers]:
            env.ref(f"helpdesk_mgmt_sms.{name}").active = True
    env.cr.execute("DELETE FROM sms_sms")
    env.cr.execute("DELETE FROM ir_cron_trigger")
    env.cr.commit()


def agree(env, count):
    """Record consent of the first ``count`` people by SQL, if the addon is there."""
    if "sms.consent" in env:
        purpose = env["sms.purpose"]._get("marketing")
        fill_consents(env, purpose, map(phone, range(count)))


def make_messages(env, count):
    """Make ``count`` messages, in the mass composer's batches."""
    for first in range(0, count, BATCH):
        env["sms.sms"].sudo().create(
            [
                {"number": phone(i), "body": f"Hello {i}, our office is closed."}
                for i in range(first, min(first + BATCH, count))
            ]
        )
        env.cr.commit()
        env.invalidate_all()
