import {Component, onWillStart, useEffect, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {useService} from "@web/core/utils/hooks";

const PAUSE = 60000;
const SHIFTS = "helpdesk_mgmt_sms.sms_oncall_shift_action";
const GAPS = "helpdesk_mgmt_sms.sms_oncall_gap_action";

/** Who is on call now, and when nobody will be: above the board and the shifts. */
export class OncallNow extends Component {
    static template = "helpdesk_mgmt_sms.OncallNow";
    static props = {hasLink: {type: Boolean, optional: true}};
    static defaultProps = {hasLink: false};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({teams: [], gaps: []});
        onWillStart(() => this.load());
        useEffect(
            () => {
                const timer = browser.setInterval(() => {
                    if (!document.hidden) {
                        this.load();
                    }
                }, PAUSE);
                return () => browser.clearInterval(timer);
            },
            () => []
        );
    }

    async load() {
        Object.assign(
            this.state,
            await this.orm.silent.call("sms.oncall", "get_on_call")
        );
    }

    openTeam(team) {
        return this.action.doAction(SHIFTS, {
            additionalContext: {search_default_team_id: team.id},
        });
    }

    openGaps() {
        return this.action.doAction(GAPS);
    }
}
