/** Everything Grafana reads at its start, as texts by path; `commonworks grafana generate` writes them. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { devicesDashboard } from './devices.ts';
import { DATASOURCE } from './influxql.ts';
import { overviewDashboard } from './overview.ts';
import { workshopDashboard } from './workshop.ts';

/** Grafana replaces the variables from its own environment, so that no secret stands in a file. */
const DATASOURCES = `# Generated: change dashboard/grafana/*.ts and run "npx commonworks grafana generate".
# From Grafana's environment:
#   COMMONWORKS_INFLUX_URL       e.g. http://influxdb:8086
#   COMMONWORKS_INFLUX_DATABASE  database (1.x) or bucket (2.x, 3)
#   COMMONWORKS_INFLUX_AUTH      "Token ..." (2.x), "Bearer ..." (3), "Basic ..." (1.x with log-in), or empty
apiVersion: 1
prune: true
datasources:
  - name: Commonworks
    uid: ${DATASOURCE.uid}
    type: ${DATASOURCE.type}
    access: proxy
    isDefault: true
    editable: false
    url: $COMMONWORKS_INFLUX_URL
    jsonData:
      version: InfluxQL
      dbName: $COMMONWORKS_INFLUX_DATABASE
      httpMode: GET
      timeInterval: 10s
      httpHeaderName1: Authorization
    secureJsonData:
      httpHeaderValue1: $COMMONWORKS_INFLUX_AUTH
`;

const PROVIDERS = `# Generated: change dashboard/grafana/*.ts and run "npx commonworks grafana generate".
apiVersion: 1
providers:
  - name: Commonworks
    folder: Commonworks
    type: file
    disableDeletion: true
    allowUiUpdates: false
    updateIntervalSeconds: 30
    options:
      path: /etc/grafana/provisioning/dashboards
`;

export function grafanaDashboards(): readonly Dashboard[] {
  return [overviewDashboard(), devicesDashboard(), workshopDashboard()];
}

/** Path within Grafana's provisioning folder to content. */
export function provisioningFiles(): ReadonlyMap<string, string> {
  const files = new Map([
    ['datasources/commonworks.yaml', DATASOURCES],
    ['dashboards/commonworks.yaml', PROVIDERS],
  ]);
  for (const dashboard of grafanaDashboards()) {
    // The SDK leaves ids to Grafana; fixed ones keep links to a panel working after the next generation.
    dashboard.panels?.forEach((panel, i) => {
      panel.id = i + 1;
    });
    files.set(`dashboards/${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`);
  }
  return files;
}
