# shellcheck shell=bash
# Debian packages: find missing ones, install them, or unpack a package without installing it.

is_debian() { grep -qs '^ID=debian$' "${OS_RELEASE:-/etc/os-release}" && command -v apt-get >/dev/null; }

# The error on every other system, where nothing is changed.
die_not_debian() {
    die "this is not Debian: $1 cannot be fetched for you." \
        "Install by hand: Python 3.10 to 3.13 with venv, a PostgreSQL server (13 or newer; initdb and pg_ctl on the PATH)," \
        "Chromium (for the browser tests), git, and an Odoo 19 source tree with its Python requirements." \
        "Then run: ODOO_PATH=<folder of Odoo 19> $0"
}

# True for root, and if sudo needs no password or there is a terminal to ask for it.
may_be_root() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# The packages of a dependency line (Depends syntax) that are not installed yet, one per line.
missing_packages() {
    apt-get -s -q --no-install-recommends satisfy "$1" 2>/dev/null | awk '/^Inst /{print $2}'
}

# True if the installed packages satisfy the line: quick, and without package lists.
is_satisfied() {
    local simulation
    simulation=$(apt-get -s -q --no-install-recommends satisfy "$1" 2>/dev/null) || return 1
    ! grep -q '^Inst ' <<<"$simulation"
}

# Refresh package lists that are missing or older than a day, once in a run.
refresh_lists() {
    local lists=/var/lib/apt/lists
    [ -z "${LISTS_REFRESHED:-}" ] || return 0
    LISTS_REFRESHED=1
    if [ -n "$(find $lists -maxdepth 1 -name '*_Packages*' -mmin -1440 -print -quit 2>/dev/null)" ]; then return 0; fi
    say "Refreshing the package lists"
    logged apt-update as_root apt-get update -q || note "The package lists could not be refreshed; going on with the old ones"
}

# Install what satisfies a dependency line, from the machine's own sources. $1: what it is for, $2: the line.
install_packages() {
    is_satisfied "$2" && return
    is_debian || die_not_debian "$1"
    if ! may_be_root; then
        die "packages are missing for $1, and you are neither root nor may use sudo." \
            "Ask an administrator to run:" \
            "apt-get install --no-install-recommends $(missing_packages "$2" | paste -sd' ')"
    fi
    refresh_lists
    say "Installing $1"
    logged "apt-${1//[^a-zA-Z0-9]/-}" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -y -q -o DPkg::Lock::Timeout=600 --no-install-recommends satisfy "$2" ||
        die "apt-get could not install $1"
}

# The mirror that this machine already uses for Debian itself: "address<TAB>keyring".
debian_mirror() {
    # shellcheck disable=SC2016  # apt's own placeholders
    apt-get indextargets --format '$(REPO_URI) $(SIGNED_BY) $(LABEL)' 'Created-By: Packages' |
        awk '$1 ~ /debian\/?$/ && $1 !~ /security/ {print $1 "\t" ($2 ~ /^\// ? $2 : ""); exit}'
}

# A private apt configuration for a suite that the machine itself does not use. It touches nothing of the system.
write_private_apt() {
    local suite=$1 dir=$DEV/apt/$1 uri keyring option=''
    IFS=$'\t' read -r uri keyring < <(debian_mirror) || true
    [ -n "${uri:-}" ] || die "no Debian mirror found in this machine's apt sources"
    mkdir -p "$dir"/{lists/partial,cache/archives/partial,parts}
    [ -z "$keyring" ] || option="[signed-by=$keyring] "
    echo "deb $option$uri $suite main" >"$dir/sources.list"
    cat >"$dir/apt.conf" <<CONF
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "$dir/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$dir/parts";
Dir::State::lists "$dir/lists";
Dir::Cache "$dir/cache";
Acquire::Languages "none";
APT::Sandbox::User "";
CONF
}

# Unpack a package of a suite into a folder, without installing it. Its .deb is kept for its dependency line.
# $1: suite or "" for the machine's own sources, $2: package, $3: folder
unpack_package() {
    local config=/dev/null download=$DEV/apt/download/$2
    rm -rf "$download" "$3"
    mkdir -p "$download" "$3.new"
    if [ -n "$1" ]; then
        write_private_apt "$1"
        config=$DEV/apt/$1/apt.conf
        APT_CONFIG=$config logged "apt-update-$1" apt-get update -q || die "apt-get could not read the lists of Debian $1"
    fi
    (cd "$download" && APT_CONFIG=$config logged "download-$2" apt-get download -q -o APT::Sandbox::User= "$2") ||
        die "apt-get could not download $2"
    dpkg -x "$download"/*.deb "$3.new"
    mv "$3.new" "$3"
}

# The dependency line of an unpacked package, without what must not be installed. $1: package, $2: pattern to leave out
package_depends() {
    dpkg -f "$DEV/apt/download/$1"/*.deb Depends | tr ',' '\n' | sed 's/^ *//' |
        grep -vE "${2:-^$}" | paste -sd,
}
