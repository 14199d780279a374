# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Settings of PostgreSQL for a few queries of ours."""

from contextlib import contextmanager


@contextmanager
def group_in_memory(cr):
    """Make PostgreSQL group in memory, without JIT compilation.

    With the default 4 MB a year's hundred thousand rows would be sorted on disk, and
    compiling such a query takes longer than running it: seconds, while a broadcast has
    just filled the table.
    """
    cr.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
    yield
    cr.execute("SET LOCAL work_mem TO DEFAULT; SET LOCAL jit TO DEFAULT")
