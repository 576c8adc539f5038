/** Where the sun stands over the site, and what a tilted roof gets from a clear sky. */

/** Degrees; east and north positive. */
export type Site = { readonly latitudeDeg: number; readonly longitudeDeg: number };

/** A field of modules: azimuth from south, west positive. */
export type Roof = { readonly tiltDeg: number; readonly azimuthDeg: number };

export type SunPosition = { readonly elevationRad: number; readonly azimuthRad: number };

const RAD = Math.PI / 180;

/** Spencer's series for declination and equation of time: within 0.03 rad and 0.6 min, ample for a demo. */
export function sunPosition(site: Site, timeMs: number): SunPosition {
  const yearStartMs = Date.UTC(new Date(timeMs).getUTCFullYear(), 0, 1);
  const angle = (2 * Math.PI * (timeMs - yearStartMs)) / (365.25 * 86_400_000);
  const declination =
    0.006918 -
    0.399912 * Math.cos(angle) +
    0.070257 * Math.sin(angle) -
    0.006758 * Math.cos(2 * angle) +
    0.000907 * Math.sin(2 * angle);
  const equationMin =
    229.18 *
    (0.000075 +
      0.001868 * Math.cos(angle) -
      0.032077 * Math.sin(angle) -
      0.014615 * Math.cos(2 * angle) -
      0.040849 * Math.sin(2 * angle));
  const solarMin = ((timeMs / 60_000) % 1440) + equationMin + 4 * site.longitudeDeg;
  const hourAngle = (solarMin / 4 - 180) * RAD;
  const latitude = site.latitudeDeg * RAD;
  const sinElevation =
    Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  return {
    elevationRad: Math.asin(sinElevation),
    azimuthRad: Math.atan2(
      Math.sin(hourAngle),
      Math.cos(hourAngle) * Math.sin(latitude) - Math.tan(declination) * Math.cos(latitude),
    ),
  };
}

/** W/m2 of a clear sky at this sun: beam on the plane, and diffuse light (isotropic sky). */
export function clearSky(sun: SunPosition, roof: Roof): { beamWm2: number; diffuseWm2: number } {
  if (sun.elevationRad <= 0) return { beamWm2: 0, diffuseWm2: 0 };
  const sinElevation = Math.sin(sun.elevationRad);
  // Kasten and Young's air mass; Meinel's attenuation of the solar constant.
  const airMass = 1 / (sinElevation + 0.50572 * (sun.elevationRad / RAD + 6.07995) ** -1.6364);
  const normalWm2 = 1361 * 0.7 ** (airMass ** 0.678);
  const tilt = roof.tiltDeg * RAD;
  const incidence =
    sinElevation * Math.cos(tilt) +
    Math.cos(sun.elevationRad) * Math.sin(tilt) * Math.cos(sun.azimuthRad - roof.azimuthDeg * RAD);
  return {
    beamWm2: normalWm2 * Math.max(0, incidence),
    diffuseWm2: 0.12 * normalWm2 * sinElevation ** 0.5 * ((1 + Math.cos(tilt)) / 2),
  };
}
