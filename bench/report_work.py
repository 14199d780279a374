# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure recording delivery reports, without HTTP: a part of ``outbox.py``."""

import requests
from common import Usage, environment, vacuum
from company import agree, configure, make_messages

from odoo.tools import SQL

from odoo.addons.base.models.ir_cron import IrCron


def await_fetch(database, carrier, count):
    """Make messages that the carrier has accepted, and that its list shows."""
    with environment(database) as env:
        configure(env, carrier, workers=0)
        agree(env, count)
        make_messages(env, count)
        if "sms.report.fetch" not in env:
            messages = env["sms.sms"].search([])
            messages.write({"state": "pending", "to_delete": False})
            env["sms.tracker"].create([{"sms_uuid": sms.uuid} for sms in messages])
            env.cr.commit()
            return
        # Their ids at the carrier are those of its list (``carrier.py``).
        env.cr.execute(
            """
            UPDATE sms_sms sms
               SET state = 'pending', provider = 'twilio', report_rank = 1,
                   attempts = 2, is_report_fetched = TRUE, carrier_id = own.carrier_id,
                   sent_at = now() AT TIME ZONE 'UTC',
                   claimed_at = now() AT TIME ZONE 'UTC'
              FROM (SELECT id, 'SM' || lpad(to_hex(row_number() OVER (ORDER BY id) - 1),
                                            32, '0') AS carrier_id
                      FROM sms_sms) AS own
             WHERE own.id = sms.id
            """
        )
        env.cr.execute("DELETE FROM sms_report_fetch")
        cron = env.ref("helpdesk_mgmt_sms.ir_cron_sms_report_fetch")
        cron.active = True
        cron._trigger()
        env.cr.commit()
        vacuum(env, "sms_sms")
        requests.get(f"{carrier}/fill?{count}", timeout=60)


def fetch(database, _carrier, count):
    """Fetch reports from the carrier's list, as the cron does."""
    with environment(database) as env:
        env["sms.sms"].search([], limit=1).read(["state"])
    usage, left = Usage(), count
    while left:
        IrCron._process_jobs(database)
        with environment(database) as env:
            left = env["sms.sms"].search_count([("state", "=", "pending")], limit=1)
    used = usage.read()
    with environment(database) as env:
        assert env["sms.report"].search_count([]) >= count, "each is kept"
    return used


def take_singly(database, _carrier, count):
    """Record reports one by one, each in its own transaction, as a route does."""
    with environment(database) as env:
        rows = env.execute_query(SQL("SELECT uuid FROM sms_sms ORDER BY id"))
        take = _take_ours if "sms.report.fetch" in env else _take_native
        usage = Usage()
        for (uuid,) in rows[:count]:
            take(env, uuid)
            env.cr.commit()
            env.invalidate_all()
        return usage.read()


def _take_ours(env, uuid):
    from odoo.addons.helpdesk_mgmt_sms.providers.twilio import TwilioProvider

    form = {"MessageSid": "", "MessageStatus": "delivered", "To": "+13035550100"}
    report = TwilioProvider.parse_report(form)
    assert env["sms.sms"]._record_reports(env.company, "twilio", [(uuid, report)])


def _take_native(env, uuid):
    """Do what the status route of ``sms_twilio`` does after checking the signature."""
    trackers = env["sms.tracker"].search([("sms_uuid", "=", uuid)])
    trackers._action_update_from_sms_state("sent")
    found = env["sms.sms"].search([("uuid", "=", uuid), ("to_delete", "=", False)])
    found.to_delete = True
