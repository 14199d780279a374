# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from prometheus_client.parser import text_string_to_metric_families

from odoo.tests import BaseCase, tagged

from ...tools.exposition import Metric, expose


@tagged("post_install", "-at_install")
class TestExposition(BaseCase):
    """Prometheus' own parser reads what we write."""

    def test_names_kinds_and_hostile_labels(self):
        hostile = 'a "b"\n\\c{},=#'
        text = expose(
            [
                Metric("texts_total", "One\nor \\ two", [({"reason": hostile}, 3)]),
                Metric("waiting", "None", [({}, 0), ({"a": "1", "b": 2}, 1.5)]),
                Metric("empty", "Without any", []),
            ]
        )
        self.assertTrue(text.endswith("\n"))
        texts, waiting, empty = text_string_to_metric_families(text)
        self.assertEqual((texts.type, waiting.type), ("counter", "gauge"))
        self.assertEqual(texts.documentation, "One\nor \\ two")
        [sample] = texts.samples
        self.assertEqual(sample[:3], ("texts_total", {"reason": hostile}, 3))
        found = [sample[1:3] for sample in waiting.samples]
        self.assertEqual(found, [({}, 0), ({"a": "1", "b": "2"}, 1.5)])
        self.assertEqual(empty.samples, [])
