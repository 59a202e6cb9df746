import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import type { Json } from '#base/json.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import { chartValue, fitValue } from './coerce.ts';
import type { Message } from './message.ts';
import { nameMessage } from './name-message.ts';

const model: DeviceModel = {
  id: 'dtmi:test:room;1',
  displayName: 'Room',
  telemetry: [
    { name: 'Temperature', displayName: 'Temperature', schema: 'double' },
    { name: 'count', displayName: 'Count', schema: 'integer' },
    { name: 'moved', displayName: 'Moved', schema: 'boolean' },
    { name: 'Orientation', displayName: 'Orientation', schema: 'string' },
  ],
  properties: [
    { name: 'enabled', displayName: 'Enabled', schema: 'boolean', writable: true },
    { name: 'serial', displayName: 'Serial', schema: 'string', writable: false },
  ],
  commands: [],
};

const arrival = instant(Date.UTC(2026, 5, 1, 12));

function message(body: Json | Buffer, more: Partial<Message> = {}): Message {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return { position: 0, next: 1, source: 'Telemetry', deviceId: 'd', enqueuedAt: arrival, body: bytes, ...more };
}

function reasonsOf(body: Json | Buffer, more: Partial<Message> = {}) {
  return Object.fromEntries([...nameMessage(message(body, more), model).unmodeled].map(([name, { reason }]) => [name, reason]));
}

