# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo.tests import HttpCase, tagged

from .common import ScenarioCase

#: Each tile's figure, note and change for the scenario's last 30 days.
TILES = {
    "sent_count": ["40", "40 segments", "▲ 300%"],
    "delivery_rate": ["83.3%", "6 not delivered", "▲ 4.2%"],
    "delivery_time": ["6 s", "until the carrier's report", "▼ 70%"],
    "blocked_count": ["8", "before sending, with a reason", "▲ new"],
    "reply_count": ["4", "6 received", "▲ new"],
    "answer_time": ["45 min", "2 of 3 answered by text", ""],
    "opt_out_count": ["5", "63 opt-ins", "▲ new"],
    "click_count": ["4", "bots not counted", "▲ new"],
    "confirmed_rate": ["33.3%", "of 3; 1 moved, 1 missed", ""],
    "rating": ["4.5", "2 ratings, 1 to 5", ""],
    "alert_rate": ["33.3%", "of 3 team alerts", ""],
    "reach_rate": ["66.7%", "4 of 6 concerned", ""],
    "news_count": ["2", "known-issue replies: 1, muted: 1", "▲ new"],
    "cost": ["$ 0.50", "10 of 40 texts as the carrier says", "▲ 400%"],
}
#: Rows of the lists below the tiles; totals of the charts.
LISTS = {
    "best": [["News", "24", "100%", "16.7%", "0%"]],
    "worst": [],
    "teams": [["Support", "3", "2", "45 min"]],
    "failures": [["6"]],
    "blocked": [["5"], ["3"]],
    "queue": [["8"], ["2"], ["0"]],
}
CHARTS = [
    "Delivery. Delivered: 30, Not delivered: 6, Blocked: 8",
    "Engagement. Replies: 4, Clicks on links: 4",
    "Opt-outs and opt-ins. Opt-outs: 5, Opt-ins: 63",
]

READ = """
    const say = (el) => (el ? el.textContent.replace(/\\s+/g, " ").trim() : "");
    const found = {tiles: {}, lists: {}, charts: []};
    for (const tile of document.querySelectorAll(".o_sms_tile")) {
        const change = tile.querySelector(".o_sms_change");
        found.tiles[tile.dataset.key.replace(/^cost_.*/, "cost")] = [
            say(tile.querySelector(".o_sms_value")),
            say(tile.querySelector(".o_sms_note")),
            say(change && change.firstChild),
        ];
    }
    for (const card of document.querySelectorAll(".o_sms_card[data-key]")) {
        const cells = (row) => [...row.querySelectorAll("td, strong")].map(say);
        found.lists[card.dataset.key] = [
            ...card.querySelectorAll("tbody tr, .o_sms_row"),
        ].map(cells);
    }
    // How long the longest has waited is for the clock to say.
    found.lists.queue = (found.lists.queue || []).slice(0, 3);
    for (const canvas of document.querySelectorAll(".o_sms_chart canvas")) {
        found.charts.push(canvas.getAttribute("aria-label"));
    }
    const wrong = [];
    for (const [part, names] of Object.entries(%s)) {
        for (const [name, expected] of Object.entries(names)) {
            const shown = JSON.stringify(found[part][name]);
            if (shown !== JSON.stringify(expected)) {
                wrong.push(`${part} ${name}: ${shown}`);
            }
        }
    }
    if (wrong.length) {
        console.error(wrong.join("; "));
    } else {
        console.log("test successful");
    }
"""

#: Opens the texts of a line of the failures, and waits for their number.
OPEN_FAILURES = """
    const name = %s;
    const lines = [...document.querySelectorAll("[data-key=failures] button")];
    lines.find((line) => line.textContent.includes(name)).click();
    const total = () => document.querySelector(".o_pivot_cell_value");
    const timer = setInterval(() => {
        if (total()) {
            clearInterval(timer);
            const found = total().textContent.trim();
            found === "%s" ? console.log("test successful") : console.error(found);
        }
    }, 50);
"""

