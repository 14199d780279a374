# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A received text: stored once, and interpreted in its number's turn by the router.

Offers ``sms.inbound._receive``, ``sms.question._ask``, reviews, and the router's hooks
to serve, join and converse.
May use dispatch and all below it.
"""

from . import (
    sms_inbound,
    sms_inbound_router,
    sms_inbound_router_sender,
    sms_webhook_event,
    sms_keyword,
    sms_purpose_terms,
    sms_reply,
    sms_question,
    sms_media,
    sms_opt_in,
    sms_consent_review,
    sms_sender,
    sms_number_claim,
    sms_consent,
    res_company,
)
