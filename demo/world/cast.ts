/** Who lives in the demo: nine homes and their habits. The numbers are ours, the kinds are common ones. */

export type Habit = {
  readonly home: string;
  /** What never switches off: router, standby, fridge on average. */
  readonly baseW: number;
  /** Local hours of the day with somebody awake at home, `[from, to)`, on working days and at weekends. */
  readonly awake: readonly (readonly [number, number])[];
  readonly awakeWeekend: readonly (readonly [number, number])[];
  /** Light, screens and the rest while somebody is awake. */
  readonly awakeW: number;
  /** Cooking, laundry and dishes: how many a day on average. */
  readonly meals: number;
  readonly washes: number;
  /** Rated electrical power of a heat pump; absent without one. */
  readonly heatPumpW?: number;
  /** Power of the charging point, and how often it is used. */
  readonly car?: { readonly powerW: number; readonly chargesPerWeek: number };
  /** Of each 28 days, this many are spent away. */
  readonly awayDays?: number;
  readonly isThreePhase?: boolean;
};

export const HOMES: readonly Habit[] = [
  {
    home: 'home-1',
    baseW: 150,
    awake: [
      [6, 8],
      [13, 22.5],
    ],
    awakeWeekend: [[7.5, 23]],
    awakeW: 260,
    meals: 2.2,
    washes: 1.5,
  },
  {
    home: 'home-2',
    baseW: 160,
    awake: [
      [6, 8.5],
      [16, 22.5],
    ],
    awakeWeekend: [[8, 23]],
    awakeW: 230,
    meals: 1.6,
    washes: 0.9,
    heatPumpW: 2800,
    isThreePhase: true,
  },
  {
    home: 'home-3',
    baseW: 130,
    awake: [
      [5.5, 7.5],
      [17, 22],
    ],
    awakeWeekend: [[8, 23]],
    awakeW: 210,
    meals: 1.5,
    washes: 0.8,
    car: { powerW: 11_000, chargesPerWeek: 2.6 },
    isThreePhase: true,
  },
  {
    home: 'home-4',
    baseW: 75,
    awake: [
      [6.5, 8],
      [18, 23],
    ],
    awakeWeekend: [[9, 24]],
    awakeW: 130,
    meals: 0.9,
    washes: 0.4,
  },
  { home: 'home-5', baseW: 110, awake: [[7, 21.5]], awakeWeekend: [[7, 21.5]], awakeW: 140, meals: 1.9, washes: 0.6 },
  { home: 'home-6', baseW: 125, awake: [[7, 22.5]], awakeWeekend: [[8.5, 23]], awakeW: 190, meals: 1.4, washes: 0.6 },
  {
    home: 'home-7',
    baseW: 85,
    awake: [
      [7, 8.5],
      [17.5, 23],
    ],
    awakeWeekend: [[9, 23.5]],
    awakeW: 180,
    meals: 1.2,
    washes: 0.7,
    awayDays: 13,
  },
  {
    home: 'home-8',
    baseW: 190,
    awake: [
      [8, 10],
      [15, 26],
    ],
    awakeWeekend: [[10, 27]],
    awakeW: 310,
    meals: 2.6,
    washes: 1.2,
  },
  {
    home: 'home-9',
    baseW: 120,
    awake: [
      [6, 7.5],
      [16.5, 22.5],
    ],
    awakeWeekend: [[8, 23]],
    awakeW: 200,
    meals: 1.5,
    washes: 0.8,
  },
];

/** Every device with an energy meter, in the order of the oracle. */
export const METERED_DEVICES = [
  'pv-1',
  'bat-1',
  'grid-1',
  ...HOMES.map((habit) => habit.home),
  'laser-1',
  'cnc-1-meter',
  'boiler-1-meter',
] as const;

/** Coils that give or withhold power, by the device that an agent switches. */
export const RELAYS = ['laser-1-relay', 'boiler-1'] as const;
export type RelayName = (typeof RELAYS)[number];
