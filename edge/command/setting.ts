/** Something of a device that can be set, released, and read back. */
import type { CommandKind } from '@commonworks/core';

export type Setting = {
  readonly kinds: readonly CommandKind[];
  readonly min: number;
  readonly max: number;
  /** What it shows when nothing is set: all the power, or off. */
  readonly rest: number;
  /** Seconds after which the device itself gives the setting up when it is not repeated; null when it never does. */
  readonly revertS: number | null;
  /** Whether repeating the write wears the device out. */
  readonly isVolatile: boolean;
  /** Each throws CodedError of the bus. */
  readonly set: (value: number) => Promise<void>;
  readonly release: () => Promise<void>;
  /** What the device shows: the setting's value in the command's unit, or null when it cannot be read. */
  readonly observe: () => Promise<number | null>;
};
