/** What a household draws, minute by minute, from its habits: base, people awake, meals, laundry, heat, car. */
import type { Habit } from './cast.ts';
import { between, createDraw, type Draw, smooth } from './random.ts';

export const MINUTES_A_DAY = 1440;
const DAY_MS = 86_400_000;

export type LocalDay = {
  /** Days since the epoch of the local date; also the seed of that day's habits. */
  readonly index: number;
  readonly isWeekend: boolean;
};

/** The mean power of each local minute of one day, watts. `outsideC` gives the temperature at a local minute. */
export type DayLoad = (day: LocalDay, outsideC: (minute: number) => number) => Float64Array;

/** Appliances: a short heavy start, then the rest of the programme. */
type Appliance = {
  readonly startW: number;
  readonly startMin: number;
  readonly restW: number;
  readonly restMin: number;
};
const OVEN: Appliance = { startW: 2300, startMin: 9, restW: 900, restMin: 32 };
const STOVE: Appliance = { startW: 1800, startMin: 12, restW: 700, restMin: 15 };
const WASHER: Appliance = { startW: 2050, startMin: 18, restW: 190, restMin: 62 };
const DISHES: Appliance = { startW: 1900, startMin: 16, restW: 420, restMin: 70 };
const DRYER: Appliance = { startW: 850, startMin: 45, restW: 620, restMin: 35 };
const KETTLE: Appliance = { startW: 1950, startMin: 3, restW: 0, restMin: 0 };

export function createDayLoad(seed: number, habit: Habit): DayLoad {
  const draw = createDraw(seed, `${habit.home}/habits`);
  const flicker = createDraw(seed, `${habit.home}/flicker`);
  return (day, outsideC) => {
    const load = new Float64Array(MINUTES_A_DAY);
    const isAway = isAwayOn(habit, draw, day.index);
    const awake = day.isWeekend ? habit.awakeWeekend : habit.awake;
    for (let minute = 0; minute < MINUTES_A_DAY; minute++) {
      const at = day.index * MINUTES_A_DAY + minute;
      let watts = habit.baseW * (0.85 + 0.3 * smooth(flicker, at / 25)) + fridgeW(flicker, at);
      if (!isAway) watts += awakeShare(awake, minute) * habit.awakeW * (0.4 + 1.2 * smooth(flicker, at / 12 + 5e6));
      if (habit.heatPumpW !== undefined) watts += heatPumpW(habit.heatPumpW, outsideC(minute), at);
      load[minute] = watts;
    }
    if (!isAway) addAppliances(load, habit, { draw, day, awake });
    addCar(load, habit, { draw, day, isAway });
    return load;
  };
}

/** A compressor of 85 W that runs a good third of the time, with a phase of its own. */
function fridgeW(flicker: Draw, at: number): number {
  const cycle = 48 + Math.floor(flicker(1) * 14);
  return (at + Math.floor(flicker(2) * cycle)) % cycle < cycle * 0.36 ? 85 : 2;
}

function awakeShare(spans: readonly (readonly [number, number])[], minute: number): number {
  const hour = minute / 60;
  // A span may end after midnight: the early hours of a day belong to the evening before.
  return spans.some(([from, to]) => (hour >= from && hour < to) || hour + 24 < to) ? 1 : 0.08;
}

function isAwayOn(habit: Habit, draw: Draw, dayIndex: number): boolean {
  if (habit.awayDays === undefined) return false;
  const phase = Math.floor(draw(77) * 28);
  return (dayIndex + phase) % 28 < habit.awayDays;
}

/** Modulating heat pump: longer cycles the colder it is; off above 16 degrees, hot water once a day. */
function heatPumpW(ratedW: number, outsideC: number, at: number): number {
  const need = Math.min(1, Math.max(0, (16 - outsideC) / 26));
  const isHotWater = at % MINUTES_A_DAY >= 760 && at % MINUTES_A_DAY < 805;
  const isOn = (at % 40) / 40 < Math.min(1, need * 1.5 + 0.06);
  return isHotWater ? ratedW * 0.9 : isOn && need > 0 ? ratedW * (0.45 + 0.4 * need) : 8;
}

type Occasion = { readonly draw: Draw; readonly day: LocalDay; readonly awake: readonly (readonly [number, number])[] };

function addAppliances(load: Float64Array, habit: Habit, { draw, day, awake }: Occasion): void {
  const dayDraw = (n: number) => draw(day.index * 64 + n + 1000);
  const times = [7.1, 12.4, 18.6, 20.1];
  for (let n = 0; n < 4; n++) {
    if (dayDraw(n) >= habit.meals / 3.2) continue;
    const minute = Math.round(((times[n] ?? 12) + between(dayDraw(n + 4), -0.6, 0.8)) * 60);
    if (awakeShare(awake, minute) < 1) continue;
    run(load, KETTLE, minute - 6);
    if (n > 0) run(load, dayDraw(n + 8) < 0.4 ? OVEN : STOVE, minute);
  }
  const machines = [WASHER, DISHES, DRYER];
  for (const [n, machine] of machines.entries()) {
    if (dayDraw(n + 16) >= habit.washes * (day.isWeekend ? 0.75 : 0.5)) continue;
    const [from, to] = awake[awake.length - 1] ?? [18, 22];
    run(load, machine, Math.round(between(dayDraw(n + 20), from, Math.min(to, 23) - 1.5) * 60));
  }
}

function addCar(load: Float64Array, habit: Habit, at: { draw: Draw; day: LocalDay; isAway: boolean }): void {
  if (habit.car === undefined || at.isAway) return;
  if (at.draw(at.day.index * 64 + 40) >= habit.car.chargesPerWeek / 7) return;
  const start = Math.round(between(at.draw(at.day.index * 64 + 41), 17.2, 20) * 60);
  const length = Math.round(between(at.draw(at.day.index * 64 + 42), 55, 150));
  run(load, { startW: habit.car.powerW, startMin: length, restW: habit.car.powerW * 0.35, restMin: 14 }, start);
}

/** A programme that would pass midnight is cut there: the machine's timer starts it earlier the next time. */
function run(load: Float64Array, appliance: Appliance, startMin: number): void {
  const end = Math.min(MINUTES_A_DAY, startMin + appliance.startMin + appliance.restMin);
  for (let minute = Math.max(0, startMin); minute < end; minute++) {
    load[minute] = (load[minute] ?? 0) + (minute < startMin + appliance.startMin ? appliance.startW : appliance.restW);
  }
}

export function localDayOf(localMs: number): LocalDay {
  const index = Math.floor(localMs / DAY_MS);
  const weekday = (index + 4) % 7;
  return { index, isWeekend: weekday === 0 || weekday === 6 };
}
