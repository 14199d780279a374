# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError

#: Marks what the chatter keeps of a reason (``mail.message`` guards it).
REASON_SUBTYPE = "helpdesk_mgmt_sms.mail_message_subtype_lax_reason"


class SmsLaxReason(models.AbstractModel):
    """What managers may make stricter as they like, and laxer only with a reason.

    The reason is posted on the record: who gave it, when, and what was changed from
    what to what. Nobody changes or deletes that, and no switch of a client (such as
    ``tracking_disable``) prevents it. What Odoo itself loads (data files, an
    installation, a migration) needs no reason: no person decides anything then.
    """

    _name = "sms.lax.reason"
    _description = "Settings That Are Made Laxer With a Reason"
    _inherit = "mail.thread"

    #: Names of the fields that can make a record laxer.
    _lax_fields = frozenset()

    lax_reason = fields.Text(
        "Why Laxer",
        store=False,
        copy=False,
        help="Needed to let messages leave that were held or blocked until now: who "
        "decided it, and why. It is kept in the chatter.",
    )

    def write(self, vals):
        """Let nobody make a record laxer without saying why.

        :param dict vals: values by field; ``lax_reason`` is the reason
        :raises UserError: without one
        """
        if not self._lax_fields & vals.keys():
            return super().write(vals)
        before = {it.id: (it._to_lax_terms(), it._describe_lax_fields()) for it in self}
        result = super().write(vals)
        for record in self:
            terms, told = before[record.id]
            if record._is_laxer_than(terms):
                record._keep_lax_reason(told, vals.get("lax_reason"))
        return result

    def unlink(self):
        """Keep a record with its reasons: its chatter is deleted before it is.

        :raises UserError: if there are any
        """
        # Not ``ondelete``: that is asked when the chatter is gone already.
        self._check_without_lax_reasons()
        return super().unlink()

    def _to_lax_terms(self):
        raise NotImplementedError

    def _is_laxer_than(self, before):
        """Tell if something may leave now that was held or blocked before."""
        raise NotImplementedError

    def _keep_lax_reason(self, before, reason, is_new=False):
        """Post who has made a record laxer, from what to what, and why.

        :param str reason: may be empty, or None
        :raises UserError: without a reason
        """
        self.ensure_one()
        if not self._needs_lax_reason():
            return
        reason = (reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "This makes “%s” laxer: messages could leave that were held or "
                    "blocked until now. Enter under “Why Laxer” who decided that, "
                    "and why.",
                    self.display_name,
                )
            )
        told = self.env._(
            "“%(name)s” is laxer. %(changes)s. Why: %(reason)s",
            name=self.display_name,
            changes="; ".join(self._describe_lax_changes(before, is_new)),
            reason=reason,
        )
        self.sudo().message_post(body=told, subtype_xmlid=REASON_SUBTYPE)

    def _needs_lax_reason(self):
        return self.env.registry.ready

    def _check_without_lax_reasons(self):
        """Refuse if it is on record why some of these were made laxer.

        :raises UserError: then; not while Odoo itself takes the addon away
        """
        if not self.env.registry.ready:
            return
        about = [("model", "=", self._name), ("res_id", "in", self.ids)]
        if self.env["mail.message"].sudo().search(about)._filter_lax_reasons():
            raise UserError(
                self.env._(
                    "It is on record why this was made laxer. Archive it instead."
                )
            )

    def _describe_lax_changes(self, before, is_new):
        """Return what was changed from what to what, a phrase for each field."""
        after = self._describe_lax_fields()
        changed = [name for name in after if after[name] != before[name]]
        phrases = []
        for name in changed:
            words = {
                "field": self._fields[name]._description_string(self.env),
                "after": after[name],
                "before": before[name],
            }
            phrases.append(
                self.env._("%(field)s: %(after)s, and not %(before)s", **words)
                if is_new
                else self.env._(
                    "%(field)s: %(after)s, and no longer %(before)s", **words
                )
            )
        return phrases

    def _describe_lax_fields(self):
        return {
            name: str(self._show_lax_value(self._fields[name]))
            for name in sorted(self._lax_fields)
        }

    def _show_lax_value(self, field):
        """Return what a record has in a field as its form shows it."""
        value = self[field.name]
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "boolean":
            return self.env._("yes") if value else self.env._("no")
        if field.type == "many2one":
            return value.display_name or "–"
        if field.type == "integer":
            return value or self.env._("no limit")
        return value or "–"


class MailMessage(models.Model):
    """Why something was made laxer stays as it was written.

    Odoo lets authors, and whoever may edit a record, change and delete what stands in
    its chatter.
    """

    _inherit = "mail.message"

    def _get_forbidden_access(self, operation):
        """Let nobody change or delete a reason, its author least of all."""
        forbidden = super()._get_forbidden_access(operation)
        if operation in ("write", "unlink"):
            forbidden |= self._filter_lax_reasons()
        return forbidden

    def _filter_lax_reasons(self):
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(REASON_SUBTYPE)
        return self.filtered(lambda it: it.sudo().subtype_id.id == subtype_id)
