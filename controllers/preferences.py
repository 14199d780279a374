# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import Controller, request, route

from ..models.ledger.sms_purpose import ALERT
from ..tools import texts
from . import public

#: The page as the ledger keeps it: with its token, a reader of the ledger could enter.
PAGE = "/sms/preferences"

DONE = ("agreed", "stopped", "stopped_all", "ended")


class PreferencesController(Controller):
    """The page on which a number's owner opts out of texts or agrees to them.

    The link was sent in a text to the number, so having it is proof. Opening the page
    changes nothing, as software follows links by itself.

    Employees who come by a link must not answer for a customer: their sessions are
    refused.
    """

    _short_url = "/sms/p/<string:key>"
    _page_url = "/sms/preferences/<string:token>"

    @route(_short_url, **public.LOOK)
    def open_short(self, key, **_query):
        """Redirect the short address in a text to the page."""
        if refusal := self._refuse():
            return refusal
        link_sudo = request.env["sms.preference.link"].sudo()._find_by_key(key)
        if not link_sudo:
            return public.not_found()
        return public.redirect(link_sudo._get_path())

    @route(_page_url, auth="public", sitemap=False, **public.FORM)
    def preferences(self, token, **query):
        """Show the choices of a number, or record what its owner chooses."""
        if refusal := self._refuse():
            return refusal
        link_sudo = request.env["sms.preference.link"].sudo()._find_by_token(token)
        if not link_sudo:
            return public.not_found()
        number_key = f"{link_sudo.company_id.id}:{link_sudo.number_hash}"
        if public.is_over("preferences_token", number_key):
            return public.too_many()
        public.speak(link_sudo._get_partner().lang, link_sudo.company_id)
        link_sudo = link_sudo.with_env(request.env(su=True))
        if request.httprequest.method != "POST":
            done = query.get("done")
            return self._show(link_sudo, done if done in DONE else "")
        result = link_sudo._take(request.httprequest.form, public.get_trace(PAGE))
        if result in DONE:
            return public.redirect(f"{link_sudo._get_path()}?done={result}")
        return self._show(link_sudo, result)

    def _refuse(self):
        """Return the page for too many visits, or for employees, else None.

        The same whatever the address would open.
        """
        if public.is_over("preferences_visitor"):
            return public.too_many()
        if not request.env.user._is_internal():
            return None
        public.speak(request.env.user.lang)
        return public.answer("public_staff", status=403)

    def _show(self, link_sudo, notice):
        choices = link_sudo._get_choices()
        sent = [choice for choice in choices if choice.is_sent]
        if sent if notice == "stopped_all" else notice == "agreed" and not sent:
            notice = ""  # the address of a former result, as by "back"
        return public.answer(
            "public_preferences",
            {
                "company_name": link_sudo.company_id.name,
                "number": texts.mask_number(link_sudo.number),
                "sent": sent,
                "others": [choice for choice in choices if not choice.is_sent],
                "subscriptions": link_sudo._get_subscriptions(),
                "is_told": any(choice.purpose.code == ALERT for choice in sent),
                "notice": notice,
            },
        )
