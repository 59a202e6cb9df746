import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics, metricsOf } from './metrics.ts';

function valuesOf(metrics: Metrics, name: string) {
  const family = metrics.families().find((each) => each.name === name);
  return family?.series.map(({ labels, of }) => [labels, of]);
}

test('the same name and labels are the same counter, others are another', () => {
  const metrics = new Metrics();
  metrics.counter('homeport_messages_received_total', { protocol: 'mqtt' }).add(2);
  metrics.counter('homeport_messages_received_total', { protocol: 'mqtt' }).value++;
  metrics.counter('homeport_messages_received_total', { protocol: 'amqp' }).add();
  assert.deepEqual(
    valuesOf(metrics, 'homeport_messages_received_total')?.map(([labels, of]) => [labels, (of as { value: number }).value]),
    [
      [{ protocol: 'mqtt' }, 3],
      [{ protocol: 'amqp' }, 1],
    ],
  );
});

test('gauges under one name are added up, and who is gone is not asked', () => {
  const metrics = new Metrics();
  metrics.gauge('homeport_log_bytes', () => 3);
  const cancel = metrics.gauge('homeport_log_bytes', () => 4);
  assert.deepEqual(valuesOf(metrics, 'homeport_log_bytes'), [[{}, 7]]);
  cancel();
  assert.deepEqual(valuesOf(metrics, 'homeport_log_bytes'), [[{}, 3]]);
});

test('a histogram counts each value below the lowest bound that holds it', () => {
  const histogram = new Metrics().histogram('homeport_log_sync_seconds');
  for (const seconds of [0.001, 0.0011, 31]) histogram.observe(seconds);
  assert.deepEqual([histogram.counts[0], histogram.counts[1], histogram.counts.at(-1)], [1, 1, 1]);
  assert.equal(Math.round(histogram.sum), 31);
});

test('labels that grow without end become one series', () => {
  const metrics = new Metrics();
  for (let i = 0; i < 10_000; i++) metrics.counter('homeport_sign_ins_total', { result: `reason ${i}` }).value++;
  const series = valuesOf(metrics, 'homeport_sign_ins_total') ?? [];
  assert.ok(series.length <= 201, `${series.length} series`);
  const other = metrics.counter('homeport_sign_ins_total', { result: 'other' });
  assert.equal(other.value, 10_000 - 200);
});

test('a part without numbers counts all the same, and its gauges are forgotten', () => {
  metricsOf({}).counter('homeport_log_appends_total').value++;
  const cancel = metricsOf({}).gauge('homeport_log_bytes', () => 1);
  assert.equal(valuesOf(metricsOf({}), 'homeport_log_bytes'), undefined);
  cancel();
});
