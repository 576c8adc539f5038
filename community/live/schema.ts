/** Rows of live: alarms since when until when. */

export type LiveTables = {
  alarm: {
    id: string;
    code: string;
    subject: string;
    severity: 'warning' | 'alarm';
    message: string;
    since_ms: number;
    /** Null while it lasts. */
    until_ms: number | null;
    /** The name of the edge it is about; null when it is about the servers or a meter. */
    edge: string | null;
  };
  /** The last word of the log on whether a device can be reached. */
  device_reach: {
    edge: string;
    device: string;
    state: 'online' | 'unreachable' | 'misconfigured';
    reason: string;
    at_ms: number;
  };
  /** The version of the list of who may connect, and the hash of what it says. */
  access_version: { community: string; version: number; hash: string };
};
