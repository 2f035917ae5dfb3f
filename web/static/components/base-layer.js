import { leaflet as L } from "/lib/leaflet/leaflet.js";
import { h } from "/lib/vue.js";
import { layersAt } from "../app/base-map.js";

// by the names of OpenMapTiles, Protomaps and Shortbread
const WATER = new Set(["water", "ocean", "water_polygons"]);
const STREAMS = new Set(["waterway", "water_lines"]);
const ROADS = new Set(["transportation", "roads", "streets"]);
const BUILDINGS = new Set(["building", "buildings"]);
const WIDE = new Set(["motorway", "trunk", "primary", "highway", "major_road"]);
const MIDDLE = new Set(["secondary", "tertiary", "medium_road"]);
const SIDE = 512; // pixels of a tile on the map

/** What a layer's features are drawn with, null for what is not drawn. Widths in pixels. */
function styleOf(name, feature, zoom) {
  if (feature.kind === 3) {
    if (WATER.has(name)) return { fill: "#9cc4de" };
    if (BUILDINGS.has(name)) return { fill: "#b9aea2", stroke: "#8a7f74", width: 1 };
    return null;
  }
  if (feature.kind !== 2) return null;
  if (STREAMS.has(name)) return { stroke: "#9cc4de", width: 1.5 };
  if (!ROADS.has(name)) return null;
  const grown = Math.max(1, (zoom - 12) * 1.2);
  if (WIDE.has(feature.class)) return { stroke: "#8c97a1", width: 1.2 * grown };
  return { stroke: "#a3adb5", width: (MIDDLE.has(feature.class) ? 0.8 : 0.5) * grown };
}

function draw(canvas, layers, coords, base) {
  const scale = window.devicePixelRatio || 1;
  const pen = canvas.getContext("2d");
  // a tile of the map is a tile of the file, or a part of one that is drawn larger
  const larger = Math.max(0, coords.z - base.maxzoom);
  const part = 2 ** larger;
  const side = SIDE * scale * part;
  pen.translate(-(coords.x % part) * SIDE * scale, -(coords.y % part) * SIDE * scale);
  const order = (layer) => (WATER.has(layer.name) ? 0 : BUILDINGS.has(layer.name) ? 1 : 2);
  for (const layer of layers.toSorted((a, b) => order(a) - order(b))) {
    const unit = side / layer.extent;
    for (const feature of layer.features) {
      const style = styleOf(layer.name, feature, coords.z);
      if (!style) continue;
      pen.beginPath();
      for (const path of feature.paths) {
        pen.moveTo(path[0] * unit, path[1] * unit);
        for (let at = 2; at < path.length; at += 2) pen.lineTo(path[at] * unit, path[at + 1] * unit);
        if (feature.kind === 3) pen.closePath();
      }
      if (style.fill) {
        pen.fillStyle = style.fill;
        pen.fill();
      }
      if (style.stroke) {
        pen.strokeStyle = style.stroke;
        pen.lineWidth = style.width * scale;
        pen.stroke();
      }
    }
  }
}

/** @type {any} */
const BaseLayer = L.GridLayer.extend({
  createTile(/** @type {{x: number, y: number, z: number}} */ coords, done) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE * (window.devicePixelRatio || 1);
    const { base } = this.options;
    // Leaflet counts tiles of 512 pixels from its own zoom
    const at = { x: coords.x, y: coords.y, z: coords.z - 1 };
    const larger = Math.max(0, at.z - base.maxzoom);
    const place = { z: at.z - larger, x: at.x >> larger, y: at.y >> larger };
    const asked = place.z < base.minzoom ? Promise.resolve([]) : layersAt(base, place);
    asked.then((layers) => {
      draw(canvas, layers, at, base);
      done(null, canvas);
    });
    return canvas;
  },
});

/** The streets, rivers and buildings of `base` as a layer of a map, with what must be said of where they are from. */
export function baseLayer(base) {
  const [west, south, east, north] = base.bounds;
  const bounds = L.latLngBounds([south, west], [north, east]);
  return new BaseLayer({
    base,
    bounds,
    tileSize: SIDE,
    minZoom: base.minzoom + 1,
    maxZoom: 22,
    updateWhenZooming: false,
  });
}

/** The attribution as the file has it: text, and links to the web. */
export const attribution = (base) =>
  h(
    "span",
    { class: "quiet", "data-test": "attribution" },
    base.attribution.map(({ text, link }) =>
      link ? h("a", { href: link, target: "_blank", rel: "noopener" }, text) : text,
    ),
  );
