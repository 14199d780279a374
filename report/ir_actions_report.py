# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
import io
import logging
import mimetypes
import re
import warnings
from contextlib import contextmanager

import lxml.html

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import file_open

#: Reports that can be made without wkhtmltopdf; other reports are left to Odoo.
OWN_REPORTS = (
    "helpdesk_mgmt_sms.sms_certificate",
    "helpdesk_mgmt_sms.sms_registration",
)
#: Fake base address of pages, which makes relative addresses absolute.
BASE = "https://certificate.invalid/"
#: Types of modules' static files that pages may use.
STATIC_TYPES = (".woff", ".woff2", ".ttf", ".otf", ".png", ".jpg", ".svg")
_logger = logging.getLogger(__name__)
#: CSS that places the layout's header and footer as wkhtmltopdf does.
PAGE_STYLE = """
@page {
    size: %(size)s;
    margin: %(top)smm 17mm 26mm 17mm;
    @top-left { content: element(page-header); vertical-align: bottom; width: 70%% }
    @top-right { content: string(reference); width: 30%%; font: 8pt Lato, sans-serif }
    @bottom-left { content: element(page-footer); vertical-align: top; width: 100%% }
}
.header { position: running(page-header); padding-bottom: 4mm; font-size: 9pt }
.footer { position: running(page-footer); font-size: 8pt }
.o_footer_content { display: block !important }
.reference { string-set: reference content() }
.page::after { content: counter(page) }
.topage::after { content: counter(pages) }
div.page::after { content: none }
.container, .article, div.page {
    max-width: none !important; margin: 0 !important; padding: 0 !important;
}
"""


@functools.cache
def load_weasyprint():
    """Return the library that makes PDFs without wkhtmltopdf, or None."""
    try:
        import weasyprint  # noqa: PLC0415  # optional, and slow to load
    except (ImportError, OSError):  # OSError: a system library is missing
        return None
    # They log every font, and every CSS rule for screens.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="pydyf")
    return weasyprint


def move_footers_first(html):
    """Move the footer before the text, so that CSS repeats it on each sheet."""
    root = lxml.html.fromstring(html, parser=lxml.html.HTMLParser(encoding="utf-8"))
    for footer in root.find_class("footer"):
        footer.getparent().insert(0, footer)
    return lxml.html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")


class IrActionsReport(models.Model):
    """Makes certificates as PDF without wkhtmltopdf, which Debian 13 lacks.

    WeasyPrint makes the PDF if Odoo cannot, only for reports of this addon.
    """

    _inherit = "ir.actions.report"

    @api.model
    def _can_render_sms_pdf(self):
        has_native = self.get_wkhtmltopdf_state() != "install"
        return has_native or load_weasyprint() is not None

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Make our reports with WeasyPrint if wkhtmltopdf is not installed."""
        report_sudo = self._get_report(report_ref)
        is_own = report_sudo.report_name in OWN_REPORTS
        if not is_own or self.get_wkhtmltopdf_state() != "install":
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids)
        if load_weasyprint() is None:
            message = self.env._(
                "No PDF can be created: neither wkhtmltopdf nor WeasyPrint is "
                "installed on the server. Tell your administrator."
            )
            raise UserError(message)
        data = {**(data or {}), "report_type": "pdf"}
        html, _kind = self._render_qweb_html(report_ref, res_ids, data=data)
        with self._explain_sms_pdf_failure():
            pdf = self._make_sms_pdf(html, report_sudo.get_paperformat())
        return {False: {"stream": io.BytesIO(pdf), "attachment": None}}

    @contextmanager
    def _explain_sms_pdf_failure(self):
        """Convert any error of a PDF library into a UserError that says what to do."""
        try:
            yield
        except Exception as error:
            _logger.warning("No PDF was made", exc_info=True)
            message = self.env._(
                "No PDF can be created: the server's library for PDFs does not work "
                "(%s). Tell your administrator.",
                str(error).rstrip("."),
            )
            raise UserError(message) from error

    @api.model
    def _attach_to_sms_pdf(self, pdf, name, data):
        """Return a PDF with a JSON file attached (bytes), or raise a UserError."""
        with self._explain_sms_pdf_failure():
            from odoo.tools.pdf import (  # noqa: PLC0415  # whichever library there is
                OdooPdfFileReader,
                OdooPdfFileWriter,
            )

            writer, target = OdooPdfFileWriter(), io.BytesIO()
            reader = OdooPdfFileReader(io.BytesIO(pdf), strict=False)
            writer.cloneReaderDocumentRoot(reader)
            writer.addAttachment(name, data, subtype="application/json")
            writer.write(target)
        return target.getvalue()

    @api.model
    def _make_sms_pdf(self, html, paperformat):
        """Return a page in Odoo's report layout (bytes) as a PDF."""
        weasyprint = load_weasyprint()
        size = paperformat.format if paperformat.format != "custom" else "A4"
        page_style = PAGE_STYLE % {
            "size": size or "A4",
            "top": max(paperformat.margin_top, 45),
        }
        document = weasyprint.HTML(
            string=move_footers_first(html),
            base_url=BASE,
            url_fetcher=self._fetch_for_sms_pdf,
        )
        return document.write_pdf(stylesheets=[weasyprint.CSS(string=page_style)])

    @api.model
    def _fetch_for_sms_pdf(self, url, *_args, **_kwargs):
        """Return a resource of our page; fetch nothing from elsewhere."""
        path = url.removeprefix(BASE).partition("?")[0]
        if url.startswith("data:"):
            return load_weasyprint().default_url_fetcher(url)
        if url == path or not re.match(r"(web/assets|\w+/static)/", path):
            raise ValueError(f"a certificate fetches nothing: {url[:80]}")
        if path.startswith("web/assets/"):
            bundle = self.env["ir.qweb"]._get_asset_bundle(
                "web.report_assets_common", js=False, autoprefix=True
            )
            return {"string": bundle.css().raw, "mime_type": "text/css"}
        with file_open(path, "rb", filter_ext=STATIC_TYPES) as file:
            return {"string": file.read(), "mime_type": mimetypes.guess_type(path)[0]}
