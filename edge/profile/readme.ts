/** A device folder's README, made from its profile, so that the two cannot disagree. */
import { POINTS, type PointName } from '@commonworks/core';
import type { ModbusProfile, P1Profile, Profile, SunspecProfile } from './schema.ts';

export function profileReadme(profile: Profile): string {
  const verified = profile.verified
    ? 'Verified: every register was confirmed on hardware or in a document of the vendor.'
    : 'Not verified yet: nobody has confirmed these registers on hardware. Compare the first readings with the display.';
  return [
    `# ${profile.title}`,
    `Profile \`${profile.profile}\`, version ${profile.version}. ${verified}`,
    `Source: ${profile.source}.`,
    ...notes(profile),
    '## Points',
    pointTable(profile),
    ...identityOf(profile),
    ...controls(profile),
    '<!-- Made from profile.yaml by `npx commonworks edge docs`; edit that file. -->',
    '',
  ].join('\n\n');
}

function notes({ notes: list }: Profile): string[] {
  return list === undefined ? [] : [list.map((note) => `- ${note}`).join('\n')];
}

function pointTable(profile: Profile): string {
  switch (profile.kind) {
    case 'modbus':
      return modbusTable(profile);
    case 'sunspec':
      return sunspecTable(profile);
    case 'p1':
      return p1Table(profile);
    default:
      return profile satisfies never;
  }
}

function modbusTable(profile: ModbusProfile): string {
  const rows = Object.entries(profile.points).map(([point, rule]) => {
    const address = `0x${rule.address.toString(16).toUpperCase().padStart(4, '0')}`;
    if (rule.table === 'coil') return [...named(point), 'coil', address, 'bit', '', ''];
    return [...named(point), rule.table, address, `${rule.type} ${rule.order ?? 'msw'}`, factor(rule), signOf(rule)];
  });
  return table(['Point', 'Unit', 'Table', 'Address', 'Type', 'Factor', 'Sign'], rows);
}

function sunspecTable(profile: SunspecProfile): string {
  const rows = Object.entries(profile.points).map(([point, rule]) => {
    const scale = rule.scaleOffset === undefined ? '' : String(rule.scaleOffset);
    return [...named(point), rule.models.join(', '), String(rule.offset), rule.type, scale, signOf(rule)];
  });
  return table(['Point', 'Unit', 'Models', 'Offset', 'Type', 'Scale factor at', 'Sign'], rows);
}

function p1Table(profile: P1Profile): string {
  const codes = (alternatives: readonly (readonly string[])[] | undefined) =>
    (alternatives ?? []).map((sum) => sum.join(' + ')).join(', or ');
  const rows = Object.entries(profile.points).map(([point, rule]) => {
    return [...named(point), codes(rule.plus), codes(rule.minus)];
  });
  return table(['Point', 'Unit', 'OBIS codes', 'minus'], rows);
}

function identityOf(profile: Profile): string[] {
  if (profile.kind === 'sunspec') return ['## Identity', '- Maker, model, version and serial number of model 1.'];
  if (profile.kind === 'p1')
    return ['## Identity', '- The equipment identifier `0-0:96.1.1`, and the maker and type of the first line.'];
  const { serial } = profile.identity ?? {};
  if (serial === undefined) return [];
  const address = `0x${serial.address.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['## Identity', `- Serial number: ${serial.table} ${address}, ${serial.type} ${serial.order ?? 'msw'}.`];
}

function controls(profile: Profile): string[] {
  if (profile.kind === 'p1' || profile.controls === undefined) return [];
  const { powerLimit, relay } = profile.controls;
  const lines: string[] = [];
  if (powerLimit !== undefined) {
    const { model, minPct, maxPct, storage } = powerLimit;
    lines.push(
      `- \`setPowerLimitPct\`: ${minPct} to ${maxPct} % by model ${model}, ${storage} registers, with the device's revert timer.`,
    );
    lines.push('- `clearPowerLimit`: ends the limit.');
  }
  if (relay !== undefined) lines.push(`- \`setRelay\`: 1 or 0, coil ${relay.coil}.`);
  return ['## Commands', lines.join('\n')];
}

function named(point: string): [string, string] {
  const entry = POINTS[point as PointName];
  return [`\`${point}\``, 'unit' in entry ? entry.unit : 'word'];
}

function factor(rule: { scale?: number }): string {
  return rule.scale === undefined ? '' : `× ${rule.scale}`;
}

function signOf(rule: { sign?: 1 | -1 }): string {
  return rule.sign === -1 ? 'turned round' : '';
}

/** Columns are padded, as the formatter of this repository writes tables. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => {
    return Math.max(3, cell.length, ...rows.map((row) => (row[column] ?? '').length));
  });
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
