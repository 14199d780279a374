import {Component, onMounted, onWillStart, useState} from "@odoo/owl";
import {formatSeconds, formatShare, formatValue} from "./dashboard_format.esm";
import {DashboardChart} from "./dashboard_chart.esm";
import {KeepLast} from "@web/core/utils/concurrency";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";
import {useSetupAction} from "@web/search/action_hook";

const ANALYSIS = "helpdesk_mgmt_sms.sms_analysis_action";
const TRENDS = "helpdesk_mgmt_sms.sms_day_action";
/** Of more days a million facts would have to be read: the table by day is shown. */
const ANALYSIS_DAYS = 92;
const {DateTime} = luxon;
const FILTERS = ["date_from", "date_to", "team_id", "purpose_id"];
/** Of each tile: the filter of the analysis, and measures; the first counts its rows. */
const TILES = {
    sent_count: ["outgoing", "sent_count", "segment_count"],
    delivery_rate: ["failed", "failed_count"],
    blocked_count: ["blocked", "blocked_count"],
    reply_count: ["replies", "reply_count", "reply_seconds"],
    answer_time: ["asked", "asked_count", "answered_count", "answer_seconds"],
    opt_out_count: ["stops", "opt_out_count"],
    delivery_time: ["outgoing", "timed_count", "delivery_seconds"],
    click_count: ["clicks", "click_count"],
    confirmed_rate: [
        "visits",
        "visit_count",
        "visit_confirmed_count",
        "visit_moved_count",
        "visit_missed_count",
    ],
    rating: ["ratings", "rating_count", "rating_sum"],
    alert_rate: ["alerts", "alert_count", "alert_in_time_count", "alert_rate"],
    reach_rate: ["broadcasts", "concerned_count", "reached_count", "reach_rate"],
    news_count: ["broadcasts", "news_count", "known_count", "mute_count"],
};

/**
 * The page on which a manager sees at a glance how texting goes: what needs attention
 * first, then the figures, then the charts. Its filters are kept in the address.
 */
export class SmsDashboard extends Component {
    static template = "helpdesk_mgmt_sms.Dashboard";
    static components = {DashboardChart, Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = {controlPanel: {}};
        this.keepLast = new KeepLast();
        this.formatSeconds = formatSeconds;
        this.formatShare = formatShare;
        this.formatValue = formatValue;
        this.state = useState({
            filters: this.readFilters(),
            data: null,
            isLoading: true,
            error: "",
        });
        useSetupAction({getLocalState: () => ({filters: {...this.state.filters}})});
        onWillStart(() => {
            this.load();
        });
        onMounted(() => this.writeAddress());
    }

    // Filters

    /** What was chosen before, else what the address says, else the last 30 days. */
    readFilters() {
        const known =
            this.props.state?.filters || this.props.action.context?.params || {};
        return {
            date_from: String(known.date_from || ""),
            date_to: String(known.date_to || ""),
            team_id: Number(known.team_id) || 0,
            purpose_id: Number(known.purpose_id) || 0,
        };
    }

    writeAddress() {
        const state = {};
        for (const name of FILTERS) {
            state[name] = this.state.filters[name] || undefined;
        }
        this.props.updateActionState?.(state);
    }

    setFilters(filters) {
        Object.assign(this.state.filters, filters);
        this.writeAddress();
        return this.load();
    }

    /**
     * Look at the days until today. The buttons are there once the first are shown.
     *
     * @param {Number} days
     */
    setDays(days) {
        // By the company's clock, which may be at another day than the reader's.
        const today = DateTime.fromISO(this.state.data.period.today);
        return this.setFilters({
            date_from: today.minus({days: days - 1}).toISODate(),
            date_to: today.toISODate(),
        });
    }

    /**
     * Look at one team or purpose, or at all (0).
     *
     * @param {String} name of the filter
     * @param {String} id
     */
    choose(name, id) {
        return this.setFilters({[name]: Number(id)});
    }

    get ranges() {
        return [
            {days: 7, label: _t("7 days")},
            {days: 30, label: _t("30 days")},
            {days: 90, label: _t("90 days")},
            {days: 365, label: _t("1 year")},
        ];
    }

    /**
     * Tell if the days are those of a button: so many, until today.
     *
     * @param {Number} days
     * @returns {Boolean}
     */
    isRange(days) {
        const {period} = this.state.data;
        return period.days === days && period.date_to === period.today;
    }

    // Data

    async load() {
        this.state.isLoading = true;
        this.state.error = "";
        const {date_from, date_to, team_id, purpose_id} = this.state.filters;
        const call = this.orm.call("sms.dashboard", "get_dashboard", [
            {date_from, date_to, team_id, purpose_id},
        ]);
        try {
            this.state.data = await this.keepLast.add(call);
        } catch (error) {
            this.state.error = error.data?.message || error.message;
        }
        this.state.isLoading = false;
    }

