/** Leaflet as the `nicegui` wheel carries it: one export. */
export const leaflet: typeof import("leaflet");
