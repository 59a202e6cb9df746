import * as encode from './encode.ts';
import { type Frame, performative } from './frame-reader.ts';
import { AmqpViolation } from './value.ts';

/** What is offered to every peer (hub-device-protocol.md 5.1); how C signs in is called MSSBCBS. */
export const saslMechanisms = ['MSSBCBS', 'ANONYMOUS', 'PLAIN', 'EXTERNAL'] as const;

export type PlainCredentials = { readonly userName: string; readonly password: string; readonly hostName: string | undefined };

export type SaslChoice =
  /** Whoever it is says so later, with a token or by its certificate. */
  { readonly mechanism: 'ANONYMOUS' | 'MSSBCBS' | 'EXTERNAL' } | ({ readonly mechanism: 'PLAIN' } & PlainCredentials);

export const amqpHeader = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1');
export const saslHeader = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');

/** An array even for one entry: C refuses a bare symbol. */
export function formatSaslMechanisms(): Buffer {
  const symbols = saslMechanisms.map((name) => Buffer.concat([Buffer.from([name.length]), Buffer.from(name)]));
  const items = Buffer.concat([Buffer.from([saslMechanisms.length, 0xa3]), ...symbols]);
  const array = Buffer.concat([Buffer.from([0xe0, items.length]), items]);
  return saslFrame(encode.described(0x40, encode.list([array])));
}

/** 0 lets in, 1 refuses the credentials, 2 is a fault of ours. */
export function formatSaslOutcome(code: 0 | 1 | 2): Buffer {
  return saslFrame(encode.described(0x44, encode.list([encode.ubyte(code)])));
}

/** What the peer wants; undefined for a mechanism that was not offered, or what PLAIN does not look like (RFC 4616). */
export function readSaslInit({ isSasl, code, fields }: Frame): SaslChoice | undefined {
  const [mechanism, response, hostName] = fields;
  if (!isSasl || code !== performative.saslInit || typeof mechanism !== 'string') {
    throw new AmqpViolation('amqp:connection:framing-error', 'sasl-init was expected.');
  }
  if (mechanism === 'ANONYMOUS' || mechanism === 'MSSBCBS' || mechanism === 'EXTERNAL') return { mechanism };
  if (mechanism !== 'PLAIN' || !Buffer.isBuffer(response)) return undefined;
  const [, userName, password, ...more] = response.toString().split('\0');
  if (!userName || !password || more.length > 0) return undefined;
  return { mechanism, userName, password, hostName: typeof hostName === 'string' ? hostName : undefined };
}

function saslFrame(body: Buffer): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 2, 1, 0, 0]);
  head.writeUInt32BE(head.length + body.length);
  return Buffer.concat([head, body]);
}
