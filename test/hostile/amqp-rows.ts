import { frameOf, no, nothing, rawFrame, uint, yes } from '#test/support/amqp-client.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { encodeMessage } from '#wire/amqp/message.ts';
import { amqpHeader, saslHeader } from '#wire/amqp/sasl.ts';
import { type Facts, type Row, secretMarker } from './hostile-ground.ts';

/**
 * What is sent on one AMQP connection, and what comes back that says something: outcomes, detaches, answers, and the close
 * or the end. A `device` has signed in by certificate and holds the links below; `cbs` is a stranger with the links of `$cbs`.
 */
export type AmqpRow = Row & {
  readonly as: 'stranger' | 'cbs' | 'device';
  send(facts: Facts): Buffer;
  readonly answer: readonly string[];
};

/** The links of a `device`. */
export const handles = { events: 0, twinRequests: 1, twinAnswers: 2, methodAnswers: 3 } as const;

const telemetry = (body: string) => encodeMessage({ data: Buffer.from(body) });

const openFrame = frameOf(performative.open, [encode.string('x'), encode.string('h')]);
const beginFrame = frameOf(performative.begin, [nothing, uint(0), uint(10), uint(10)]);
/** An AMQP array with four thousand million elements without bytes. */
const hollowArray = Buffer.from([0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40]);
const deepList = (depth: number): Buffer => (depth === 0 ? encode.list([]) : encode.list([deepList(depth - 1)]));
const openOf = (body: Buffer) => rawFrame(Buffer.concat([Buffer.from([0, 0x53, 0x10]), body]));

const framing = 'amqp:connection:framing-error';
const decode = 'amqp:decode-error';
const notAllowed = 'amqp:not-allowed';
const opened = [amqpHeader, openFrame];
const begun = [amqpHeader, openFrame, beginFrame];

