import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HubDevice } from '../../api/contract.ts';
import { filterHubDevices, readHubDeviceFilter } from './hub-device-filter.ts';

const device = (id: string, more: Partial<HubDevice> = {}): HubDevice => ({
  id,
  authentication: 'selfSigned',
  enabled: true,
  isConnected: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  ...more,
});
const filtered = (text: string, devices: HubDevice[]) =>
  filterHubDevices(devices, readHubDeviceFilter(new URLSearchParams(text))).map(({ id }) => id);

test('search looks at the id and at thumbprints, with colons and in any case', () => {
  const devices = [device('Pump', { primaryThumbprint: '27E4F2C1A0' }), device('fan', { secondaryThumbprint: 'AB27E4F2C1' })];
  assert.deepEqual(filtered('search=PUM', devices), ['Pump']);
  assert.deepEqual(filtered(`search=${encodeURIComponent('27:e4:f2:c1')}`, devices), ['Pump', 'fan']);
  // So few digits stand in many thumbprints by chance.
  assert.deepEqual(filtered('search=27e4', devices), []);
});

test('authentication and state narrow the list together', () => {
  const devices = [
    device('a', { authentication: 'sas', isConnected: true }),
    device('b', { isConnected: true }),
    device('c', { enabled: false }),
  ];
  assert.deepEqual(filtered('authentication=sas', devices), ['a']);
  assert.deepEqual(filtered('state=connected&authentication=selfSigned', devices), ['b']);
  assert.deepEqual(filtered('state=disabled', devices), ['c']);
  assert.deepEqual(filtered('state=enabled', devices), ['a', 'b']);
  assert.deepEqual(filtered('state=disconnected', devices), ['c']);
});
