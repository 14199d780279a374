# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Configuration to paste into a monitoring system so that it reports to us.

``{address}`` and ``{secret}`` are filled in; both consist of letters, digits and
characters without a meaning in YAML and JavaScript.
"""

from .monitoring import ALERTMANAGER, GRAFANA, SIGNATURE_HEADER, TIME_HEADER, ZABBIX
from .texts import fill

#: Most alerts in one report, for systems that can limit them.
MAX_ALERTS = 200

_ALERTMANAGER = f"""\
# alertmanager.yml: a receiver, to which a route must lead.
receivers:
  - name: odoo
    webhook_configs:
      - url: "{{address}}"
        send_resolved: true
        max_alerts: {MAX_ALERTS}
        http_config:
          authorization:
            type: Bearer
            credentials: "{{secret}}"
"""

_GRAFANA = f"""\
# provisioning/alerting/odoo.yaml, or the same values in a contact point
# of the type webhook. Grafana before 11.6 cannot sign: enter the secret as
# its "Authorization Header - Credentials" instead.
apiVersion: 1
contactPoints:
  - orgId: 1
    name: Odoo
    receivers:
      - uid: odoo-team-alerts
        type: webhook
        disableResolveMessage: false
        settings:
          url: "{{address}}"
          httpMethod: POST
          maxAlerts: "{MAX_ALERTS}"
          hmacConfig:
            secret: "{{secret}}"
            header: {SIGNATURE_HEADER}
            timestampHeader: {TIME_HEADER}
"""

#: Parameters of the media type, and the macros that fill them.
ZABBIX_PARAMETERS = {
    "event_id": "{EVENT.ID}",
    "event_value": "{EVENT.VALUE}",
    "event_name": "{EVENT.NAME}",
    "event_nseverity": "{EVENT.NSEVERITY}",
    "host_name": "{HOST.NAME}",
    "trigger_id": "{TRIGGER.ID}",
    "zabbix_url": "{$ZABBIX.URL}",
}
_ZABBIX = """\
# Save as odoo.yaml and import it under Alerts > Media types. Give the media type to a
# user whom an action notifies of problems and of recovery.
zabbix_export:
  version: '6.0'
  media_types:
    - name: Odoo
      type: WEBHOOK
      parameters:
        - name: address
          value: '{address}'
        - name: secret
          value: '{secret}'
{parameters}
      script: |
        var params = JSON.parse(value), request = new HttpRequest();
        var address = params.address, secret = params.secret;
        delete params.address;
        delete params.secret;
        request.addHeader('Content-Type: application/json');
        request.addHeader('Authorization: Bearer ' + secret);
        var answer = request.post(address, JSON.stringify(params));
        if (request.getStatus() != 200) {
            throw 'Odoo answered ' + request.getStatus() + ': ' + answer;
        }
        return 'OK';
      message_templates:
        - event_source: TRIGGERS
          operation_mode: PROBLEM
          subject: '{EVENT.NAME}'
          message: '{EVENT.NAME}'
        - event_source: TRIGGERS
          operation_mode: RECOVERY
          subject: '{EVENT.NAME}'
          message: '{EVENT.NAME}'
"""
_TEMPLATES = {ALERTMANAGER: _ALERTMANAGER, GRAFANA: _GRAFANA, ZABBIX: _ZABBIX}


def write_setup(system, address, secret):
    """Return the configuration to paste or import into a monitoring system.

    :param str system: one of ``monitoring.SYSTEMS``
    """
    parameters = "\n".join(
        f"        - name: {name}\n          value: '{macro}'"
        for name, macro in ZABBIX_PARAMETERS.items()
    )
    values = {"address": address, "secret": secret, "parameters": parameters}
    return fill(_TEMPLATES[system], values)
