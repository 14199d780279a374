# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Batches of a job: what meets other transactions is done again, not given up, and what
fails keeps no other job waiting.
"""

import logging

from psycopg2 import InterfaceError, OperationalError
from psycopg2.errors import DeadlockDetected, SerializationFailure

_logger = logging.getLogger(__name__)

#: How often a batch is tried that met a text of one of its people.
MAX_TRIES = 5
#: The database is away, or too busy: no job's own fault.
DATABASE_FAULTS = (OperationalError, InterfaceError)


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


def try_work_off(job, work, passing=()):
    """Work off a batch of a job that must keep no other waiting when it fails.

    What failed is logged and undone. It is for the caller to get the job out of the
    others' way: to stop it, to put it off, or to leave it out for this time.

    :param job, work: as for :func:`work_off_safely`
    :param tuple passing: exceptions that are no fault of the job's: they are raised
    :return: what ``work`` returns, None if it failed
    """
    try:
        return work_off_safely(job, work)
    except passing:
        raise
    except Exception:
        _logger.exception("%s cannot go on", job)
        job.env.cr.rollback()
        job.env.invalidate_all()
        return None
