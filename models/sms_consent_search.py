# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import consent


class SubjectColumns(NamedTuple):
    """Where a model's table has what its consent hangs on.

    :param SQL company: the id of the company, for one row
    :param SQL number: the E.164 number, for one row
    :param purpose: SQL of the purpose's id, or None for any
    """

    company: SQL
    number: SQL
    purpose: SQL | None = None


class SmsConsentMixin(models.AbstractModel):
    """Finds records by the consent of their number, in the database.

    The same rule as :func:`tools.consent.combine` and :func:`tools.consent.summarize`,
    as conditions that the index on the answers' numbers serves. A number whose data was
    erased is found as one of which nothing is known: only its keyed hash is left, and
    the key stays out of the database's statements.
    """

    _inherit = "sms.consent.mixin"

    def _get_sms_subject_columns(self, alias):
        """Return what :meth:`_get_sms_subjects` says, as SQL over the model's table.

        :param str alias: the table's alias in the query
        :rtype: SubjectColumns
        """
        raise NotImplementedError

    @api.model
    def _search_sms_consent_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        states = set(value) & set(consent.STATES)

        def to_sql(model, alias, query):
            """Return the condition that a record is in one of the states."""
            columns = model._get_sms_subject_columns(alias)
            conditions = [model._get_state_sql(columns, state) for state in states]
            return SQL("(%s)", SQL(" OR ").join(conditions))

        if not states:
            return Domain.FALSE
        self.flush_model(self._get_sms_search_fields())
        return Domain.custom(to_sql=to_sql)

    @api.model
    def _get_sms_search_fields(self):
        """Return the fields of the model that must be in the database to search."""
        return [name for name in self._get_sms_subject_fields() if "." not in name]

    @api.model
    def _get_state_sql(self, columns, state):
        """Return the condition that a row is in a state: a better one rules it out."""
        order = (consent.OPTED_IN, consent.PENDING, consent.OPTED_OUT)
        better = order[: order.index(state)] if state in order else order
        conditions = [SQL("NOT %s", self._get_any_sql(columns, s)) for s in better]
        if state in order:
            conditions.append(self._get_any_sql(columns, state))
        return SQL("(%s)", SQL(" AND ").join(conditions))

    @api.model
    def _get_any_sql(self, columns, state):
        """Return the condition that the answer for any purpose is ``state``.

        For an opt-out without looking whether the person has agreed anew since: who
        asks for it rules that out first.
        """
        purpose = SQL("answer.purpose_id IS NOT NULL")
        if columns.purpose:
            purpose = SQL("answer.purpose_id = %s", columns.purpose)
        condition = {
            consent.OPTED_IN: SQL("%s AND NOT %s", purpose, self._get_stop_sql(True)),
            consent.PENDING: SQL("%s AND NOT %s", purpose, self._get_stop_sql(False)),
            consent.OPTED_OUT: SQL("(answer.purpose_id IS NULL OR %s)", purpose),
        }[state]
        return SQL(
            """EXISTS (
                SELECT FROM sms_consent answer
                 WHERE answer.number = %s AND answer.company_id = %s
                   AND answer.state = %s AND %s
            )""",
            columns.number,
            columns.company,
            state,
            condition,
        )

    @api.model
    def _get_stop_sql(self, is_later):
        """Return the condition that a stop of everything stands over ``answer``.

        :param bool is_later: only one that is newer than the answer
        """
        later = SQL("AND stop.event_id > answer.event_id") if is_later else SQL()
        return SQL(
            """EXISTS (
                SELECT FROM sms_consent stop
                 WHERE stop.number_hash = answer.number_hash
                   AND stop.company_id = answer.company_id
                   AND stop.purpose_id IS NULL AND stop.state = %s %s
            )""",
            consent.OPTED_OUT,
            later,
        )
