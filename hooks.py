# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Work of the server's start, of an installation and of a removal."""

from odoo.tools import SQL

from .models.ledger.ledger_guards import get_guards
from .report.sms_day_stale import WATCHED
from .tools import log_mask


def mask_logs():
    """Keep numbers, texts and tokens out of the server's log, from the start."""
    log_mask.install()


def post_init_hook(env):
    """Bring what is there already up to the addon's rules.

    Each company gets keys of its own (a default would give all the same), and
    messages that wait or have been sent get their company and the purpose of other
    apps' messages, without which the outbox would not find them. The ledger's key is
    made now: two first messages at once would each make one, and one of them fail.
    Who is on Odoo's blacklist has opted out, and the ledger says so from now on.
    """
    env["sms.consent.key"]._get()
    companies = env["res.company"].with_context(active_test=False).search([])
    companies._ensure_sms_keys()
    env["sms.sender"]._sync(companies)
    env["sms.sms"].flush_model()
    env.cr.execute(
        """
        UPDATE sms_sms sms
           SET record_company_id = message.record_company_id
          FROM mail_message message
         WHERE message.id = sms.mail_message_id
           AND message.record_company_id IS NOT NULL
        """
    )
    env.cr.execute(
        """
        UPDATE sms_sms
           SET purpose_id = %s,
               record_company_id = COALESCE(record_company_id, %s),
               not_before = COALESCE(not_before, create_date)
         WHERE purpose_id IS NULL
        """,
        [env["sms.purpose"]._get("marketing").id, env.company.id],
    )
    env["sms.sms"].invalidate_model()
    env["phone.blacklist"]._record_all_sms_opt_outs()


def uninstall_hook(env):
    """Take the triggers away, so that their tables can go; decrypt what is Odoo's."""
    env["sms.encryption"]._decrypt_host()
    names = {guard.function for _table, guard in get_guards(env)}
    names |= {f"sms_day_mark_{watch.table}" for watch in WATCHED}
    env.cr.execute(
        SQL(
            "DROP FUNCTION IF EXISTS %s CASCADE",
            SQL(", ").join(map(SQL.identifier, sorted(names))),
        )
    )
