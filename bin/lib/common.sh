# shellcheck shell=bash
# Shared by all commands: paths, messages, and stamps by which finished steps are skipped.

MODULE=helpdesk_mgmt_sms
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
DEV=$ROOT/.dev
# Not the caller's pyenv or virtual environment: Odoo needs Debian's own interpreter.
SYSTEM_PYTHON=${PYTHON:-/usr/bin/python3}
unset PYTHONPATH PYTHONHOME ODOO_RC PYTEST_ADDOPTS

# A clock that libfaketime has turned (bin/quality --days, or "faketime" around a command) is that of PostgreSQL, Odoo and
# the tests (CLOCK in postgres.sh). All else has the real one: what fetches packages would find them expired.
case ${LD_PRELOAD:-} in *faketime*)
    export HELPDESK_SMS_CLOCK=$LD_PRELOAD FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
    unset LD_PRELOAD
    ;;
esac

if [ -t 2 ]; then BOLD=$'\e[1m' RED=$'\e[31m' PLAIN=$'\e[0m'; else BOLD='' RED='' PLAIN=''; fi

# All messages go to stderr, so that stdout has only the output of the called tools.
say() { printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN" >&2; }
note() { printf '    %s\n' "$*" >&2; }
die() {
    printf '%serror: %s%s\n' "$RED" "$1" "$PLAIN" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

# Run a noisy command with its output in a log file; show the end of the log only when it fails.
logged() {
    local log=$DEV/logs/$1.log status=0
    shift
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ $status -eq 0 ] && return
    tail -n 40 "$log" >&2
    note "The whole log: $log"
    return $status
}

# The Python packages that Odoo and the tests run with.
requirements() { cat "$ROOT/requirements-dev.txt" "$ROOT/requirements-oca.txt"; }

# A digest of the arguments, as the key of a stamp.
digest() { printf '%s\n' "$@" | sha256sum | cut -c1-32; }

# Stamps: a step is done when its stamp holds the key (versions, requirements) that it was done for.
is_stamped() { [ "$(cat "$DEV/stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp() { printf '%s\n' "$2" >"$DEV/stamps/$1"; }
unstamp() { rm -f "$DEV/stamps/$1"; }

# The folder of everything that the commands make. Only this user may read it, since it holds a password.
make_dev_folder() {
    case $ROOT in
    *[:,\"\\]* | *$'\n'*)
        die "the folder $ROOT has a character in its name that paths of Python, Odoo or apt cannot hold (: , \" \\ or a new line)." \
            "Rename it, or make the checkout elsewhere."
        ;;
    esac
    if [ -d "$DEV" ] && [ ! -O "$DEV" ]; then
        die "$DEV belongs to $(stat -c %U "$DEV")." \
            "Run this as that user, or remove the folder, or use a checkout of your own."
    fi
    mkdir -p "$DEV"/{logs,stamps,run,addons,data} || die "cannot write in $ROOT"
}

# Only one command at a time sets up the checkout; a second one waits, and then finds everything done.
lock_setup() {
    exec 8>"$DEV/run/setup.lock"
    flock -n 8 && return
    say "Another command is setting up this checkout: waiting for it"
    flock 8
}
unlock_setup() { exec 8>&-; }

# A free TCP port of the loopback address. $1: first port to try, 0 for any
free_port() {
    "$SYSTEM_PYTHON" - "$1" <<'PY'
import socket, sys

def is_free(port):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return 0
        return sock.getsockname()[1]

first = int(sys.argv[1])
candidates = range(first, min(first + 100, 65536)) if first else [0]
print(next(filter(None, map(is_free, candidates)), 0))
PY
}

random_word() { "$SYSTEM_PYTHON" -c 'import secrets; print(secrets.token_hex(24))'; }
