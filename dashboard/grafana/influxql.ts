/** InfluxQL targets for Grafana panels: the SDK has no InfluxDB module, so this is its query builder. */
import type { PointName } from '@commonworks/core';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';

export const DATASOURCE = { type: 'influxdb', uid: 'commonworks-influx' } as const;

export type InfluxTargetJson = {
  readonly refId: string;
  readonly query: string;
  readonly rawQuery: true;
  readonly resultFormat: 'time_series' | 'table';
  readonly alias?: string;
  readonly datasource: typeof DATASOURCE;
};

/** `alias` names the series of the answer; `$tag_device` is the device's name. */
export function target(refId: string, query: string, more: { alias?: string; table?: true } = {}): Builder<Dataquery> {
  const json: InfluxTargetJson = {
    refId,
    query,
    rawQuery: true,
    resultFormat: more.table ? 'table' : 'time_series',
    ...(more.alias === undefined ? {} : { alias: more.alias }),
    datasource: DATASOURCE,
  };
  // The SDK marks queries by a method that JSON leaves out.
  return { build: () => ({ ...json, _implementsDataqueryVariant: () => undefined }) };
}

/** Ranks above `stale` are implausible, fault and missing: not for a picture of what truly flowed. */
const USABLE = '"quality" <= 2';

export const ALL_DEVICES = '"device" =~ /.*/';
export const CHOSEN_DEVICES = '"device" =~ /^$device$/';

/** One line per device. */
export function gauge(point: PointName, where: string): string {
  return `SELECT mean("value") FROM "${point}" WHERE ${where} AND ${USABLE} AND $timeFilter GROUP BY time($__interval), "device" fill(none)`;
}

/** One line: the devices' means of each interval, added up. */
export function summedGauge(point: PointName, where: string): string {
  const each = `SELECT mean("value") AS "mean" FROM "${point}" WHERE ${where} AND ${USABLE} AND $timeFilter GROUP BY time($__interval), "device" fill(none)`;
  return `SELECT sum("mean") FROM (${each}) WHERE $timeFilter GROUP BY time($__interval) fill(none)`;
}

export const BAR_LENGTHS = ['15m', '1h', '1d'] as const;

/**
 * kWh per bar from a register in Wh. The offset of 1 ms puts the register read exactly at an interval's end into that
 * interval, so that the difference of last values is the energy of the interval that starts where the bar stands.
 */
function registerSteps(point: 'importedWh' | 'exportedWh', where: string): string {
  return `SELECT non_negative_difference(last("value")) / 1000 AS "kwh" FROM "${point}" WHERE ${where} AND "quality" = 0 AND $timeFilter GROUP BY time($bar, 1ms), "device" fill(none)`;
}

export function energyBars(point: 'importedWh' | 'exportedWh', where: string): string {
  const each = registerSteps(point, where);
  return `SELECT sum("kwh") FROM (${each}) WHERE $timeFilter GROUP BY time($bar, 1ms) fill(none)`;
}

export function energyBarsByDevice(point: 'importedWh' | 'exportedWh', where: string): string {
  return registerSteps(point, where);
}

/** The worst rank in each step, one row per device. */
export function worstQuality(point: PointName, where: string): string {
  return `SELECT max("quality") FROM "${point}" WHERE ${where} AND $timeFilter GROUP BY time($__interval), "device" fill(none)`;
}

/** One figure from the devices' newest values: their sum, or their mean where a sum means nothing. */
export function lastGauge(point: PointName, where: string, join: 'sum' | 'mean' = 'sum'): string {
  const each = `SELECT last("value") AS "last" FROM "${point}" WHERE ${where} AND ${USABLE} AND $timeFilter GROUP BY "device"`;
  return `SELECT ${join}("last") FROM (${each})`;
}

/** Words of a device over time. */
export function states(point: 'activity' | 'operatingState', where: string): string {
  return `SELECT "state" FROM "${point}" WHERE ${where} AND $timeFilter GROUP BY "device"`;
}

/** Time, value and quality of each device's newest reading. */
export function newest(point: PointName, where: string): string {
  return `SELECT "value", "quality" FROM "${point}" WHERE ${where} AND $timeFilter GROUP BY "device" ORDER BY time DESC LIMIT 1`;
}