#: Opens each tile, and waits for the first figure of its table.
OPEN_TILES = """
    const home = location.pathname;
    const until = async (find) => {
        while (!find()) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return find();
    };
    const wait = (selector) => until(() => document.querySelector(selector));
    const open = async (expected) => {
        const wrong = [];
        for (const [key, figure] of Object.entries(expected)) {
            (await wait(`.o_sms_tile[data-key=${key}]`)).click();
            const found = (await wait(".o_pivot_cell_value")).textContent.trim();
            if (found !== figure) {
                wrong.push(`${key}: ${found}`);
            }
            // Odoo notes a while later where it has gone.
            await until(() => location.pathname !== home);
            history.back();
        }
        wrong.length
            ? console.error(wrong.join("; "))
            : console.log("test successful");
    };
    open(%s);
"""

#: Has the pivot's table written to a spreadsheet, and reads what is sent for it.
DOWNLOAD = """
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = async function (form) {
        if (!(form instanceof FormData)) {
            return send.call(this, form);
        }
        const table = JSON.parse(await form.get("data").text());
        const values = table.rows[0].values.map((cell) => cell.value);
        values.includes("") && !values.includes(false)
            ? console.log("test successful")
            : console.error(JSON.stringify(values));
    };
    document.querySelector(".o_pivot_download").click();
"""


@tagged("post_install", "-at_install")
class TestPage(ScenarioCase, HttpCase):
    """Each number on the page in a browser is the one counted by hand."""

    def read_page(self, **expected):
        """Compare the page that a manager sees with what is expected."""
        self.browser_js(
            "/odoo/sms-dashboard",
            READ % json.dumps(expected),
            ready="!!document.querySelector('.o_sms_card[data-key=queue]')",
            login="sms-manager",
            timeout=60,
        )

    def test_the_page_shows_what_was_counted(self):
        self.play()
        self.env.flush_all()
        self.read_page(tiles=TILES, lists=LISTS, charts=dict(enumerate(CHARTS)))

    def test_so_does_the_table_by_day(self):
        self.play()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_day"))
        self.env.flush_all()
        self.read_page(tiles=TILES, lists=LISTS, charts=dict(enumerate(CHARTS)))

    def test_a_tile_leads_to_what_it_counts(self):
        self.play()
        self.env.flush_all()
        figures = {
            "sent_count": "40",
            "delivery_rate": "6",
            "blocked_count": "8",
            "reply_count": "4",
            "answer_time": "3",
            "opt_out_count": "5",
            "delivery_time": "30",
            "click_count": "4",
            "confirmed_rate": "3",
            "rating": "2",
            "alert_rate": "3",
            "reach_rate": "6",
            "news_count": "2",
        }
        self.browser_js(
            "/odoo/sms-dashboard",
            OPEN_TILES % json.dumps(figures),
            ready="!!document.querySelector('.o_sms_card[data-key=queue]')",
            login="sms-manager",
            timeout=120,
        )

    def test_a_line_of_the_failures_leads_to_its_own_texts(self):
        self.play()
        failed = self.env["sms.sms"].search([("state", "=", "error")], order="sent_at")
        failed[-2:].write({"fault_id": False, "failure_type": "sms_number_format"})
        failed[-3].write({"fault_id": False, "failure_type": "sms_server"})
        self.env.flush_all()
        labels = dict(failed._fields["failure_type"]._description_selection(self.env))
        self.browser_js(
            "/odoo/sms-dashboard",
            OPEN_FAILURES % (json.dumps(labels["sms_number_format"]), 2),
            ready="!!document.querySelector('.o_sms_card[data-key=queue]')",
            login="sms-manager",
            timeout=60,
        )

    def test_a_rate_of_nothing_is_an_empty_cell_of_a_spreadsheet(self):
        self.text([self.person()], 0)
        self.env.flush_all()
        self.browser_js(
            "/odoo/sms-analysis",
            DOWNLOAD,
            ready="!!document.querySelector('.o_pivot_cell_value')",
            login="sms-manager",
        )
