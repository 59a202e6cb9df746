import { makeStyles, tokens } from '@fluentui/react-components';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { chartInk, seriesColor } from '../theme/series-palette.ts';
import { useThemeName } from '../theme/theme-choice.ts';
import { numberWords, type Point } from './series-points.ts';

const useStyles = makeStyles({
  frame: {
    position: 'relative',
    minWidth: 0,
    height: '220px',
    outlineOffset: '2px',
    borderRadius: tokens.borderRadiusMedium,
    touchAction: 'pan-y',
    '& .u-select': { backgroundColor: tokens.colorBrandBackground2, opacity: 0.5 },
    '& .u-cursor-x': { borderRightColor: tokens.colorNeutralStroke1Hover },
    '& .u-cursor-y': { display: 'none' },
  },
  readout: {
    position: 'absolute',
    top: 0,
    right: '8px',
    zIndex: 2,
    pointerEvents: 'none',
    padding: '2px 8px',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow4,
    fontSize: tokens.fontSizeBase200,
    fontVariantNumeric: 'tabular-nums',
    ':empty': { display: 'none' },
  },
});

export type DrawnSeries = { name: string; colorIndex: number; points: readonly Point[] };

type Props = {
  /** What a reader hears in place of the picture. */
  label: string;
  words: (value: number) => string;
  isBoolean: boolean;
  series: readonly DrawnSeries[];
  from: number;
  to: number;
  onZoom: (from: number, to: number) => void;
  onReset: () => void;
  onStep: (factor: number, shift: number) => void;
};

/** All charts of a page share their crosshair. */
const cursorGroup = uPlot.sync('page');
const timeWords = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const heightPx = 220;
const stepped = uPlot.paths.stepped?.({ align: 1 });

/** Lines over time. The only file that imports uPlot. */
export function TimeSeries({ label, words, isBoolean, series, from, to, onZoom, onReset, onStep }: Props) {
  const styles = useStyles();
  const theme = useThemeName();
  const frame = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef({ onZoom, onReset, series, words, from, to });
  latest.current = { onZoom, onReset, series, words, from, to };
  const shape = series.map((line) => `${line.name}:${line.colorIndex}`).join('|');

  // biome-ignore lint/correctness/useExhaustiveDependencies: shape stands for the series; their points are set below
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const ink = chartInk[theme];
    const font = `12px ${getComputedStyle(element).fontFamily}`;
    const axis = { stroke: ink.axis, font, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1, size: 4 } };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: heightPx,
        ms: 1,
        padding: [16, 28, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: true, range: () => [latest.current.from, latest.current.to] },
          y: { range: isBoolean ? [-0.1, 1.1] : paddedRange },
        },
        axes: [
          { ...axis, space: 64, incrs: timeSteps, values: timeLabels },
          {
            ...axis,
            size: axisWidth,
            gap: 6,
            ...(isBoolean ? { splits: [0, 1] } : {}),
            values: (_chart, splits) => splits.map((split) => (isBoolean ? latest.current.words(split) : numberWords(split))),
          },
        ],
        series: [
          {},
          ...latest.current.series.map((line) => ({
            label: line.name,
            stroke: seriesColor(theme, line.colorIndex),
            width: 2,
            points: { size: 5 },
            ...(stepped && isBoolean ? { paths: stepped } : {}),
          })),
        ],
        cursor: {
          sync: { key: cursorGroup.key, setSeries: false },
          drag: { x: true, y: false, setScale: false },
          points: { size: 8 },
        },
        hooks: {
          setSelect: [
            (self) => {
              if (self.select.width < 4) return;
              const start = self.posToVal(self.select.left, 'x');
              const end = self.posToVal(self.select.left + self.select.width, 'x');
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              latest.current.onZoom(start, end);
            },
          ],
          setCursor: [
            (self) => {
              if (readout.current) readout.current.textContent = readoutAt(self, latest.current.series, latest.current.words);
            },
          ],
        },
      },
      aligned(latest.current.series),
      element,
    );
    chart.over.addEventListener('dblclick', () => latest.current.onReset());
    const resize = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: heightPx }));
    resize.observe(element);
    plot.current = chart;
    return () => {
      resize.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [shape, theme, isBoolean]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new edge must redraw even when no point came
  useEffect(() => {
    plot.current?.setData(aligned(series));
  }, [series, from, to]);

  function onKeyDown(event: KeyboardEvent) {
    const step = keySteps[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' || event.key === '0') onReset();
    else if (step) onStep(step.factor, step.shift);
    else return;
    event.preventDefault();
  }

  return (
    <div
      ref={frame}
      className={styles.frame}
      role="img"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: plus, minus and the arrows zoom and move the window
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div ref={readout} className={styles.readout} />
    </div>
  );
}

const keySteps: Record<string, { factor: number; shift: number }> = {
  '+': { factor: 0.5, shift: 0 },
  '=': { factor: 0.5, shift: 0 },
  '-': { factor: 2, shift: 0 },
  ArrowLeft: { factor: 1, shift: -0.25 },
  ArrowRight: { factor: 1, shift: 0.25 },
};

/** One time column for all lines; where a line has no point of its own there, uPlot draws on. */
function aligned(series: readonly DrawnSeries[]): uPlot.AlignedData {
  const tables = series.map((line): uPlot.AlignedData => [line.points.map(([at]) => at), line.points.map(([, value]) => value)]);
  const [only] = tables;
  if (!only) return [[]];
  return tables.length === 1 ? only : uPlot.join(tables);
}

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];
/** Distances between labels; uPlot's own list jumps from one minute to five, which leaves a narrow chart with one label. */
const timeSteps = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 4, 6, 8, 12].map((count) => count * hour),
  ...[1, 2, 3, 4, 7, 10, 14, 30].map((count) => count * day),
];
const labelFormats = {
  seconds: new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', second: '2-digit' }),
  minutes: new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' }),
  days: new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' }),
};

/** Labels as fine as their distance; the date stands where a day begins. */
function timeLabels(_chart: uPlot, splits: number[], _axis: number, _space: number, distance: number): string[] {
  return splits.map((at) => {
    const isMidnight = new Date(at).getHours() === 0 && new Date(at).getMinutes() === 0;
    if (distance >= day || (isMidnight && distance >= 60_000)) return labelFormats.days.format(at);
    return (distance < 60_000 ? labelFormats.seconds : labelFormats.minutes).format(at);
  });
}

function paddedRange(_chart: uPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  // Zeros alone have no spread, and what is counted is never less.
  if (min === 0 && max === 0) return [0, 1];
  const spread = max - min || Math.abs(max) * 0.1;
  return [min - spread * 0.1, max + spread * 0.1];
}

/** Wide enough for the longest label, so that charts with short and long numbers keep their lines apart. */
function axisWidth(_chart: uPlot, labels: string[] | null): number {
  const longest = labels?.reduce((most, text) => Math.max(most, text.length), 0) ?? 0;
  return Math.max(48, 16 + longest * 7.5);
}

function readoutAt(chart: uPlot, series: readonly DrawnSeries[], words: (value: number) => string): string {
  const index = chart.cursor.idx;
  if (index === null || index === undefined || (chart.cursor.left ?? -1) < 0) return '';
  const at = chart.data[0][index];
  if (at === undefined) return '';
  const values = series.map((line, row) => {
    const value = chart.data[row + 1]?.[index];
    const text = value === null || value === undefined ? 'no value' : words(value);
    return series.length === 1 ? text : `${line.name} ${text}`;
  });
  return [timeWords.format(at), ...values].join('   ');
}
