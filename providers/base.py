# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The adapter: the contract between the outbox and a carrier.

An adapter sends a message, verifies a request and parses events. It places calls as
well if its carrier can (:attr:`Provider.can_call`). It knows nothing of Odoo's models:
it takes an account as data, and returns our vocabulary (``outbound.py``,
``inbound.py``, ``faults.py``, ``account.py``). To add a carrier, write its files beside
Twilio's, and add it to :data:`providers.PROVIDERS` and to the selection
``res.company.sms_provider``.
"""

#: The most pictures and files that a carrier passes on with one text, either way.
MEDIA_LIMIT = 10


class LookupFailed(Exception):
    """The carrier could not be asked: try again later.

    :param str words: what came instead of a response; never holds a secret
    :param int status: HTTP status of a refusal, None without a response
    :param int retry_after: seconds to wait before the next request, as the carrier asks
    """

    def __init__(self, words, status=None, retry_after=0):
        super().__init__(words)
        self.status = status
        self.retry_after = retry_after


class RedactionRefused(Exception):
    """The carrier will not remove a message, however often it is asked."""


class Provider:
    """The contract that every carrier's adapter fulfills.

    :param dict account: the company's credentials and senders; keys are the
        adapter's own and documented on it
    """

    #: value of ``res.company.sms_provider``
    code = ""
    #: in every language
    name = ""
    #: whether prices must be asked for (:meth:`list_prices`), as no report tells them
    lists_prices = False
    #: whether the carrier can remove a single message's body
    can_redact = False
    #: whether the carrier accepts opt-outs (:meth:`tell_opt_outs`)
    takes_opt_outs = False
    #: whether the carrier lists the numbers that it blocks (:meth:`list_opt_outs`)
    lists_opt_outs = False
    #: whether the carrier lists deactivated numbers (:meth:`list_deactivated`)
    lists_deactivated = False
    #: whether the carrier lists delivery reports (:meth:`list_reports`)
    lists_reports = False
    #: whether it places calls (:meth:`place_call` and below)
    can_call = False

    def __init__(self, account):
        self.account = account

    def missing(self):
        """Return the names of the settings that sending still needs."""
        raise NotImplementedError

    def can_check(self):
        """Tell whether the account has what :meth:`check` needs."""
        return False

    def check(self, inbound_url):
        """Check at the carrier whether the account is set up correctly.

        Uses the network and changes nothing. Stops where going on is futile.

        :param str inbound_url: URL that incoming texts must be posted to
        :return: tuple of ``Finding``, empty if the carrier offers no way to check
        """
        return ()

    def set_inbound_url(self, inbound_url):
        """Set the URL that the carrier posts incoming texts to. Safe to repeat.

        :raises LookupFailed: if the carrier did not accept it
        """
        raise LookupFailed(f"{self.code} has no way to set it")

    def list_numbers(self):
        """Return the numbers of the account that can send texts, E.164.

        :raises LookupFailed: if the carrier could not be asked
        """
        return ()

    def senders(self):
        """Return the senders of this account, the preferred one first."""
        raise NotImplementedError

    def send(self, message):
        """Post one message. Uses the network, never the database."""
        raise NotImplementedError

    def find(self, message, since, until):
        """Look up a message whose outcome is unknown.

        :param OutboundMessage message: the text, as it was posted
        :param since: UTC datetime, likewise ``until``
        :return: list of ``Found`` that may be this message
        :raises LookupFailed: if the carrier could not be asked
        """
        raise NotImplementedError

    def fetch(self, carrier_id):
        """Ask for the state of a message whose delivery report is overdue.

        :raises LookupFailed: if the carrier could not be asked
        """
        raise NotImplementedError

    def list_prices(self, day, sender="", is_call=False):
        """Ask for the prices of a day's texts or calls, page by page.

        Only if :attr:`lists_prices`, and of calls only if :attr:`can_call`.

        :param date day: day of sending (UTC)
        :param str sender: empty for any of the account
        :return: yields ``{carrier's id: Price}`` of those that have a price
        :raises LookupFailed: if the carrier could not be asked
        """
        raise NotImplementedError

    def list_reports(self, since, until, resume=""):
        """Ask for the reports of a period's texts, page by page.

        Only if :attr:`lists_reports`. They come in any order, with those of other
        users of the account; some may be missing, and some may come twice.

        :param since: UTC datetime of sending, likewise ``until``
        :param str resume: ``ReportPage.resume`` of the last page read, to continue
        :return: yields ``ReportPage``
        :raises LookupFailed: if the carrier could not be asked
        """
        raise NotImplementedError

    def redact(self, carrier_id, is_whole=False):
        """Remove a message's body and media from the carrier. Safe to repeat.

        Returns if there is nothing (left) to remove. Only if :attr:`can_redact`.

        :param bool is_whole: remove the whole message
        :raises LookupFailed: not removed now: try again later
        :raises RedactionRefused: the carrier will never remove it
        """
        raise NotImplementedError

    def tell_opt_outs(self, opt_outs):
        """Report to the carrier who opted out, or back in.

        Safe to repeat. Only if :attr:`takes_opt_outs`.

        :param opt_outs: iterable of ``OptOut``
        :return: ``{key: the carrier's words}`` of those that it refused
        :raises LookupFailed: not reported now: try again later
        :raises providers.opt_outs.NotOffered: this account has no access to it
        """
        raise NotImplementedError

    def list_opt_outs(self):
        """Ask which numbers the carrier blocks, page by page.

        Only if :attr:`lists_opt_outs`.

        :return: yields lists of ``OptOut``
        :raises LookupFailed: if the carrier could not be asked
        """
        raise NotImplementedError

    def list_deactivated(self, day):
        """Ask which numbers were deactivated on a day, and may get a new owner.

        Only if :attr:`lists_deactivated`.

        :return: list of numbers (E.164), None if there is no report of the day (yet)
        :raises LookupFailed: if the carrier could not be asked
        """
        raise NotImplementedError

    def verify(self, url, form, signature):
        """Tell whether a request was signed by the carrier.

        :param str url: the public URL as the carrier knows it, including the query
        :param form: the body in the form that this carrier signs: fields or bytes
        :param signature: the header's value, or None; a tuple for several headers
        """
        raise NotImplementedError

    def fetch_media(self, url):
        """Fetch a picture or a file of an incoming text. Uses the network.

        :raises providers.media.MediaFailed: for any failure
        """
        raise NotImplementedError

    @staticmethod
    def parse_inbound(form):
        """Parse an incoming text."""
        raise NotImplementedError

    @staticmethod
    def parse_report(form):
        """Parse a delivery report."""
        raise NotImplementedError

    # === Calls, only if :attr:`can_call` ===

    def place_call(self, message):
        """Place one call, as :meth:`send` posts a message.

        :param OutboundMessage message: its ``answer_url`` gets the answered call
        """
        raise NotImplementedError

    def find_call(self, message, since, until):
        """Look up a call whose outcome is unknown, as :meth:`find` for a text."""
        raise NotImplementedError

    def fetch_call(self, carrier_id):
        """Ask for the state of a call, as :meth:`fetch` for a text."""
        raise NotImplementedError

    @staticmethod
    def parse_answer(form):
        """Parse an answered call as a report: delivered only if a person answered."""
        raise NotImplementedError

    @staticmethod
    def parse_key(form):
        """Parse the key pressed in a call, empty for none."""
        raise NotImplementedError

    @staticmethod
    def say(spoken, key_url=""):
        """Return the response that makes the carrier speak.

        :param spoken: ``providers.voice.Spoken``, None to end the call
        :param str key_url: URL that the carrier posts the key to
        """
        raise NotImplementedError
