# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools.misc import clean_context


class SmsSetupMixin(models.AbstractModel):
    """A piece of work that people set up, and that alone knows how far it has come.

    Rights of a model let all of its fields be written; here a user writes those alone
    that :meth:`_get_setup_fields` names, by whatever way: the rest is the work's own.
    """

    _name = "sms.setup.mixin"
    _description = "Work That Is Set Up by People"

    @api.model
    def _get_setup_fields(self):
        """Return the names of the fields that people may set.

        :rtype: set
        """
        raise NotImplementedError

    @api.model_create_multi
    def create(self, vals_list):
        """Let a user set up nothing else.

        :raise AccessError: for a field that is the work's own
        """
        for vals in vals_list:
            self._check_setup(vals)
        # Defaults of a client's context would come after the check.
        # pylint: disable-next=context-overridden
        self = self.with_context(clean_context(self.env.context))
        return super().create(vals_list)

    def write(self, vals):
        """Let a user change nothing else.

        :raise AccessError: for a field that is the work's own
        """
        self._check_setup(vals)
        return super().write(vals)

    def _check_setup(self, vals):
        """Refuse to set what is the work's own, such as how far it has come.

        :param dict vals: values of :meth:`create` or :meth:`write`
        """
        own = {
            name
            for name in vals.keys() - self._get_setup_fields()
            if not name.startswith(("message_", "activity_"))
        }
        if own and not self.env.su:
            raise AccessError(
                self.env._(
                    "%(record)s: these fields are set by its work alone: %(names)s",
                    record=self._description,
                    names=", ".join(sorted(own)),
                )
            )

    def _check_works_here(self):
        """Refuse a company that the user does not work in now."""
        if not self.env.su:
            self.company_id._check_user_works_here()
