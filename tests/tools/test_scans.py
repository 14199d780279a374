# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import BaseCase

from ...tools import media

#: First bytes of files, and the detected type.
FILES = (
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg"),
    (b"\xff\xd8\xff\xee\x00\x0eAdobe", "image/jpeg"),
    (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
    (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
    (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
    (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "image/heic"),
    (b"GIF89a\x01\x00", None),
    (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", None),
    (b"<html><body>I agree</body></html>", None),
    (b"I agree", None),
    (b"MZ\x90\x00\x03", None),
    (b"PK\x03\x04\x14\x00", None),
    (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", None),
)


class TestScans(BaseCase):
    """The type of a file is detected by its bytes."""

    def test_a_file_is_what_its_bytes_are(self):
        for data, kind in FILES:
            with self.subTest(data=data):
                fault = None if kind else media.WRONG_KIND
                self.assertEqual(media.find_scan_fault(data), fault)
                if kind:
                    self.assertEqual(media.find_type(data), kind)

    def test_what_is_wrong_with_a_file(self):
        pdf = b"%PDF-1.7"
        for data, fault in (
            (b"", media.EMPTY),
            (pdf, None),
            (pdf + b"." * (media.MAX_SCAN_BYTES - len(pdf)), None),
            (pdf + b"." * media.MAX_SCAN_BYTES, media.TOO_LARGE),
            (b"I agree", media.WRONG_KIND),
        ):
            with self.subTest(size=len(data)):
                self.assertEqual(media.find_scan_fault(data), fault)

    def test_a_name_has_no_path_and_the_right_ending(self):
        for name, kind, expected in (
            ("form.pdf", "application/pdf", "form.pdf"),
            ("form.JPEG", "image/jpeg", "form.jpg"),
            ("form.pdf", "image/png", "form.png"),
            ("C:\\scans\\form.pdf", "application/pdf", "form.pdf"),
            ("../../etc/form.pdf", "application/pdf", "form.pdf"),
            ("a\x00b.pdf", "application/pdf", "ab.pdf"),
            ("form.v2", "image/tiff", "form.v2.tiff"),
            ("form.v2.pdf", "application/pdf", "form.v2.pdf"),
            ("X-ray.pdf", "application/pdf", "X-ray.pdf"),
            # The end of a long name is kept.
            (f"{'a' * 90}{'b' * 99}", "image/png", f"a{'b' * 99}.png"),
            (".pdf", "application/pdf", "pdf.pdf"),
            (None, "image/heic", "scan.heic"),
        ):
            with self.subTest(name=name):
                self.assertEqual(media.get_scan_name(name, kind), expected)
        for ending in ("pdf", "png", "jpg", "jpeg", "tif", "tiff", "heic", "heif"):
            with self.subTest(ending=ending):
                found = media.get_scan_name(f"form.{ending}", "application/pdf")
                self.assertEqual(found, "form.pdf")
