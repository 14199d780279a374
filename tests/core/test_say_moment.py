# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Server and browser format a time in the same words."""

import json
from pathlib import Path

from odoo import fields
from odoo.tests import HttpCase, tagged

from ...models.core.moments import say_moment
from ..clock import freeze_time
from ..common import SmsCase

CASES = json.loads(
    Path(__file__).parents[1].joinpath("tools", "moments.json").read_text()
)
ASK = """
    const {toMoment} = odoo.loader.modules.get(
        "@helpdesk_mgmt_sms/core/text_dates.esm"
    );
    const {DateTime} = luxon;
    const wrong = [];
    for (const {moment, now, zone, said} of %s) {
        for (const [lang, expected] of Object.entries(said)) {
            const locale = lang.replace("_", "-");
            const read = (iso) =>
                DateTime.fromISO(iso, {zone: "utc"}).setZone(zone).setLocale(locale);
            const found = toMoment(read(moment), read(now));
            if (found !== expected) {
                wrong.push(`${lang} ${moment}: ${found}, not ${expected}`);
            }
        }
    }
    const {SegmentCounter} = odoo.loader.modules.get(
        "@helpdesk_mgmt_sms/core/segment_counter.esm"
    );
    for (const [text, expected] of [
        ["ça va", "Unicode because of “ç”"],
        ["“ça va”", "Unicode because of the quotation mark “"],
        ["It’s late", "Unicode because of the quotation mark ’"],
        ['"plain"', "GSM-7"],
    ]) {
        const counter = Object.create(SegmentCounter.prototype);
        counter.props = {text};
        if (String(counter.encoding) !== expected) {
            wrong.push(`${text}: ${counter.encoding}`);
        }
    }
    const {SmsWidget} = odoo.loader.modules.get(
        "@sms/components/sms_widget/fields_sms_widget"
    );
    for (const [count, expected] of [[0, "1.00"], [1, "5.00"]]) {
        const data = {attachment_ids: {count}, sms_price: {amount: 1, media_amount: 5}};
        const widget = Object.create(SmsWidget.prototype);
        Object.defineProperty(widget, "countedText", {value: "Hi"});
        widget.props = {record: {data}};
        const counter = Object.create(SegmentCounter.prototype);
        counter.props = widget.counterProps;
        if (!counter.cost.includes(expected)) {
            wrong.push(`${count} pictures: ${counter.cost}`);
        }
    }
    if (wrong.length) {
        console.error(wrong.join("\\n"));
    } else {
        console.log("test successful");
    }
"""


@tagged("post_install", "-at_install")
class TestMomentsInTheBrowser(SmsCase, HttpCase):
    """The cases as Chromium formats them, and the composer's counter of segments."""

    def test_the_browser_says_it_in_the_same_words(self):
        self.browser_js(
            "/odoo",
            ASK % json.dumps(CASES),
            ready="odoo.isReady === true",
            login="sms-agent",
        )


@tagged("post_install", "-at_install")
class TestMomentsOfUsers(SmsCase):
    """Times are in the user's time zone; another one is named."""

    @freeze_time("2026-07-01 18:00:00")
    def test_whose_clock(self):
        moment = fields.Datetime.to_datetime("2026-07-02 14:00:00")
        self.agent.tz = "America/Denver"
        here = self.env(user=self.agent, context={"lang": "en_US"})
        self.assertEqual(say_moment(here, moment), "tomorrow 8:00 AM")
        self.assertEqual(say_moment(here, moment, "US/Mountain"), "tomorrow 8:00 AM")
        self.assertEqual(
            say_moment(here, moment, "America/New_York"),
            "tomorrow 10:00 AM, New York time",
        )
        self.agent.tz = "Europe/London"
        self.assertEqual(
            say_moment(self.env(user=self.agent), moment, "America/Denver"),
            "tomorrow 8:00 AM, Denver time",
        )
        self.assertEqual(say_moment(here, False), "")
        self.assertEqual(say_moment(here, None, "America/Denver"), "")