/** Part and section of the standard, OASIS AMQP 1.0. */
const closing: readonly (readonly [what: string, clause: string, bytes: readonly Buffer[], condition: string])[] = [
  ['a frame of no bytes', 'AMQP 2.3.1', [amqpHeader, rawFrame(Buffer.alloc(0), { size: 0 })], framing],
  ['a frame of four gigabytes', 'AMQP 2.3.1', [amqpHeader, rawFrame(Buffer.alloc(0), { size: 0xffffffff })], framing],
  ['a frame larger than was offered', 'AMQP 2.7.1', [amqpHeader, rawFrame(Buffer.alloc(0), { size: 65_537 })], framing],
  ['a data offset of one', 'AMQP 2.3.1', [amqpHeader, rawFrame(Buffer.from([0x40]), { offset: 1 })], framing],
  ['a data offset beyond the frame', 'AMQP 2.3.1', [amqpHeader, rawFrame(Buffer.from([0x40]), { offset: 200 })], framing],
  ['an unknown type of frame', 'AMQP 2.3.1', [amqpHeader, rawFrame(Buffer.from([0x40]), { type: 7 })], framing],
  ['noise in a frame', 'AMQP 2.8.15', [amqpHeader, rawFrame(Buffer.from('f00dcafe00ff', 'hex'))], decode],
  ['a SASL frame without SASL', 'AMQP 5.3', [amqpHeader, frameOf(0x41, [encode.symbol('PLAIN')], { type: 1 })], framing],
  ['an unknown performative', 'AMQP 2.7', [...opened, frameOf(0x60, [])], notAllowed],
  ['an array of nothing four thousand million times', 'AMQP 1.6.24', [amqpHeader, openOf(hollowArray)], decode],
  ['lists within lists', 'AMQP 2.8.15', [amqpHeader, openOf(deepList(500))], decode],
  ['a list that is cut off', 'AMQP 1.6.22', [amqpHeader, openOf(Buffer.from([0xd0, 0, 0, 1, 0, 0, 0, 0, 9]))], decode],
  ['begin before open', 'AMQP 2.4.1', [amqpHeader, beginFrame], notAllowed],
  ['an open without a name', 'AMQP 2.7.1', [amqpHeader, frameOf(performative.open, [])], decode],
  [
    'an idle time-out of one millisecond',
    'hub-device-protocol.md 5.2',
    [amqpHeader, frameOf(performative.open, [encode.string('x'), nothing, nothing, nothing, uint(1)])],
    notAllowed,
  ],
  ['open twice', 'AMQP 2.4.1', [...opened, openFrame], notAllowed],
  ['begin twice on a channel', 'AMQP 2.5.1', [...begun, beginFrame], notAllowed],
  [
    'a channel above the highest',
    'AMQP 2.7.1',
    [...opened, frameOf(performative.begin, [nothing, uint(0), uint(1), uint(1)], { channel: 60_000 })],
    framing,
  ],
  [
    'attach without a session',
    'AMQP 2.5.1',
    [...opened, frameOf(performative.attach, [encode.string('a'), uint(0), yes])],
    notAllowed,
  ],
  [
    'attach without a name',
    'AMQP 2.7.3',
    [...begun, frameOf(performative.attach, [nothing, uint(0), yes])],
    'amqp:invalid-field',
  ],
  [
    'a link called __proto__',
    'AMQP 2.8.15',
    [...begun, frameOf(performative.attach, [encode.string('__proto__'), uint(0), yes])],
    'amqp:invalid-field',
  ],
  [
    'a handle above the highest',
    'AMQP 2.7.2',
    [...begun, frameOf(performative.attach, [encode.string('a'), uint(4_000_000_000), yes])],
    'amqp:resource-limit-exceeded',
  ],
  [
    'a transaction coordinator',
    'AMQP 4.5.1',
    [
      ...begun,
      frameOf(performative.attach, [
        encode.string('a'),
        uint(0),
        no,
        nothing,
        nothing,
        nothing,
        encode.described(0x30, encode.list([])),
      ]),
    ],
    'amqp:not-implemented',
  ],
  [
    'a message on no link',
    'AMQP 2.8.17',
    [
      ...begun,
      frameOf(performative.transfer, [uint(3), uint(0), encode.binary(Buffer.from([1]))], { payload: telemetry(secretMarker) }),
    ],
    'amqp:session:unattached-handle',
  ],
  [
    'a flow for no link',
    'AMQP 2.8.17',
    [...begun, frameOf(performative.flow, [uint(0), uint(1), uint(0), uint(1), uint(9), uint(0), uint(1)])],
    'amqp:session:unattached-handle',
  ],
  ...(
    [
      ['a part of a message', Buffer.from('823ff8000000000000', 'hex')],
      ['a word', encode.string('ten')],
      ['less than nothing', encode.int(-1)],
    ] as const
  ).map(
    ([what, credit]) =>
      [
        `a flow whose credit is ${what}`,
        'AMQP 2.7.4',
        [...begun, frameOf(performative.flow, [uint(0), uint(1), uint(0), uint(1), uint(9), uint(0), credit])],
        decode,
      ] as const,
  ),
  [
    'a disposition of four thousand million deliveries',
    'AMQP 2.7.6',
    [...begun, frameOf(performative.disposition, [yes, uint(0), uint(0xffffffff), yes, encode.described(0x24, encode.list([]))])],
    notAllowed,
  ],
  [
    'an outcome that is none',
    'AMQP 3.4',
    [...begun, frameOf(performative.disposition, [yes, uint(0), uint(0), yes, encode.described(0x34, encode.list([]))])],
    'amqp:not-implemented',
  ],
  [
    'detach of no link',
    'AMQP 2.8.17',
    [...begun, frameOf(performative.detach, [uint(1), yes])],
    'amqp:session:unattached-handle',
  ],
  ['end of no session', 'AMQP 2.5.1', [...opened, frameOf(performative.end, [])], notAllowed],
];

const strangers: readonly AmqpRow[] = closing.map(([what, clause, bytes, condition]) => ({
  what,
  clause,
  as: 'stranger',
  send: () => Buffer.concat(bytes),
  answer: [`close ${condition}`],
}));

/** What is no AMQP is told which AMQP is spoken here, and ended. */
const noAmqp: readonly AmqpRow[] = [
  ['an HTTP request', 'GET / HTTP/1.1\r\n\r\n'],
  ['AMQP 0-9-1', 'AMQP\x00\x00\x09\x01'],
  ['TLS within TLS', 'AMQP\x02\x01\x00\x00'],
  ['zeros', '\x00'.repeat(64)],
].map(([what = '', text = '']) => ({
  what,
  clause: 'AMQP 2.2',
  as: 'stranger',
  send: () => Buffer.from(text, 'latin1'),
  answer: ['end'],
}));

