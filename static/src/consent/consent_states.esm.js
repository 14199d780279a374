/** What each state looks like: the same wherever a consent is shown. */
export const STATE_CLASSES = {
    opted_in: "text-bg-success",
    pending: "text-bg-warning",
    opted_out: "text-bg-danger",
    none: "text-bg-300",
};
