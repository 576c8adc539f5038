/** Community overview: what flows now, what the day brought, how full the battery is, how good the data are. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { COLOURS, fixedColour, GROUPS, inGroup } from './groups.ts';
import { ALL_DEVICES, energyBars, gauge, lastGauge, summedGauge, target, worstQuality } from './influxql.ts';
import { bars, figure, lines, qualityRows } from './panels.ts';

const SIGN =
  'Out of the community is negative (sun, discharging), into a use is positive; at the grid import is positive.';
const BARS =
  'Differences of the meters’ registers. After a gap one bar holds the energy of the whole gap. For a look, not for a bill: statements come from the community server.';

export function overviewDashboard(): Dashboard {
  const builder = frame({
    uid: 'commonworks-overview',
    title: 'Community overview',
    description: 'What flows now, what each interval brought, and how far the figures can be trusted.',
  });
  builder.withRow(new RowBuilder('Now'));
  for (const group of GROUPS) {
    const query = lastGauge('activePowerW', inGroup(group.key));
    const text = {
      title: group.title,
      description: `Newest usable power of all devices named /${group.devices}/. ${SIGN}`,
    };
    builder.withPanel(figure(text, [target('A', query)], { unit: 'watt', colour: group.colour }));
  }
  const soc = target('A', lastGauge('socPct', inGroup('battery'), 'mean'));
  const socText = { title: 'State of charge', description: 'Newest usable state of charge.' };
  builder.withPanel(figure(socText, [soc], { unit: 'percent', colour: COLOURS.battery }));
  builder.withRow(new RowBuilder('Power'));
  const groupPower = GROUPS.map((group, i) =>
    target(letter(i), summedGauge('activePowerW', inGroup(group.key)), { alias: group.title }),
  );
  builder.withPanel(lines({ title: 'Power by group', description: SIGN }, groupPower, { unit: 'watt', span: 24 }));
  const byDevice = target('A', gauge('activePowerW', ALL_DEVICES), { alias: '$tag_device' });
  builder.withPanel(lines({ title: 'Power by device', description: SIGN }, [byDevice], { unit: 'watt', span: 24 }));
  builder.withRow(new RowBuilder('Energy'));
  builder.withPanel(sources()).withPanel(uses());
  builder.withRow(new RowBuilder('Battery and quality'));
  const socLine = target('A', gauge('socPct', inGroup('battery')), { alias: '$tag_device' });
  const socLineText = { title: 'State of charge', description: 'Usable readings only; a gap is a gap.' };
  builder.withPanel(lines(socLineText, [socLine], { unit: 'percent', span: 8 }).min(0).max(100));
  const quality = target('A', worstQuality('activePowerW', ALL_DEVICES), { alias: '$tag_device' });
  const qualityText = {
    title: 'Quality of power readings',
    description: 'The worst quality in each step, per device.',
  };
  builder.withPanel(qualityRows(qualityText, [quality], 16));
  return builder.build();
}

function sources() {
  return bars(
    { title: 'Where it came from', description: BARS },
    [
      target('A', energyBars('exportedWh', inGroup('sun')), { alias: 'Sun' }),
      target('B', energyBars('exportedWh', inGroup('battery')), { alias: 'Battery discharged' }),
      target('C', energyBars('importedWh', inGroup('grid')), { alias: 'Grid import' }),
    ],
    { unit: 'kwatth', span: 12 },
  )
    .overrideByName('Battery discharged', fixedColour(COLOURS.battery))
    .overrideByName('Grid import', fixedColour(COLOURS.gridImport));
}

function uses() {
  return bars(
    { title: 'Where it went', description: BARS },
    [
      target('A', energyBars('importedWh', inGroup('homes')), { alias: 'Homes' }),
      target('B', energyBars('importedWh', inGroup('workshop')), { alias: 'Workshop' }),
      target('C', energyBars('importedWh', inGroup('battery')), { alias: 'Battery charged' }),
      target('D', energyBars('exportedWh', inGroup('grid')), { alias: 'Grid export' }),
    ],
    { unit: 'kwatth', span: 12 },
  )
    .overrideByName('Battery charged', fixedColour(COLOURS.battery))
    .overrideByName('Grid export', fixedColour(COLOURS.gridExport));
}

function letter(index: number): string {
  return String.fromCharCode(65 + index);
}
