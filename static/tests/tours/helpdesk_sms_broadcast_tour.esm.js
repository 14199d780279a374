// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const {DateTime} = luxon;
const tours = registry.category("web_tour.tours");

/** A manager writes to those of a filter that a colleague has saved. */
tours.add("helpdesk_sms_broadcast_filters", {
    steps: () => [
        {
            content: "A new broadcast",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Its name",
            trigger: ".o_field_widget[name=name] input",
            run: "edit VPN of Denver",
        },
        {
            content: "Whom",
            trigger: ".o_field_widget[name=audience] input",
            run: "click",
        },
        {
            content: "Contacts",
            trigger: ".o_select_menu_item:contains(A filter of contacts)",
            run: "click",
        },
        {
            content: "The words fit: there is no area",
            trigger: ".o_field_widget[name=filter_domain]",
        },
        {
            content: "A saved filter",
            trigger: ".o_field_widget[name=saved_filter_id] input",
            run: "edit People of",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(People of Denver)",
            run: "click",
        },
        {
            content: "Its conditions are shown, and how many match them",
            trigger:
                ".o_field_widget[name=filter_domain]:contains(City):contains(record)",
        },
        {
            content: "Check who gets it",
            trigger: "button[name=action_check]",
            run: "click",
        },
        {
            content: "It is being checked",
            trigger: ".alert-info:contains(Checking)",
        },
    ],
});

/** The manager plans it for tomorrow, and confirms what the button says. */
tours.add("helpdesk_sms_broadcast_plans", {
    steps: () => [
        {
            content: "Open what was checked",
            trigger: ".o_data_row:contains(VPN of Denver) td[name=name]",
            run: "click",
        },
        {
            content: "Numbers before all",
            trigger:
                ".o_field_widget[name=check_html]:contains(3 will get it, 4 will not)",
        },
        {
            content: "It shall leave tomorrow",
            trigger: ".o_field_widget[name=send_at] input",
            run: `edit ${DateTime.now().plus({days: 1}).toFormat("MM/dd/yyyy HH:mm:ss")} && press Enter`,
        },
        {
            content: "The time is taken",
            trigger: ".o_field_widget[name=is_local_time]",
        },
        {
            content: "Spread over two hours",
            trigger: ".o_field_widget[name=spread_hours] input",
            run: "edit 2 && press Tab",
        },
        {
            content: "A change is checked again",
            trigger: "button[name=action_check]",
            run: "click",
        },
        {
            content: "It is being checked",
            trigger: ".alert-info:contains(Checking)",
        },
    ],
});

/** The confirmation says how many, when, and what its button does. */
tours.add("helpdesk_sms_broadcast_confirms", {
    steps: () => [
        {
            content: "Open what was checked",
            trigger: ".o_data_row:contains(VPN of Denver) td[name=name]",
            run: "click",
        },
        {
            content: "Send it",
            trigger: "button[name=action_confirm]:contains(Send)",
            run: "click",
        },
        {
            content: "When",
            trigger:
                ".modal .o_field_widget[name=when_note]:contains(tomorrow):contains(over 2 h)",
        },
        {
            content: "How many",
            trigger: ".modal footer button:contains(Text 3 people)",
            run: "click",
        },
        {
            content: "It is planned",
            trigger: "body:not(:has(.modal)) .alert-info:contains(Planned)",
        },
        {
            content: "Back to the list",
            trigger: ".o_back_button, .breadcrumb-item a",
            run: "click",
        },
        {
            content: "The calendar shows what is planned",
            trigger: "button.o_calendar",
            run: "click",
        },
        {
            content: "There it is",
            trigger: ".fc-event:contains(VPN of Denver)",
        },
    ],
});
