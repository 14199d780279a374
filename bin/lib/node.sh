# shellcheck shell=bash
# The packages of package.json, in .dev/node: prettier for the linters, axe and Twilio's calculator for the tests, and
# playwright for the pictures.

NODE=$DEV/node

# An installed program is used, wherever it came from. $1: program, $2: Debian's package
need_program() {
    command -v "$1" >/dev/null && return
    is_debian || die "$1 is needed: install it by hand"
    install_packages "$1" "$2"
}

make_node() {
    local key
    need_program npm npm
    key=$(digest "$(cat "$ROOT/package.json")" "$NODE")
    is_stamped node "$key" && return
    say "Installing what package.json names"
    rm -rf "$NODE"
    mkdir -p "$NODE"
    cp "$ROOT/package.json" "$NODE/"
    logged npm npm install --prefix "$NODE" --no-package-lock --no-audit --no-fund --ignore-scripts ||
        die "npm could not install what package.json names"
    stamp node "$key"
}
