# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from .bulk_insert import update_all


class SmsPersonalData(models.AbstractModel):
    """Mixin for models that hold personal data of a number, and can erase it.

    There is one way to erase, :meth:`_forget`, whether on a person's request
    (``sms.erasure``) or after some time (``sms.retention``). Both run in ``sudo``,
    after the user's rights were checked, and go through all models that inherit this.
    """

    _name = "sms.personal.data"
    _description = "Personal Data of Text Messages"

    #: Names of the fields with the company and the number.
    _personal_company = "company_id"
    _personal_number = "number"
    #: Field with the time from which texts' retention counts; None: other rules apply.
    _kept_since = None
    #: Domain of the rows that still hold personal data.
    _remembered = Domain("number", "!=", False)
    #: False for rows that go by themselves within days, or with rows that are counted.
    _is_counted = True
    #: True to erase it after all others, which write to it while they are erased.
    _forgets_last = False

    @api.model
    def _get_holders(self):
        """Return the models that hold personal data, in the order of erasure."""
        names = self.env.registry.descendants(["sms.personal.data"], "_inherit")
        holders = [self.env[name] for name in self.env.registry if name in names]
        stored = [holder for holder in holders if not holder._abstract]
        return sorted(stored, key=lambda holder: holder._forgets_last)

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Return the domain of the rows that this model holds on numbers.

        :param list numbers: E.164, or what the carrier calls the sender
        """
        own = Domain(self._personal_company, "=", company.id)
        return own & Domain(self._personal_number, "in", numbers)

    @api.model
    def _find_personal(self, company, numbers):
        records = self.with_context(active_test=False)
        return records.search(self._get_personal_domain(company, numbers))

    def _describe_personal(self):
        """Return what would be erased, for users: pairs of a count and a label."""
        return [(len(self), self._description)] if self._is_counted else []

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Return the domain of rows past their retention that are not erased yet."""
        if not (self._kept_since and limits["text"]):
            return Domain.FALSE
        old = Domain(self._personal_company, "=", company.id)
        old &= Domain(self._kept_since, "<", limits["text"])
        return old & self._remembered

    def _forget(self):
        """Erase the rows: delete them, unless the model keeps something of them."""
        self.unlink()

    def _empty(self, names, **values):
        """Write NULL into some fields, and values into others, in SQL.

        So nothing is recomputed, and JSON's null is not SQL's.
        """
        self.flush_model()
        update_all(self, **{**dict.fromkeys(names), **values})
        self.invalidate_model()
