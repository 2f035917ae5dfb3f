/** ECharts as the `nicegui` wheel carries it: one export, and of it what the pages use. */
export const echarts: {
  init(element: Element, theme?: unknown, options?: object): EChart;
};

interface EChart {
  setOption(option: object, options?: object): void;
  resize(): void;
  dispose(): void;
}
