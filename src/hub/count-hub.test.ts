import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Histogram } from '#base/metrics.ts';
import { openHubBench, telemetryTopic, until } from '#test/support/hub-bench.ts';

test('a hub counts who comes, what it takes, and what it is asked for', async (t) => {
  const bench = await openHubBench();
  t.after(() => bench.close());
  const figure = (name: string, labels: Readonly<Record<string, string>> = {}): number => {
    const family = bench.metrics.families().find((each) => each.name === name);
    const found = family?.series.find((each) => JSON.stringify(each.labels) === JSON.stringify(labels));
    if (!found) return 0;
    if (found.of instanceof Histogram) return found.of.counts.reduce((sum, count) => sum + count, 0);
    return found.of instanceof Counter ? found.of.value : found.of;
  };
  await bench.addDevice('dev1');
  const device = await bench.connect();
  await bench.connect({ deviceId: 'nobody' });
  assert.equal(figure('homeport_sign_ins_total', { result: 'accepted' }), 1);
  const [refusal] = await bench.refusals.list();
  assert.ok(refusal);
  assert.equal(figure('homeport_sign_ins_total', { result: refusal.reason }), 1);
  assert.equal(figure('homeport_refusals_total', { service: 'hub', reason: refusal.reason }), 1);
  assert.equal(figure('homeport_devices_connected'), 1);

  await device.send(telemetryTopic('dev1'), 'twelve bytes');
  await device.send(telemetryTopic('dev1'), 'and more');
  assert.equal(figure('homeport_messages_received_total', { protocol: 'mqtt' }), 2);
  assert.equal(figure('homeport_message_bytes_received_total', { protocol: 'mqtt' }), 20);
  assert.ok(figure('homeport_log_appends_total') >= 2);
  assert.ok(figure('homeport_log_syncs_total') >= 2);
  assert.equal(figure('homeport_log_sync_seconds'), figure('homeport_log_syncs_total'));
  await until('the log is written', () => figure('homeport_log_pending_bytes') === 0);
  assert.ok(figure('homeport_log_bytes') > 20);

  await bench.hub.twins.patchDesired('dev1', { a: 1 });
  assert.equal(figure('homeport_twin_changes_total', { part: 'owned' }), 1);
  await bench.hub.cloudToDevice.send('dev1', { body: Buffer.from('x') });
  assert.equal(figure('homeport_messages_to_devices_total', { state: 'queued' }), 1);
  await assert.rejects(bench.hub.methods.invoke('dev1', { methodName: 'm' }));
  assert.equal(figure('homeport_methods_total', { result: 'device-not-online' }), 1);

  await device.disconnect();
  assert.equal(figure('homeport_devices_connected'), 0);
});
