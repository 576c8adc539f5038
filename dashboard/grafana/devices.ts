/** Devices: the operator's deep look at one or several meters. */
import type { PointName } from '@commonworks/core';
import { POINTS } from '@commonworks/core';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame, withDeviceChoice } from './frame.ts';
import { CHOSEN_DEVICES, energyBarsByDevice, gauge, newest, target, worstQuality } from './influxql.ts';
import { bars, lines, newestTable, qualityRows } from './panels.ts';

/** Grafana's names of units, for the points shown here. */
const DETAILS: readonly { title: string; unit: string; points: readonly PointName[] }[] = [
  { title: 'Power per phase', unit: 'watt', points: ['activePowerL1W', 'activePowerL2W', 'activePowerL3W'] },
  { title: 'Voltage', unit: 'volt', points: ['voltageV', 'voltageL1V', 'voltageL2V', 'voltageL3V'] },
  { title: 'Current', unit: 'amp', points: ['currentA', 'currentL1A', 'currentL2A', 'currentL3A'] },
  { title: 'Frequency', unit: 'hertz', points: ['frequencyHz'] },
  { title: 'Power factor', unit: 'none', points: ['powerFactor'] },
  { title: 'Temperature', unit: 'celsius', points: ['temperatureC'] },
];

export function devicesDashboard(): Dashboard {
  const builder = withDeviceChoice(
    frame({
      uid: 'commonworks-devices',
      title: 'Devices',
      description: 'Every reading of the chosen devices, with its quality.',
    }),
  );
  builder.withRow(new RowBuilder('Alive'));
  const table = target('A', newest('activePowerW', CHOSEN_DEVICES), { table: true });
  const tableText = { title: 'Newest power reading', description: 'Of each device within the time range shown.' };
  builder.withPanel(newestTable(tableText, [table], { unit: 'watt', span: 10 }));
  const quality = (['activePowerW', 'importedWh'] as const).map((point, i) =>
    target(i === 0 ? 'A' : 'B', worstQuality(point, CHOSEN_DEVICES), { alias: `$tag_device ${POINTS[point].title}` }),
  );
  const qualityText = { title: 'Quality', description: 'The worst quality in each step.' };
  builder.withPanel(qualityRows(qualityText, quality, 14));
  builder.withRow(new RowBuilder('Power and energy'));
  const power = target('A', gauge('activePowerW', CHOSEN_DEVICES), { alias: '$tag_device' });
  builder.withPanel(lines({ title: 'Active power', description: '' }, [power], { unit: 'watt', span: 24 }));
  for (const point of ['importedWh', 'exportedWh'] as const) {
    const steps = target('A', energyBarsByDevice(point, CHOSEN_DEVICES), { alias: '$tag_device' });
    const text = { title: POINTS[point].title, description: 'Per bar, from the register.' };
    builder.withPanel(bars(text, [steps], { unit: 'kwatth', span: 12 }));
  }
  builder.withRow(new RowBuilder('Details'));
  for (const { title, unit, points } of DETAILS) {
    const targets = points.map((point, i) =>
      target(String.fromCharCode(65 + i), gauge(point, CHOSEN_DEVICES), {
        alias: `$tag_device ${POINTS[point].title}`,
      }),
    );
    builder.withPanel(lines({ title, description: '' }, targets, { unit, span: 12 }));
  }
  return builder.build();
}
