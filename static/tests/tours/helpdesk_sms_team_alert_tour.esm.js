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
