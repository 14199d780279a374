import {Component, useChildSubEnv} from "@odoo/owl";
import {Composer} from "@mail/core/common/composer";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";

/** Odoo's own composer for internal notes, with its suggestions of whom to mention. */
class NoteComposer extends Composer {
    get SEND_TEXT() {
        return _t("Log note");
    }
}

/** The box for an internal note on a ticket, in the place of the one for texts. */
export class DeskNote extends Component {
    static template = "helpdesk_mgmt_sms.DeskNote";
    static components = {NoteComposer};
    static props = {ticketId: Number, onNoted: Function};

    setup() {
        const store = useService("mail.store");
        this.thread = store.Thread.insert({
            model: TICKET_MODEL,
            id: this.props.ticketId,
        });
        // Ctrl+Enter posts, as in the chatter.
        useChildSubEnv({inChatter: {aside: false, toggleComposer: () => {}}});
    }
}
