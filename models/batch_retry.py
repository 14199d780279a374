# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Batches of a job that meet other transactions: done again, not given up."""

import logging

from psycopg2.errors import DeadlockDetected, SerializationFailure

_logger = logging.getLogger(__name__)

#: How often a batch is tried that met a text of one of its people.
MAX_TRIES = 5


def work_off_safely(job, work):
    """Work off a batch, and try again what met another transaction.

    The batch's transaction begins with it: the one before was committed.

    :param job: the record whose batch it is; its cache is emptied before a new try
    :param work: does the batch; returns how many were worked off
    :return: what ``work`` returns
    """
    for attempt in range(1, MAX_TRIES + 1):
        try:
            done = work()
            job.env.flush_all()
            return done
        except (SerializationFailure, DeadlockDetected):
            if attempt == MAX_TRIES:
                raise
            _logger.info("%s meets another transaction, again", job)
            job.env.cr.rollback()
            job.env.invalidate_all()
    return 0
