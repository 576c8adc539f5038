/** The roof: two fields of modules on one inverter. */
import { clearSky, type Roof, type Site, sunPosition } from './sun.ts';
import type { Weather } from './weather.ts';

/** A cellar in Vienna with a large roof above it. */
export const SITE: Site = { latitudeDeg: 48.2, longitudeDeg: 16.4 };

/** Rated AC power of the inverter; SunSpec's WRtg and WMax. */
export const PV_RATED_W = 60_000;

const FIELDS: readonly { readonly roof: Roof; readonly peakW: number }[] = [
  { roof: { tiltDeg: 35, azimuthDeg: -35 }, peakW: 34_000 },
  { roof: { tiltDeg: 35, azimuthDeg: 40 }, peakW: 34_000 },
];

/** Wiring, dirt, conversion; modules lose 0.35 % per degree above 25. */
const PERFORMANCE = 0.9;

/** What the roof would deliver without any limit, watts AC; zero below the inverter's starting power. */
export function pvPotentialW(weather: Weather, timeMs: number): number {
  const sun = sunPosition(SITE, timeMs);
  if (sun.elevationRad <= 0) return 0;
  const light = weather.light(timeMs);
  const airC = weather.temperatureC(timeMs);
  let watts = 0;
  for (const { roof, peakW } of FIELDS) {
    const sky = clearSky(sun, roof);
    const planeWm2 = sky.beamWm2 * light.beam + sky.diffuseWm2 * light.diffuse;
    const moduleC = airC + 0.03 * planeWm2;
    watts += peakW * (planeWm2 / 1000) * PERFORMANCE * (1 - 0.0035 * (moduleC - 25));
  }
  return watts < 120 ? 0 : Math.min(watts, PV_RATED_W);
}
