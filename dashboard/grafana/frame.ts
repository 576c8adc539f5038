/** What every dashboard of ours has in common: its variables, time range and links to the others. */
import {
  CustomVariableBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { BAR_LENGTHS, DATASOURCE } from './influxql.ts';

export type FrameText = { readonly uid: string; readonly title: string; readonly description: string };

export function frame(text: FrameText): DashboardBuilder {
  const builder = new DashboardBuilder(text.title)
    .uid(text.uid)
    .description(text.description)
    .tags(['commonworks', 'generated'])
    .timezone('browser')
    .time({ from: 'now-24h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations([])
    .link(
      new DashboardLinkBuilder('Commonworks')
        .type(DashboardLinkType.Dashboards)
        .tags(['commonworks'])
        .asDropdown(true)
        .keepTime(true),
    );
  const [standard, ...others] = BAR_LENGTHS;
  return builder.withVariable(
    new CustomVariableBuilder('bar')
      .label('One bar is')
      .values([standard, ...others].join(','))
      .current({ text: standard, value: standard, selected: true }),
  );
}

export function withDeviceChoice(builder: DashboardBuilder): DashboardBuilder {
  return builder.withVariable(
    new QueryVariableBuilder('device')
      .label('Device')
      .datasource(DATASOURCE)
      .query('SHOW TAG VALUES WITH KEY = "device"')
      .refresh(VariableRefresh.OnDashboardLoad)
      .sort(VariableSort.AlphabeticalAsc)
      .multi(true)
      .includeAll(true)
      .current({ text: 'All', value: '$__all', selected: true }),
  );
}
