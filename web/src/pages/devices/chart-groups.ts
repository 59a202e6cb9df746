import type { DeviceModel } from '../../api/contract.ts';
import { unitWords } from '../../charts/unit-words.ts';
import { seriesMax } from '../../theme/series-palette.ts';

export type ChartedSeries = { name: string; displayName: string; colorIndex: number };
export type ChartGroup = { unit: string; isBoolean: boolean; series: ChartedSeries[] };

const numeric = new Set(['double', 'float', 'integer', 'long']);
/** Booleans are drawn as 0 and 1: a picture of when something was so. */
const drawn = new Set([...numeric, 'boolean']);

/** Names of all telemetry that can be drawn as lines. */
export function chartedNames(model: DeviceModel): string[] {
  return model.telemetry.filter((item) => drawn.has(item.schema)).map((item) => item.name);
}

/**
 * One chart per unit. What has no unit gets a chart of its own, because numbers without a unit
 * have no common axis; numbers come before what is only true or false. A unit with more series than anybody tells apart continues in another chart.
 */
export function chartGroups(model: DeviceModel): ChartGroup[] {
  const groups: ChartGroup[] = [];
  let color = 0;
  const isBoolean = (schema: string) => schema === 'boolean';
  const items = model.telemetry.filter((item) => drawn.has(item.schema));
  for (const item of [...items.filter((one) => !isBoolean(one.schema)), ...items.filter((one) => isBoolean(one.schema))]) {
    const unit = item.unit === undefined ? '' : unitWords(item.unit);
    const series = { name: item.name, displayName: item.displayName, colorIndex: color++ };
    const group = unit === '' ? undefined : groups.find((known) => known.unit === unit && known.series.length < seriesMax);
    if (group) group.series.push(series);
    else groups.push({ unit, isBoolean: isBoolean(item.schema), series: [series] });
  }
  return groups;
}

/** A telemetry value as a number to draw; undefined where it has none. Strings that are wholly a decimal number count. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(value)) return Number(value);
  return undefined;
}
