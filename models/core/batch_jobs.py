# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Batches of jobs, rows that workers share, and calls that follow a commit."""

import logging
from functools import partial

from psycopg2 import InterfaceError, OperationalError
from psycopg2.errors import DeadlockDetected, SerializationFailure

from odoo import api
from odoo.service.model import retrying
from odoo.tools import SQL

_logger = logging.getLogger(__name__)
#: Attempts at a batch that conflicts with a text of one of its people.
MAX_TRIES = 5
#: The database is gone, or too busy: not a job's own fault.
DATABASE_FAULTS = (OperationalError, InterfaceError)


def undo(env):
    """Roll back, also what the transaction has left in the registry's caches."""
    env.cr.rollback()
    forget_undone(env)


def forget_undone(env):
    """Empty the caches that undone work has emptied, and may have filled anew."""
    if names := env.registry.cache_invalidated:
        env.registry.clear_cache(*names)


def work_off_safely(job, work):
    """Process a batch, and repeat it if it conflicts with another transaction.

    Its transaction begins with it: the one before was committed.

    :param job: the record whose batch it is; its cache is emptied before a new try
    :param work: processes the batch; returns how many items were processed
    """
    for attempt in range(1, MAX_TRIES + 1):
        try:
            done = work()
            job.env.cr.flush()
            return done
        except (SerializationFailure, DeadlockDetected):
            if attempt == MAX_TRIES:
                raise
            _logger.info("%s meets another transaction, again", job)
            undo(job.env)
    return 0


def try_work_off(job, work, passing=()):
    """Process a batch of a job that must not hold up others when it fails.

    A failure is logged and rolled back. The caller then gets the job out of the others'
    way: it stops it, postpones it, or skips it for this time.

    :param job, work: as for :func:`work_off_safely`
    :param tuple passing: exceptions that are not the job's fault: they are raised
    :return: what ``work`` returns, None if it failed
    """
    try:
        return work_off_safely(job, work)
    except passing:
        raise
    except Exception:
        _logger.exception("%s cannot go on", job)
        undo(job.env)
        return None


def contain(env, work, logger, message, *args, flush=True):
    """Run some work in a savepoint; if it fails, log that and undo only the work.

    A conflict with another transaction is raised: Odoo then starts the request over.

    :param work: function without arguments
    :param str message: logged with the traceback, filled in with ``args``
    :param bool flush: flush before and after, which may run what waits for that
    :return: what ``work`` returns, None if it failed
    """
    try:
        with env.cr.savepoint(flush=flush):
            return work()
    except OperationalError:
        raise
    except Exception:  # whatever another module's hook raises
        logger.exception(message, *args)
        forget_undone(env)
        return None


def lock_next(model, condition, order, limit=1):
    """Lock the next rows of a queue until the commit; other workers skip them.

    Before a call over the network, write the end of a lease on them and commit: they
    stay yours, and others take them over after a kill.

    :param SQL condition: which rows are due
    :param SQL order: which of them are first
    :param int limit: None for all
    :return: the rows, not cached; empty if there is none or others have them all
    """
    model.flush_model()
    query = "SELECT id FROM %s WHERE %s ORDER BY %s LIMIT %s FOR UPDATE SKIP LOCKED"
    table = SQL.identifier(model._table)
    if rows := model.env.execute_query(SQL(query, table, condition, order, limit)):
        model.invalidate_model()
    return model.browse(row_id for (row_id,) in rows)


def work_off_calls(env, claim, prepare, record):
    """Process a queue whose rows need a call over the network (a cron).

    Claim, commit, call with no transaction open, record. A row that fails, or that a
    kill leaves behind, is claimed again when its lease ends.

    :param claim: returns the next row
    :param prepare: returns a row's call, which must not use the database; None: the
        row is postponed
    :param record: takes a row and what its call has returned
    """
    cron = env["ir.cron"]
    while row := claim():
        call = contain(env, partial(prepare, row), _logger, "%s: not prepared", row)
        if not cron._commit_progress(remaining=1):
            return
        if call:
            try:
                result = call()
            except Exception:  # what an adapter did not foresee
                _logger.exception("%s: its call has failed", row)
                continue
            try_work_off(row, partial(record, row, result))
            if not cron._commit_progress(1, remaining=1):
                return
    cron._commit_progress(remaining=0)


def repeat_after_commit(model, method, *arguments, uid=None):
    """Call a method in sudo after the commit, in a new transaction.

    It sees what others have committed: of two transactions that cannot see each other,
    at least the one that commits last sees the other.

    :param str method: takes ids, not records, as it gets its own environment
    :param int uid: who calls it, default the user of ``model``
    """
    registry, uid = model.env.registry, uid or model.env.uid

    def repeat():
        with registry.cursor() as cr:
            env = api.Environment(cr, uid, {}, su=True)
            work = partial(getattr(env[model._name], method), *arguments)
            # ``retrying`` signals caches, and warns while an upgrade is under way.
            retrying(work, env) if registry.ready else work()

    model.env.cr.postcommit.add(repeat)
