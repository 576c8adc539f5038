/** How large messages may be, in one place: what an agent sends, and what broker and readers take. */

export const MESSAGE_LIMITS = {
  /** A last will travels inside CONNECT, before anybody is logged in. */
  willBytes: 512,
  /** CONNECT with will, names and secret; the broker takes no more from a stranger. */
  connectBytes: 4096,
  liveBytes: 16_384,
  /** Agents of earlier versions sent their device list inside. */
  statusBytes: 65_536,
  devicesPageBytes: 32_768,
  /** Of one agent: 256 x 32 kB hold more than 15,000 devices of 20 points. */
  devicesPages: 256,
  /** Commands and marks. */
  commandBytes: 16_384,
  /** Any packet after the log-in. */
  packetBytes: 262_144,
} as const;
