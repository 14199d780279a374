# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Changes of a company's settings, and which of them let more through."""

#: Setting, before, after, and whether it lets more through or keeps proof for less.
CASES = """
sms_consent_policy      opt_in   opt_out   yes
sms_consent_policy      opt_out  opt_in    no
sms_consent_policy      opt_in   opt_in    no
sms_free_right          managers agents    yes
sms_free_right          agents   everybody yes
sms_free_right          everybody managers no
sms_bulk_right          managers everybody yes
sms_bulk_right          agents   managers  no
sms_redaction           keep     empty     yes
sms_redaction           empty    delete    yes
sms_redaction           delete   keep      no
sms_form_kinds          mobile   landline  yes
sms_form_kinds          mobile   voip      no
sms_form_kinds          landline mobile    no
sms_bulk_from           10       11        yes
sms_bulk_from           10       1         no
sms_user_limit          200      201       yes
sms_user_limit          200      0         yes
sms_user_limit          0        200       no
sms_user_limit          200      199       no
sms_user_limit          2        1         no
sms_approve_from        500      501       yes
sms_approve_from        500      0         yes
sms_approve_from        0        500       no
sms_consent_months      12       24        yes
sms_consent_months      12       0         yes
sms_consent_months      0        12        no
sms_keep_text_months    12       11        yes
sms_keep_text_months    0        120       yes
sms_keep_text_months    12       0         no
sms_keep_text_months    12       12        no
sms_keep_text_months    1        2         no
sms_keep_raw_months     13       12        yes
sms_keep_raw_months     13       14        no
sms_keep_consent_years  5        4         yes
sms_keep_consent_years  5        0         no
sms_keep_opt_out_years  10       1         yes
sms_keep_opt_out_years  10       11        no
sms_quiet_hours         1        0         yes
sms_quiet_hours         0        1         no
"""


def read_cases():
    """Return the table: name, before, after, is less strict."""

    def read(value):
        return int(value) if value.isdigit() else value

    for line in CASES.strip().splitlines():
        name, before, after, answer = line.split()
        yield name, read(before), read(after), answer == "yes"
