/** CRC-16 with the reflected polynomial 0xA001: Modbus starts it at 0xFFFF, the P1 port at 0 (CRC-16/ARC). */

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

export function crc16(bytes: Uint8Array, start: number): number {
  let crc = start;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return crc;
}

export const MODBUS_CRC_START = 0xffff;
export const P1_CRC_START = 0;
