/** The kinds of panel our dashboards use, each with the look of our own charts: gaps are gaps, counters are bars. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import type { ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StatePanel } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as SeriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';
import { ACTIVITY_COLOURS, COLOURS, fixedColour, GROUPS, QUALITY_WORDS } from './groups.ts';
import { DATASOURCE } from './influxql.ts';

export type PanelText = { readonly title: string; readonly description: string };
export type Targets = readonly Builder<Dataquery>[];

const tooltip = () => new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi);
const legend = () =>
  new common.VizLegendOptionsBuilder()
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);

/** Lines; a gap of missing values stays a gap. */
export function lines(text: PanelText, targets: Targets, look: { unit: string; span: number }): SeriesPanel {
  const panel = new SeriesPanel()
    .title(text.title)
    .description(text.description)
    .datasource(DATASOURCE)
    .targets([...targets])
    .unit(look.unit)
    .span(look.span)
    .height(9)
    .lineWidth(2)
    .fillOpacity(8)
    .spanNulls(false)
    .showPoints(common.VisibilityMode.Auto)
    .tooltip(tooltip())
    .legend(legend());
  return colourDevices(panel);
}

/** Bars that stand on the start of their interval, stacked. */
export function bars(text: PanelText, targets: Targets, look: { unit: string; span: number }): SeriesPanel {
  return lines(text, targets, look)
    .drawStyle(common.GraphDrawStyle.Bars)
    .barAlignment(common.BarAlignment.After)
    .fillOpacity(80)
    .lineWidth(1)
    .min(0)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
}

/** A group's own series has its title as name; a device's, the device's name. */
function colourDevices(panel: SeriesPanel): SeriesPanel {
  for (const group of GROUPS) {
    panel.overrideByRegexp(`/${group.devices}/`, fixedColour(group.colour));
    panel.overrideByName(group.title, fixedColour(group.colour));
  }
  return panel;
}

export function figure(text: PanelText, targets: Targets, look: { unit: string; colour: string }): StatPanel {
  const thresholds = new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: look.colour }]);
  return new StatPanel()
    .title(text.title)
    .description(text.description)
    .datasource(DATASOURCE)
    .targets([...targets])
    .unit(look.unit)
    .span(4)
    .height(4)
    .graphMode(common.BigValueGraphMode.None)
    .thresholds(thresholds)
    .noValue('no reading')
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''));
}

function words(options: Record<string, { text: string; color: string; index: number }>): ValueMapping[] {
  return [{ type: MappingType.ValueToText, options }];
}

const qualityWords = () =>
  words(Object.fromEntries(QUALITY_WORDS.map((word, rank) => [String(rank), { ...word, index: rank }])));

const activityWords = () =>
  words(
    Object.fromEntries(Object.entries(ACTIVITY_COLOURS).map(([text, color], index) => [text, { text, color, index }])),
  );

/** One row per device, the quality as word and colour. */
export function qualityRows(text: PanelText, targets: Targets, span: number): StatePanel {
  return stateRows(text, targets, span).mappings(qualityWords());
}

/** One row per machine, its activity as word and colour. */
export function activityRows(text: PanelText, targets: Targets, span: number): StatePanel {
  return stateRows(text, targets, span).mappings(activityWords());
}

function stateRows(text: PanelText, targets: Targets, span: number): StatePanel {
  return new StatePanel()
    .title(text.title)
    .description(text.description)
    .datasource(DATASOURCE)
    .targets([...targets])
    .span(span)
    .height(9)
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    .legend(legend())
    .tooltip(tooltip());
}

/** Newest reading of each device; its age says whether it is alive. */
export function newestTable(text: PanelText, targets: Targets, look: { unit: string; span: number }): TablePanel {
  return new TablePanel()
    .title(text.title)
    .description(text.description)
    .datasource(DATASOURCE)
    .targets([...targets])
    .span(look.span)
    .height(9)
    .overrideByName('Time', [{ id: 'unit', value: 'dateTimeFromNow' }])
    .overrideByName('value', [
      { id: 'unit', value: look.unit },
      { id: 'decimals', value: 1 },
    ])
    .overrideByName('quality', [
      { id: 'mappings', value: qualityWords() },
      { id: 'custom.cellOptions', value: { type: 'color-text' } },
    ])
    .noValue('no reading')
    .colorScheme({ build: () => ({ mode: FieldColorModeId.Fixed, fixedColor: COLOURS.gridExport }) });
}
