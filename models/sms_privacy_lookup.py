# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL

LOOKUP = "privacy.lookup.wizard"
LINE = "privacy.lookup.wizard.line"

#: What the lookup may list of ours, and where the company of it stands. Tickets are
#: not here: they are the helpdesk's, and are deleted as all else is.
COMPANY_FIELDS = {
    "sms.consent": "company_id",
    "sms.sms": "record_company_id",
    "sms.inbound": "company_id",
    "sms.question": "company_id",
    "sms.broadcast.recipient": "company_id",
    "sms.incident.mute": "company_id",
    "sms.team.alert.entry": "company_id",
    "sms.subscription": "company_id",
    "sms.consent.paper.line": "company_id",
    "sms.number.claim": "company_id",
}

#: In each company a number is one line: its consent, or else a text that the lookup
#: does not find by its contact already.
ADD_NUMBERS = """
    %(query)s
    UNION ALL
    SELECT res_model_id, res_id, TRUE AS is_active
      FROM (
        WITH known AS (
            SELECT phone_sanitized AS number FROM res_partner
             WHERE id IN (SELECT id FROM indirect_references)
             UNION
            SELECT number FROM sms_sms
             WHERE partner_id IN (SELECT id FROM indirect_references)
             UNION
            SELECT number FROM sms_inbound
             WHERE partner_id IN (SELECT id FROM indirect_references)
             UNION
            SELECT unnest(%(named)s::varchar[])
        ), held AS (
            SELECT 1 AS rank, %(consent)s AS res_model_id, id AS res_id,
                   company_id, number, NULL::int AS partner_id
              FROM sms_consent JOIN known USING (number)
             UNION ALL
            SELECT 2, %(sent)s, id, record_company_id, number, partner_id
              FROM sms_sms JOIN known USING (number)
             UNION ALL
            SELECT 2, %(received)s, id, company_id, number, partner_id
              FROM sms_inbound JOIN known USING (number)
        )
        SELECT DISTINCT ON (company_id, number) *
          FROM held
     LEFT JOIN indirect_references found ON found.id = held.partner_id
      ORDER BY company_id, number, rank, found.id NULLS LAST, res_id DESC
      ) AS line
     WHERE line.id IS NULL
"""


def make_get_query():
    """Return the lookup's ``_get_query`` that also asks for numbers."""

    def _get_query(self):
        query = _get_query.origin(self)
        return self.env["sms.privacy.lookup"]._add_numbers(query, self.name.strip())

    return _get_query


def make_action_unlink():
    """Return the line's ``action_unlink`` that erases what is ours."""

    def action_unlink(self):
        """Erase what is ours; delete all else as Odoo does."""
        self.ensure_one()
        if self.is_unlinked or self.res_model not in COMPANY_FIELDS:
            return action_unlink.origin(self)
        return self.env["sms.privacy.lookup"]._erase_line(self)

    return action_unlink


PATCHES = (
    (LOOKUP, "_get_query", make_get_query),
    (LINE, "action_unlink", make_action_unlink),
)


class SmsPrivacyLookup(models.AbstractModel):
    """Lets Odoo's Privacy Lookup find what we hold by number, and erase it our way.

    The lookup is of a module that may be missing, so its models cannot be inherited
    here. Their methods are patched in the registry instead, as Odoo's own
    ``base.automation`` does: each registry gets functions of its own, and ``origin`` is
    what they replace.
    """

    _name = "sms.privacy.lookup"
    _description = "Text Messages in the Privacy Lookup"

    def _register_hook(self):
        """Patch the lookup, if it is installed."""
        super()._register_hook()
        self._unpatch()
        for model_name, name, make in PATCHES:
            if model_name in self.env.registry:
                model_class = self.env.registry[model_name]
                method = make()
                method.origin = getattr(model_class, name)
                setattr(model_class, name, method)

    def _unregister_hook(self):
        """Take the patches out."""
        self._unpatch()
        return super()._unregister_hook()

    def _unpatch(self):
        """Take out what is ours, and nobody else's patches."""
        for model_name, name, _make in PATCHES:
            if model_name in self.env.registry:
                model_class = self.env.registry[model_name]
                method = vars(model_class).get(name)
                if getattr(method, "__module__", None) == __name__:
                    delattr(model_class, name)

    # ------------------------------------------------------------------
    # Finding
    # ------------------------------------------------------------------

    @api.model
    def _add_numbers(self, query, name):
        """Add a line for each number by which the person is known to us.

        The numbers are those of the contacts found, those under which they were texted
        or texted us, and those of who gave consent under that name.

        :param SQL query: the lookup's; ``indirect_references`` in it is who was found
        :param str name: who is looked for
        :rtype: SQL
        """
        ir_models = self.env["ir.model"]
        return SQL(
            ADD_NUMBERS,
            query=query,
            named=self.env["sms.consent.evidence"].sudo()._find_named(name),
            consent=ir_models._get_id("sms.consent"),
            sent=ir_models._get_id("sms.sms"),
            received=ir_models._get_id("sms.inbound"),
        )

    # ------------------------------------------------------------------
    # Erasing
    # ------------------------------------------------------------------

    @api.model
    def _erase_line(self, line):
        """Erase the person of a line, and say so on all lines that this empties.

        What has no number, or is no company's, is forgotten by itself.

        :param line: ``privacy.lookup.wizard.line``, one
        :raises AccessError: for anybody but compliance officers of the company
        """
        erasures = self.env["sms.erasure"]
        record_sudo = self.env[line.res_model].sudo().browse(line.res_id).exists()
        company = record_sudo[COMPANY_FIELDS[line.res_model]].sudo(False)
        erasures._check_rights(company or self.env.company)
        number = self._get_number(record_sudo, company)
        erased = [record_sudo]
        if company and number:
            erased += erasures._find(company, [number])
            erasures._erase(company, number, self.env._("Odoo's Privacy Lookup"))
        record_sudo.exists()._forget()  # what _erase does not know by that number
        self._tell(line, erased)

    @api.model
    def _get_number(self, record_sudo, company):
        """Return the number of what is held, in E.164 if it can be read so."""
        typed = (record_sudo.number or "").strip()
        country = company.country_id
        return self.env["res.partner"]._phone_format_number(typed, country) or typed

    @api.model
    def _tell(self, line, erased):
        """Write on a line, and on the others of its lookup, that they are erased.

        The name goes: it is the number.

        :param list erased: records by model
        """
        gone = {(records._name, id_) for records in erased for id_ in records.ids}
        others = line.wizard_id.line_ids.filtered(
            lambda other: (
                other.res_model in COMPANY_FIELDS
                and not other.is_unlinked
                and (other.res_model, other.res_id) in gone
            )
        )
        for other in line | others:
            other.write(
                {
                    "execution_details": self.env._(
                        "Erased %(model)s #%(id)s",
                        model=other.res_model_id.name,
                        id=other.res_id,
                    ),
                    "is_unlinked": True,
                    "res_name": False,
                }
            )
