/** CRC-16 as Modbus RTU and DSMR P1 use it: polynomial 0x8005 reflected; they differ in the start value only. */

const TABLE = new Uint16Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** Modbus over serial line V1.02, section 6.2.2: starts with 0xFFFF. P1 (DSMR 5.0.2, section 6.2): starts with 0. */
export function crc16(bytes: Uint8Array, start: 0xffff | 0): number {
  let crc: number = start;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return crc;
}
