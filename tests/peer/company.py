# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A company whose Twilio account is at the loopback peer."""

from .twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioPeer

OWN_NUMBER = "+13035550177"
SERVICE_SID = "MG" + "0123456789abcdef" * 2


class LoopbackTwilio:
    """Mixin of :class:`common.SmsCase`: starts the peer and lets the company use it."""

    @classmethod
    def start_peer(cls):
        """Start the peer, and direct the requests to Twilio to it."""
        cls.peer = TwilioPeer().start()
        cls.addClassCleanup(cls.peer.stop)
        cls.env["ir.config_parameter"].set_param(
            "helpdesk_mgmt_sms.twilio_api_url", cls.peer.url
        )

    @classmethod
    def enter_account(cls, **values):
        """Configure the company with the peer's account, or the given values."""
        cls.company.write(
            {
                "sms_provider": "twilio",
                "sms_twilio_account_sid": ACCOUNT_SID,
                "sms_twilio_auth_token": AUTH_TOKEN,
                **values,
            }
        )

    @classmethod
    def enter_number(cls, number=OWN_NUMBER):
        """Add a number to the company's senders."""
        cls.env["sms.twilio.number"].create(
            {
                "company_id": cls.company.id,
                "number": number,
                "country_id": cls.country.id,
            }
        )