    /** Get the figures of each week by e-mail, or no longer. */
    async toggleMail() {
        const isWanted = !this.state.data.gets_mail;
        this.state.data.gets_mail = await this.orm.call(
            "sms.dashboard",
            "set_weekly_mail",
            [isWanted]
        );
    }

    get charts() {
        const {series} = this.state.data;
        const set = (name, label, color, dash) => ({
            data: series[name],
            label,
            color,
            dash,
        });
        return [
            {
                key: "delivery",
                title: _t("Delivery"),
                type: "bar",
                sets: [
                    set("delivered_count", _t("Delivered"), "blue"),
                    set("failed_count", _t("Not delivered"), "vermillion"),
                    set("blocked_count", _t("Blocked"), "orange"),
                ],
            },
            {
                key: "engagement",
                title: _t("Engagement"),
                type: "line",
                sets: [
                    set("reply_count", _t("Replies"), "blue"),
                    set("click_count", _t("Clicks on links"), "green", [6, 3]),
                ],
            },
            {
                key: "opt_outs",
                title: _t("Opt-outs and opt-ins"),
                type: "line",
                sets: [
                    set("opt_out_count", _t("Opt-outs"), "vermillion"),
                    set("opt_in_count", _t("Opt-ins"), "sky", [6, 3]),
                ],
            },
        ];
    }

    get templateLists() {
        const {best, worst} = this.state.data.templates;
        return [
            {
                key: "best",
                title: _t("Templates with replies"),
                none: _t("Not enough texts to tell."),
                rows: best,
            },
            {
                key: "worst",
                title: _t("Templates with opt-outs or failures"),
                none: _t("None"),
                rows: worst,
            },
        ];
    }

    /**
     * Say in words how a tile has changed.
     *
     * @param {Object} tile
     * @returns {Object} text, colour class and what it means
     */
    getChange(tile) {
        if (!tile.direction) {
            return {text: tile.ratio === 0 ? _t("unchanged") : "", className: ""};
        }
        const share = tile.ratio === null ? "" : formatShare(Math.abs(tile.ratio));
        const isBetter = tile.direction === tile.better;
        return {
            text: `${tile.direction > 0 ? "▲" : "▼"} ${share || _t("new")}`,
            className: tile.better && (isBetter ? "o_sms_better" : "o_sms_worse"),
            meaning: tile.better ? (isBetter ? _t("better") : _t("worse")) : "",
        };
    }

    // Going on from here

    /**
     * Open the facts that are shown; of many days their figures by day.
     *
     * @param {String} [filter] name of a filter of the analysis
     * @param {Array} [domain]
     * @param {Array} [measures] of the pivot table, unless its own
     */
    async openAnalysis(filter, domain = [], measures = undefined) {
        const {days, date_from, date_to, facts} = this.state.data.period;
        const isLong = days > ANALYSIS_DAYS;
        const action = await this.action.loadAction(isLong ? TRENDS : ANALYSIS);
        const {team_id, purpose_id} = this.state.filters;
        const dates = [
            ["day", ">=", date_from],
            ["day", "<=", date_to],
        ];
        const shown = [...(isLong ? dates : facts), ...domain];
        if (team_id) {
            shown.push(["team_id", "=", team_id]);
        }
        if (purpose_id) {
            shown.push(["purpose_id", "=", purpose_id]);
        }
        // A filter would hide other figures of the same days.
        const context = filter && !isLong ? {[`search_default_${filter}`]: 1} : {};
        if (measures) {
            context.pivot_measures = measures;
        }
        return this.action.doAction({...action, domain: shown, context});
    }

    canOpen(tile) {
        return tile.key in TILES;
    }

    openTile(tile) {
        const [filter, ...measures] = TILES[tile.key];
        // People and texts of a broadcast are facts of their own.
        const isOfSeveral = filter === "broadcasts";
        const counted = isOfSeveral ? [] : [[measures[0], ">", 0]];
        return this.openAnalysis(filter, counted, measures);
    }

    urgency(item) {
        return item.level === "danger" ? _t("Now") : _t("Soon");
    }

    openItem(item) {
        return this.action.doAction(item.action);
    }

    openFailures(row) {
        return this.openAnalysis("failed", [
            ["failed_count", ">", 0],
            ["fault_id", "=", row.fault_id || false],
            ["failure_type", "=", row.failure_type || false],
        ]);
    }

    openBlocked(row) {
        return this.openAnalysis("blocked", [
            ["blocked_count", ">", 0],
            ["gate_reason", "=", row.key || false],
        ]);
    }
}

registry.category("actions").add("helpdesk_mgmt_sms.dashboard", SmsDashboard);
