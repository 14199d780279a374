# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The contract between the outbox and a carrier: an adapter.

An adapter does three things: send one message, verify one request, parse its events.
One whose carrier can call people places calls as well (:attr:`Provider.can_call`).
It knows nothing of Odoo's models: what it needs of an account comes in as data, what
it has to say goes out in our words (``outbound.py``, ``inbound.py``, ``faults.py``,
``account.py``). Whoever adds a carrier writes its files beside Twilio's, adds it to
:data:`providers.PROVIDERS` and to the selection ``res.company.sms_provider``.
"""

#: A carrier passes on so many pictures and files with one text, in either direction.
MEDIA_LIMIT = 10


class LookupFailed(Exception):
    """The carrier could not be asked what became of a message: ask again later.

    :param str words: what came instead of an answer; never holds a secret
    :param int status: of an HTTP answer that says no, None where there was none
    :param int retry_after: seconds before which the carrier wants not to be asked again
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
    #: what messages cost must be asked for (:meth:`list_prices`): no report tells it
    lists_prices = False
    #: whether the carrier removes what a single message said
    can_redact = False
    #: whether the carrier can be told of opt-outs (:meth:`tell_opt_outs`)
    takes_opt_outs = False
    #: whether the carrier shows whom it does not let be texted (:meth:`list_opt_outs`)
    lists_opt_outs = False
    #: whether the carrier shows deactivated numbers (:meth:`list_deactivated`)
    lists_deactivated = False
    #: whether the carrier lists what has become of texts (:meth:`list_reports`)
    lists_reports = False
    #: whether it places calls: :meth:`place_call` and what follows it
    can_call = False

    def __init__(self, account):
        self.account = account

    def missing(self):
        """Return what the account lacks for sending, in a person's words."""
        raise NotImplementedError

    def can_check(self):
        """Tell if the account has what :meth:`check` needs."""
        return False

    def check(self, inbound_url):
        """Look at the carrier if the account is set up as it must be.

        Touches the network and changes nothing. Stops at what makes the rest futile.

        :param str inbound_url: where texts that come in must go
        :return: tuple of ``Finding``, empty where a carrier offers no way to look
        """
        return ()

    def set_inbound_url(self, inbound_url):
        """Tell the carrier where texts go that come in. To repeat it does no harm.

        :raises LookupFailed: when the carrier did not take it
        """
        raise LookupFailed(f"{self.code} has no way to set it")

    def list_numbers(self):
        """Return the numbers of the account that can send texts, E.164.

        :raises LookupFailed: when the carrier could not be asked
        """
        return ()

    def senders(self):
        """Return what this account can send by, the preferred one first."""
        raise NotImplementedError

    def send(self, message):
        """Hand over one message. Touches the network, never the database."""
        raise NotImplementedError

    def find(self, message, since, until):
        """Look up what the carrier has of a message whose outcome is unknown.

        :param OutboundMessage message: the text, as it was handed over
        :param since: UTC datetime, likewise ``until``
        :return: list of ``Found``: those that it may be
        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def fetch(self, carrier_id):
        """Ask what has become of a message whose delivery report is overdue.

        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def list_prices(self, day, sender=""):
        """Ask what the messages of a day have cost; in pages, since they are many.

        :param date day: on which they were sent (UTC)
        :param str sender: empty: any of the account
        :return: yields ``{carrier's id: Price}``, of those whose price it knows
        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def list_reports(self, since, until, resume=""):
        """Ask what has become of the texts of some time; in pages, since they are many.

        Only where :attr:`lists_reports`. Texts of other users of the account are among
        them, in any order; some may be missing, and others come twice.

        :param since: UTC datetime at which they were sent, likewise ``until``
        :param str resume: of the last page that was read, to go on after it
        :return: yields ``ReportPage``
        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def list_call_prices(self, day, sender=""):
        """Ask what the calls of a day have cost, as :meth:`list_prices` does of texts.

        Only where :attr:`lists_prices` and :attr:`can_call`.
        """
        raise NotImplementedError

    def redact(self, carrier_id, is_whole=False):
        """Remove what a message said from the carrier. To repeat it does no harm.

        Returns when nothing of it is there (any more). Only where :attr:`can_redact`.

        :param bool is_whole: remove the message altogether, not its words and media
        :raises LookupFailed: it was not removed now: ask again later
        :raises RedactionRefused: it never will be
        """
        raise NotImplementedError

    def tell_opt_outs(self, opt_outs):
        """Tell the carrier who has opted out, or takes texts again.

        To repeat it does no harm. Only where :attr:`takes_opt_outs`.

        :param opt_outs: iterable of ``OptOut``
        :return: ``{key: what the carrier answered}`` of those that it has refused
        :raises LookupFailed: they were not told now: try again later
        :raises providers.opt_outs.NotOffered: this account has no access to it
        """
        raise NotImplementedError

    def list_opt_outs(self):
        """Ask whom the carrier does not let be texted; in pages, since they are many.

        Only where :attr:`lists_opt_outs`.

        :return: yields lists of ``OptOut``
        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def list_deactivated(self, day):
        """Ask which numbers were deactivated on a day: they may get another owner.

        Only where :attr:`lists_deactivated`.

        :return: list of numbers (E.164), None where nothing is known of the day (yet)
        :raises LookupFailed: when the carrier could not be asked
        """
        raise NotImplementedError

    def verify(self, url, form, signature):
        """Tell if a request really comes from the carrier.

        :param str url: the public address as the carrier knows it, query included
        :param form: what was posted, as this carrier signs it: fields or bytes
        :param signature: the header's value, or None; a tuple for several headers
        """
        raise NotImplementedError

    def fetch_media(self, url):
        """Fetch a picture or a file that came with a text. Touches the network.

        :raises providers.media.MediaFailed: whatever the reason
        """
        raise NotImplementedError

    @staticmethod
    def parse_inbound(form):
        """Read a text that came in."""
        raise NotImplementedError

    @staticmethod
    def parse_report(form):
        """Read a delivery report."""
        raise NotImplementedError

    # === Calls, only where :attr:`can_call` ===

    def place_call(self, message):
        """Have a phone rung. As :meth:`send`: it touches the network, and posts once.

        :param OutboundMessage message: ``answer_url`` is asked when it is answered
        """
        raise NotImplementedError

    def find_call(self, message, since, until):
        """Look up a call whose outcome is unknown, as :meth:`find` does a text."""
        raise NotImplementedError

    def fetch_call(self, carrier_id):
        """Ask what has become of a call, as :meth:`fetch` does of a text."""
        raise NotImplementedError

    @staticmethod
    def parse_answer(form):
        """Read that a call was answered, as a report: delivered to a person only."""
        raise NotImplementedError

    @staticmethod
    def parse_key(form):
        """Read the key that was pressed in a call, empty for none."""
        raise NotImplementedError

    @staticmethod
    def say(spoken, key_url=""):
        """Return what the carrier is answered, so that it says some words.

        :param spoken: ``providers.voice.Spoken``, None to end the call
        :param str key_url: where the key goes that is pressed
        """
        raise NotImplementedError
