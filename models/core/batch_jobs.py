# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Batches of a job: what meets other transactions is done again, not given up, and what
fails keeps no other job waiting.

How workers side by side share out the rows of a queue.
"""

import logging

from psycopg2 import InterfaceError, OperationalError
from psycopg2.errors import DeadlockDetected, SerializationFailure

from odoo.tools import SQL

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


def lock_next(model, condition, order, limit=1):
    """Lock the next rows of a queue until the commit; others pass over them.

    Who asks the network about a row writes the end of a lease on it and commits before:
    then the row stays theirs, and whom a kill keeps from the end leaves it to others.

    :param model: the model of the rows, in the environment of the cron
    :param SQL condition: which rows are due
    :param SQL order: which of them are first
    :return: the rows, read anew; none, if there is none or others have them all
    """
    model.flush_model()
    rows = model.env.execute_query(
        SQL(
            "SELECT id FROM %s WHERE %s ORDER BY %s LIMIT %s FOR UPDATE SKIP LOCKED",
            SQL.identifier(model._table),
            condition,
            order,
            limit,
        )
    )
    model.invalidate_model()
    return model.browse(row_id for (row_id,) in rows)
