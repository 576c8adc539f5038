/** The device list of an agent, apart from its status: retained pages on .../devices/N, cut here and put together here. */
import { type Static, Type } from 'typebox';
import { MESSAGE_LIMITS } from './mqtt-limits.ts';

export const DeviceDescription = Type.Object({
  device: Type.String(),
  profile: Type.String(),
  title: Type.String(),
  points: Type.Array(Type.String()),
  commands: Type.Array(Type.String()),
  periodMs: Type.Number(),
});
export type DeviceDescription = Static<typeof DeviceDescription>;

const PageNumber = Type.Integer({ minimum: 0, maximum: MESSAGE_LIMITS.devicesPages - 1 });

/** One page. Pages belong together when their `list` is the same; page 0 says which list counts. */
export const EdgeDevices = Type.Object({
  /** A digest of the whole list. */
  list: Type.String({ minLength: 1, maxLength: 80 }),
  page: PageNumber,
  pages: Type.Integer({ minimum: 1, maximum: MESSAGE_LIMITS.devicesPages }),
  devices: Type.Array(DeviceDescription),
});
export type EdgeDevices = Static<typeof EdgeDevices>;

/** The rest of a page: `{"list":"...","page":255,"pages":256,"devices":[]}` with the longest digest. */
const FRAME_BYTES = 160;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** The messages of a list, page 0 first, each within its limit; an empty list is one empty page. */
export function devicePages(devices: readonly DeviceDescription[], list: string): string[] {
  const parts: DeviceDescription[][] = [[]];
  let bytes = FRAME_BYTES;
  for (const device of devices) {
    const size = bytesOf(JSON.stringify(device)) + 1;
    if (bytes + size > MESSAGE_LIMITS.devicesPageBytes && parts.at(-1)?.length !== 0) {
      parts.push([]);
      bytes = FRAME_BYTES;
    }
    parts.at(-1)?.push(device);
    bytes += size;
  }
  const pages = parts.slice(0, MESSAGE_LIMITS.devicesPages);
  return pages.map((part, page) =>
    JSON.stringify({ list, page, pages: pages.length, devices: part } satisfies EdgeDevices),
  );
}

export type DeviceLists = {
  /** The whole list of this edge once its last page is there; null while pages are missing. */
  readonly take: (edge: string, page: EdgeDevices) => readonly DeviceDescription[] | null;
};

/** Pages come in any order, and pages of an older, longer list may still lie on the broker: they never count. */
export function createDeviceLists(): DeviceLists {
  const known = new Map<string, Map<number, EdgeDevices>>();
  return {
    take: (edge, page) => {
      const pages = known.get(edge) ?? new Map<number, EdgeDevices>();
      known.set(edge, pages);
      pages.set(page.page, page);
      const first = pages.get(0);
      if (first === undefined) return null;
      const parts = Array.from({ length: first.pages }, (_, number) => pages.get(number));
      const isWhole = parts.every((part) => part?.list === first.list);
      return isWhole ? parts.flatMap((part) => part?.devices ?? []) : null;
    },
  };
}
