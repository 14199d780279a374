import {Component, useExternalListener} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {useHotkey} from "@web/core/hotkeys/hotkey_hook";
import {useService} from "@web/core/utils/hooks";

const FIELDS = "input:not([type=checkbox]), textarea, select, [contenteditable=true]";
const CONTROLS = "a, button, input, select, summary, [role=button], [role=radio]";
const MENUS = ".o-dropdown--menu";

/**
 * Tells if a single key may do something: nobody types, and no menu is open.
 *
 * @param {HTMLElement|null} root of the inbox
 * @param {HTMLElement} target of the key
 * @returns {Boolean}
 */
function isFree(root, target) {
    return (
        (target === document.body || Boolean(root?.contains(target))) &&
        !target.closest(FIELDS) &&
        !document.querySelector(MENUS)
    );
}

/**
 * Lets single keys work on the inbox.
 *
 * @param {{el: HTMLElement}} rootRef
 * @param {Object} callbacks by key; Enter leaves buttons and links alone
 * @param {Function} [isMeant] whether the keys mean these callbacks
 */
export function useInboxKeys(rootRef, callbacks, isMeant = () => true) {
    for (const [key, callback] of Object.entries(callbacks)) {
        useHotkey(key, () => callback(), {
            isAvailable: (target) =>
                isMeant() &&
                isFree(rootRef.el, target) &&
                (key !== "enter" || !target.closest(CONTROLS)),
        });
    }
}

/**
 * Shows the list of keys on "?", which Odoo's hotkeys do not know.
 *
 * @param {{el: HTMLElement}} rootRef
 */
export function useInboxKeysHelp(rootRef) {
    const ui = useService("ui");
    const dialog = useService("dialog");
    useExternalListener(window, "keydown", (ev) => {
        const isFirst = ui.activeElement === document && !ev.repeat;
        if (ev.key === "?" && isFirst && isFree(rootRef.el, ev.target)) {
            dialog.add(InboxKeysDialog);
        }
    });
}

/** The list of keys. */
export class InboxKeysDialog extends Component {
    static template = "helpdesk_mgmt_sms.InboxKeysDialog";
    static components = {Dialog};
    static props = {close: Function};

    get keys() {
        return [
            {keys: ["↓", "J"], label: _t("Next conversation")},
            {keys: ["↑", "K"], label: _t("Previous conversation")},
            {keys: ["N"], label: _t("Next unanswered conversation")},
            {keys: ["R", _t("Enter")], label: _t("Reply")},
            {keys: [_t("Esc")], label: _t("Leave the reply")},
            {keys: ["A"], label: _t("Assign to me")},
            {keys: ["S"], label: _t("Snooze")},
            {keys: ["E"], label: _t("Close the ticket")},
            {keys: [_t("Space")], label: _t("Select the conversation")},
            {keys: ["?"], label: _t("Show this list")},
        ];
    }
}
