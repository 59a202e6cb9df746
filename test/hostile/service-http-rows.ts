import { type Facts, secretMarker } from './hostile-ground.ts';
import { type Ask, ask, type HttpRow } from './http-row.ts';

const json = { 'content-type': 'application/json' };
const row = (
  what: string,
  clause: string,
  answer: string,
  request: (facts: Facts) => string | Buffer,
  reason?: string,
): HttpRow => ({
  what,
  clause: `hub-service-protocol.md ${clause}`,
  answer,
  request,
  ...(reason === undefined ? {} : { reason }),
});
/** As the owner of the hub, who may do everything. */
const owner = (what: string, clause: string, answer: string, method: string, path: string, options: Ask = {}) =>
  row(what, clause, answer, ({ policyToken }) =>
    ask(method, path, { authorization: policyToken('iothubowner'), headers: json, ...options }),
  );
const refused = (what: string, answer: string, reason: string, authorization: (facts: Facts) => string, method = 'GET') =>
  row(what, '2.2, 3.6', answer, (facts) => ask(method, '/devices/odd', { authorization: authorization(facts) }), reason);

const unauthorized = '401 IotHubUnauthorized';
const invalid = '400 ArgumentInvalid';
const malformed = '400 IotHubFormatError';
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const twin = (desired: string) => `{"properties":{"desired":${desired}}}`;

