import {Component, onMounted, onWillStart, useState, xml} from "@odoo/owl";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useInboxChanges} from "./inbox_changes.esm";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";

const DESK_GROUP = "helpdesk_mgmt.group_helpdesk_user_own";
const ACTION = "helpdesk_mgmt_sms.helpdesk_ticket_conversation_action";

/** How many conversations with unread texts wait for this user; a click lists them. */
class InboxCounter extends Component {
    static template = "helpdesk_mgmt_sms.InboxCounter";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({count: 0});
        onMounted(() => this.load());
        useInboxChanges(() => this.load());
    }

    async load() {
        this.state.count = await this.orm.silent.call(
            TICKET_MODEL,
            "get_sms_inbox_count"
        );
    }

    get label() {
        const {count} = this.state;
        if (!count) {
            return _t("Conversations");
        }
        return count === 1
            ? _t("1 conversation with unread texts")
            : _t("%s conversations with unread texts", count);
    }

    open() {
        this.action.doAction(ACTION, {
            clearBreadcrumbs: true,
            additionalContext: {
                search_default_sms_inbox: 0,
                search_default_sms_for_me: 1,
                search_default_sms_unread: 1,
            },
        });
    }
}

/** Shows the counter to helpdesk users only. */
export class InboxSystray extends Component {
    static template = xml`<InboxCounter t-if="isAgent"/>`;
    static components = {InboxCounter};
    static props = {};

    setup() {
        onWillStart(async () => {
            this.isAgent = await user.hasGroup(DESK_GROUP);
        });
    }
}

registry
    .category("systray")
    .add("helpdesk_mgmt_sms.inbox", {Component: InboxSystray}, {sequence: 24});
