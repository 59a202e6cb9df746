import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HubMessage } from '../../api/contract.ts';
import { bodyLine, keptMax, type MonitorEntry, ofDevice, senderOf, skippedWords, withFresh } from './message-buffer.ts';

const message = (body: string, more: Partial<HubMessage> = {}): HubMessage => ({
  position: 1,
  deviceId: 'a',
  at: '2026-01-01T00:00:00.000Z',
  body,
  bodyBytes: body.length,
  isCut: false,
  application: {},
  system: {},
  ...more,
});
const entry = (key: string, deviceId = 'a'): MonitorEntry => ({ key, message: message(key, { deviceId }) });
const keys = (entries: readonly MonitorEntry[]) => entries.map(({ key }) => key);

test('the newest message stands on top', () => {
  assert.deepEqual(keys(withFresh([entry('1')], [entry('2'), entry('3')])), ['3', '2', '1']);
});

test('old messages make room, however many come at once', () => {
  const many = Array.from({ length: keptMax + 20 }, (_, index) => entry(String(index)));
  const kept = withFresh([entry('old')], many);
  assert.equal(kept.length, keptMax);
  assert.equal(kept[0]?.key, String(keptMax + 19));
});

test('a device’s messages can be shown alone, and notes stay', () => {
  const shown: MonitorEntry[] = [entry('1', 'a'), { key: 'n', note: skippedWords(2) }, entry('2', 'b')];
  assert.deepEqual(keys(ofDevice(shown, 'b')), ['n', '2']);
  assert.equal(ofDevice(shown, ''), shown);
});

test('a body is one line, whatever it is made of', () => {
  assert.equal(bodyLine(message('{\n  "a": 1\n}')), '{ "a": 1 }');
  assert.equal(bodyLine(message('21.5 °C')), '21.5 °C');
  assert.equal(bodyLine(message('')), '(empty)');
  assert.equal(bodyLine(message('/wAB', { bodyEncoding: 'base64', bodyBytes: 3 })), '3 bytes: /wAB');
});

test('a module’s message names device and module', () => {
  assert.deepEqual([senderOf(message('')), senderOf(message('', { moduleId: 'm' }))], ['a', 'a/m']);
});
