import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { MovableClock } from '#base/movable-clock.ts';
import { ClockControl } from '#server/clock/clock-control.ts';
import type { ServerStatus } from '#server/status.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { describeStart } from './describe-start.ts';

function status(clock?: ServerStatus['clock']): ServerStatus {
  const hub = { hostName: 'localhost', mqttPort: 8883, amqpPort: 5671, httpsPort: 443 };
  return {
    version: '0.1.0',
    address: '127.0.0.1',
    dataDirectory: '/srv/homeport',
    ca: '/srv/homeport/ca/homeport-ca.pem',
    hub,
    dps: { idScope: '0ne00000000' },
    central: { url: 'https://localhost:8443' },
    ...(clock && { clock }),
  } as ServerStatus;
}

test('a server that keeps real time says five things, and one for development says so before', async () => {
  const plain = describeStart(status(), 'https://localhost:8443/sign-in#code', []);
  assert.equal(plain.length, 5);
  const real = new ManualClock();
  const movable = new MovableClock(real, { offsetMs: 0, keep: async () => {} });
  const control = new ClockControl(real, silentLog, movable);
  const still = describeStart(status(control.describe()), 'https://localhost:8443/sign-in#code', []);
  assert.equal(still.length, 6);
  assert.match(still[0] ?? '', /^Development: the clock .* can be moved \(homeport clock\)\. It shows real time\.$/);
  await control.advance(30 * dayMs);
  const moved = describeStart(status(control.describe()), 'https://localhost:8443/sign-in#code', []);
  assert.match(moved[0] ?? '', /It shows 2026-07-01T00:00:00\.000Z\.$/);
  assert.match(moved[1] ?? '', /keep real time are refused/);
  assert.deepEqual(moved.slice(2), plain);
});
