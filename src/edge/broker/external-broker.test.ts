import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { eventually } from '#test/support/eventually.ts';
import { startMosquitto } from '#test/support/mosquitto.ts';
import { ownAddress } from '#test/support/own-place.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { ExternalBroker } from './external-broker.ts';
import { localPacketBytesMax } from './limits.ts';
import { openLocalClient } from './local-client.ts';

test('thin-edge 47: with a broker that was there already, what is larger than a local packet may be is told once, and later messages flow', async (t) => {
  const address = ownAddress();
  const mosquitto = await startMosquitto({ address, folder: temporaryDirectory(t), lines: [] });
  t.after(() => mosquitto.stop());
  const at = { host: address, port: 1883 };
  const taken: string[] = [];
  const oversize: [topic: string, bytes: number][] = [];
  const broker = new ExternalBroker(
    { ...testPlatform(), clock: systemClock },
    {
      ...at,
      clientId: 'bridge',
      filters: ['az/#'],
      will: { topic: 'te/health', payload: Buffer.from('down'), qos: 1, retain: true },
      intercept: async ({ payload }) => void taken.push(payload.toString()),
      onOversize: ({ topic, payloadBytes }) => void oversize.push([topic, payloadBytes]),
    },
  );
  broker.start();
  t.after(() => broker.close());
  await mosquitto.logged(/Sending SUBACK to bridge/);
  const { session } = await openLocalClient({ clock: systemClock, ...at, clientId: 'publisher' });
  t.after(() => session.disconnect());
  for (const payload of ['first', Buffer.alloc(localPacketBytesMax + 1), 'next']) {
    await new Promise<void>((resolve) => session.publish({ topic: 'az/x', payload, qos: 1 }, resolve));
  }
  await eventually(() => taken.includes('next') || undefined);
  assert.deepEqual(taken, ['first', 'next']);
  assert.deepEqual(oversize, [['az/x', localPacketBytesMax + 1]]);
  // Both ends of the one connection: it was not made anew.
  assert.equal(mosquitto.count(/Sending CONNACK to bridge/), 1);
});
