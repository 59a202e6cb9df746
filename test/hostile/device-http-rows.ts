import { type Facts, secretMarker } from './hostile-ground.ts';
import { type Ask, ask, type HttpRow } from './http-row.ts';

const events = '/devices/keyed/messages/events';
const queue = '/devices/keyed/messages/devicebound';
const batch = { 'content-type': 'application/vnd.microsoft.iothub.json' };

const row = (
  what: string,
  clause: string,
  answer: string,
  request: (facts: Facts) => string | Buffer,
  reason?: string,
): HttpRow => ({
  what,
  clause,
  answer,
  request,
  ...(reason === undefined ? {} : { reason }),
});
/** By the device's own token. */
const own = (what: string, clause: string, answer: string, method: string, path: string, options: Ask = {}) =>
  row(what, `hub-device-protocol.md ${clause}`, answer, ({ token }) => ask(method, path, { authorization: token(), ...options }));
const refused = (what: string, reason: string, authorization: (facts: Facts) => string, path = events) =>
  row(
    what,
    'hub-device-protocol.md 6.3',
    '401 IotHubUnauthorized',
    (facts) => ask('POST', path, { authorization: authorization(facts), body: secretMarker }),
    reason,
  );
/** Bytes that no client of HTTP would write. */
const raw = (what: string, clause: string, answer: string, text: string) => row(what, clause, answer, () => text);

const signed =
  (text: string) =>
  ({ token }: Facts): string =>
    text.replace('TOKEN', token());
const head = `POST ${events}?api-version=2021-04-12 HTTP/1.1\r\nhost: localhost\r\n`;

