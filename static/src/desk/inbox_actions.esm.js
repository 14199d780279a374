import {Component, useState} from "@odoo/owl";
import {ConnectionLostError} from "@web/core/network/rpc";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {Dialog} from "@web/core/dialog/dialog";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {askAboutWaiting} from "./waiting_texts.esm";
import {explain} from "../core/explain_error.esm";
import {fuzzyLookup} from "@web/core/utils/search";
import {serializeDateTime} from "@web/core/l10n/dates";
import {useDropdownState} from "@web/core/dropdown/dropdown_hooks";
import {useInboxKeys} from "./inbox_keys.esm";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;

/** The hour at which a morning begins. */
const MORNING = 8;

/** What is told once it is done, by how many. */
const DONE = {
    assign: (count) =>
        count === 1 ? _t("Assigned") : _t("%s conversations assigned", count),
    snooze: (count) =>
        count === 1 ? _t("Snoozed") : _t("%s conversations snoozed", count),
    unsnooze: (count) =>
        count === 1 ? _t("No longer snoozed") : _t("%s no longer snoozed", count),
    answer: (count) =>
        count === 1
            ? _t("Marked as answered")
            : _t("%s conversations marked as answered", count),
    close: (count) => (count === 1 ? _t("Closed") : _t("%s tickets closed", count)),
};

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
        /** Is told what was done (see `DONE`), and about which tickets */
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
     * Does something about each of the tickets, and tells what came of it.
     *
     * @param {String} kind see `DONE`
     * @param {String} method of the tickets
     * @param {Array} [args]
     * @param {Number[]} [asked] the tickets, where something was asked about them first:
     *     another one may be open by now
     */
    async act(kind, method, args = [], asked = null) {
        const ids = asked || (await this.props.getIds());
        const refused = await this.attempt(ids, method, args);
        const count = ids.length - refused.length;
        const reasons = [...new Set(refused)].join("\n");
        if (!refused.length) {
            this.notification.add(DONE[kind](count), {type: "success"});
        } else {
            this.notification.add(reasons, {
                title: count ? DONE[kind](count) : _t("Not done"),
                type: count ? "warning" : "danger",
                sticky: true,
            });
        }
        if (count) {
            await this.props.onDone(kind, ids);
        }
    }

    /**
     * Tries all at once; what is refused together is tried half by half.
     *
     * @returns {Promise<String[]>} a reason for each ticket that was refused
     */
    async attempt(ids, method, args) {
        try {
            await this.orm.call(TICKET_MODEL, method, [ids, ...args]);
            return [];
        } catch (error) {
            const reason = explain(error);
            if (ids.length === 1 || error instanceof ConnectionLostError) {
                return ids.map(() => reason);
            }
            const middle = Math.ceil(ids.length / 2);
            return [
                ...(await this.attempt(ids.slice(0, middle), method, args)),
                ...(await this.attempt(ids.slice(middle), method, args)),
            ];
        }
    }

    assignToMe() {
        return this.act("assign", "assign_sms", [user.userId]);
    }

    /** Asks for a colleague in Odoo's command palette, as its "Assign to" does. */
    async handOver() {
        const ids = await this.props.getIds();
        const users = await this.orm.call(TICKET_MODEL, "get_sms_assignees", [ids[0]]);
        const provide = (env, {searchValue: value}) => {
            const found = value ? fuzzyLookup(value, users, ({name}) => name) : users;
            return found.map(({id, name}) => ({
                name,
                action: () => this.act("assign", "assign_sms", [id], ids),
            }));
        };
        this.command.openPalette({
            configByNamespace: {
                default: {
                    emptyMessage: _t("No users found"),
                    placeholder: _t("Hand over to…"),
                },
            },
            providers: [{provide}],
        });
    }

    /**
     * @param {DateTime|Boolean} until false: until the customer texts
     * @param {Number[]} [asked] see :meth:`act`
     */
    snooze(until, asked = null) {
        const args = [until ? serializeDateTime(until) : false];
        return this.act("snooze", "snooze_sms", args, asked);
    }

    async chooseTime() {
        const ids = await this.props.getIds();
        this.dialog.add(SnoozeDialog, {onChoose: (until) => this.snooze(until, ids)});
    }

    unsnooze() {
        return this.act("unsnooze", "unsnooze_sms");
    }

    markAnswered() {
        return this.act("answer", "action_mark_sms_answered");
    }

    /** Asks once about all texts that still wait. */
    async close() {
        const ids = await this.props.getIds();
        if (await askAboutWaiting(this.orm, this.dialog, ids)) {
            await this.act("close", "close_sms", [], ids);
        }
    }
}
