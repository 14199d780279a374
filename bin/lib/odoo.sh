# shellcheck shell=bash
# Odoo 19 and its Python environment, all inside .dev/.

ODOO_TREE=$DEV/odoo
VENV=$DEV/venv
CONF=$DEV/odoo.conf
# The folder of links through which Odoo finds the checkout (link_addon).
LINKED_ADDONS=$DEV/addons
# The command by which Python starts it.
ODOO_COMMAND=(-m odoo)

# The folder that holds the Python package "odoo".
odoo_folder() {
    if [ -n "${ODOO_PATH:-}" ]; then
        (cd "$ODOO_PATH" && pwd -P)
    else
        echo "$ODOO_TREE/usr/lib/python3/dist-packages"
    fi
}

odoo_version() {
    sed -n "s/^version_info *= *(\([0-9]*\), *\([0-9]*\).*/\1.\2/p" "$(odoo_folder)/odoo/release.py"
}

check_odoo_path() {
    [ -f "$ODOO_PATH/odoo/release.py" ] || die "ODOO_PATH=$ODOO_PATH holds no Odoo (there is no odoo/release.py in it)"
    [ "$(odoo_version)" = 19.0 ] || die "ODOO_PATH=$ODOO_PATH is Odoo $(odoo_version); Odoo 19.0 is needed"
}

# Odoo comes from Debian's package, unpacked but not installed: no service, no system user, no change of the machine.
fetch_odoo() {
    if [ -n "${ODOO_PATH:-}" ]; then
        check_odoo_path
        return
    fi
    is_debian || die_not_debian "Odoo 19"
    if ! is_stamped odoo-tree "$ODOO_TREE"; then
        say "Fetching Odoo 19 (Debian's package, unpacked into .dev/)"
        unpack_package sid odoo-19 "$ODOO_TREE"
        stamp odoo-tree "$ODOO_TREE"
    fi
    complete_odoo
    install_packages "the libraries of Odoo" "$(package_depends odoo-19 '^(odoo|adduser)'), python3-venv"
}

# Add what an unpacked tree lacks.
complete_odoo() {
    local addons shared file
    addons=$(odoo_folder)/odoo/addons
    # The tree reaches fonts and JavaScript libraries of other packages by relative links into /usr/share.
    for shared in javascript fonts fonts-font-awesome; do
        ln -sfn "/usr/share/$shared" "$ODOO_TREE/usr/share/$shared"
    done
    # Debian leaves out this file (not free); its absence logs an error that fails every browser tour of the backend.
    # It is made only once: bundles are rebuilt when one of their files is touched.
    file=$addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js
    [ -e "$file" ] || { mkdir -p "${file%/*}" && touch "$file"; }
}

# The Python environment: Debian's libraries, and from PyPI what Debian does not have.
make_venv() {
    local requirements=$ROOT/requirements-dev.txt key
    key=$(digest "$(requirements)" "$(odoo_folder)" "$VENV" "$("$SYSTEM_PYTHON" -V)")
    is_stamped venv "$key" && return
    say "Building the Python environment"
    rm -rf "$VENV"
    "$SYSTEM_PYTHON" -m venv --system-site-packages "$VENV" || die "$SYSTEM_PYTHON cannot make a virtual environment"
    odoo_folder >"$(site_packages)/odoo-19.pth"
    pip_install pip -r "$requirements" || die "pip could not install the requirements"
    # OCA's wheels require a distribution "odoo" that PyPI does not have; the .pth file above provides Odoo.
    pip_install pip-oca --no-deps -r "$ROOT/requirements-oca.txt" || die "pip could not install the OCA addons"
    check_odoo_imports
    stamp venv "$key"
}

# $1: name of the log
pip_install() {
    local log=$1
    shift
    logged "$log" "$VENV/bin/python" -m pip install --progress-bar off --disable-pip-version-check "$@"
}

