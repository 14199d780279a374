# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Make verdict and reason agree on texts that were cancelled outside the gate."""


def migrate(cr, _version):
    """Set the verdict of muted, overtaken and erased texts to "block"."""
    cr.execute(
        """
        UPDATE sms_sms SET gate_verdict = 'block'
         WHERE state = 'canceled' AND gate_verdict IS DISTINCT FROM 'block'
           AND gate_reason IN ('muted', 'overtaken', 'erased')
        """
    )
