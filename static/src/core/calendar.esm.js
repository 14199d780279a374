import {ActionHelper} from "@web/views/action_helper";
import {CalendarController} from "@web/views/calendar/calendar_controller";
import {calendarView} from "@web/views/calendar/calendar_view";
import {onWillStart} from "@odoo/owl";
import {registry} from "@web/core/registry";

/** A calendar that says, as lists do, what appears there once there is something. */
class HelpfulCalendarController extends CalendarController {
    static template = "helpdesk_mgmt_sms.Calendar";
    static components = {...CalendarController.components, ActionHelper};

    setup() {
        super.setup();
        onWillStart(async () => {
            const start = this.props.archInfo.fieldMapping.date_start;
            const domain = [...this.props.domain, [start, "!=", false]];
            const count = await this.orm.searchCount(this.props.resModel, domain, {
                limit: 1,
            });
            this.isEmpty = !count;
        });
    }

    get isHelpShown() {
        return this.isEmpty && !Object.keys(this.model.records).length;
    }
}

registry.category("views").add("sms_calendar", {
    ...calendarView,
    Controller: HelpfulCalendarController,
});
