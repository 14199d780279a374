// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A manager connects a monitoring system, and changes its key. */
tours.add("helpdesk_sms_alert_source", {
    steps: () => [
        {
            content: "From the alert plans",
            trigger: "button:contains(Monitoring systems)",
            run: "click",
        },
        {
            content: "Nothing is connected yet",
            trigger: ".o_view_nocontent:contains(No monitoring systems yet)",
        },
        {
            content: "Connect one",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Say what it is called",
            trigger: ".o_field_widget[name=name] input",
            run: "edit Grafana",
        },
        {
            content: "Say what it is",
            trigger: ".o_field_widget[name=system] input",
            run: "click",
        },
        {
            content: "Grafana",
            trigger: ".o_select_menu_item:contains(Grafana)",
            run: "click",
        },
        {
            content: "Whom it wakes",
            trigger: ".o_field_widget[name=team_id] input",
            run: "edit Support",
        },
        {
            content: "Choose the team",
            trigger: ".o-autocomplete--dropdown-item:contains(Support)",
            run: "click",
        },
        {
            content: "Save it",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Its address, its secret and its configuration are there",
            trigger:
                ".o_form_view:has(.o_field_widget[name=address]:contains(/helpdesk_sms/alerts/)):contains(hmacConfig)",
        },
        {
            content: "Rotate the key",
            trigger: "button[name=action_rotate_key]",
            run: "click",
        },
        {
            content: "It says what that means",
            trigger: ".modal:contains(end at once) .btn-primary",
            run: "click",
        },
        {
            content: "It is done",
            trigger: "body:not(:has(.modal)) .o_field_widget[name=address]",
        },
    ],
});

/** Bo sees on the board who is on call, and takes over with two clicks. */
tours.add("helpdesk_sms_take_over", {
    steps: () => [
        {
            content: "Ann is on call",
            trigger: ".o_sms_oncall_now:contains(Ann)",
        },
        {
            content: "Look at the shifts",
            trigger: ".o_sms_oncall_team:contains(Ann)",
            run: "click",
        },
        {
            content: "Take over",
            trigger:
                ".o_data_row:contains(Ann) button[name=action_take_over]:contains(Take over)",
            run: "click",
        },
        {
            content: "Until when is filled in, and whose place it is",
            trigger:
                ".modal:contains(Ann):contains(Both are notified) button[name=action_hand_over]",
            run: "click",
        },
        {
            content: "Bo is on call, and the list says instead of whom",
            trigger:
                "body:has(.o_sms_oncall_now:contains(Bo):contains(you):contains(until)) .o_data_row:contains(Bo):contains(Ann):contains(On call now)",
        },
    ],
});

/** Ann hands over, and ends it again. */
tours.add("helpdesk_sms_hand_over", {
    steps: () => [
        {
            content: "Hand over",
            trigger: ".o_data_row:contains(Ann) button[name=action_hand_over]",
            run: "click",
        },
        {
            content: "To Cy",
            trigger: ".modal .o_field_widget[name=user_id] input",
            run: "edit Cy",
        },
        {
            content: "Choose Cy",
            trigger: ".o-autocomplete--dropdown-item:contains(Cy)",
            run: "click",
        },
        {
            content: "Hand over",
            trigger: ".modal button[name=action_hand_over]",
            run: "click",
        },
        {
            content: "Cy is on call",
            trigger: ".o_sms_oncall_now:contains(Cy)",
        },
        {
            content: "Ann wants it back",
            trigger: ".o_data_row button[name=action_end_handover]",
            run: "click",
        },
        {
            content: "Yes",
            trigger: ".modal .btn-primary",
            run: "click",
        },
        {
            content: "Ann is on call again",
            trigger: ".o_sms_oncall_now:contains(Ann):contains(you)",
        },
    ],
});
