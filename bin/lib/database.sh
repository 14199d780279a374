# shellcheck shell=bash
# Odoo databases: made from nothing, copied from a template, dropped.

database_exists() { [ "$(query "SELECT 1 FROM pg_database WHERE datname = '$1'")" = 1 ]; }

drop_database() {
    query "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)"
    rm -rf "$DEV/data/filestore/$1"
}

# A copy with its files. They never change once written, so the copy may share them.
copy_database() {
    drop_database "$2"
    query "CREATE DATABASE \"$2\" TEMPLATE \"$1\""
    [ ! -d "$DEV/data/filestore/$1" ] || cp -al "$DEV/data/filestore/$1" "$DEV/data/filestore/$2"
}

# A key of the versions that a database is made with: when one of them changes, it is made again.
versions_key() {
    digest "$(odoo_version)" "$(dpkg -f "$DEV"/apt/download/odoo-19/*.deb Version 2>/dev/null)" \
        "$(odoo_folder)" "$(requirements)" "$(cat "$PG_DATA/PG_VERSION")" "$@"
}

# A database with some modules and no demo data, kept for the next run. $1: name, $2: modules
make_template() {
    local key turned
    key=$(versions_key "$2")
    # What was made by a turned clock is of use for no other: its scheduled actions would be due some other day.
    turned=$key${HELPDESK_SMS_CLOCK:+ by $FAKETIME}
    if { is_stamped "db-$1" "$key" || is_stamped "db-$1" "$turned"; } && database_exists "$1"; then return; fi
    say "Making the template database ($2)"
    drop_database "$1"
    logged "db-$1" run_odoo "$CONF" -d "$1" -i "$2" --stop-after-init || die "Odoo could not install $2"
    stamp "db-$1" "$turned"
}

# The same, under the lock of the set-up. $1: name, $2: modules
prepare_template() {
    lock_setup
    make_template "$1" "$2"
    unlock_setup
}

addon_depends() {
    "$SYSTEM_PYTHON" -c 'import ast, sys; print(",".join(ast.literal_eval(open(sys.argv[1]).read())["depends"]))' "$ROOT/__manifest__.py"
}

# The template of most databases: the addon's dependencies, and an optional addon that some tests use.
TEMPLATE=helpdesk_sms_template
prepare_main_template() { prepare_template "$TEMPLATE" "$(addon_depends),base_automation"; }

# A copy of a template with the addon. $1: template, $2: database, $3: its configuration, $4: name of the log
install_addon() {
    copy_database "$1" "$2"
    write_conf "$3" "db_name = $2" "http_port = $(free_port 0)"
    logged "$4" run_odoo "$3" -d "$2" -i "$MODULE" --stop-after-init || die "the addon could not be installed"
    # An installation must not log warnings.
    ! grep -E '^[0-9-]+ [0-9:,]+ [0-9]+ (WARNING|ERROR|CRITICAL) ' "$DEV/logs/$4.log" >&2 || die "the installation warns"
}

# A key of the addon's sources, to see whether an installed one is current.
sources_key() {
    (cd "$ROOT" && find __init__.py __manifest__.py controllers data demo i18n migrations models providers report security static tools views wizard \
        -type f ! -name '*.pyc' ! -path 'static/description/*' -print0 2>/dev/null | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32)
}
