# shellcheck shell=bash
# Odoo's own test suites, run with the addon installed.

NATIVE_TEMPLATE=helpdesk_sms_native_template
NATIVE_SUITES=(phone_validation sms sms_twilio calendar_sms mass_mailing_sms project_sms test_mail_sms helpdesk_mgmt)
NATIVE_LINKS=$DEV/native
NATIVE_EXCEPTIONS=$ROOT/tests/native_exceptions.txt

native_modules() {
    { printf '%s\n' "${NATIVE_SUITES[@]}" && addon_depends | tr ',' '\n'; } | sort -u | paste -sd,
}

# The suites' modules in a folder of links, so that no parent folder (a checkout is a Python package) is taken for part
# of them. Debian's package has two folders of addons; the last one on the path is complete.
link_native_suites() {
    local suite folder folders
    mapfile -t folders < <(addons_path | tr ',' '\n' | tac)
    rm -rf "$NATIVE_LINKS"
    mkdir -p "$NATIVE_LINKS"
    for suite in "${NATIVE_SUITES[@]}"; do
        for folder in "${folders[@]}"; do
            [ ! -d "$folder/$suite/tests" ] || { ln -s "$folder/$suite" "$NATIVE_LINKS/$suite" && continue 2; }
        done
        die "module $suite is not on the addons path, or has no tests"
    done
}

# Settings for which those suites were written: no consent needed, no footers. $1: configuration, $2: database
relax_addon() {
    run_odoo "$1" shell -d "$2" --no-http <<'PY'
env["res.company"].search([]).sms_consent_policy = "opt_out"
env["ir.default"].set("res.company", "sms_consent_policy", "opt_out")
purposes = env["sms.purpose"].with_context(active_test=False).search([])
for code, _name in env["res.lang"].get_installed():
    purposes.with_context(lang=code).footer = False
assert not any(purposes.mapped("footer"))
env.cr.commit()
print("relaxed")
PY
}

# The plugin compares the failures with the list of exceptions.
run_native_pytest() {
    link_native_suites
    cd "$NATIVE_LINKS"
    PYTHONPATH=$ROOT/bin/lib "${CLOCK[@]}" "$VENV/bin/pytest" -c "$ROOT/pyproject.toml" --rootdir . --confcutdir . \
        -p native_suites --native-exceptions="$NATIVE_EXCEPTIONS" \
        --odoo-database="$DATABASE" --odoo-config="$RUN_CONF" --odoo-http "${NATIVE_SUITES[@]/%//tests}" "$@"
}
