import type { Cancel } from './clock.ts';
import { type LabelsOf, type MetricDescription, type MetricName, type MetricOf, metricNames } from './metric-names.ts';

/** Counts up. The hot path adds to `value` itself: an integer, and no call. */
export class Counter {
  value = 0;

  add(count = 1): void {
    this.value += count;
  }
}

/** How often what was measured fell below each bound, and what it was together. */
export class Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds: what is above all of them. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const found = this.bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.bounds.length : found;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
  }
}

type Gauge = Set<() => number>;
export type Series = { readonly labels: Readonly<Record<string, string>>; readonly of: Counter | Histogram | number };
export type MetricFamily = { readonly name: MetricName; readonly description: MetricDescription; readonly series: Series[] };

/** Series of one name; a mistake that makes a label of something a client chooses ends here, and not in the memory. */
const seriesMax = 200;
const beyond = 'other';

/**
 * The numbers of one server, by the names of metric-names.ts. Whoever counts asks once, where it is constructed, and
 * keeps what it got.
 */
export class Metrics {
  readonly #counters = new Map<MetricName, Map<string, { labels: Record<string, string>; of: Counter }>>();
  readonly #histograms = new Map<MetricName, Map<string, { labels: Record<string, string>; of: Histogram }>>();
  readonly #gauges = new Map<MetricName, Map<string, { labels: Record<string, string>; of: Gauge }>>();

  /** The same object for the same name and labels. */
  counter<N extends MetricOf<'counter'>>(name: N, ...labels: LabelArguments<N>): Counter {
    return seriesOf(this.#counters, name, labels[0] ?? {}, () => new Counter());
  }

  histogram<N extends MetricOf<'histogram'>>(name: N, ...labels: LabelArguments<N>): Histogram {
    return seriesOf(this.#histograms, name, labels[0] ?? {}, () => new Histogram(metricNames[name].buckets));
  }

  /** Asks `read` with each scrape; what several say under the same name and labels is added up. */
  gauge<N extends MetricOf<'gauge'>>(name: N, read: () => number, ...labels: LabelArguments<N>): Cancel {
    const readers = seriesOf(this.#gauges, name, labels[0] ?? {}, (): Gauge => new Set());
    readers.add(read);
    return () => void readers.delete(read);
  }

  /** What there is to tell, in the order of the list; names that nobody uses are left out. */
  families(): MetricFamily[] {
    return (Object.keys(metricNames) as MetricName[]).flatMap((name): MetricFamily[] => {
      const series: Series[] = [
        ...(this.#counters.get(name)?.values() ?? []),
        ...(this.#histograms.get(name)?.values() ?? []),
        ...[...(this.#gauges.get(name)?.values() ?? [])].flatMap(({ labels, of }) =>
          of.size === 0 ? [] : [{ labels, of: [...of].reduce((sum, read) => sum + read(), 0) }],
        ),
      ];
      return series.length === 0 ? [] : [{ name, description: metricNames[name], series }];
    });
  }
}

type LabelArguments<N extends MetricName> = keyof LabelsOf<N> extends never ? [] : [LabelsOf<N>];

function seriesOf<T>(
  families: Map<MetricName, Map<string, { labels: Record<string, string>; of: T }>>,
  name: MetricName,
  labels: Readonly<Record<string, string>>,
  create: () => T,
): T {
  let family = families.get(name);
  if (!family) {
    family = new Map();
    families.set(name, family);
  }
  const key = JSON.stringify(labels);
  const known = family.get(key);
  if (known) return known.of;
  if (family.size >= seriesMax && !Object.values(labels).every((value) => value === beyond)) {
    return seriesOf(families, name, Object.fromEntries(Object.keys(labels).map((label) => [label, beyond])), create);
  }
  const of = create();
  family.set(key, { labels, of });
  return of;
}

/** Counts for nobody and remembers no reader: what a part gets whose owner does not ask for numbers. */
class UnreadMetrics extends Metrics {
  override gauge(): Cancel {
    return () => {};
  }
}

const unread = new UnreadMetrics();

/** The numbers of the server that a part belongs to. */
export function metricsOf({ metrics = unread }: { readonly metrics?: Metrics }): Metrics {
  return metrics;
}
