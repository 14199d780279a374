// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** Somebody at the desk wakes who is on call. */
tours.add("helpdesk_sms_team_alert_raised", {
    steps: () => [
        {
            content: "Nothing is urgent yet",
            trigger: ".o_view_nocontent:contains(Nothing urgent)",
        },
        {
            content: "Now it is",
            trigger: "button:contains(New team alert)",
            run: "click",
        },
        {
            content: "Enter what is wrong",
            trigger: ".modal .o_field_widget[name=name] input",
            run: "edit Server 4 offline",
        },
        {
            content: "Whose trouble it is",
            trigger: ".modal .o_field_widget[name=team_id] input",
            run: "edit Support",
        },
        {
            content: "Choose the team",
            trigger: ".o-autocomplete--dropdown-item:contains(Support)",
            run: "click",
        },
        {
            content: "It says who is told, and what they read",
            trigger:
                ".modal:contains(Ann, Bo, Cy):contains([URGENT] Server 4 offline):contains(Reply 4)",
        },
        {
            content: "Tell them",
            trigger: ".modal button[name=action_raise]",
            run: "click",
        },
        {
            content: "Not acknowledged, and Ann was told",
            trigger:
                ".o_form_view:contains(Not acknowledged for):has(.o_data_row:contains(Ann))",
        },
    ],
});

/** Ann is on call: she reads it on her phone and takes it. */
tours.add("helpdesk_sms_team_alert_taken", {
    steps: () => [
        {
            content: "Find Ann",
            trigger: ".o_vphone_search input",
            run: "edit Ann",
        },
        {
            content: "Take her phone in hand",
            trigger: ".o_vphone_contacts li button:contains(Ann)",
            run: "click",
        },
        {
            content: "The alert has arrived, with its codes",
            trigger:
                ".o_vphone_received:contains([URGENT] Server 4 offline):contains(Reply 4 to acknowledge)",
        },
        {
            content: "Answer",
            trigger: ".o_vphone_input",
            run: "edit 4",
        },
        {
            content: "Send it with the keyboard",
            trigger: ".o_vphone_input",
            run: "press Enter",
        },
        {
            content: "The answer has left",
            trigger: ".o_vphone_sent:contains(4)",
        },
    ],
});

/** The board shows who has it; she says there that it is over. */
tours.add("helpdesk_sms_team_alert_board", {
    steps: () => [
        {
            content: "Ann has taken it",
            trigger:
                ".o_kanban_group:contains(Acknowledged) .o_kanban_record:contains(Server 4 offline):contains(Acknowledged by Ann)",
        },
        {
            content: "It is over",
            trigger:
                ".o_kanban_record:contains(Server 4 offline) a[name=action_resolve]",
            run: "click",
        },
        {
            content: "It says so",
            trigger: ".o_kanban_record:contains(Resolved by Ann)",
        },
    ],
});

/** The manager lets the next step of a plan call people, and reads what is said. */
tours.add("helpdesk_sms_team_alert_plan", {
    steps: () => [
        {
            content: "Open the plan",
            trigger: ".o_data_row .o_data_cell[name=name]:contains(Support)",
            run: "click",
        },
        {
            content: "Nobody is called yet",
            trigger: ".o_form_view:not(:has([name=call_preview]:contains(press 1)))",
        },
        {
            content: "The second step",
            trigger:
                ".o_field_widget[name=step_ids] .o_data_row:eq(1) .o_data_cell[name=how]",
            run: "click",
        },
        {
            content: "shall be a call",
            trigger:
                ".o_field_widget[name=step_ids] .o_selected_row .o_field_widget[name=how] input, .o_field_widget[name=step_ids] .o_selected_row .o_field_widget[name=how] select",
            run: "click",
        },
        {
            content: "Choose it",
            trigger: ".o_select_menu_item:contains(Call)",
            run: "click",
        },
        {
            content: "What is said can be read",
            trigger: ".o_field_widget[name=call_preview]:contains(press 1)",
        },
        {
            content: "Save it",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "It is saved",
            trigger: ".o_form_saved",
        },
    ],
});

/** Ann's phone rings: with the keyboard alone she accepts, listens and takes it. */
tours.add("helpdesk_sms_team_alert_called", {
    steps: () => [
        {
            content: "Her phone is taken up because it rings",
            trigger: ".o_vphone_call_rings:contains(Incoming call)",
        },
        {
            content: "In the list it rings too",
            trigger: ".o_vphone_contact:contains(Ann) .o_vphone_ringing",
        },
        {
            content: "Accept has the focus",
            trigger: ".o_vphone_accept:focus",
            run: "press Enter",
        },
        {
            content: "It is said what is wrong, and what the keys mean",
            trigger:
                ".o_vphone_said:contains(Server 4 offline):contains(press 1):contains(press 2)",
        },
        {
            content: "A wrong key is asked about once more",
            trigger: ".o_vphone_key:focus",
            run: "press 7",
        },
        {
            content: "She still may press one of the two",
            trigger: ".o_vphone_said:contains(Please press 1 or 2)",
        },
        {
            content: "One",
            trigger: ".o_vphone_key:focus",
            run: "press 1",
        },
        {
            content: "It is hers, and the call is over",
            trigger: ".o_vphone_call:contains(The alert is yours):contains(Call ended)",
        },
        {
            content: "Back to the texts",
            trigger: ".o_vphone_call_close:focus",
            run: "press Enter",
        },
        {
            content: "The call stands among the texts",
            trigger: ".o_vphone_received:contains(Answered call)",
        },
    ],
});

/** Bo's phone rings, and he declines. */
tours.add("helpdesk_sms_team_alert_declined", {
    steps: () => [
        {
            content: "It rings",
            trigger: ".o_vphone_call_rings",
        },
        {
            content: "Decline with the keyboard",
            trigger: ".o_vphone_accept:focus",
            run: "press Escape",
        },
        {
            content: "A missed call",
            trigger: ".o_vphone_received:contains(Missed call)",
        },
    ],
});

/** Everybody chooses how they are reached, in their own preferences. */
tours.add("helpdesk_sms_team_alert_preferences", {
    steps: () => [
        {
            content: "Call first",
            trigger:
                ".o_field_widget[name=sms_alert_order] .o_radio_item:contains(Call first) input",
            run: "click",
        },
        {
            content: "From nine",
            trigger: ".o_field_widget[name=sms_call_from] input",
            run: "edit 09:00",
        },
        {
            content: "Save it",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "It is saved",
            trigger: ".o_form_saved",
        },
    ],
});
