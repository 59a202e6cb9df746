import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from '#base/settings.ts';
import { brokerLimits } from '#hub/broker/limits.ts';
import { listenerLimits } from '#listeners/limits.ts';
import type { MqttSurface } from '#listeners/surface.ts';
import { makeServerIdentity } from '#test/support/sphere-installation.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { brokerLimitsOf, brokerListeners } from './broker-door.ts';
import { serverSettings } from './config.ts';

const settingsOf = (flags: Record<string, unknown>) => resolveSettings(serverSettings, { flags }).values;

const surface: MqttSurface = {
  open() {
    throw new Error('nobody connects in this test');
  },
};

async function doorOf(address: string, flags: Record<string, unknown>) {
  const { certificatePem: certificate, privateKeyPem: key, caPem: ca } = await makeServerIdentity();
  const identity = { ec: { certificate, key }, rsa: { certificate, key }, ca };
  const listener = { platform: testPlatform(), address, identity, limits: listenerLimits };
  return brokerListeners(listener, surface, settingsOf(flags));
}

test('the broker is off unless a port is asked for, and takes its limits from the settings', () => {
  assert.equal(brokerLimitsOf(settingsOf({})), undefined);
  assert.deepEqual(brokerLimitsOf(settingsOf({ 'broker.port': 8884 })), brokerLimits);
  const limits = brokerLimitsOf(settingsOf({ 'broker.plainPort': 1883, 'broker.queueMessagesMax': 7 }));
  assert.deepEqual(limits, { ...brokerLimits, queueMessagesMax: 7 });
});

test('without TLS it is on loopback, wherever the server listens', async () => {
  for (const [address, plainAddress] of [
    ['0.0.0.0', '127.0.0.1'],
    ['192.0.2.1', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['127.0.0.5', '127.0.0.5'],
  ] as const) {
    assert.equal((await doorOf(address, { 'broker.plainPort': 1883 })).plainAddress, plainAddress);
  }
});

test('only the ports that were asked for are opened, and whoever starts the server is told what the door shows', async () => {
  const both = await doorOf('127.0.0.1', { 'broker.port': 8884, 'broker.plainPort': 1883 });
  assert.ok(both.tls && both.plain);
  assert.deepEqual(both.notices, [
    'Plain MQTT broker on port 8884 and port 1883 of 127.0.0.1 without TLS: every device of the hub may read and write every topic there.',
  ]);
  const one = await doorOf('127.0.0.1', { 'broker.port': 8884 });
  assert.equal(one.plain, undefined);
  assert.match(one.notices[0] ?? '', /^Plain MQTT broker on port 8884: /);
});
