# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Make verdict and reason agree on texts that were cancelled beside the gate."""


def migrate(cr, _version):
    """Give texts that were muted, overtaken or erased the gate's verdict on them."""
    cr.execute(
        """
        UPDATE sms_sms SET gate_verdict = 'block'
         WHERE state = 'canceled' AND gate_verdict IS DISTINCT FROM 'block'
           AND gate_reason IN ('muted', 'overtaken', 'erased')
        """
    )