export const serviceHttpRows: readonly HttpRow[] = [
  row('no token', '3.6', unauthorized, () => ask('GET', '/devices/odd', {}), 'token-missing'),
  refused('a token that is none', unauthorized, 'token-malformed', () => `Bearer ${secretMarker}`),
  refused('a token that is over', unauthorized, 'token-expired', ({ policyToken }) =>
    policyToken('iothubowner', { expirySeconds: 1 }),
  ),
  refused('a token of another key', unauthorized, 'token-signature', ({ policyToken }) =>
    policyToken('iothubowner', { key: Buffer.alloc(32) }),
  ),
  refused('a token for another hub', unauthorized, 'token-scope', ({ policyToken }) =>
    policyToken('iothubowner', { resource: 'elsewhere.example' }),
  ),
  refused('a token for another device', unauthorized, 'token-scope', ({ policyToken, hostName }) =>
    policyToken('iothubowner', { resource: `${hostName}/devices/od` }),
  ),
  refused('a policy that there is not', unauthorized, 'policy-unknown', ({ policyToken }) =>
    policyToken('iothubowner', { keyName: '__proto__' }),
  ),
  refused('a device’s own token', unauthorized, 'policy-unknown', ({ token }) => token()),
  refused(
    'a policy that may only read',
    '401 IotHubUnauthorizedAccess',
    'policy-right-missing',
    ({ policyToken }) => policyToken('registryRead'),
    'DELETE',
  ),
  refused('a policy of devices', '401 IotHubUnauthorizedAccess', 'policy-right-missing', ({ policyToken }) =>
    policyToken('device'),
  ),

  owner('no api-version', '3.2', '400 InvalidProtocolVersion', 'GET', '/devices/odd', { query: '' }),
  owner('an api-version that is no date', '3.2', '400 InvalidProtocolVersion', 'GET', '/devices/odd', {
    query: 'api-version=2021-13-45',
  }),
  owner('an option that nobody knows', '3.2', invalid, 'GET', '/devices/odd', { query: 'api-version=2021-04-12&force=1' }),
  owner('a number that is none', '4.1', invalid, 'GET', '/devices', { query: 'api-version=2021-04-12&top=1e9' }),
  owner('a device that there is not', '3.6', '404 DeviceNotFound', 'GET', '/devices/nobody'),
  owner('a path that nobody knows', '3.6', '404 FeatureNotSupported', 'GET', '/twins/odd/secrets'),
  owner('a path upwards', '3.1', '404 FeatureNotSupported', 'GET', '/devices/..%2f..%2fetc%2fpasswd'),
  owner('a zero in the path', '3.1', malformed, 'GET', '/devices/odd%00'),
  owner('an escape that is none', '3.1', malformed, 'GET', '/devices/%zz'),
  owner('an id of 600 letters', '3.1', malformed, 'GET', `/devices/${'a'.repeat(600)}`),

  owner('a body that is no JSON', '3.6', malformed, 'PUT', '/devices/new', { body: '{' }),
  owner('no body', '4.1', invalid, 'PUT', '/devices/new'),
  owner('a body that is an array', '4.1', invalid, 'PUT', '/devices/new', { body: '[]' }),
  owner('a body that is no UTF-8', '3.6', malformed, 'PUT', '/devices/new', { body: Buffer.from('7b2261223a22ff227d', 'hex') }),
  owner('a body of 256 KiB and more', '3.6', '413 MessageTooLarge', 'PUT', '/devices/new', {
    body: `{"x":"${'y'.repeat(257 * 1024)}"}`,
  }),
  owner('a body of fifty thousand levels', '3.6', malformed, 'PUT', '/devices/new', { body: '{"a":'.repeat(50_000) }),
  owner('another device in the body', '4.1', invalid, 'PUT', '/devices/new', { body: '{"deviceId":"other"}' }),
  owner('an id with a space', '4.1', invalid, 'PUT', '/devices/a%20b', { body: '{}' }),
  owner('an id of 129 letters', '4.1', invalid, 'PUT', `/devices/${'a'.repeat(129)}`, { body: '{}' }),
  owner('a status that there is not', '4.1', invalid, 'PUT', '/devices/new', { body: '{"status":"sleeping"}' }),
  owner('a key that is no base64', '4.1', invalid, 'PUT', '/devices/new', {
    body: `{"authentication":{"symmetricKey":{"primaryKey":"${secretMarker}!"}}}`,
  }),
  owner('a thumbprint that is none', '4.1', invalid, 'PUT', '/devices/new', {
    body: '{"authentication":{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"zz"}}}',
  }),
  owner('a device that there is', '3.3', '409 DeviceAlreadyExists', 'PUT', '/devices/odd', { body: '{}' }),
  owner('a stale tag', '3.3', '412 PreconditionFailed', 'DELETE', '/devices/odd', { headers: { 'if-match': '"stale"' } }),

  owner('a bulk call of nothing', '4.2', invalid, 'POST', '/devices', { body: '[]' }),
  owner('a bulk call of 101', '4.2', '400 TooManyDevices', 'POST', '/devices', {
    body: JSON.stringify(Array.from({ length: 101 }, (_, i) => ({ id: `b${i}` }))),
  }),
  owner('a bulk call with a name twice', '4.2', '400 DeviceDefinedMultipleTimes', 'POST', '/devices', {
    body: '[{"id":"b"},{"id":"b"}]',
  }),
  // Its beginning alone: who sends it all may be cut off before he reads the answer.
  row('a bulk call of 9 MiB', '4.2', '413 MessageTooLarge', ({ policyToken }) => {
    const whole = ask('POST', '/devices', { authorization: policyToken('iothubowner'), headers: json });
    return whole.toString('latin1').replace('content-length: 0', `content-length: ${9 * 1024 * 1024}`);
  }),

  owner('a twin that is a string', '4.4', invalid, 'PATCH', '/twins/odd', { body: '"x"' }),
  owner('tags that are an array', '4.4', invalid, 'PATCH', '/twins/odd', { body: '{"tags":[]}' }),
  owner('eleven levels', '4.4', invalid, 'PATCH', '/twins/odd', { body: twin(nested(11)) }),
  owner('forty levels', '3.6', malformed, 'PATCH', '/twins/odd', { body: twin(nested(40)) }),
  owner('a key with a dot', '4.4', invalid, 'PATCH', '/twins/odd', { body: twin('{"a.b":1}') }),
  owner('a number beyond all', '4.4', invalid, 'PATCH', '/twins/odd', { body: twin('{"a":1e999}') }),
  owner('tags of 9 KiB', '4.4', invalid, 'PATCH', '/twins/odd', {
    body: JSON.stringify({ tags: { a: 's'.repeat(4_000), b: 's'.repeat(4_000), c: 's'.repeat(1_000) } }),
  }),
  owner('a stale tag of a twin', '3.3', '412 PreconditionFailed', 'PATCH', '/twins/odd', {
    headers: { ...json, 'if-match': '"stale"' },
    body: '{}',
  }),
  owner('the twin of nobody', '3.6', '404 DeviceNotFound', 'GET', '/twins/nobody'),

  owner('a method without a name', '4.5', invalid, 'POST', '/twins/odd/methods', { body: '{}' }),
  owner('a method whose name is a topic', '4.5', invalid, 'POST', '/twins/odd/methods', { body: '{"methodName":"a/#"}' }),
  owner('a method with a name of 101 letters', '4.5', invalid, 'POST', '/twins/odd/methods', {
    body: JSON.stringify({ methodName: 'm'.repeat(101) }),
  }),
  owner('a wait of a day', '4.5', invalid, 'POST', '/twins/odd/methods', {
    body: '{"methodName":"m","responseTimeoutInSeconds":86400}',
  }),
  owner('a wait that is a word', '4.5', invalid, 'POST', '/twins/odd/methods', {
    body: '{"methodName":"m","responseTimeoutInSeconds":"x"}',
  }),
  owner('a method of a device that is away', '4.5', '404 DeviceNotOnline', 'POST', '/twins/keyed/methods', {
    body: '{"methodName":"m"}',
  }),

  owner('a message of 65 KiB', '4.12', '413 MessageTooLarge', 'POST', '/devices/odd/messages/deviceBound', {
    body: Buffer.alloc(65 * 1024),
  }),
  owner('a message that is over', '4.12', '403 InvalidMessageExpiryTime', 'POST', '/devices/odd/messages/deviceBound', {
    headers: { 'iothub-expiry': '2000-01-01T00:00:00Z' },
    body: 'x',
  }),
  owner('an expiry that is none', '4.12', '403 InvalidMessageExpiryTime', 'POST', '/devices/odd/messages/deviceBound', {
    headers: { 'iothub-expiry': 'soon' },
    body: 'x',
  }),
  owner('an acknowledgement that there is not', '4.12', invalid, 'POST', '/devices/odd/messages/deviceBound', {
    headers: { 'iothub-ack': 'perhaps' },
    body: 'x',
  }),
  owner('an id of 129 letters for a message', '4.12', invalid, 'POST', '/devices/odd/messages/deviceBound', {
    headers: { 'iothub-messageid': 'm'.repeat(129) },
    body: 'x',
  }),
  owner('a message to nobody', '4.12', '404 DeviceNotFound', 'POST', '/devices/nobody/messages/deviceBound', { body: 'x' }),
  owner(
    'feedback under a lock that there is not',
    '4.12',
    '412 DeviceMessageLockLost',
    'DELETE',
    '/messages/serviceBound/feedback/none',
  ),
];
