import {ConnectionLostError, RPCError} from "@web/core/network/rpc";
import {_t} from "@web/core/l10n/translation";

/**
 * Says what happened and what to do next. Errors that the server words for people are
 * passed on; an expired session is left to Odoo, which asks for the login.
 *
 * @param {Error} error
 * @returns {String}
 */
export function explain(error) {
    if (error instanceof ConnectionLostError) {
        return _t("The server cannot be reached. Check the connection and try again.");
    }
    if (!(error instanceof RPCError)) {
        throw error;
    }
    if (error.exceptionName === "odoo.http.SessionExpiredException") {
        throw error;
    }
    if (error.exceptionName?.startsWith("odoo.exceptions.")) {
        return error.data.message;
    }
    console.error(error);
    return _t(
        "The server could not do this. Try again; if it fails again, tell your administrator."
    );
}
