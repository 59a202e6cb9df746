import { Counter, Histogram, type MetricFamily, type Series } from '#base/metrics.ts';

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

/** Numbers as Prometheus reads them: the text format, version 0.0.4. */
export function prometheusText(families: readonly MetricFamily[]): string {
  return families
    .map(({ name, description: { kind, help }, series }) =>
      [
        `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${name} ${kind}`,
        ...series.flatMap((each) => lines(name, each)),
        '',
      ].join('\n'),
    )
    .join('');
}

function lines(name: string, { labels, of }: Series): string[] {
  if (of instanceof Counter) return [`${name}${labelText(labels)} ${of.value}`];
  if (!(of instanceof Histogram)) return [`${name}${labelText(labels)} ${of}`];
  let total = 0;
  const buckets = of.counts.map((count, i) => {
    total += count;
    const bound = of.bounds[i];
    return `${name}_bucket${labelText({ ...labels, le: bound === undefined ? '+Inf' : String(bound) })} ${total}`;
  });
  return [...buckets, `${name}_sum${labelText(labels)} ${of.sum}`, `${name}_count${labelText(labels)} ${total}`];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
