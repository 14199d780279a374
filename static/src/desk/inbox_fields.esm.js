import {toMoment, toShortMoment} from "../core/text_dates.esm";
import {Component, onWillUnmount, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const {DateTime} = luxon;

/** From so many minutes on, who waits is marked. */
const LONG_WAIT = 60;
/** Milliseconds between two looks at the clock. */
const TICK = 30000;

/** How long a customer has waited for an answer, in one unit: "2 h". */
export class WaitingField extends Component {
    static template = "helpdesk_mgmt_sms.WaitingField";
    static props = {...standardFieldProps};

    setup() {
        this.state = useState({now: DateTime.local()});
        const clock = browser.setInterval(() => {
            this.state.now = DateTime.local();
        }, TICK);
        onWillUnmount(() => browser.clearInterval(clock));
    }

    get since() {
        return this.props.record.data[this.props.name];
    }

    get minutes() {
        return Math.max(0, this.state.now.diff(this.since, "minutes").minutes);
    }

    get label() {
        const {minutes} = this;
        if (minutes < 1) {
            return _t("now");
        }
        if (minutes < 60) {
            return _t("%s min", Math.floor(minutes));
        }
        if (minutes < 48 * 60) {
            return _t("%s h", Math.floor(minutes / 60));
        }
        return _t("%s d", Math.floor(minutes / 60 / 24));
    }

    get title() {
        return _t("Waiting since %s", toMoment(this.since));
    }

    get isLong() {
        return this.minutes >= LONG_WAIT;
    }
}

/** A number in a pill; nothing for none. */
export class UnreadField extends Component {
    static template = "helpdesk_mgmt_sms.UnreadField";
    static props = {...standardFieldProps};

    get count() {
        return this.props.record.data[this.props.name];
    }
}

/** Says that our last text did not arrive; nothing if it did. */
export class FailedField extends Component {
    static template = "helpdesk_mgmt_sms.FailedField";
    static props = {...standardFieldProps};

    get isFailed() {
        return this.props.record.data[this.props.name];
    }
}

/** The time for today, else the day. */
export class ShortMomentField extends Component {
    static template = "helpdesk_mgmt_sms.ShortMomentField";
    static props = {...standardFieldProps};

    get moment() {
        return this.props.record.data[this.props.name];
    }

    get label() {
        return toShortMoment(this.moment);
    }

    get title() {
        return toMoment(this.moment);
    }
}

/** The picture of whose conversation it is, without Odoo's buttons on it. */
export class OwnerField extends Component {
    static template = "helpdesk_mgmt_sms.OwnerField";
    static props = {...standardFieldProps};

    get owner() {
        return this.props.record.data[this.props.name];
    }
}

const fields = registry.category("fields");
fields.add("sms_waiting", {component: WaitingField, supportedTypes: ["datetime"]});
fields.add("sms_unread", {component: UnreadField, supportedTypes: ["integer"]});
fields.add("sms_failed", {component: FailedField, supportedTypes: ["boolean"]});
fields.add("sms_short_moment", {
    component: ShortMomentField,
    supportedTypes: ["datetime"],
});
fields.add("sms_owner", {component: OwnerField, supportedTypes: ["many2one"]});
