// WGS 84 to GCJ-02, the shifted coordinates that maps in China draw with: only for handing a place to the phone's
// navigation. The formula is the one that is publicly known (eviltransform); the page's own map stays WGS 84.

const AXIS = 6_378_245; // metres, of the Krasovsky ellipsoid
const FLATTENED = 0.006693421622965943; // its first eccentricity, squared
const OUTSIDE = { west: 72.004, east: 137.8347, south: 0.8293, north: 55.8271 }; // there nothing is shifted

const { PI, abs, cos, sin, sqrt } = Math;

const waves = (x) => ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;

function shiftedLat(x, y) {
  return (
    -100 +
    2 * x +
    3 * y +
    0.2 * y * y +
    0.1 * x * y +
    0.2 * sqrt(abs(x)) +
    waves(x) +
    ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3 +
    ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3
  );
}

function shiftedLon(x, y) {
  return (
    300 +
    x +
    2 * y +
    0.1 * x * x +
    0.1 * x * y +
    0.1 * sqrt(abs(x)) +
    waves(x) +
    ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3 +
    ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3
  );
}

/**
 * @param {{lon: number, lat: number}} place in degrees WGS 84
 * @returns {{lon: number, lat: number}} in degrees GCJ-02; outside of China as it was
 */
export function gcj02({ lon, lat }) {
  if (lon < OUTSIDE.west || lon > OUTSIDE.east || lat < OUTSIDE.south || lat > OUTSIDE.north) return { lon, lat };
  const [x, y] = [lon - 105, lat - 35];
  const radians = (lat / 180) * PI;
  const root = 1 - FLATTENED * sin(radians) ** 2;
  return {
    lat: lat + (shiftedLat(x, y) * 180) / (((AXIS * (1 - FLATTENED)) / (root * sqrt(root))) * PI),
    lon: lon + (shiftedLon(x, y) * 180) / ((AXIS / sqrt(root)) * cos(radians) * PI),
  };
}

/** An address that the phone opens with its own navigation: the place alone, neither its door nor why one goes. */
export function navigation(place) {
  const { lon, lat } = gcj02(place);
  const spot = `${lat.toFixed(6)},${lon.toFixed(6)}`;
  return `geo:${spot}?q=${spot}`;
}
