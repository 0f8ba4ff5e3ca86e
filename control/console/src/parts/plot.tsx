import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { span } from '../time.ts';
import type { Chart } from '../types.ts';

const kHeight = 170;
const kSpans = [
  1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800,
];

export interface PlotProps {
  chart: Chart;
  series: 'behind' | 'oldest';
  label: string;
}

function dataOf({ chart, series }: PlotProps): uPlot.AlignedData {
  const values = chart[series];
  return [values.map((_, at) => chart.end - (values.length - 1 - at) * chart.step), values];
}

// A line over time. The canvas takes its colours from the page, and is drawn anew when the theme changes.
export function Plot(props: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const draw = () => {
      plot.current?.destroy();
      const colours = getComputedStyle(element);
      const [line, text, grid] = [colours.color, colours.outlineColor, colours.borderTopColor];
      const isSpan = latest.current.series === 'oldest';
      const axis = {
        stroke: text,
        font: `11px ${colours.fontFamily}`,
        grid: { stroke: grid, width: 1 },
        ticks: { stroke: grid, width: 1 },
      };
      plot.current = new uPlot(
        {
          width: element.clientWidth,
          height: kHeight,
          legend: { show: false },
          cursor: { points: { show: false }, drag: { x: false, y: false } },
          scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, isSpan ? 10 : 4)] } },
          axes: [
            { ...axis, values: '{HH}:{mm}' },
            {
              ...axis,
              size: 62,
              incrs: isSpan ? kSpans : undefined,
              values: (_, ticks) =>
                ticks.map((tick) => (isSpan ? span(tick) : Number.isInteger(tick) ? String(tick) : '')),
            },
          ],
          series: [
            {},
            {
              label: latest.current.label,
              stroke: line,
              width: 1.5,
              fill: `color-mix(in srgb, ${line} 14%, transparent)`,
              points: { show: false },
            },
          ],
        },
        dataOf(latest.current),
        element,
      );
    };
    draw();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: kHeight }));
    sizes.observe(element);
    const themes = new MutationObserver(draw);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', draw);
    return () => {
      sizes.disconnect();
      themes.disconnect();
      system.removeEventListener('change', draw);
      plot.current?.destroy();
    };
  }, []);

  useEffect(() => {
    plot.current?.setData(dataOf(props));
  }, [props.chart]);
  return <div ref={place} class="plot" aria-hidden="true" />;
}
