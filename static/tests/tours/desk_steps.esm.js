/** Steps of tours that open a ticket's conversation. */

export const OPEN = {
    content: "Open the conversation",
    trigger: ".o_sms_desk_button",
    run: "click",
};

/** Leave it for another page of the ticket. */
export const LEAVE = [
    {
        content: "Look at something else",
        trigger: ".o_notebook .nav-link[name=other_info]",
        run: "click",
    },
    {
        content: "It has gone",
        trigger: ".o_form_view:not(:has(.o_sms_desk))",
    },
];
