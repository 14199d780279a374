# shellcheck shell=bash
# Many more inputs than the tests try, outside CI: to the public addresses, and to the rules that have property tests.

FUZZED_RULES=("$ROOT"/tests/tools/test_{gate_properties,quiet_hours,segments,keywords,phrases,consent}.py)

# $1: processor minutes for the public addresses; $2: examples for each property, 0 for none.
# HELPDESK_SMS_FUZZ_SEED is the seed to begin with: that of a find makes it again.
fuzz() {
    local minutes=${1:-60} examples=${2:-5000}
    HELPDESK_SMS_FUZZ_MINUTES=$minutes "$ROOT/bin/test" "$ROOT/tests/core/test_fuzz_doors.py" -q -s
    [ "$examples" = 0 ] || HELPDESK_SMS_EXAMPLES=$examples "$ROOT/bin/test" "${FUZZED_RULES[@]}" -q
}
