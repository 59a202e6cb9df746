import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHomeport } from '#test/support/start-homeport.ts';
import { readLog } from '#test/support/stored-log.ts';
import { openTestDevice } from '#test/support/test-device.ts';
import { CountingDevice, checkLog } from './kill-load.ts';

/**
 * Goal: a stop in the middle of a load is no accident: what was taken is acknowledged before the sockets close.
 * Method: devices keep six messages in flight until SIGTERM has ended their connections. Then the log holds what
 * was acknowledged, in order, and nothing of it but that: a message that was stored had its PUBACK.
 */
test('SIGTERM in the middle of a load acknowledges what it stored, loses nothing, and ends with 0', async (t) => {
  const home = await startHomeport();
  t.after(() => home.close());
  const devices = Array.from({ length: 6 }, (_, index) => new CountingDevice(`load-${index}`));
  const connections = await Promise.all(devices.map(({ deviceId }) => openTestDevice(home, deviceId)));
  let acknowledged = 0;
  let stopped: Promise<number> | undefined;
  await Promise.all(
    devices.map((device, index) => {
      const connection = connections[index];
      assert.ok(connection);
      return device.run(connection, 6, () => {
        acknowledged++;
        if (acknowledged >= 600) stopped ??= home.stop();
      });
    }),
  );
  assert.equal(await stopped, 0, home.log());
  const stored = await readLog(home.data);
  checkLog(devices, stored);
  t.diagnostic(`${acknowledged} acknowledged, ${stored.length} in the log`);
  assert.equal(stored.length, acknowledged);
});
