import {Component, onWillStart, onWillUnmount, useEffect, useRef} from "@odoo/owl";
import {loadBundle} from "@web/core/assets";

/**
 * Colours that people with any kind of colour vision tell apart.
 * Source: Okabe and Ito, Color Universal Design, https://jfly.uni-koeln.de/color/
 */
const COLORS = {
    blue: "#0072B2",
    sky: "#56B4E9",
    vermillion: "#D55E00",
    orange: "#E69F00",
    green: "#009E73",
};

/** One chart of Odoo's own library: bars that are stacked, or lines. */
export class DashboardChart extends Component {
    static template = "helpdesk_mgmt_sms.DashboardChart";
    static props = {
        type: {type: String, validate: (type) => ["bar", "line"].includes(type)},
        title: String,
        labels: Array,
        /** Each has a label, data, a colour's name, and for lines perhaps a dash. */
        sets: Array,
    };

    setup() {
        this.canvas = useRef("canvas");
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [this.props.labels, this.props.sets]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    /** What the chart shows, for who cannot see it. */
    get summary() {
        const sums = this.props.sets.map(
            (set) => `${set.label}: ${set.data.reduce((sum, value) => sum + value, 0)}`
        );
        return `${this.props.title}. ${sums.join(", ")}`;
    }

    draw() {
        this.chart?.destroy();
        this.chart = new Chart(this.canvas.el, this.getConfig());
    }

    getConfig() {
        const isBar = this.props.type === "bar";
        const grid = {color: "rgba(128, 128, 128, 0.15)"};
        const ticks = {color: "#808080", precision: 0, maxRotation: 0};
        return {
            type: this.props.type,
            data: {
                labels: this.props.labels,
                datasets: this.props.sets.map((set) => this.getDataset(set, isBar)),
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: {mode: "index", intersect: false},
                plugins: {
                    legend: {
                        position: "bottom",
                        labels: {color: "#808080", usePointStyle: true},
                    },
                },
                scales: {
                    x: {stacked: isBar, grid: {display: false}, ticks},
                    y: {stacked: isBar, beginAtZero: true, grid, ticks},
                },
            },
        };
    }

    getDataset(set, isBar) {
        const color = COLORS[set.color];
        return {
            label: set.label,
            data: set.data,
            backgroundColor: color,
            borderColor: color,
            borderWidth: isBar ? 0 : 2,
            borderDash: set.dash || [],
            pointRadius: this.props.labels.length > 1 ? 0 : 3,
            pointStyle: isBar ? "rect" : "line",
            tension: 0,
        };
    }
}
