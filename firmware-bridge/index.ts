/** Byte streams to devices, machine controllers and badge readers: the door of the firmware bridge. */
export { badgeHash } from './badge/hash.ts';
export { type BadgeProtocol, createUidReader } from './badge/uid-reader.ts';
export { createGrblWatch, type GrblWatch, type MachineChange } from './grbl/watch.ts';
export { keepOpen } from './stream/keep-open.ts';
export { openStream, type StreamLink } from './stream/open-stream.ts';
