import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceRow } from '../../api/contract.ts';
import { findDestinations } from './destinations.ts';

const device = (id: string, displayName = id): DeviceRow => ({
  id,
  displayName,
  status: 'Provisioned',
  isConnected: true,
  simulated: false,
});
const find = (text: string, devices: DeviceRow[]) => findDestinations(text, { devices, templates: [], withPages: true });

test('part of a device id finds the device', () => {
  assert.equal(find('4ad0', [device('ffffff'), device('124ad09')])[0]?.to, '/devices/124ad09');
});

test('an exact name comes before names that merely contain it', () => {
  const found = find('pump', [device('a', 'Old pump'), device('b', 'Pump')]).map((hit) => hit.label);
  assert.deepEqual(found, ['Pump', 'Old pump']);
});

test('names that older tutorials print lead to the page that has their work now', () => {
  assert.ok(find('device connection', []).some((hit) => hit.to === '/permissions/device-connection-groups'));
});

test('an id with characters of its own stays one path segment', () => {
  assert.equal(find('a/b', [device('a/b')])[0]?.to, '/devices/a%2Fb');
});

test('what a person with a certificate or with messages to look at types leads to the pages of the hub', () => {
  const pageOf = (text: string) => find(text, []).map((hit) => hit.to);
  assert.deepEqual(pageOf('thumbprint'), ['/hub/iot-devices/new']);
  assert.deepEqual(pageOf('monitor'), ['/hub/messages']);
  assert.deepEqual(pageOf('explorers'), ['/hub/iot-devices']);
});
