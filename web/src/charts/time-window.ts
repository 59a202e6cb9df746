/** What a page's charts show: the last while, moving with the present, or a fixed stretch. */
export type TimeWindow = { kind: 'live'; spanMs: number } | { kind: 'fixed'; from: number; to: number };

const minute = 60_000;

/** The presets, under the names their ISO 8601 durations have in the URL. */
export const windowPresets: readonly { id: string; label: string; spanMs: number }[] = [
  { id: 'PT5M', label: 'Last 5 minutes', spanMs: 5 * minute },
  { id: 'PT30M', label: 'Last 30 minutes', spanMs: 30 * minute },
  { id: 'PT1H', label: 'Last hour', spanMs: 60 * minute },
  { id: 'PT12H', label: 'Last 12 hours', spanMs: 12 * 60 * minute },
  { id: 'P1D', label: 'Last day', spanMs: 24 * 60 * minute },
  { id: 'P7D', label: 'Last 7 days', spanMs: 7 * 24 * 60 * minute },
  { id: 'P30D', label: 'Last 30 days', spanMs: 30 * 24 * 60 * minute },
];

export const presetDefault = 'PT5M';
const spanMin = 1_000;

/** The window that a URL names; anything unreadable is the default. */
export function readWindow(search: URLSearchParams): TimeWindow {
  const from = Date.parse(search.get('from') ?? '');
  const to = Date.parse(search.get('to') ?? '');
  if (Number.isFinite(from) && Number.isFinite(to) && to - from >= spanMin) return { kind: 'fixed', from, to };
  const id = search.get('range') ?? presetDefault;
  const preset = windowPresets.find((known) => known.id === id) ?? windowPresets.find((known) => known.id === presetDefault);
  return { kind: 'live', spanMs: preset?.spanMs ?? 5 * minute };
}

/** The search parameters that name `preset` or a stretch; the others in `search` stay. */
export function writeWindow(search: URLSearchParams, next: { preset: string } | { from: number; to: number }): URLSearchParams {
  const result = new URLSearchParams(search);
  for (const name of ['range', 'from', 'to']) result.delete(name);
  if ('preset' in next) {
    if (next.preset !== presetDefault) result.set('range', next.preset);
  } else {
    const [from, to] = next.to - next.from >= spanMin ? [next.from, next.to] : [next.to - spanMin, next.to];
    result.set('from', new Date(Math.round(from)).toISOString());
    result.set('to', new Date(Math.round(to)).toISOString());
  }
  return result;
}

export function windowEdges(window: TimeWindow, now: number): { from: number; to: number } {
  return window.kind === 'live' ? { from: now - window.spanMs, to: now } : window;
}

/** The stretch seen after zooming by `factor` (below 1: closer) around its middle, or moving by parts of its width. */
export function zoomed(edges: { from: number; to: number }, factor: number, shift = 0): { from: number; to: number } {
  const span = edges.to - edges.from;
  const middle = edges.from + span / 2 + span * shift;
  return { from: middle - (span * factor) / 2, to: middle + (span * factor) / 2 };
}
