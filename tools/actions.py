# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The client actions that our buttons return."""


def reload_view():
    """Return the action that loads the open view again."""
    return {"type": "ir.actions.client", "tag": "soft_reload"}


def notify(message, kind="success", **params):
    """Return the action that shows a notification.

    :param str kind: ``success``, ``info``, ``warning`` or ``danger``
    :param params: the client's further parameters: ``sticky``, or ``next``, the action
        that follows
    """
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {"type": kind, "message": message, **params},
    }
