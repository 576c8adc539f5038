/** One name for a device of one edge, as the live line uses it. */
import type { Device } from '@commonworks/core/api/index.ts';

export function deviceKey({ edge, device }: Pick<Device, 'edge' | 'device'>): string {
  return `${edge}/${device}`;
}
