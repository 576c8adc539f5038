/** The device list as retained messages; its digest tells one list's pages from another's. */
import { createHash } from 'node:crypto';
import { type DeviceDescription, devicePages, devicesTopic } from '@commonworks/core';

export type DeviceMessage = { readonly topic: string; readonly payload: string };

export function deviceMessages(
  { community, edge }: { community: string; edge: string },
  devices: readonly DeviceDescription[],
): DeviceMessage[] {
  const list = createHash('sha256').update(JSON.stringify(devices)).digest('hex').slice(0, 16);
  return devicePages(devices, list).map((payload, page) => ({ topic: devicesTopic(community, edge, page), payload }));
}
