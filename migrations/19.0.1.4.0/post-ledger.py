# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Carry over, once, the consent ledgers from before they were sealed by a key.

Existing entries get their seals, and a sealed link commits to every link before it, so
that nobody without the key can later pass off another chain as the old one.
"""

import logging
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields
from odoo.tools import SQL

from odoo.addons.helpdesk_mgmt_sms.models.core.bulk_insert import as_arrays
from odoo.addons.helpdesk_mgmt_sms.models.ledger.sms_consent_event import BY_ITSELF
from odoo.addons.helpdesk_mgmt_sms.providers.sandbox import SandboxProvider
from odoo.addons.helpdesk_mgmt_sms.tools import chain

_logger = logging.getLogger(__name__)
#: Number of rows that one statement seals.
BATCH_SIZE = 5000


def migrate(cr, _version):
    """Seal entries without a seal, and append a link that says so to each chain.

    :raises ConsentKeyError: if the ledger's key is missing; the upgrade must wait for
        it
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    if not env["sms.consent.event"].search_count([], limit=1):
        return
    key = env["sms.consent.key"]._get()
    with step_aside(cr, "sms_consent_event", "sms_consent_evidence"):
        mark_tried(env)
        seal_entries(env, key)
        seal_erasures(env, key)
    for company in env["res.company"].with_context(active_test=False).search([]):
        carry_over(company, key)


@contextmanager
def step_aside(cr, *tables):
    """Disable the triggers of the given tables within the context."""
    names = [SQL.identifier(table) for table in tables]
    for name in names:
        cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", name))
    yield
    for name in names:
        cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", name))


def mark_tried(env):
    """Mark events of companies that use the sandbox as the sandbox's."""
    env.cr.execute(
        """
        UPDATE sms_consent_event event SET sandbox = TRUE
          FROM res_company company
         WHERE company.id = event.company_id AND event.seal IS NULL
           AND company.sms_provider = %s AND NOT event.method = ANY(%s)
        """,
        [SandboxProvider.code, list(BY_ITSELF)],
    )
    env["sms.consent.event"].invalidate_model()


def seal_entries(env, key):
    """Give each event the seal that it would get if it was recorded today."""
    ledger, last_id = env["sms.consent.event"], 0
    while rows := env.execute_query(
        SQL(
            """
            SELECT id FROM sms_consent_event WHERE seal IS NULL AND id > %s
          ORDER BY id LIMIT %s
            """,
            last_id,
            BATCH_SIZE,
        )
    ):
        contents = ledger._read_content([row[0] for row in rows])
        seals = [(it, chain.entry_seal(key, own)) for it, own in contents.items()]
        write_seals(env, "sms_consent_event", "seal", seals)
        last_id = rows[-1][0]
    ledger.invalidate_model()


def seal_erasures(env, key):
    """Give each piece of erased evidence the seal of its erasure."""
    evidence = env["sms.consent.evidence"]
    query = SQL(
        """
        SELECT id, erased_at, erased_by_id FROM sms_consent_evidence
         WHERE erased_at IS NOT NULL AND erasure_seal IS NULL
        """
    )
    rows = env.execute_query(query)
    seals = [(row[0], evidence._seal_erasure(key, *row)) for row in rows]
    write_seals(env, "sms_consent_evidence", "erasure_seal", seals)
    evidence.invalidate_model()


def write_seals(env, table, column, seals):
    """Write seals into a column, from pairs of an id and its seal."""
    query = SQL(
        """
        UPDATE %(table)s SET %(column)s = sealed.seal
          FROM unnest(%(seals)s) AS sealed (id, seal)
         WHERE %(table)s.id = sealed.id
        """,
        table=SQL.identifier(table),
        column=SQL.identifier(column),
        seals=as_arrays(seals, "int4", "varchar"),
    )
    env.cr.execute(query)


def carry_over(company, key):
    """Append the link that carries over a company's chain, if it has no seal yet."""
    links = company.env["sms.consent.link"]
    sequence, previous = links._get_head(company)
    is_sealed = [("company_id", "=", company.id), ("seal", "!=", False)]
    if not sequence or links.search_count(is_sealed, limit=1):
        return
    sequence += 1
    statement = chain.carry_over(
        company.id, sequence, previous, key, fields.Datetime.now()
    )
    own_hash = chain.link_hash(previous, sequence, statement)
    links.create(
        {
            "company_id": company.id,
            "sequence": sequence,
            "previous_hash": previous,
            "hash": own_hash,
            "seal": chain.link_seal(key, company.id, sequence, own_hash),
            "statement": statement,
        }
    )
    links.flush_model()
    _logger.info(
        "The consent ledger of company %s was taken over: %s links, end %s",
        company.id,
        sequence - 1,
        previous,
    )