describe('naming a message', () => {
  test('central 43: a string that is wholly a decimal number is coerced for a numeric field and marked', () => {
    const { modeled, unmodeled } = nameMessage(message({ Temperature: '23.46', count: '-7' }), model);
    assert.deepEqual(modeled.get('Temperature'), { value: 23.46, isCoerced: true });
    assert.deepEqual(modeled.get('count'), { value: -7, isCoerced: true });
    assert.equal(unmodeled.size, 0);
    assert.deepEqual(nameMessage(message({ Temperature: 23.46 }), model).modeled.get('Temperature'), {
      value: 23.46,
      isCoerced: false,
    });
  });

  test('central 43: any other string for a number is unmodeled with reason type mismatch', () => {
    const strings = [
      '',
      ' 23',
      '23 ',
      '1,5',
      '0x10',
      '1e3',
      'NaN',
      'Infinity',
      '.',
      '5.',
      '.5',
      '--1',
      '23.4C',
      '٣',
      '1\n',
      '9'.repeat(65),
    ];
    for (const text of strings) {
      assert.deepEqual(reasonsOf({ Temperature: text }), { Temperature: 'type mismatch with schema' }, JSON.stringify(text));
      assert.equal(nameMessage(message({ Temperature: text }), model).modeled.size, 0);
    }
    for (const value of ['1.5', '2147483648', true, [1], { a: 1 }, null]) {
      assert.deepEqual(reasonsOf({ count: value }), { count: 'type mismatch with schema' }, JSON.stringify(value));
    }
  });

  test('nothing but numbers is coerced', () => {
    assert.deepEqual(reasonsOf({ moved: 'true' }), { moved: 'type mismatch with schema' });
    assert.deepEqual(reasonsOf({ moved: 1 }), { moved: 'type mismatch with schema' });
    assert.deepEqual(reasonsOf({ Orientation: 5 }), { Orientation: 'type mismatch with schema' });
    assert.deepEqual(nameMessage(message({ Orientation: 'Up', moved: false }), model).modeled.size, 2);
  });

  test('what the template does not know is unmodeled, each with its reason', () => {
    assert.deepEqual(reasonsOf({ Temperature: 1, temperature: 1, 'bad-name': 2, pressure: { a: [1] } }), {
      temperature: 'field not in template',
      'bad-name': 'invalid characters in the field name',
      pressure: 'field not in template',
    });
    assert.deepEqual(reasonsOf({ Temperature: 1 }, { component: 'thermostat' }), { Temperature: 'unknown component' });
    assert.equal(nameMessage(message({ Temperature: 1 }), undefined).unmodeled.get('Temperature')?.reason, 'no template');
    const { unmodeled } = nameMessage(message({ pressure: { a: [1] } }), model);
    assert.deepEqual(unmodeled.get('pressure')?.value, { a: [1] });
  });

  test('a body that is no JSON object is listed whole, with the reason', () => {
    assert.deepEqual(reasonsOf(Buffer.from('{"Temperature": 1')), { $body: 'malformed JSON' });
    assert.deepEqual(reasonsOf(Buffer.from('')), { $body: 'malformed JSON' });
    assert.deepEqual(reasonsOf([1, 2]), { $body: 'not a JSON object' });
    assert.deepEqual(reasonsOf(5), { $body: 'not a JSON object' });
    assert.deepEqual(reasonsOf(Buffer.from([0xff, 0xfe, 0x00])), { $body: 'wrong content type or encoding' });
    assert.deepEqual(reasonsOf(Buffer.from('a;b'), { contentType: 'text/csv' }), { $body: 'wrong content type or encoding' });
    assert.deepEqual(reasonsOf(Buffer.from('x'), { contentEncoding: 'gzip' }), { $body: 'wrong content type or encoding' });
    assert.deepEqual(reasonsOf(Buffer.from('['.repeat(10_000))), { $body: 'malformed JSON' });
    assert.deepEqual(reasonsOf({ Temperature: 1 }, { contentType: 'text/plain' }), {}, 'what parses counts');
  });

  test('keys that name parts of every object are plain data', () => {
    const { modeled, unmodeled } = nameMessage(message(Buffer.from('{"__proto__":{"a":1},"constructor":1,"toString":2}')), model);
    assert.equal(modeled.size, 0);
    assert.deepEqual([...unmodeled.keys()].sort(), ['__proto__', 'constructor', 'toString']);
  });

  test('the creation time overrides the arrival when it is a UTC instant', () => {
    const at = (creationTime: string) => nameMessage(message({}, { creationTime }), model).at;
    assert.equal(at('2026-05-31T08:15:00Z'), Date.UTC(2026, 4, 31, 8, 15));
    assert.equal(at('2026-05-31T08:15:00.1234567Z'), Date.UTC(2026, 4, 31, 8, 15, 0, 123));
    assert.equal(at('2026-05-31T08:15:00'), Date.UTC(2026, 4, 31, 8, 15), 'without a zone it is UTC');
    assert.equal(at('2026-05-31T08:15:00+00:00'), Date.UTC(2026, 4, 31, 8, 15));
    for (const text of [
      'yesterday',
      '',
      '5',
      '2026-05-31',
      '2026-13-31T08:15:00Z',
      '2026-05-31T08:15:00+02:00',
      '1601-01-01T00:00:00Z',
    ]) {
      assert.equal(at(text), arrival, text);
    }
  });

  test('reported properties count as values, an acknowledgement as what it acknowledges', () => {
    const twin = (body: Json) => nameMessage(message(body, { source: 'twinChangeEvents' }), model);
    const reported = twin({
      version: 3,
      properties: { reported: { enabled: { value: true, ac: 200, av: 2, ad: 'ok' }, serial: 'A1', other: 1, $version: 4 } },
    });
    assert.equal(reported.messageType, 'Property');
    assert.deepEqual(reported.modeled.get('enabled'), { value: true, isCoerced: false });
    assert.deepEqual(reported.modeled.get('serial'), { value: 'A1', isCoerced: false });
    assert.deepEqual([...reported.unmodeled.keys()], ['other']);
    assert.equal(twin({ version: 4, properties: { desired: { enabled: true } } }).messageType, 'Desired property');
    assert.equal(twin({ version: 5, tags: { a: 1 } }).messageType, 'Twin');
    assert.equal(nameMessage(message({}, { source: 'deviceConnectionStateEvents' }), model).messageType, 'Connectivity');
    assert.equal(nameMessage(message({}, { source: 'deviceLifecycleEvents' }), model).messageType, 'Lifecycle');
  });

  test('a twin that its owner replaced is no report of the device, though the event quotes the whole of it', () => {
    const body = { tags: {}, properties: { desired: { enabled: true }, reported: { serial: 'A1' } } };
    const replaced = nameMessage(message(body, { source: 'twinChangeEvents', operation: 'replaceTwin' }), model);
    assert.equal(replaced.messageType, 'Desired property');
    assert.deepEqual([replaced.modeled.size, replaced.unmodeled.size], [0, 0]);
    const updated = nameMessage(message(body, { source: 'twinChangeEvents', operation: 'updateTwin' }), model);
    assert.equal(updated.messageType, 'Property');
  });

  test('charts draw numbers and booleans', () => {
    assert.deepEqual([true, false, 1.5, 'x', null, [1]].map(chartValue), [1, 0, 1.5, undefined, undefined, undefined]);
    assert.equal(fitValue('1.50', 'double')?.value, 1.5);
  });
});
