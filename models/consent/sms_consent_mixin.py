# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import consent
from ..ledger.sms_consent import STATE_SELECTION
from ..ledger.sms_consent_key import ConsentKeyError

MODULE = "helpdesk_mgmt_sms"
#: Groups that may see why a number may be texted, on records that they may read.
READER_GROUPS = (
    "helpdesk_mgmt.group_helpdesk_user_own,helpdesk_mgmt_sms.group_sms_compliance"
)


class SubjectColumns(NamedTuple):
    """SQL expressions for the consent of a row of a model's table.

    The company's id, the E.164 number, and the purpose's id (None: any purpose).
    """

    company: SQL
    number: SQL
    purpose: SQL | None = None


def _get_state_sql(columns, state):
    """Return the condition for rows in a state, excluding better states."""
    order = (consent.OPTED_IN, consent.PENDING, consent.OPTED_OUT)
    better = order[: order.index(state)] if state in order else order
    conditions = [SQL("NOT %s", _get_any_sql(columns, it)) for it in better]
    if state in order:
        conditions.append(_get_any_sql(columns, state))
    return SQL("(%s)", SQL(" AND ").join(conditions))


def _get_any_sql(columns, state):
    """Return the condition that the answer for any purpose is ``state``.

    For an opt-out it ignores a later opt-in, which the caller must exclude first.
    """
    purpose = SQL("answer.purpose_id IS NOT NULL")
    if columns.purpose:
        purpose = SQL("answer.purpose_id = %s", columns.purpose)
    condition = {
        consent.OPTED_IN: SQL("%s AND NOT %s", purpose, _get_stop_sql(is_later=True)),
        consent.PENDING: SQL("%s AND NOT %s", purpose, _get_stop_sql(is_later=False)),
        consent.OPTED_OUT: SQL("(answer.purpose_id IS NULL OR %s)", purpose),
    }[state]
    query = """EXISTS (
        SELECT FROM sms_consent answer
         WHERE answer.number = %s AND answer.company_id = %s
           AND answer.state = %s AND %s
    )"""
    return SQL(query, columns.number, columns.company, state, condition)


def _get_stop_sql(is_later):
    """Return the condition that an opt-out from everything overrides ``answer``.

    :param bool is_later: consider only opt-outs after the answer
    """
    later = SQL("AND stop.event_id > answer.event_id") if is_later else SQL()
    query = """EXISTS (
        SELECT FROM sms_consent stop
         WHERE stop.number_hash = answer.number_hash
           AND stop.company_id = answer.company_id
           AND stop.purpose_id IS NULL AND stop.state = %s %s
    )"""
    return SQL(query, consent.OPTED_OUT, later)


