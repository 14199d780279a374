# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

#: Subtype of the messages that hold a reason (``mail.message`` protects them).
REASON_SUBTYPE = "helpdesk_mgmt_sms.mail_message_subtype_relaxation_reason"


def show_value(field, value, env):
    """Return a value of a field as a form shows it."""
    if field.type == "selection":
        return dict(field._description_selection(env)).get(value, "")
    if field.type == "boolean":
        return env._("yes") if value else env._("no")
    if field.type == "many2one":
        return value.display_name or "–"
    if field.type == "integer":
        return value or env._("no limit")
    return value or "–"


def describe_change(record, name, before, after, is_new=False):
    """Return in words what a field was changed from and to.

    :param before, after: values as :func:`show_value` returns them
    :param bool is_new: the record is new, ``before`` would hold without it
    """
    label = record._fields[name]._description_string(record.env)
    words = {"field": label, "after": after, "before": before}
    if is_new:
        return record.env._("%(field)s: %(after)s, and not %(before)s", **words)
    return record.env._("%(field)s: %(after)s, and no longer %(before)s", **words)


class SmsRelaxationReason(models.AbstractModel):
    """Mixin for settings that managers tighten freely, and relax only with a reason.

    The reason is posted on the record: who gave it, when, and what was changed from
    what to what. Nobody can change or delete that message, and no context of a client
    (such as ``tracking_disable``) prevents it. What Odoo itself loads (data files, an
    installation, a migration) needs no reason: no person decides anything then.
    """

    _name = "sms.relaxation.reason"
    _description = "Settings Relaxed With a Reason"
    _inherit = "mail.thread"

    #: Names of the fields that can make a record less strict.
    _strictness_fields = frozenset()

    relaxation_reason = fields.Text(
        "Reason for Relaxing",
        store=False,
        copy=False,
        help="Who decided it, and why. Required to send messages that were held or "
        "blocked until now. Logged in the chatter.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Require a reason for a record that makes things less strict than without it.

        :raises UserError: without ``relaxation_reason``
        """
        records = super().create(vals_list)
        for record, vals in zip(records, vals_list, strict=True):
            terms, usual = record._get_usual_strictness()
            if usual is not None and record._is_less_strict_than(terms):
                before = usual._describe_strictness()
                reason = vals.get("relaxation_reason")
                record._post_relaxation(before, reason, is_new=True)
        return records

    def write(self, vals):
        """Require a reason for a change that makes a record less strict.

        :raises UserError: without ``relaxation_reason``
        """
        if not self._strictness_fields & vals.keys():
            return super().write(vals)
        before = {
            it.id: (it._get_strictness(), it._describe_strictness()) for it in self
        }
        result = super().write(vals)
        for record in self:
            terms, told = before[record.id]
            if record._is_less_strict_than(terms):
                record._post_relaxation(told, vals.get("relaxation_reason"))
        return result

    def unlink(self):
        """Refuse to delete a record with reasons: its chatter would be deleted too.

        :raises UserError: if there are any
        """
        # Not ``ondelete``: that is called when the chatter is gone already.
        self._check_without_reasons()
        return super().unlink()

    def _get_usual_strictness(self):
        """Return what a new record is compared with.

        :return: pair of terms, as :meth:`_get_strictness` has them, and the record that
            describes them, which may be new; None: new records need no reason
        """
        return None, None

    def _get_strictness(self):
        raise NotImplementedError

    def _is_less_strict_than(self, before):
        """Return whether something may leave now that was held or blocked before."""
        raise NotImplementedError

    def _post_relaxation(self, before, reason, is_new=False):
        """Post who has made a record less strict, from what to what, and why.

        :param dict before: as :meth:`_describe_strictness` returned it
        :raises UserError: without a reason
        """
        self.ensure_one()
        if not self._needs_reason():
            return
        reason = (reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "This makes “%s” less strict: messages could be sent that were "
                    "held or blocked until now. Enter who decided it, and why, under "
                    "“Reason for Relaxing”.",
                    self.display_name,
                )
            )
        changes = (
            describe_change(self, name, before[name], after, is_new)
            for name, after in self._describe_strictness().items()
            if after != before[name]
        )
        told = self.env._(
            "“%(name)s” is less strict. %(changes)s. Why: %(reason)s",
            name=self.display_name,
            changes="; ".join(changes),
            reason=reason,
        )
        self.sudo().message_post(body=told, subtype_xmlid=REASON_SUBTYPE)

    def _needs_reason(self):
        return self.env.registry.ready

    def _check_without_reasons(self):
        # Not while Odoo uninstalls the addon.
        if not self.env.registry.ready:
            return
        about = [("model", "=", self._name), ("res_id", "in", self.ids)]
        messages_sudo = self.env["mail.message"].sudo().search(about)
        if messages_sudo._filter_sms_relaxation_reasons():
            raise UserError(
                self.env._(
                    "It is on record why this was made less strict. Archive it instead."
                )
            )

    def _describe_strictness(self):
        return {
            name: str(self._show_strictness_value(self._fields[name]))
            for name in sorted(self._strictness_fields)
        }

    def _show_strictness_value(self, field):
        return show_value(field, self[field.name], self.env)


class MailMessage(models.Model):
    """Keeps reasons for relaxing as they were written.

    Odoo lets authors, and whoever may edit a record, change and delete its messages.
    """

    _inherit = "mail.message"

    def _get_forbidden_access(self, operation):
        """Forbid everybody to post, change or delete a reason: only we do, in sudo."""
        forbidden = super()._get_forbidden_access(operation)
        if operation != "read":
            forbidden |= self._filter_sms_relaxation_reasons()
        return forbidden

    def write(self, vals):
        """Refuse to make a reason of another message."""
        result = super().write(vals)
        if "subtype_id" in vals:
            self.check_access("write")
        return result

    def _filter_sms_relaxation_reasons(self):
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(REASON_SUBTYPE)
        return self.filtered(lambda it: it.sudo().subtype_id.id == subtype_id)
