import { leaflet as L } from "/lib/leaflet/leaflet.js";

const spotOf = ({ lat, lon }) => L.latLng(lat, lon);

/** Draws the way of a route through `places` and where one is (`me`, null: not known) into `layer`, anew. */
export function drawRoute(layer, places, me) {
  layer.clearLayers();
  if (places.length > 1)
    layer.addLayer(
      L.polyline(places.map(spotOf), {
        color: "#0f4c75",
        weight: 4,
        opacity: 0.75,
        interactive: false,
        className: "way",
      }),
    );
  if (!me) return;
  layer.addLayer(
    L.circleMarker(spotOf(me), {
      radius: 8,
      color: "#fff",
      weight: 3,
      fillColor: "#1565c0",
      fillOpacity: 1,
      interactive: false,
      className: "me",
    }),
  );
}
