import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '#base/instant.ts';
import { newMessageOf, parseAcknowledgement, readMessageHeaders, sortProperties, telemetryBagOf } from './message-headers.ts';

const bagOf = (...rawHeaders: string[]) => telemetryBagOf(readMessageHeaders(rawHeaders));

const bags: [what: string, rawHeaders: string[], bag: string][] = [
  ['nothing', [], ''],
  ['headers that are none of a message', ['Host', 'x', 'iothub-unknown', 'y', 'User-Agent', 'z'], ''],
  ['a name without a value behind it', ['iothub-messageid'], ''],
  ['system properties in any letters', ['IOTHUB-MessageId', 'm', 'Dt-Subject', 's'], '%24.mid=m&%24.sub=s'],
  ['an application property with its letters', ['IoTHub-App-Alert', 'a b'], 'Alert=a%20b'],
  ['equal names, of which the last counts', ['iothub-app-a', '1', 'iothub-app-a', '2'], 'a=2'],
  ['names that differ in case, which are two', ['iothub-app-a', '1', 'iothub-app-A', '2'], 'a=1&A=2'],
  ['a name of JavaScript’s own', ['iothub-app-__proto__', 'x'], '__proto__=x'],
  ['UTF-8 as Node reads it', ['iothub-app-a', Buffer.from('ü').toString('latin1')], 'a=%C3%BC'],
  ['bytes that are no UTF-8, taken as Latin-1', ['iothub-app-a', '\xfc'], 'a=%C3%BC'],
  ['a creation time that an application set', ['iothub-app-iothub-creation-time-utc', 't'], '%24.ctime=t'],
  ['an acknowledgement, which telemetry has none of', ['iothub-ack', 'full'], 'iothub-ack=full'],
  ['an empty value', ['iothub-app-a', ''], 'a='],
];
for (const [what, rawHeaders, bag] of bags) {
  test(`${what}: ${JSON.stringify(bag)}`, () => {
    assert.equal(bagOf(...rawHeaders), bag);
  });
}

for (const name of ['iothub-app-', 'iothub-app-$.mid', 'iothub-app-$.cdid']) {
  test(`${name} names no property of an application`, () => {
    assert.throws(() => bagOf(name, 'x'), { code: 'argument-invalid' });
  });
}

test('what a batch names without a prefix stays a property of the application', () => {
  const { system, application } = sortProperties([
    ['iothub-messageid', 'm'],
    ['iothub-app-a', '1'],
    ['bare', '2'],
  ]);
  assert.deepEqual([...system], [['iothub-messageid', 'm']]);
  assert.deepEqual(
    [...application],
    [
      ['a', '1'],
      ['bare', '2'],
    ],
  );
});

const messageOf = (rawHeaders: string[], headers: Record<string, string> = {}) =>
  newMessageOf(readMessageHeaders(rawHeaders), headers, Buffer.alloc(0));

test('a message’s own headers go before those of HTTP', () => {
  const http = { 'content-type': 'text/plain', 'content-encoding': 'utf-8' };
  const { contentType, contentEncoding } = messageOf(['iothub-contenttype', 'application/json'], http);
  assert.deepEqual([contentType, contentEncoding], ['application/json', 'utf-8']);
});

test('an expiry is ISO 8601, or milliseconds since 1970', () => {
  assert.equal(messageOf(['iothub-expiry', '2030-01-01T00:00:00.0000000Z']).expiresAt, Date.UTC(2030, 0, 1));
  assert.equal(messageOf(['iothub-expiry', '1893456000000']).expiresAt, instant(1_893_456_000_000));
});

for (const text of ['', 'soon', '2030-13-01', 'NaN', '-', '9'.repeat(40), '\0']) {
  test(`an expiry of ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => messageOf(['iothub-expiry', text]), { code: 'argument-invalid', reason: 'message-expiry' });
  });
}

for (const text of ['', 'fuller', 'none ', '1', 'true', 'constructor']) {
  test(`an acknowledgement of ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseAcknowledgement(text), { code: 'argument-invalid' });
  });
}
