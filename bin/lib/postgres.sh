# shellcheck shell=bash
# A private PostgreSQL cluster in .dev/pg: own port, own socket, own password. It runs while any command uses it.

PG_HOME=$DEV/pg
PG_DATA=$PG_HOME/data
PG_PASSWORD=$DEV/pg.password
PG_ROLE=odoo
# The prefix of what runs by the clock that was turned, if it was.
CLOCK=()
[ -z "${HELPDESK_SMS_CLOCK:-}" ] || CLOCK=(env "LD_PRELOAD=$HELPDESK_SMS_CLOCK")

# The newest server programs of the machine, else those of Debian's package, unpacked into .dev/ and not installed,
# since the installed package would make a cluster and a service of its own.
find_postgres() {
    PG_BIN=$(newest_postgres) && return
    is_debian || die_not_debian "PostgreSQL"
    local package
    ! may_be_root || refresh_lists
    package=$(server_package)
    if ! is_stamped postgres-tree "$package"; then
        say "Fetching PostgreSQL ($package, unpacked into .dev/)"
        unpack_package "" "$package" "$DEV/postgresql"
        stamp postgres-tree "$package"
    fi
    install_packages "the libraries of PostgreSQL" "$(package_depends "$package" '^(postgresql-common|locales|ssl-cert|debconf)')"
    PG_BIN=$(echo "$DEV"/postgresql/usr/lib/postgresql/*/bin)
}

newest_postgres() {
    local initdb
    [ -z "${IGNORE_SYSTEM_POSTGRES:-}" ] || return 1
    initdb=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
    [ -n "$initdb" ] || initdb=$(command -v initdb) || return 1
    dirname "$(readlink -f "$initdb")"
}

# The newest server that the machine's own sources offer, such as postgresql-17.
server_package() {
    local name
    while read -r name; do
        [ -z "$(apt-cache madison "$name" 2>/dev/null)" ] || { echo "$name" && return; }
    done < <(apt-cache pkgnames postgresql- | grep -x 'postgresql-[0-9]*' | sort -Vr)
    die "the machine's apt sources offer no PostgreSQL server"
}

# PostgreSQL refuses to run as root. For root it runs as "postgres" or "nobody"; when that user cannot reach the folder
# (a checkout below /root), with the one capability that lets it pass. PG_AS is the prefix of every server command.
choose_postgres_user() {
    PG_AS=()
    mkdir -p "$PG_HOME"
    [ "$(id -u)" = 0 ] || return 0
    command -v setpriv >/dev/null || die "setpriv (package util-linux) is needed to run PostgreSQL as another user than root"
    local user=postgres capability base
    id -u $user >/dev/null 2>&1 || user=nobody
    chown "$user" "$PG_HOME"
    base=(setpriv --reuid "$user" --regid "$(id -g $user)" --clear-groups)
    for capability in '' dac_read_search dac_override; do
        PG_AS=("${base[@]}")
        # The securebit makes access(2), which PostgreSQL asks for its own files, see the capability too.
        [ -z "$capability" ] || PG_AS+=(--inh-caps "+$capability" --ambient-caps "+$capability" --securebits +no_setuid_fixup)
        if "${PG_AS[@]}" test -r "$PG_BIN/initdb" -a -r "$PG_HOME" 2>/dev/null; then return; fi
    done
    die "user $user, who must run PostgreSQL, cannot reach $PG_HOME." \
        "Move the checkout to a folder that others may pass through, or run this as an ordinary user."
}

# The server must not inherit our locks: one that kept the start's lock would block every later command.
pg_server() {
    local program=$1
    shift
    (
        cd "$PG_HOME" 2>/dev/null || cd /
        exec env -u PGPORT -u PGHOST -u PGDATA LC_ALL=C.UTF-8 "${PG_AS[@]}" "${CLOCK[@]}" "$PG_BIN/$program" "$@" 7>&- 8>&- 9>&-
    )
}

make_cluster() {
    [ -f "$PG_DATA/PG_VERSION" ] && return
    say "Making the private PostgreSQL cluster"
    [ -s "$PG_PASSWORD" ] || (umask 077 && random_word >"$PG_PASSWORD")
    rm -rf "$PG_DATA"
    logged initdb init_cluster || { rm -rf "$PG_DATA"; die "initdb failed"; }
    cat >>"$PG_DATA/postgresql.conf" <<CONF
# For development and tests only: fast, and not safe against a power cut.
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 400
shared_buffers = 256MB
max_wal_size = 2GB
autovacuum_naptime = 5min
listen_addresses = '127.0.0.1'
logging_collector = off
CONF
}

# The password is handed over in a short-lived copy, since the server's user may not read our file.
init_cluster() {
    local copy=$PG_HOME/initial-password status=0
    (umask 077 && cat "$PG_PASSWORD" >"$copy")
    [ ${#PG_AS[@]} -eq 0 ] || chown --reference="$PG_HOME" "$copy"
    pg_server initdb -D "$PG_DATA" -U "$PG_ROLE" -A scram-sha-256 --pwfile="$copy" -E UTF8 --locale=C.UTF-8 --no-sync ||
        status=$?
    rm -f "$copy"
    return "$status"
}

# The port of the running server, as it wrote it itself.
pg_port() { sed -n 4p "$PG_DATA/postmaster.pid" 2>/dev/null; }

# The server's working directory is its data folder, unlike that of a process that got its old id after a reboot.
is_pg_running() {
    local pid
    pid=$(head -n 1 "$PG_DATA/postmaster.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$PG_DATA" ]
}

# Start the server unless it runs. A port may be taken between the check and the start, so try again with another.
start_postgres() {
    local try port
    choose_postgres_user
    exec 7>"$DEV/run/pg-start.lock"
    flock 7
    make_cluster
    check_cluster_version
    for try in 1 2 3; do
        is_pg_running && break
        rm -f "$PG_DATA/postmaster.pid"
        port=$(free_port 0)
        logged "pg-start" pg_server pg_ctl start -w -t 60 -s -D "$PG_DATA" -l "$PG_HOME/server.log" -o "-p $port $(socket_option)" && break
        [ "$try" != 3 ] || die "PostgreSQL does not start; see $PG_HOME/server.log"
    done
    hold_postgres
    exec 7>&-
    check_clock
}

# A server that another command has started runs by that one's clock.
check_clock() {
    local seconds
    seconds=$(($(query "SELECT extract(epoch FROM now())::bigint") - $("${CLOCK[@]}" date +%s)))
    [ "${seconds#-}" -lt 60 ] || die "PostgreSQL is in use by a command with another clock, $seconds s away." "Run this again once it has ended."
}

check_cluster_version() {
    local made have
    made=$(cat "$PG_DATA/PG_VERSION")
    have=$("$PG_BIN/postgres" -V | sed 's/.* \([0-9]*\)\..*/\1/')
    [ "$made" = "$have" ] || die "the cluster in .dev/pg was made by PostgreSQL $made, and $have is there now." "Remove .dev/pg and run this again: everything in it is made anew."
}

# A socket path may have at most 107 bytes, and is quoted here; if it does not fit, the server listens only on TCP.
socket_option() {
    local bytes
    bytes=$(printf %s "$PG_HOME" | wc -c)
    if [ "$bytes" -lt 80 ] && [[ $PG_HOME != *\'* ]]; then printf -- "-k '%s'" "$PG_HOME"; else printf -- "-k ''"; fi
}

# Every command that uses the server holds a shared lock; the last one to leave stops it.
hold_postgres() {
    exec 9>"$DEV/run/pg.lock"
    flock -s 9
}
leave_postgres() {
    exec 9>&- 
    (
        flock -n -x 6 || exit 0
        is_pg_running && pg_server pg_ctl stop -w -m fast -s -D "$PG_DATA" >/dev/null 2>&1
    ) 6>"$DEV/run/pg.lock" || true
}

# The client beside the server, or the one installed with the unpacked server's dependencies.
find_psql() {
    local candidate
    while read -r candidate; do
        [ ! -x "$candidate" ] || { echo "$candidate" && return; }
    done < <(echo "$PG_BIN/psql" && ls -r /usr/lib/postgresql/*/bin/psql 2>/dev/null; type -P psql)
    die "psql, the client of PostgreSQL, is needed"
}

# The password is passed by the environment, never on the command line.
psql() {
    PGOPTIONS='-c client_min_messages=warning' PGPASSWORD=$(cat "$PG_PASSWORD") PGHOST=127.0.0.1 PGPORT=$(pg_port) PGUSER=$PG_ROLE "$(find_psql)" "$@"
}
query() { psql -X -q -At -v ON_ERROR_STOP=1 -d "${2:-postgres}" -c "$1"; }

# For tests that crash a private server (tests/soak/cluster.py): where its programs are, and how they are run.
export_postgres() {
    export HELPDESK_SMS_PG_SERVER=$PG_BIN HELPDESK_SMS_PG_PREFIX="${PG_AS[*]}" HELPDESK_SMS_PG_HOME=$PG_HOME
    HELPDESK_SMS_PG_CLIENT=$(dirname "$(find_psql)")
    export HELPDESK_SMS_PG_CLIENT
}
