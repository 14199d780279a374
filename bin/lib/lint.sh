# shellcheck shell=bash
# The linters: Python tools in .dev/lint, prettier from npm (node.sh), shellcheck from Debian.

LINT_VENV=$DEV/lint
LINT_TREE=$DEV/lint-tree
# Each is a function check_<name>.
CHECKS=(ruff pylint oca oca_po translations links prettier shell)

setup_linters() {
    make_dev_folder
    lock_setup
    need_program shellcheck shellcheck
    make_lint_venv
    make_node
    unlock_setup
}

make_lint_venv() {
    local requirements=$ROOT/requirements-lint.txt key
    key=$(digest "$(cat "$requirements")" "$LINT_VENV" "$("$SYSTEM_PYTHON" -V)")
    is_stamped lint-venv "$key" && return
    "$SYSTEM_PYTHON" -c 'import ensurepip' 2>/dev/null || install_packages "the linters' environment" python3-venv
    say "Installing the linters for Python"
    rm -rf "$LINT_VENV"
    "$SYSTEM_PYTHON" -m venv "$LINT_VENV" || die "$SYSTEM_PYTHON cannot make a virtual environment"
    logged pip-lint "$LINT_VENV/bin/python" -m pip install --progress-bar off --disable-pip-version-check -r "$requirements" ||
        die "pip could not install the linters"
    stamp lint-venv "$key"
}

# The checkout's own files, committed or not yet, separated by NUL. $@: patterns of names
list_files() {
    local file
    git -C "$ROOT" ls-files -z --cached --others --exclude-standard -- "$@" | sort -zu |
        while IFS= read -r -d '' file; do
            [ ! -f "$ROOT/$file" ] || printf '%s\0' "$file"
        done
}

# OCA's checks look for addons one level down: with the addon at the root they silently check nothing. They get a copy
# in a folder that has the addon's name.
copy_tree() {
    rm -rf "$LINT_TREE"
    mkdir -p "$LINT_TREE/$MODULE"
    list_files | tar -C "$ROOT" --null --files-from=- -cf - | tar -C "$LINT_TREE/$MODULE" -xf -
}

run_prettier() {
    local files
    mapfile -d '' files < <(list_files '*.js' '*.xml' '*.scss' '*.css' 'package.json')
    (cd "$ROOT" && "$NODE/node_modules/.bin/prettier" \
        --plugin "$NODE/node_modules/@prettier/plugin-xml/src/plugin.js" --log-level warn "$@" "${files[@]}")
}

run_ruff() { (cd "$ROOT" && "$LINT_VENV/bin/ruff" "$@"); }

check_ruff() { run_ruff check --quiet . && run_ruff format --quiet --diff .; }
check_prettier() { run_prettier --check; }

# Show the files' names in the checkout.
check_pylint() { (cd "$LINT_TREE" && "$LINT_VENV/bin/pylint" --rcfile="$ROOT/.pylintrc" "$MODULE" | sed "s#^$MODULE/##"); }

# Without the check for README.rst: our README is the front page of the repository, in Markdown.
check_oca() {
    local output status=0
    output=$(cd "$LINT_TREE" && "$LINT_VENV/bin/oca-checks-odoo-module" --disable=prefer-readme-rst "$@" "$MODULE" 2>&1) || status=$?
    output=$(sed "/^ *$/d; s#^.*lint-tree/$MODULE/##" <<<"$output")
    [ -z "$output" ] || echo "$output"
    return $status
}

check_oca_po() {
    local files
    mapfile -d '' files < <(list_files 'i18n/*.po' 'i18n/*.pot')
    [ ${#files[@]} -eq 0 ] || (cd "$LINT_TREE/$MODULE" && "$LINT_VENV/bin/oca-checks-po" "${files[@]}")
}

check_translations() {
    "$LINT_VENV/bin/python" "$ROOT/bin/lib/check_translations.py" "$ROOT/i18n/$MODULE.pot" "$ROOT"/i18n/*.po
}

# Links, anchors, pictures, and files and tests that the pages name.
check_links() {
    local files
    mapfile -d '' files < <(list_files '*.md' 'static/description/*.html')
    "$LINT_VENV/bin/python" "$ROOT/bin/lib/check_links.py" "$ROOT" "${files[@]}"
}

# The commands are read together with their parts, so that a name used in another file counts as used (.shellcheckrc).
check_shell() {
    local files
    mapfile -d '' files < <(list_files ':(glob)bin/*' ':(exclude)bin/*.py' '.ci/run')
    (cd "$ROOT" && shellcheck --check-sourced "${files[@]}")
}

# The checks named in CHECKS.
check_all() {
    local check failed=()
    copy_tree
    for check in "${CHECKS[@]}"; do
        say "Checking: $check"
        "check_$check" || failed+=("$check")
    done
    [ ${#failed[@]} -eq 0 ] || die "the linters found something: ${failed[*]}" "bin/lint --fix mends what can be mended without a person."
    say "The linters found nothing"
}

fix_all() {
    local file
    copy_tree
    check_oca --fix >/dev/null || true
    while IFS= read -r -d '' file; do
        cmp -s "$LINT_TREE/$MODULE/$file" "$ROOT/$file" || cat "$LINT_TREE/$MODULE/$file" >"$ROOT/$file"
    done < <(list_files)
    run_ruff check --quiet --fix-only . || true
    run_ruff format --quiet .
    run_prettier --write >/dev/null
}