const plain = (user: string, password: string) =>
  Buffer.concat([
    saslHeader,
    frameOf(performative.saslInit, [encode.symbol('PLAIN'), encode.binary(Buffer.from(`\0${user}\0${password}`))], { type: 1 }),
  ]);
const sasl = (what: string, send: (facts: Facts) => Buffer, reason?: string): AmqpRow => ({
  what,
  clause: 'hub-device-protocol.md 5.1',
  as: 'stranger',
  send,
  answer: ['sasl 1', 'end'],
  ...(reason === undefined ? {} : { reason }),
});
const saslRows: readonly AmqpRow[] = [
  sasl(
    'PLAIN with a token of another key',
    ({ token }) => plain('keyed@sas.localhost', token({ key: Buffer.alloc(32) })),
    'token-signature',
  ),
  sasl(
    'PLAIN with a token that is over',
    ({ token }) => plain('keyed@sas.localhost', token({ expirySeconds: 1 })),
    'token-expired',
  ),
  sasl('PLAIN of a device that there is not', ({ token }) => plain('nobody@sas.localhost', token()), 'device-unknown'),
  sasl('PLAIN without a realm', ({ token }) => plain('keyed', token()), 'user-name-malformed'),
  sasl(
    'PLAIN of a policy that there is not',
    ({ token }) => plain('nobody@sas.root.localhost', token({ keyName: 'nobody' })),
    'policy-unknown',
  ),
  sasl('PLAIN of three parts too many', () => plain('a\0b\0c', 'd')),
  sasl('PLAIN without a password', () => plain('keyed@sas.localhost', '')),
  sasl('a mechanism that was not offered', () =>
    Buffer.concat([
      saslHeader,
      frameOf(performative.saslInit, [encode.symbol('SCRAM-SHA-256'), encode.binary(Buffer.alloc(9))], { type: 1 }),
    ]),
  ),
  sasl('EXTERNAL without a certificate', () =>
    Buffer.concat([saslHeader, frameOf(performative.saslInit, [encode.symbol('EXTERNAL')], { type: 1 })]),
  ),
];

/** A message on a link, from here to there. */
const transfer = (handle: number, payload: Buffer, format = 0) =>
  frameOf(performative.transfer, [uint(handle), uint(0), encode.binary(Buffer.from([1])), uint(format), no, no], { payload });

const putToken = (
  token: Buffer,
  { operation = 'put-token', type = 'servicebus.windows.net:sastoken', name = 'x/devices/keyed' } = {},
) =>
  transfer(
    0,
    encodeMessage({
      properties: { messageId: encode.string('1') },
      application: [
        ['operation', encode.string(operation)],
        ['type', encode.string(type)],
        ['name', encode.string(name)],
      ],
      value: token,
    }),
  );
const cbs = (what: string, status: number, send: (facts: Facts) => Buffer, reason?: string): AmqpRow => ({
  what,
  clause: 'hub-device-protocol.md 5.3',
  as: 'cbs',
  send,
  answer: ['accepted', `reply ${status}`],
  ...(reason === undefined ? {} : { reason }),
});
const cbsRows: readonly AmqpRow[] = [
  cbs('a token of another key', 401, ({ token }) => putToken(encode.string(token({ key: Buffer.alloc(32) }))), 'token-signature'),
  cbs(
    'a token that is over',
    401,
    ({ token }) => putToken(encode.string(token({ expirySeconds: 1_500_000_000 }))),
    'token-expired',
  ),
  cbs(
    'a token of a policy that there is not',
    401,
    ({ token }) => putToken(encode.string(token({ keyName: 'nobody' }))),
    'policy-unknown',
  ),
  cbs(
    'a token for a device that there is not',
    401,
    ({ token, hostName }) => putToken(encode.string(token({ resource: `${hostName}/devices/nobody` }))),
    'device-unknown',
  ),
  cbs('a body that is no token', 400, () => putToken(encode.string(secretMarker))),
  cbs('a body that is a number', 400, () => putToken(encode.long(7))),
  cbs('a body that is nothing', 400, () => putToken(nothing)),
  cbs('a token of 60,000 letters', 400, ({ token }) => putToken(encode.string(`${token()}&x=${'y'.repeat(60_000)}`))),
  cbs('another operation', 400, ({ token }) => putToken(encode.string(token()), { operation: 'delete-token' })),
  cbs('another type of token', 400, ({ token }) => putToken(encode.string(token()), { type: 'amqp:saml' })),
  cbs('a token of a directory', 401, ({ token }) => putToken(encode.string(token()), { type: 'jwt' })),
  {
    ...cbs('a request that is no message', 400, () => transfer(0, Buffer.from(secretMarker))),
    answer: ['rejected amqp:decode-error'],
  },
];

