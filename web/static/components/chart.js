import { echarts } from "/lib/echarts/index.js";
import { h, nextTick, onBeforeUnmount, onMounted, ref, watch } from "/lib/vue.js";

/** One ECharts figure on canvas, with a title and a sentence that says the same to who cannot see it. */
export const Chart = {
  props: ["title", "option", "summary", "id", "wanted"],
  setup(props) {
    const box = ref(null);
    const heading = ref(null);
    let chart, observer;
    const draw = () =>
      chart.setOption(
        {
          animation: false,
          textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily },
          ...props.option,
        },
        true,
      );
    onMounted(() => {
      chart = echarts.init(box.value, null, { renderer: "canvas" });
      observer = new ResizeObserver(() => chart.resize());
      observer.observe(box.value);
      draw();
    });
    onBeforeUnmount(() => {
      observer.disconnect();
      chart.dispose();
    });
    watch(() => props.option, draw);
    /** A link led here: into sight, under a frame, with the keyboard. */
    watch(
      () => props.wanted,
      async (wanted) => {
        await nextTick();
        if (wanted) heading.value?.focus();
      },
      { immediate: true },
    );
    return () =>
      h("figure", { class: ["panel chart", { wanted: props.wanted }], id: props.id }, [
        h("figcaption", [
          h("h2", { tabindex: -1, ref: heading }, props.title),
          h("span", { class: "quiet small" }, props.summary),
        ]),
        h("div", { class: "plot", ref: box, role: "img", "aria-label": `${props.title}: ${props.summary}` }),
      ]);
  },
};
