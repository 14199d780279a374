# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import Controller, request, route

from ..tools import texts
from . import public


class JoinController(Controller):
    """A company's public sign-up page, for its website to link to.

    Anybody can type any number here, so the form is no consent: the number is asked by
    text. The page answers the same whatever is known of the number.
    """

    _url = "/sms/join/<string:key>"

    @route(_url, auth="public", sitemap=False, **public.FORM)
    def join(self, key, **query):
        """Show the form, or process it.

        :param str key: the company's ``sms_join_key``
        """
        if public.is_over("join_visitor"):
            return public.too_many()
        companies_sudo = request.env["res.company"].sudo()
        company_sudo = companies_sudo._find_by_sms_join_key(texts.clean(key))
        if not company_sudo:
            return public.not_found()
        public.speak(company=company_sudo)
        company_sudo = company_sudo.with_env(request.env(su=True))
        if request.httprequest.method != "POST":
            return self._show(company_sudo, is_done=query.get("done") == "1")
        form, page = request.httprequest.form, request.httprequest.path
        trace = public.get_trace(page)
        if refusal := public.get_forms()._take_join(company_sudo, form, trace):
            return self._show(company_sudo, refusal, form)
        return public.redirect(f"{page}?done=1")

    def _show(self, company_sudo, refusal="", typed=None, is_done=False):
        return public.answer(
            "public_join",
            {
                "company_name": company_sudo.name,
                "choices": public.get_forms()._get_join_choices(company_sudo),
                "refusal": refusal,
                "phone": typed and texts.clip(typed.get("phone"), 40),
                "typed": typed,
                "is_done": is_done,
            },
            ancestors=f"'self' {public.get_origin(company_sudo.website)}".strip(),
        )