const attach = (handle: number, isSender: boolean, address: string) => {
  const terminus = (code: number, text?: string) =>
    encode.described(code, encode.list(text === undefined ? [] : [encode.string(text)]));
  return frameOf(performative.attach, [
    encode.string(`row-${handle}`),
    uint(handle),
    isSender ? no : yes,
    nothing,
    nothing,
    terminus(0x28, isSender ? undefined : address),
    terminus(0x29, isSender ? address : undefined),
    nothing,
    nothing,
    isSender ? uint(0) : nothing,
  ]);
};
const device = (
  what: string,
  clause: string,
  send: (facts: Facts) => Buffer,
  answer: readonly string[],
  reason?: string,
): AmqpRow => ({
  what,
  clause: `hub-device-protocol.md ${clause}`,
  as: 'device',
  send,
  answer,
  ...(reason === undefined ? {} : { reason }),
});
const addressRows: readonly AmqpRow[] = (
  [
    ['another device’s telemetry', true, '/devices/steady/messages/events', 'amqp:unauthorized-access', 'thumbprint-mismatch'],
    [
      'another device’s messages',
      false,
      '/devices/steady/messages/devicebound',
      'amqp:unauthorized-access',
      'thumbprint-mismatch',
    ],
    ['a device that there is not', true, '/devices/nobody/messages/events', 'amqp:unauthorized-access', 'device-unknown'],
    ['a module that there is not', true, '/devices/odd/modules/m/messages/events', 'amqp:unauthorized-access', 'device-unknown'],
    ['an address that nobody knows', true, '/devices/odd/elsewhere', 'amqp:not-found'],
    ['a path upwards', true, '/devices/odd/../steady/messages/events', 'amqp:not-found'],
    ['no address', true, '', 'amqp:not-found'],
    [
      'an address of 60,000 letters',
      true,
      `/devices/${'a'.repeat(60_000)}/messages/events`,
      'amqp:unauthorized-access',
      'device-unknown',
    ],
    ['a zero in an address', true, '/devices/odd\0/messages/events', 'amqp:unauthorized-access', 'device-unknown'],
    ['what the hub alone sends', true, '/devices/odd/messages/devicebound', 'amqp:not-found'],
  ] as const
).map(([what, isSender, address, condition, reason]) =>
  device(what, '5.4', () => attach(9, isSender, address), [`detach ${condition}`], reason),
);

const batchFormat = 0x80013700;
const data = (bytes: Buffer) => encode.described(0x75, encode.binary(bytes));
const events = (what: string, payload: Buffer, answer: string, options: { format?: number; reason?: string } = {}) =>
  device(what, '5.5', () => transfer(handles.events, payload, options.format), [answer], options.reason);