export const deviceHttpRows: readonly HttpRow[] = [
  row(
    'no credentials',
    'hub-device-protocol.md 6.3',
    '401 IotHubUnauthorized',
    () => ask('POST', events, { body: 'x' }),
    'credentials-missing',
  ),
  refused('a token that is none', 'token-malformed', () => `Bearer ${secretMarker}`),
  refused('a token that is over', 'token-expired', ({ token }) => token({ expirySeconds: 1_500_000_000 })),
  refused('a token of another key', 'token-signature', ({ token }) => token({ key: Buffer.alloc(32) })),
  refused(
    'a token at a device of certificates',
    'credential-type-mismatch',
    ({ token }) => token(),
    '/devices/odd/messages/events',
  ),
  refused('a token for another device', 'token-scope', ({ token, hostName }) => token({ resource: `${hostName}/devices/key` })),
  refused('a token of a policy that there is not', 'policy-unknown', ({ token }) => token({ keyName: 'nobody' })),
  refused('a token of a policy that may connect nobody', 'policy-right-missing', ({ policyToken }) =>
    policyToken('registryRead'),
  ),
  refused(
    'a device that there is not',
    'device-unknown',
    ({ token, hostName }) => token({ resource: `${hostName}/devices/nobody` }),
    '/devices/nobody/messages/events',
  ),
  refused('a module that there is not', 'device-unknown', ({ token }) => token(), '/devices/keyed/modules/m/messages/events'),

  own('no api-version', '6', '400 InvalidProtocolVersion', 'POST', events, { query: '' }),
  own('an api-version that is no date', '6', '400 InvalidProtocolVersion', 'POST', events, { query: 'api-version=latest' }),
  own('a version before there was one', '6', '400 InvalidProtocolVersion', 'POST', events, { query: 'api-version=1999-01-01' }),
  own('an option that nobody knows', '6.3', '400 ArgumentInvalid', 'POST', events, {
    query: 'api-version=2021-04-12&force=true',
  }),
  own('a verb that the path has not', '6.3', '405 GenericMethodNotAllowed', 'PUT', events, {}),
  own('a verb that the queue has not', '6.3', '405 GenericMethodNotAllowed', 'PATCH', queue, {}),
  own('256 KiB and a byte', '6.3', '413 MessageTooLarge', 'POST', events, { body: Buffer.alloc(256 * 1024 + 1) }),
  own('256 KiB with a property on top', '6.3', '413 MessageTooLarge', 'POST', events, {
    body: Buffer.alloc(256 * 1024),
    headers: { 'iothub-app-a': 'b' },
  }),
  own('more than a megabyte', '6.3', '413 MessageTooLarge', 'POST', events, { body: Buffer.alloc(1024 * 1024 + 1) }),
  own('a batch that is no JSON', '6.1', '400 IotHubFormatError', 'POST', events, { headers: batch, body: '[{' }),
  own('a batch that is no UTF-8', '6.1', '400 IotHubFormatError', 'POST', events, {
    headers: batch,
    body: Buffer.from('5b22ff225d', 'hex'),
  }),
  own('a batch that is an object', '6.1', '400 ArgumentInvalid', 'POST', events, { headers: batch, body: '{}' }),
  own('an empty batch', '6.1', '400 ArgumentInvalid', 'POST', events, { headers: batch, body: '[]' }),
  own('a batch of 1,001', '6.1', '400 ArgumentInvalid', 'POST', events, {
    headers: batch,
    body: JSON.stringify(Array(1_001).fill({ body: '' })),
  }),
  own('a batch of a hundred thousand levels', '6.1', '400 IotHubFormatError', 'POST', events, {
    headers: batch,
    body: '['.repeat(100_000),
  }),
  own('a batch of three hundred thousand arrays', '6.1', '400 IotHubFormatError', 'POST', events, {
    headers: batch,
    body: `[${'[],'.repeat(300_000)}1]`,
  }),
  own('a body in a batch that is no base64', '6.1', '400 ArgumentInvalid', 'POST', events, {
    headers: batch,
    body: '[{"body":"%%%"}]',
  }),
  own('a property in a batch that is a number', '6.1', '400 ArgumentInvalid', 'POST', events, {
    headers: batch,
    body: '[{"body":"","properties":{"a":1}}]',
  }),
  own('one good message and one that is none', '6.1', '400 ArgumentInvalid', 'POST', events, {
    headers: batch,
    body: '[{"body":""},{"body":7}]',
  }),
  own('properties called after the prototype', '6.1', '204', 'POST', events, {
    headers: batch,
    body: '[{"body":"","properties":{"__proto__":"x","constructor":"y"}}]',
  }),
  own('a hundred headers', '6.1', '204', 'POST', events, {
    headers: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`iothub-app-${i}`, 'x'])),
    body: 'x',
  }),

  own('a lock that there is not', '6.3', '412 DeviceMessageLockLost', 'DELETE', `${queue}/00000000-0000-0000-0000-000000000000`),
  own('a lock that is none', '6.3', '412 DeviceMessageLockLost', 'DELETE', `${queue}/%27%20or%201%3D1`),
  own('a path upwards for a lock', '6.3', '412 DeviceMessageLockLost', 'POST', `${queue}/..%252f/abandon`),
  own('an If-Match of another lock', '6.2', '412 PreconditionFailed', 'DELETE', `${queue}/one`, {
    headers: { 'if-match': '"two"' },
  }),
  own('a rejection that is no yes', '6', '400 ArgumentInvalid', 'DELETE', `${queue}/one`, {
    query: 'api-version=2021-04-12&reject=maybe',
  }),
  own('a time of a lock that is a novel', '6.2', '400 ArgumentInvalid', 'GET', queue, {
    query: `api-version=2021-04-12&iothub-messagelocktimeout=${'9'.repeat(17)}`,
  }),
  own('a zero in the path', '6', '400 IotHubFormatError', 'GET', `/devices/keyed%00/messages/devicebound`),
  own('an escape that is none', '6', '400 IotHubFormatError', 'GET', '/devices/%zz/messages/devicebound'),

  raw('a request line that is none', 'RFC 9112 3', '400', 'HELLO\r\n\r\n'),
  raw('a version of HTTP that there is not', 'RFC 9112 2.3', '400', `POST ${events} HTTP/9.9\r\nhost: x\r\n\r\n`),
  raw('no host', 'RFC 9112 3.2', '400', `GET ${events} HTTP/1.1\r\n\r\n`),
  raw('a length and chunks', 'RFC 9112 6.1', '400', `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
  raw('two lengths', 'RFC 9112 6.3', '400', `${head}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`),
  raw('a negative length', 'RFC 9112 6.3', '400', `${head}content-length: -1\r\n\r\n`),
  raw('a length in hexadecimal', 'RFC 9112 6.3', '400', `${head}content-length: 0x5\r\n\r\nhello`),
  raw('a space before the colon', 'RFC 9112 5.1', '400', `${head}transfer-encoding : chunked\r\n\r\n`),
  raw('a header that is folded', 'RFC 9112 5.2', '400', `${head}x: a\r\n b\r\n\r\n`),
  raw('a header with a zero', 'RFC 9110 5.5', '400', `${head}x: a\0b\r\n\r\n`),
  raw('headers of 17 KiB', 'RFC 6585 5', '431', `${head}x: ${'y'.repeat(17 * 1024)}\r\n\r\n`),
  row(
    'a chunk whose size is no number',
    'RFC 9112 7.1',
    '400',
    signed(`${head}authorization: TOKEN\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`),
  ),
];
