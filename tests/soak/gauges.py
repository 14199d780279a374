# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measurements during the soak: memory, connections, tables."""

import os
import re
import threading
import time
from statistics import mean

import psutil

#: Seconds between two samples, and between two looks at the tables.
SAMPLE_EVERY, TABLES_EVERY = 3, 20
MEGABYTE = 1024 * 1024
#: Tables that record events, and grow with them. All others are bounded. Counters are
#: added up every ten minutes, and grow until then.
RECORDS = re.compile(
    r"sms_(sms|report|tracker|inbound|question|reminder|broadcast|consent|team_alert"
    r"|automation_run|composer|day|media|short_link|price|number_kind|counter|carrier_opt_out)"
    r"|mail_|bus_bus|bus_presence|helpdesk_ticket|res_partner|res_users|calendar_"
    r"|ir_attachment|ir_cron_(progress|trigger)|discuss_|link_tracker|res_device"
    r"|ir_logging|ir_profile|phone_blacklist|sms_template"
)
#: Highest number of rows that such a table may hold per text sent or received.
ROWS_A_TEXT = 12
#: Rows and bytes that any other table may gain in the second half of the soak.
ROWS_GAINED, BYTES_GAINED = 300, 4 * MEGABYTE
READ_TABLES = """
    SELECT relname, pg_total_relation_size(oid),
           (xpath('/row/c/text()', query_to_xml(
               format('SELECT count(*) AS c FROM %I', relname), false, true, '')
           ))[1]::text::int
      FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
       AND pg_total_relation_size(oid) > 8192
"""
#: Connections of the nodes, without those of the test itself.
READ_CONNECTIONS = """
    SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%%')
      FROM pg_stat_activity
     WHERE datname = %s AND application_name != %s
"""


def read_memory(process):
    """Return the memory of a process and its children in MB; None if it has ended."""
    try:
        root = psutil.Process(process.pid)
        found = [root, *root.children(recursive=True)]
        return sum(it.memory_info().rss for it in found) / MEGABYTE
    except psutil.Error:
        return None


def get_slope(samples):
    """Return the growth per hour of samples of (time, value), by least squares."""
    if len(samples) < 2:
        return 0.0
    middle = mean(at for at, _value in samples)
    level = mean(value for _at, value in samples)
    above = sum((at - middle) * (value - level) for at, value in samples)
    below = sum((at - middle) ** 2 for at, _value in samples)
    return above / below * 3600 if below else 0.0


class Gauges:
    """Takes samples in a thread.

    :param case: the soak, for its first node and its queries
    """

    def __init__(self, case):
        self._case = case
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        #: Of the first node: (time, MB, pid)
        self.memory = []
        #: (time, connections, those that hold a transaction open)
        self.connections = []
        #: (time, {table: (bytes, rows)})
        self.tables = []

    def start(self):
        """Start the thread; return self."""
        self._thread.start()
        return self

    def stop(self):
        """Stop the thread, and read the tables a last time."""
        self._over.set()
        self._thread.join()
        self._look_at_tables()

    def _sample(self):
        looked_at = 0
        while not self._over.wait(SAMPLE_EVERY):
            now = time.time()
            process = self._case.server.process
            if memory := read_memory(process):
                self.memory.append((now, memory, process.pid))
            own = [self._case.database, f"odoo-{os.getpid()}"]
            if found := self._case.query(READ_CONNECTIONS, own):
                self.connections.append((now, *found[0]))
            if now - looked_at > TABLES_EVERY:
                looked_at = now
                self._look_at_tables()

    def _look_at_tables(self):
        found = self._case.query(READ_TABLES)
        if found:
            sizes = {name: (size, rows or 0) for name, size, rows in found}
            self.tables.append((time.time(), sizes))

    def get_last_life(self):
        """Return the memory samples since the last start of the first node."""
        pid = self.memory[-1][2] if self.memory else None
        return [(at, value) for at, value, whose in self.memory if whose == pid]

    def find_grown(self, texts):
        """Return the tables that have grown too much, as lines.

        :param int texts: number of texts sent and received
        """
        middle = self.tables[len(self.tables) // 2][1]
        grown = []
        for name, (size, rows) in self.tables[-1][1].items():
            size_before, rows_before = middle.get(name, (0, 0))
            if RECORDS.match(name):
                is_grown = rows > 1000 + texts * ROWS_A_TEXT
            else:
                is_grown = (
                    rows - rows_before > ROWS_GAINED
                    or size - size_before > BYTES_GAINED
                )
            if is_grown:
                grown.append(
                    f"{name}: {rows_before:,} to {rows:,} rows,"
                    f" {size_before // 1024:,} to {size // 1024:,} kB"
                )
        return grown
