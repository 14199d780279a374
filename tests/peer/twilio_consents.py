# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The loopback peer's API of consents, and its reports of deactivated numbers.

Format of the responses: Twilio's public OpenAPI description.
"""

import json

CONSENTS_PATH = "/v1/Consents/Bulk"
DEACTIVATIONS_PATH = "/v1/Deactivations"
REPORT_PATH = "/reports/"
#: Highest number of consents in a request.
LIMIT = 25
FIELDS = {
    *("contact_id", "correlation_id", "sender_id", "status", "source"),
    "date_of_consent",
}


class PeerConsents:
    """The consents reported to the peer, and settings of its responses.

    ``told`` holds the consents of each accepted request. ``status`` is the status of
    the next responses, 403 for an account without access. ``refused`` maps a number to
    the error messages with which it is refused, separated by semicolons. ``reports``
    maps a day (``YYYY-MM-DD``) to the lines of its report.
    """

    def __init__(self):
        self.told, self.status = [], 201
        self.refused, self.reports = {}, {}

    def take(self, items):
        """Return status and body of the response to a bulk of consents."""
        if self.status != 201:
            return self.status, {"code": 20003, "message": "No", "status": self.status}
        items = [json.loads(item) for item in items]
        if len(items) > LIMIT or any(item.keys() != FIELDS for item in items):
            return 400, {"code": 20001, "message": "Invalid", "status": 400}
        self.told.append(items)
        return 201, {"items": [self.answer(item) for item in items]}

    def answer(self, item):
        """Return the response's part about one consent."""
        words = self.refused.get(item["contact_id"])
        return {
            "correlation_id": item["correlation_id"],
            "error_code": 30646 if words else 0,
            "error_messages": words.split("; ") if words else [],
        }

    def show(self, url, day):
        """Return status and body of the redirect to a day's report."""
        if day not in self.reports:
            return 404, {"code": 20404, "message": "Not found", "status": 404}
        return 307, {"redirect_to": f"{url}{REPORT_PATH}{day}.txt"}

    def get_report(self, path):
        """Return the report under a path, None if the path is no report's."""
        if not path.startswith(REPORT_PATH):
            return None
        day = path.removeprefix(REPORT_PATH).removesuffix(".txt")
        return "\n".join(self.reports.get(day, ()))
