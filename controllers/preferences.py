# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import Controller, request, route

from ..models.ledger.sms_purpose import ALERT
from ..tools import texts
from . import public

#: What the ledger keeps as the page: its token would let a reader of the ledger in.
PAGE = "/sms/preferences"

DONE = ("agreed", "stopped", "stopped_all", "ended")


class PreferencesController(Controller):
    """The page on which a number's owner stops texts or agrees to them.

    Who has the link has got it in a text to the number: that is their proof. To look
    changes nothing, whoever follows links by themselves.

    One of us who has come by a link must not answer for a customer: the sessions of
    employees are refused.
    """

    _short_url = "/sms/p/<string:key>"
    _page_url = "/sms/preferences/<string:token>"

    @route(
        _short_url,
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        sitemap=False,
    )
    def open_short(self, key, **_query):
        """Lead the short address of a text to the page.

        :param str key: that of a ``sms.preference.link``
        """
        if public.is_over("preferences_visitor"):
            return public.too_many()
        if request.env.user._is_internal():
            return self._refuse_staff()
        link_sudo = request.env["sms.preference.link"].sudo()._find_by_key(key)
        if not link_sudo:
            return public.not_found()
        return public.redirect(link_sudo._get_path())

    @route(
        _page_url,
        type="http",
        auth="public",
        max_content_length=public.FORM_LIMIT,
        methods=["GET", "POST"],
        sitemap=False,
    )
    def preferences(self, token, **query):
        """Show the choices of a number, or take what its owner says.

        :param str token: see ``sms.preference.link``
        """
        if public.is_over("preferences_visitor"):
            return public.too_many()
        if request.env.user._is_internal():
            return self._refuse_staff()
        link_sudo = request.env["sms.preference.link"].sudo()._find_by_token(token)
        if not link_sudo:
            return public.not_found()
        number_key = f"{link_sudo.company_id.id}:{link_sudo.number_hash}"
        if public.is_over("preferences_token", number_key):
            return public.too_many()
        public.speak(link_sudo._get_partner().lang)
        link_sudo = link_sudo.with_env(request.env(su=True))
        if request.httprequest.method != "POST":
            done = query.get("done")
            return self._show(link_sudo, done if done in DONE else "")
        result = link_sudo._take(request.httprequest.form, public.get_trace(PAGE))
        if result in DONE:
            path = f"{link_sudo._get_path()}?done={result}"
            return public.redirect(path)
        return self._show(link_sudo, result)

    def _refuse_staff(self):
        """Return the page for employees: the same whatever the address would open."""
        public.speak(request.env.user.lang)
        return public.answer("public_staff", status=403)

    def _show(self, link_sudo, notice):
        """Return the page."""
        choices = link_sudo._get_choices()
        sent = [choice for choice in choices if choice.is_sent]
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