class SmsConsentMixin(models.AbstractModel):
    """Shows on a record whether its person may be texted, and records their answer.

    A model returns the number and purpose in :meth:`_get_sms_subjects`, and the fields
    that they depend on in :meth:`_get_sms_subject_fields`.
    """

    _name = "sms.consent.mixin"
    _description = "Text Message Consent on a Record"

    sms_consent_state = fields.Selection(
        STATE_SELECTION,
        "Text Messages",
        compute="_compute_sms_consent_state",
        compute_sudo=True,
        search="_search_sms_consent_state",
        groups="base.group_user",
    )
    sms_is_bound = fields.Boolean(
        "Only the Person Can Undo It",
        compute="_compute_sms_is_bound",
        compute_sudo=True,
        groups="base.group_user",
        help="They opted out themselves, so you cannot record consent for them.",
    )
    sms_preference_url = fields.Char(
        "Text Message Preferences",
        compute="_compute_sms_preference_url",
        compute_sudo=True,
        groups="helpdesk_mgmt.group_helpdesk_user_own",
        help="Short link to the person's preference page. Anyone who opens it acts "
        "for them, so it is masked here; they receive it in full.",
    )

    @api.model
    def _has_field_access(self, field, operation):
        """Refuse to write our read-only fields, such as the number of a ticket.

        A read-only field can still be written over RPC. The number determines whose
        consent counts, so an agent could misuse another person's consent.
        """
        if operation == "write" and not self.env.su and self._is_sms_internal(field):
            return False
        return super()._has_field_access(field, operation)

    @api.model
    def _is_sms_internal(self, field):
        """Return whether only our code may write a field: stored and read-only."""
        return field._module == MODULE and field.store and bool(field.readonly)

    def _get_sms_subjects(self):
        """Return the subject of the consent for each record.

        :return: ``{record.id: (company, number, purpose)}`` with a ``res.company``,
            an E.164 number or False, and a ``sms.purpose`` (empty: any purpose)
        """
        raise NotImplementedError

    def _get_sms_subject_fields(self):
        """Return the paths of the fields that :meth:`_get_sms_subjects` reads."""
        return ()

    @api.depends(lambda self: self._get_sms_subject_fields())
    @api.depends_context("company")
    def _compute_sms_consent_state(self):
        """Read the answers of all records in one query.

        If the ledger's key is wrong, nothing is known, but records stay readable.
        """
        self.sms_consent_state = consent.NONE
        stored = self.filtered("id")
        subjects = stored._get_sms_subjects()
        consents = self.env["sms.consent"]
        try:
            answers = consents._get_answers(
                [company.id for company, _number, _purpose in subjects.values()],
                [number for _company, number, _purpose in subjects.values()],
            )
        except ConsentKeyError:
            stored.sms_consent_state = False
            return
        purposes = self.env["sms.purpose"].with_context(active_test=False).search([])
        for record in stored:
            company, number, purpose = subjects[record.id]
            found = answers.get((company.id, number), {})
            record.sms_consent_state = consent.summarize(
                consents._get_answer(found, purpose_id)
                for purpose_id in (purpose or purposes).ids
            )

    @api.depends("sms_consent_state")
    @api.depends_context("company")
    def _compute_sms_is_bound(self):
        """Read the events of people who have opted out."""
        self.sms_is_bound = False
        if left := self.filtered(lambda it: it.sms_consent_state == consent.OPTED_OUT):
            subjects = left._get_sms_subjects()
            bound = self.env["sms.consent"]._find_bound(subjects.values())
            for record in left:
                company, number, _purpose = subjects[record.id]
                record.sms_is_bound = (company, number) in bound

    @api.depends(lambda self: self._get_sms_subject_fields())
    @api.depends_context("company")
    def _compute_sms_preference_url(self):
        self.sms_preference_url = False
        links = self.env["sms.preference.link"]
        stored = self.filtered("id")
        subjects = stored._get_sms_subjects()
        for record in stored:
            company, number, _purpose = subjects[record.id]
            if company and number:
                record.sms_preference_url = links._get_masked_url(company)

    def _invalidate_sms_consent_state(self):
        """Invalidate the state on records after a new event in the ledger."""
        children = self.env.registry.descendants([self._name], "_inherit")
        for model_name in children - {self._name}:
            self.env[model_name].invalidate_model(["sms_consent_state", "sms_is_bound"])

    def _get_sms_typed_number(self):
        return False

    def get_sms_consent_details(self):
        """Return why the person may be texted or not.

        :return: see :meth:`SmsConsentDetails._explain`
        :raises AccessError: if the user may not read the record, does not work in its
            company, or is neither a helpdesk user nor a compliance officer
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_groups(READER_GROUPS):
            message = self.env._(
                "Only helpdesk users and compliance officers see what a person has "
                "said about text messages."
            )
            raise AccessError(message)
        record_sudo = self.sudo()
        company, number, purpose = record_sudo._get_sms_subjects()[self.id]
        company, purpose = company.sudo(False), purpose.sudo(False)
        # Appointments are shown to the colleagues of all companies.
        (company or self.env.company)._check_sms_user()
        typed = record_sudo._get_sms_typed_number()
        return self.env["sms.consent.details"]._explain(company, number, typed, purpose)

    def action_record_sms_consent(self):
        """Open the form to record a statement of the person."""
        self.ensure_one()
        company, number, purpose = self._get_sms_subjects()[self.id]
        return self.env["sms.consent.record"]._get_action(
            company, number, purpose, res_model=self._name, res_id=self.id
        )

    # === Search ===

    def _get_sms_subject_columns(self, alias):
        """Return :meth:`_get_sms_subjects` as SQL in a :class:`SubjectColumns`."""
        raise NotImplementedError

    @api.model
    def _get_sms_purpose_sql(self, company):
        """Return the id of the model's purpose, as SQL, for SQL of a company's id."""
        find = self.env["sms.purpose.rule"]._find_for_model
        cases = [
            SQL("WHEN %s THEN %s", it.id, find(it, self._name).id)
            for it in self.env["res.company"].sudo().search([])
        ]
        return SQL("CASE %s %s END", company, SQL(" ").join(cases))

    @api.model
    def _search_sms_consent_state(self, operator, value):
        """Search records by the consent of their number, in the database.

        Implements :func:`tools.consent.combine` and :func:`tools.consent.summarize` as
        conditions that can use the index on the answers' numbers. An erased number is
        found as one without any answer: only its keyed hash is left, and the key must
        not appear in SQL statements.
        """
        # Odoo does not check the groups of a field that has its own search.
        self._check_field_access(self._fields["sms_consent_state"], "read")
        if operator != "in":
            return NotImplemented
        states = set(value) & set(consent.STATES)

        def to_sql(model, alias, query):
            columns = model._get_sms_subject_columns(alias)
            conditions = [_get_state_sql(columns, state) for state in states]
            return SQL("(%s)", SQL(" OR ").join(conditions))

        if not states:
            return Domain.FALSE
        self.flush_model([it for it in self._get_sms_subject_fields() if "." not in it])
        return Domain.custom(to_sql=to_sql)