site_packages() { "$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

# An Odoo given by ODOO_PATH may need libraries that no package brought; its own list names them.
check_odoo_imports() {
    local probe='import odoo.release, odoo.cli, odoo.http, odoo.tools.mail, odoo.service.server'
    (cd / && "$VENV/bin/python" -c "$probe") 2>"$DEV/logs/import.log" && return
    if [ -n "${ODOO_PATH:-}" ] && [ -f "$ODOO_PATH/requirements.txt" ]; then
        say "Installing the requirements of $ODOO_PATH"
        pip_install pip-odoo -r "$ODOO_PATH/requirements.txt" || true
        (cd / && "$VENV/bin/python" -c "$probe") 2>"$DEV/logs/import.log" && return
    fi
    tail -n 3 "$DEV/logs/import.log" >&2
    die "Odoo cannot be imported"
}

# The addon on the addons path under its own name, whatever the checkout's folder is called. It is a real folder of
# links: a link to the whole checkout would contain .dev/ and so itself, and Odoo's export of translations follows
# links.
link_addon() {
    local target=$LINKED_ADDONS/$MODULE entry
    mkdir -p "$target"
    find "$target" -maxdepth 1 -type l ! -exec test -e {} \; -delete
    for entry in "$ROOT"/*; do
        case ${entry##*/} in
        bin | bench | node_modules | package*.json) ;;
        *) ln -sfn "../../../${entry##*/}" "$target/${entry##*/}" ;;
        esac
    done
}

# If LINKED_ADDONS is empty, Odoo finds the addons that pip has installed by itself.
addons_path() {
    local path base
    path=${LINKED_ADDONS:+$LINKED_ADDONS,$(site_packages)/odoo/addons,}
    base=$(odoo_folder)
    [ ! -d "$base/addons/web" ] || path=$path$base/addons,
    echo "$path$base/odoo/addons"
}

# Write the configuration, each time since the database's port may have changed. $1: file, $2...: more lines
write_conf() {
    local file=$1 old_umask
    shift
    old_umask=$(umask)
    umask 077
    {
        cat <<CONF
[options]
addons_path = $(addons_path)
data_dir = $DEV/data
db_host = 127.0.0.1
db_port = $(pg_port)
db_user = $PG_ROLE
db_password = $(cat "$PG_PASSWORD")
http_interface = 127.0.0.1
list_db = False
admin_passwd = $(cat "$PG_PASSWORD")
server_wide_modules = base,rpc,web
screenshots = $DEV/logs/browser
CONF
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$file"
    umask "$old_umask"
}

# Odoo's own command line. $1: configuration file
run_odoo() {
    local conf=$1 command=()
    shift
    case ${1:-} in shell | db | i18n | module | populate | cloc | neutralize) command=("$1") && shift ;; esac
    (cd "$DEV/run" && exec "${CLOCK[@]}" "$VENV/bin/python" "${ODOO_COMMAND[@]}" "${command[@]}" -c "$conf" "$@")
}

# Chromium or Chrome, by the names that Odoo's tests look for.
need_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        ! command -v "$name" >/dev/null || return 0
    done
    install_packages "Chromium, for the browser tests" chromium
}

# PDF certificates are made by wkhtmltopdf if installed, else by WeasyPrint. Everything else works without them.
need_pdf_maker() {
    local probe='import importlib.util, sys; sys.exit(importlib.util.find_spec("weasyprint") is None)'
    if command -v wkhtmltopdf >/dev/null || "$VENV/bin/python" -c "$probe"; then return; fi
    if is_debian && may_be_root; then
        (install_packages "WeasyPrint, for certificates as PDF" weasyprint) && return
    fi
    note "Neither wkhtmltopdf nor WeasyPrint is installed: certificates are made as web pages."
}

# Everything up to an Odoo that can be started.
setup_odoo() {
    make_dev_folder
    lock_setup
    fetch_odoo
    make_venv
    need_pdf_maker
    link_addon
    find_postgres
    unlock_setup
}
