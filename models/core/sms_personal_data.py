# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class SmsPersonalData(models.AbstractModel):
    """A model that holds what identifies a person by their number, and can forget it.

    There is one way to forget, :meth:`_forget`, whoever asks: a person
    (``sms.erasure``) or time (``sms.retention``). Both run in ``sudo``, after the
    rights of who asks are checked. All that inherit this are asked.
    """

    _name = "sms.personal.data"
    _description = "Personal Data of Text Messages"

    #: Whose rows they are: fields of the company, and of the number.
    _personal_company = "company_id"
    _personal_number = "number"
    #: The time from which a row is kept as long as texts are; None: other rules hold.
    _kept_since = None
    #: The rows of which something is left to forget.
    _remembered = Domain("number", "!=", False)
    #: False for what goes by itself within days, or with something that is counted.
    _is_counted = True
    #: Forgotten after all else: what others write to while they forget.
    _forgets_last = False

    @api.model
    def _get_holders(self):
        """Return the models that hold personal data, in the order of forgetting."""
        names = self.env.registry.descendants(["sms.personal.data"], "_inherit")
        holders = [self.env[name] for name in self.env.registry if name in names]
        stored = [holder for holder in holders if not holder._abstract]
        return sorted(stored, key=lambda holder: holder._forgets_last)

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Return the domain of what this model holds of some numbers.

        :param list numbers: E.164, or what the carrier calls the sender
        """
        return Domain(self._personal_company, "=", company.id) & Domain(
            self._personal_number, "in", numbers
        )

    @api.model
    def _find_personal(self, company, numbers):
        records = self.with_context(active_test=False)
        return records.search(self._get_personal_domain(company, numbers))

    def _describe_personal(self):
        """Return what would be forgotten, for people: pairs of a count and a label."""
        return [(len(self), self._description)] if self._is_counted else []

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Return the domain of what was kept for long enough, and is not forgotten."""
        if not (self._kept_since and limits["text"]):
            return Domain.FALSE
        return (
            Domain(self._personal_company, "=", company.id)
            & Domain(self._kept_since, "<", limits["text"])
            & self._remembered
        )

    def _forget(self):
        """Delete the rows, unless the model keeps something of them."""
        self.unlink()

    def _empty(self, names, **values):
        """Write NULL into some fields, and values into others, by SQL.

        Nothing is computed anew by it, and JSON's null is not SQL's.
        """
        self.flush_model()
        assignments = [SQL("%s = NULL", SQL.identifier(name)) for name in names]
        assignments += [
            SQL("%s = %s", SQL.identifier(name), value)
            for name, value in values.items()
        ]
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s WHERE id = ANY(%s)",
                SQL.identifier(self._table),
                SQL(", ").join(assignments),
                self.ids,
            )
        )
        self.invalidate_model()
