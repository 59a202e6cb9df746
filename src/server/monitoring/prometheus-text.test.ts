import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type MetricDescription, metricNames } from '#base/metric-names.ts';
import { Metrics } from '#base/metrics.ts';
import { prometheusText } from './prometheus-text.ts';

test('every name of the list, with labels and figures of every kind, is what promtool calls well formed', () => {
  const metrics = new Metrics();
  const ask = metrics as unknown as Record<MetricDescription['kind'], (name: string, ...rest: unknown[]) => { add?(): void }>;
  for (const [name, { kind, labels }] of Object.entries(metricNames)) {
    const given = Object.fromEntries(labels.map((label) => [label, 'a"b\\c\nd']));
    if (kind === 'gauge') ask.gauge(name, () => 1.5, given);
    else ask[kind](name, given).add?.();
  }
  metrics.histogram('homeport_method_seconds').observe(0.02);
  const text = prometheusText(metrics.families());
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
  assert.match(text, /^homeport_sign_ins_total\{result="a\\"b\\\\c\\nd"\} 1$/m);
  assert.match(text, /^homeport_method_seconds_bucket\{le="0.01"\} 0\nhomeport_method_seconds_bucket\{le="0.025"\} 1$/m);
  assert.match(text, /^homeport_method_seconds_count 1$/m);
});
