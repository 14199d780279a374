import {Component, useState} from "@odoo/owl";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {Dialog} from "@web/core/dialog/dialog";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {serializeDateTime} from "@web/core/l10n/dates";
import {useDropdownState} from "@web/core/dropdown/dropdown_hooks";
import {useInboxKeys} from "./inbox_keys.esm";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;

/** The hour at which a morning begins. */
const MORNING = 8;
const USERS_LIMIT = 20;

/** Asks until when a conversation is snoozed. */
export class SnoozeDialog extends Component {
    static template = "helpdesk_mgmt_sms.SnoozeDialog";
    static components = {DateTimeInput, Dialog};
    static props = {close: Function, onChoose: Function};

    setup() {
        this.state = useState({until: morningOf(DateTime.local().plus({days: 1}))});
        this.earliest = DateTime.local();
    }

    setTime(moment) {
        this.state.until = moment;
    }

    choose() {
        this.props.close();
        this.props.onChoose(this.state.until);
    }
}

function morningOf(day) {
    return day.startOf("day").set({hour: MORNING});
}

/**
 * What can be done about the open conversation, or about those that are chosen.
 */
export class InboxActions extends Component {
    static template = "helpdesk_mgmt_sms.InboxActions";
    static components = {Dropdown, DropdownItem};
    static props = {
        /** Returns the ids of the tickets, or a promise of them */
        getIds: Function,
        /** The fields of the only ticket; none where several are meant */
        ticket: {type: Object, optional: true},
        /** Whether keys mean these buttons */
        hasKeys: Boolean,
        rootRef: Object,
        /** Is told what was done: "assign", "snooze", "unsnooze", "answer" or "close" */
        onDone: Function,
    };

    setup() {
        this.orm = useService("orm");
        this.command = useService("command");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.snoozing = useDropdownState();
        const keys = {
            a: () => this.assignToMe(),
            s: () => this.snoozing.open(),
            e: () => this.close(),
        };
        useInboxKeys(this.props.rootRef, keys, () => this.props.hasKeys);
    }

    get isMine() {
        return this.props.ticket?.user_id.id === user.userId;
    }

    /** @returns {{label: String, hint: String, until: DateTime}[]} */
    get snoozeTimes() {
        const now = DateTime.local();
        const monday = now.plus({days: (8 - now.weekday) % 7 || 7});
        const times = [
            [_t("1 hour"), now.plus({hours: 1})],
            [_t("Tomorrow morning"), morningOf(now.plus({days: 1}))],
            [_t("Next Monday"), morningOf(monday)],
        ];
        const format = {weekday: "short", hour: "numeric", minute: "2-digit"};
        return times.map(([label, until]) => ({
            label,
            until,
            hint: until.toLocaleString(format),
        }));
    }

    /**
     * Calls the server, and tells what came of it.
     *
     * @param {String} kind what is done
     * @param {String} method of the tickets
     * @param {Array} [args]
     */
    async act(kind, method, args = []) {
        const ids = await this.props.getIds();
        const result = await this.orm.call(TICKET_MODEL, method, [ids, ...args]);
        await this.props.onDone(kind);
        return result;
    }

    assignToMe() {
        return this.assign(user.userId);
    }

    assign(userId) {
        return this.act("assign", "assign_sms", [userId]);
    }

    /** Asks for a colleague, as Odoo's own "Assign to" does. */
    handOver() {
        const provide = async (env, {searchValue}) => {
            const users = await this.orm.call("res.users", "name_search", [], {
                name: searchValue.trim(),
                domain: [["share", "=", false]],
                limit: USERS_LIMIT,
            });
            return users.map(([id, name]) => ({name, action: () => this.assign(id)}));
        };
        this.command.openPalette({
            placeholder: _t("Hand over to…"),
            configByNamespace: {default: {emptyMessage: _t("No users found")}},
            providers: [{provide}],
        });
    }

    /**
     * @param {DateTime|Boolean} until false: until the customer texts
     */
    snooze(until) {
        const args = [until ? serializeDateTime(until) : false];
        return this.act("snooze", "snooze_sms", args);
    }

    chooseTime() {
        this.dialog.add(SnoozeDialog, {onChoose: (until) => this.snooze(until)});
    }

    unsnooze() {
        return this.act("unsnooze", "unsnooze_sms");
    }

    markAnswered() {
        return this.act("answer", "action_mark_sms_answered");
    }

    close() {
        return this.act("close", "close_sms");
    }
}
