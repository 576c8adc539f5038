/** The few numbers an operator's Prometheus wants, as text exposition format 0.0.4. */
import type { BrokerStatus } from '@commonworks/core';
import type { Ingest } from '../ingest/ingest.ts';
import type { Queries } from '../ingest/queries.ts';

type Line = {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
};

type Counted = { readonly ingest: Pick<Ingest, 'counts'>; readonly queries: Pick<Queries, 'counts' | 'waiting'> };

export function metricsText(status: BrokerStatus, { ingest: { counts }, queries }: Counted): string {
  const lines: Line[] = [
    { name: 'packs_held_total', help: 'Packs committed to the log', kind: 'counter', value: counts.held },
    { name: 'packs_repeated_total', help: 'Packs that came again', kind: 'counter', value: counts.repeated },
    { name: 'packs_quarantined_total', help: 'Packs in quarantine', kind: 'counter', value: counts.quarantined },
    { name: 'packs_refused_total', help: 'Packs beyond their budget', kind: 'counter', value: counts.refused },
    { name: 'commits_total', help: 'Group commits', kind: 'counter', value: counts.commits },
    { name: 'commit_failures_total', help: 'Commits the disk refused', kind: 'counter', value: counts.failures },
    { name: 'queries_total', help: 'Questions answered', kind: 'counter', value: queries.counts.answered },
    { name: 'queries_failed_total', help: 'Questions that failed', kind: 'counter', value: queries.counts.failed },
    { name: 'queries_refused_total', help: 'Questions refused', kind: 'counter', value: queries.counts.refused },
    { name: 'queries_dropped_total', help: 'Given up by askers', kind: 'counter', value: queries.counts.dropped },
    { name: 'queries_waiting', help: 'Questions that wait', kind: 'gauge', value: queries.waiting },
    { name: 'packs_pending', help: 'Packs not yet on disk', kind: 'gauge', value: status.pending },
    { name: 'log_head', help: 'Newest cursor of the log', kind: 'gauge', value: status.head },
    { name: 'dead_letters', help: 'Dead letters and quarantined packs kept', kind: 'gauge', value: status.deadLetters },
    { name: 'mqtt_clients', help: 'Connected MQTT clients', kind: 'gauge', value: status.clients.length },
    { name: 'log_generation', help: 'Generation of the log', kind: 'gauge', value: status.log.generation },
    { name: 'log_packs_wanted', help: 'Damaged packs that edges are asked for', kind: 'gauge', value: wanted(status) },
    {
      name: 'edges_told_more',
      help: 'Edges that were told a higher mark',
      kind: 'gauge',
      value: status.log.fallenBehind.length,
    },
    { name: 'writable', help: '1 while commits succeed', kind: 'gauge', value: status.isWritable ? 1 : 0 },
  ];
  return lines.map(exposition).join('') + status.sinks.map(sinkLag).join('');
}

function wanted({ log }: BrokerStatus): number {
  return log.holes.reduce((sum, { asked }) => sum + asked, 0);
}

function exposition({ name, help, kind, value }: Line): string {
  const full = `commonworks_broker_${name}`;
  return `# HELP ${full} ${help}\n# TYPE ${full} ${kind}\n${full} ${value}\n`;
}

function sinkLag({ name, behind }: BrokerStatus['sinks'][number]): string {
  return `commonworks_broker_sink_lag{sink=${JSON.stringify(name)}} ${behind}\n`;
}
