/** What one edge may take of what all share in the community's file, in one object: the arithmetic beside each number. */

const DAY_MS = 86_400_000;

export const COMMUNITY_BUDGETS = {
  pending: {
    // Packs that wait for a time and are kept whole: three hours of one each ten seconds, some MB. Beyond it only the cursor
    // is kept, and they are read from the log again.
    wholePerEdge: 1000,
    wholeTotal: 20_000,
    // As many as the broker judges again: the newest refused ones.
    refusedPerEdge: 1000,
    refusedTotal: 10_000,
  },
  // A boot's clock is needed until its last pack has come: a new start each quarter of an hour for ten days.
  bootsPerEdge: 1000,
  // As many as are shown live; of a larger site the ones heard of longest ago go.
  devicesPerEdge: 2000,
  // Two registers and a power of 1,600 devices.
  seriesPerEdge: 5000,
  // Nobody looks through more of one reader; of all together as many as ten readers at their bound.
  badgeRefusals: { perEdge: 1000, total: 10_000 },
  // Ended alarms: of one edge a week of one every ten minutes; `hub` are those of the servers and the meters.
  alarms: { perEdge: 1000, hub: 10_000, total: 100_000 },
  // Serial numbers of one device: an exchange each month for eight years, each told twice.
  identitiesPerDevice: 200,
} as const;

/**
 * What makes rows that stay for ever refills by the time of the hub, so that years of honest use are never over: `burst` is
 * what an edge brings that was away for six weeks.
 */
export const ALLOWANCES = {
  // 200 sessions a day are a workshop of ten machines that never rests; 300 bytes a row.
  sessions: { burst: 10_000, perDay: 500 },
  // A change a quarter of a minute all day long; ten machines of a busy workshop make 5,000 a day. 100 bytes a row.
  activities: { burst: 200_000, perDay: 10_000 },
  // 2,000 devices that tell theirs for the first time, twice; later one exchange in years.
  identities: { burst: 5000, perDay: 500 },
  // Agents of ours never judge steps themselves; one that does has a handful a month for each meter.
  steps: { burst: 5000, perDay: 500 },
} as const satisfies Readonly<Record<string, { readonly burst: number; readonly perDay: number }>>;

export type AllowanceName = keyof typeof ALLOWANCES;

/** How long an edge is said to be over after the last time. */
export const OVER_TOLD_MS = DAY_MS;

export const COMMUNITY_BUDGET_WORDS = {
  sessions: 'its badge readers begin more sessions than a workshop has: no more are begun by badge',
  activities: 'its machines change what they do more often than machines do: what they do counts as unknown',
  identities: 'its devices tell other serial numbers all the time: they are passed over',
  steps: 'it judges more steps of its registers than meters make: they are passed over',
  series: 'it has more registers than one edge may have: those of the rest stand in the log only',
  devices: 'it tells of more devices than one edge may have: the ones heard of longest ago are forgotten',
  boots: 'it was started more often than anything is restarted: the oldest of its clocks are forgotten',
  badges: 'its readers are shown more badges that start nothing than are kept: the oldest are forgotten',
} as const satisfies Readonly<Record<AllowanceName | string, string>>;

export type CommunityBudget = keyof typeof COMMUNITY_BUDGET_WORDS;