const described = (code: number, value: Buffer) => encode.described(code, value);
const eventRows: readonly AmqpRow[] = [
  events('a message that is none', Buffer.from(secretMarker), 'rejected amqp:decode-error'),
  events('a message that is cut off', telemetry(secretMarker).subarray(0, 12), 'rejected amqp:decode-error'),
  events('sections that nobody knows', described(0x7f, encode.list([])), 'rejected amqp:decode-error'),
  events(
    'properties that are a map',
    Buffer.concat([described(0x73, encode.map([])), data(Buffer.from('x'))]),
    'rejected amqp:decode-error',
  ),
  events(
    'application properties that are a list',
    Buffer.concat([described(0x74, encode.list([])), data(Buffer.from('x'))]),
    'rejected amqp:decode-error',
  ),
  events(
    'a property that is a list',
    Buffer.concat([described(0x74, encode.map([[encode.string('a'), encode.list([])]])), data(Buffer.from('x'))]),
    'rejected com.microsoft:argument-error',
  ),
  events('a body that is a list', described(0x77, encode.list([])), 'rejected com.microsoft:argument-error'),
  events(
    'properties called after the prototype',
    Buffer.concat([described(0x74, encode.map([[encode.string('__proto__'), encode.string('x')]])), data(Buffer.from('x'))]),
    'accepted',
  ),
  events(
    'a batch with a message that is none',
    Buffer.concat([data(telemetry('a')), data(Buffer.from(secretMarker))]),
    'rejected amqp:decode-error',
    { format: batchFormat },
  ),
  events('a batch of a batch', data(data(telemetry('a'))), 'accepted', { format: batchFormat }),
  events(
    'a batch of 1,001 messages',
    Buffer.concat(Array.from({ length: 1_001 }, () => data(telemetry('a')))),
    'rejected com.microsoft:argument-error',
    { format: batchFormat },
  ),
  events('another format of messages', telemetry('x'), 'rejected com.microsoft:argument-error', { format: 0x80013701 }),
];

/** A request on the twin's link. */
function twin(operation: string, resource: string | undefined, body: string | Buffer, version?: Buffer): Buffer {
  const annotations: [string, Buffer][] = [['operation', encode.string(operation)]];
  if (resource !== undefined) annotations.push(['resource', encode.string(resource)]);
  if (version) annotations.push(['version', version]);
  return transfer(
    handles.twinRequests,
    encodeMessage({ annotations, properties: { correlationId: encode.string('c') }, data: Buffer.from(body) }),
  );
}
const reported = '/properties/reported';
const twinRow = (what: string, status: number, send: () => Buffer) => device(what, '5.8', send, ['accepted', `reply ${status}`]);
const twinRows: readonly AmqpRow[] = [
  twinRow('a twin’s patch that is no JSON', 400, () => twin('PATCH', reported, '{')),
  twinRow('a patch that is no object', 400, () => twin('PATCH', reported, '"x"')),
  twinRow('a patch that is no UTF-8', 400, () => twin('PATCH', reported, Buffer.from('7b2261223a22ff227d', 'hex'))),
  twinRow('a patch of twelve levels', 400, () => twin('PATCH', reported, `${'{"a":'.repeat(12)}1${'}'.repeat(12)}`)),
  twinRow('a patch of ten thousand levels', 400, () => twin('PATCH', reported, `${'['.repeat(10_000)}`)),
  twinRow('a patch for a version to come', 412, () => twin('PATCH', reported, '{}', encode.long(999))),
  twinRow('a patch for a version that is a word', 412, () => twin('PATCH', reported, '{}', encode.string('x'))),
  twinRow('a patch of desired properties', 400, () => twin('PATCH', '/properties/desired', '{}')),
  twinRow('an operation that nobody knows', 400, () => twin('DROP', undefined, '')),
  twinRow('a request for what nobody may read', 400, () => twin('GET', '/tags', '')),
  device('a twin request that is no message', '5.8', () => transfer(handles.twinRequests, Buffer.from(secretMarker)), [
    'rejected amqp:decode-error',
  ]),
  device(
    'the answer of a method that nobody called',
    '5.7',
    () =>
      transfer(
        handles.methodAnswers,
        encodeMessage({
          properties: { correlationId: encode.uuid(Buffer.alloc(16)) },
          application: [['IoThub-status', encode.int(200)]],
          data: Buffer.from('{'),
        }),
      ),
    ['accepted'],
  ),
  device('the answer of a method without an id', '5.7', () => transfer(handles.methodAnswers, telemetry('x')), ['accepted']),
];

export const amqpRows: readonly AmqpRow[] = [
  ...strangers,
  ...noAmqp,
  ...saslRows,
  ...cbsRows,
  ...addressRows,
  ...eventRows,
  ...twinRows,
];
