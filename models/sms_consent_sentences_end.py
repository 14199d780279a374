# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class SmsConsentStory(models.AbstractModel):
    """The sentences of the story for what ends a consent, and what brings it back."""

    _inherit = "sms.consent.story"

    # ------------------------------------------------------------------
    # Opted out
    # ------------------------------------------------------------------

    @api.model
    def _say_stopped_by_text(self, moment, facts):
        facts["end"] = self._say_end(moment, facts)
        if moment.event.res_model == "sms.consent.review":
            return self.env._(
                "%(user)s read %(words)s from %(who)s as an opt-out: %(end)s", **facts
            )
        return self.env._("%(who)s texted %(words)s: %(end)s", **facts)

    @api.model
    def _say_stopped_on_page(self, moment, facts):
        end = self._say_end(moment, facts)
        return self.env._("%(who)s opted out on a web page: %(end)s", end=end, **facts)

    @api.model
    def _say_stopped_at_carrier(self, moment, facts):
        end = self._say_end(moment, facts)
        return self.env._("The carrier knows of an opt-out: %(end)s", end=end)

    @api.model
    def _say_stopped_in_list(self, moment, facts):
        return self.env._(
            "%(user)s imported a list of opt-outs with %(who)s in it: %(end)s",
            end=self._say_end(moment, facts),
            **facts,
        )

    @api.model
    def _say_stopped_elsewhere(self, moment, facts):
        return self.env._(
            "Another system (%(user)s) reported that %(who)s opted out: %(end)s",
            end=self._say_end(moment, facts),
            **facts,
        )

    @api.model
    def _say_blacklisted(self, moment, facts):
        return self.env._(
            "%(user)s put the number on the phone blacklist: %(end)s",
            end=self._say_end(moment, facts),
            **facts,
        )

    @api.model
    def _say_stopped_to_agent(self, moment, facts):
        return self.env._(
            "%(user)s recorded that %(who)s opted out (%(how)s): %(end)s",
            end=self._say_end(moment, facts),
            **facts,
        )

    @api.model
    def _is_for_all(self, moment):
        """Tell if a moment is about all purposes at once."""
        return any(not event.purpose_id for event in moment.events)

    @api.model
    def _say_end(self, moment, facts):
        """Return what an opt-out has ended."""
        if self._is_for_all(moment):
            return self.env._("no more texts of any kind.")
        return self.env._("no more texts about %(purposes)s.", **facts)

    @api.model
    def _say_how_confirmed(self, moment):
        """Return how long the confirmation of an opt-out took, if there is one."""
        sms = moment.confirmation
        if not sms:
            return ""
        if not sms.sent_at:
            return " " + self.env._("The confirmation has not left.")
        seconds = max(
            0, round((sms.sent_at - moment.event.recorded_at).total_seconds())
        )
        return " " + self.env._("Confirmed after %s s.", seconds)

    # ------------------------------------------------------------------
    # Came back, ended
    # ------------------------------------------------------------------

    @api.model
    def _say_rejoined_by_text(self, moment, facts):
        if self._is_for_all(moment):
            return self.env._(
                "%(who)s texted %(words)s: what had been agreed to before holds again.",
                **facts,
            )
        return self.env._(
            "%(who)s texted %(words)s: gets texts about %(purposes)s again.", **facts
        )

    @api.model
    def _say_rejoined(self, moment, facts):
        return self.env._("%(who)s gets texts about %(purposes)s again.", **facts)

    @api.model
    def _say_gone(self, moment, facts):
        return self.env._(
            "The carrier does not know the number any more: the consent to "
            "%(purposes)s has ended.",
            **facts,
        )

    @api.model
    def _say_strangers(self, moment, facts):
        return self.env._(
            "%(words)s came from the number, which has another holder now: the consent "
            "to %(purposes)s has ended.",
            **facts,
        )

    @api.model
    def _say_expired(self, moment, facts):
        return self.env._("%(purposes)s: expired by itself.", **facts)

    @api.model
    def _say_erased(self, moment, facts):
        return self.env._(
            "%(user)s erased the person at their request: the consent to %(purposes)s "
            "cannot be proved any more and has ended.",
            **facts,
        )
