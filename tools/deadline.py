# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Until when something may still be done, though the machine may have stood still."""

import time


class Deadline:
    """A time some seconds from now, by two clocks: whichever comes first.

    One that nobody sets stands still while the machine is suspended, or its virtual
    machine paused; one that shows the time of day may be set back.

    :param float seconds: from now
    """

    def __init__(self, seconds):
        self._seconds = seconds
        self._begun = self._read_clocks()

    def is_over(self):
        """Tell if the time has come."""
        pairs = zip(self._read_clocks(), self._begun, strict=True)
        return max(now - begun for now, begun in pairs) > self._seconds

    @staticmethod
    def _read_clocks():
        """Return what both clocks show, in seconds."""
        return time.monotonic(), time.clock_gettime(time.CLOCK_REALTIME)
