import {Component} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {RelationalModel} from "@web/model/relational_model/relational_model";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";

/** What becomes of the texts that wait when their tickets are closed. */
const [SEND, CANCEL] = ["send", "cancel"];

/** Shows the texts that still wait for the customers of tickets about to be closed. */
export class WaitingTextsDialog extends Component {
    static template = "helpdesk_mgmt_sms.WaitingTextsDialog";
    static components = {Dialog};
    static props = {
        close: Function,
        count: Number,
        texts: Array,
        onAnswer: Function,
    };

    get title() {
        return this.props.count === 1
            ? _t("A text still waits")
            : _t("Texts still wait");
    }

    get question() {
        const {count} = this.props;
        return count === 1
            ? _t("1 text to the customer still waits. What shall become of it?")
            : _t("%s texts to customers still wait. What shall become of them?", count);
    }

    get more() {
        const more = this.props.count - this.props.texts.length;
        return more ? _t("and %s more", more) : "";
    }

    get cancelLabel() {
        return this.props.count === 1
            ? _t("Close and cancel it")
            : _t("Close and cancel them");
    }

    answer(answer) {
        this.props.onAnswer(answer);
        this.props.close();
    }

    send() {
        this.answer(SEND);
    }

    cancel() {
        this.answer(CANCEL);
    }
}

/**
 * Asks what becomes of what colleagues have written, and still waits, before tickets are
 * closed.
 *
 * @param {Number[]} ids of the tickets
 * @param {Number|Boolean} [stageId] to which they are to move; false: one that closes
 * @returns {Promise<Boolean>} whether to go on
 */
export async function askAboutWaiting(orm, dialog, ids, stageId = false) {
    const waiting = await orm.call(TICKET_MODEL, "get_sms_waiting", [ids, stageId]);
    if (!waiting) {
        return true;
    }
    const answer = await new Promise((resolve) => {
        const props = {...waiting, onAnswer: resolve};
        dialog.add(WaitingTextsDialog, props, {onClose: () => resolve(false)});
    });
    if (answer === CANCEL) {
        await orm.call(TICKET_MODEL, "cancel_sms_waiting", [ids]);
    }
    return Boolean(answer);
}

/** Asks wherever a ticket is moved to another stage: its form, the board, the inbox. */
patch(RelationalModel.prototype, {
    setup() {
        super.setup(...arguments);
        if (this.config.resModel !== TICKET_MODEL) {
            return;
        }
        const {onWillSaveRecord} = this.hooks;
        this.hooks.onWillSaveRecord = async (record, changes) => {
            const {stage_id: stageId} = changes;
            if (record.resId && stageId && !this._urgentSave) {
                const ids = [record.resId];
                if (!(await askAboutWaiting(this.orm, this.dialog, ids, stageId))) {
                    // It stays where it was; what else was changed is not lost.
                    if (Object.keys(changes).length === 1) {
                        await record._discard();
                    } else {
                        await record._update({stage_id: record._values.stage_id});
                    }
                    return false;
                }
            }
            return onWillSaveRecord(record, changes);
        };
    },
});
