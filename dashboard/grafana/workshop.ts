/** Workshop: which machine does what, with what power, and what it used. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { inGroup } from './groups.ts';
import { energyBarsByDevice, gauge, states, target } from './influxql.ts';
import { activityRows, bars, lines } from './panels.ts';

export function workshopDashboard(): Dashboard {
  const builder = frame({
    uid: 'commonworks-workshop',
    title: 'Workshop',
    description: 'What the machines do. Charges come from the community server, not from here.',
  });
  const where = inGroup('workshop');
  const named = { alias: '$tag_device' };
  builder.withRow(new RowBuilder('Machines'));
  const activity = target('A', states('activity', where), named);
  const activityText = { title: 'Activity', description: 'As the machine’s controller or its meter reports it.' };
  builder.withPanel(activityRows(activityText, [activity], 24));
  const progress = target('A', gauge('progressPct', where), named);
  const progressText = { title: 'Job progress', description: 'Where the controller tells it.' };
  builder.withPanel(lines(progressText, [progress], { unit: 'percent', span: 12 }).min(0).max(100));
  const relay = target('A', gauge('relayOn', where), named);
  const relayText = { title: 'Release relay', description: '1: the machine may be switched on; 0: it may not.' };
  builder.withPanel(lines(relayText, [relay], { unit: 'none', span: 12 }).min(0).max(1));
  builder.withRow(new RowBuilder('Power and energy'));
  const power = target('A', gauge('activePowerW', where), named);
  builder.withPanel(lines({ title: 'Power', description: '' }, [power], { unit: 'watt', span: 12 }));
  const energy = target('A', energyBarsByDevice('importedWh', where), named);
  const energyText = { title: 'Energy used', description: 'Per bar, from the register.' };
  builder.withPanel(bars(energyText, [energy], { unit: 'kwatth', span: 12 }));
  return builder.build();
}
