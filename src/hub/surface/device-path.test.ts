import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeviceCall } from './device-path.ts';
import { normalizeServiceUrl } from './service-path.ts';

const calls: [method: string, url: string, isDevice: boolean][] = [
  ['POST', '/devices/d/messages/events?api-version=2021-04-12', true],
  ['POST', '/Devices/d/Messages/Events/', true],
  ['POST', '/devices/d/modules/m/messages/events', true],
  ['GET', '/devices/d/messages/devicebound', true],
  ['GET', '/devices/d/messages/deviceBound', true],
  ['DELETE', '/devices/d/messages/devicebound/token?reject', true],
  ['POST', '/devices/d/messages/devicebound/token/abandon', true],
  ['POST', '/devices/d/messages/deviceBound', false],
  ['POST', '/devices%2Fd%2Fmessages%2FdeviceBound', false],
  ['POST', '/devices/d/modules/m/messages/devicebound', false],
  ['DELETE', '/devices/d/commands', false],
  ['GET', '/devices/d', false],
  ['GET', '/devices/messages/modules/events', false],
  ['PUT', '/devices/d/modules/events', false],
  ['GET', '/messages/serviceBound/feedback', false],
  ['POST', '/devices/d/messages/eventsx', false],
  ['POST', '/x/devices/d/messages/events', false],
];
for (const [method, url, isDevice] of calls) {
  test(`${method} ${url} is ${isDevice ? 'a device’s call' : 'for back ends'}`, () => {
    assert.equal(isDeviceCall(method, normalizeServiceUrl(url)), isDevice);
  });
}
