import { listenerLimits } from '#listeners/limits.ts';
import { clientFrame, handshake, opcodes } from '#test/support/raw-web-socket.ts';
import { type Row, secretMarker, upgradeLines } from './hostile-ground.ts';

/** A handshake, and the status that answers it. */
export type HandshakeRow = Row & { readonly asDevice?: boolean; readonly request: string; readonly status: number };

/** What is sent inside a WebSocket of either protocol, and the code with which it is closed. */
export type FrameRow = Row & { readonly bytes: Buffer; readonly code: number };

/** The lines of a good handshake with one of them replaced, or left out. */
function lines(name: string, value?: string): string[] {
  const rest = upgradeLines('mqtt').filter((line) => !line.startsWith(`${name}:`));
  return value === undefined ? rest : [...rest, `${name}: ${value}`];
}

const path = '/$iothub/websocket';
export const handshakeRows: readonly HandshakeRow[] = [
  {
    what: 'no sub-protocol',
    clause: 'hub-device-protocol.md 1',
    request: handshake(path, lines('Sec-WebSocket-Protocol')),
    status: 400,
  },
  {
    what: 'a sub-protocol that nobody speaks',
    clause: 'hub-device-protocol.md 1',
    request: handshake(path, lines('Sec-WebSocket-Protocol', 'mqttv5, soap')),
    status: 400,
  },
  {
    what: 'ten thousand sub-protocols',
    clause: 'RFC 6455 4.2.2',
    request: handshake(path, lines('Sec-WebSocket-Protocol', Array.from({ length: 2_000 }, (_, i) => `p${i}`).join())),
    status: 400,
  },
  { what: 'no key', clause: 'RFC 6455 4.2.1', request: handshake(path, lines('Sec-WebSocket-Key')), status: 400 },
  {
    what: 'a key of three bytes',
    clause: 'RFC 6455 4.2.1',
    request: handshake(path, lines('Sec-WebSocket-Key', 'AAAA')),
    status: 400,
  },
  { what: 'version 12', clause: 'RFC 6455 4.2.2', request: handshake(path, lines('Sec-WebSocket-Version', '12')), status: 400 },
  {
    what: 'a POST',
    clause: 'RFC 6455 4.2.1',
    request: handshake(path, upgradeLines('mqtt')).replace('GET', 'POST'),
    status: 405,
  },
  {
    what: 'an upgrade to something else',
    clause: 'RFC 6455 4.2.1',
    request: handshake(path, lines('Upgrade', 'h2c')),
    status: 400,
  },
  {
    what: 'a page of another origin with a certificate',
    clause: 'RFC 6455 10.2',
    asDevice: true,
    request: handshake(path, [...upgradeLines('mqtt'), 'Origin: https://elsewhere.example']),
    status: 403,
  },
  {
    what: 'an origin that is none, with a certificate',
    clause: 'RFC 6455 10.2',
    asDevice: true,
    request: handshake(path, [...upgradeLines('mqtt'), 'Origin: null']),
    status: 403,
  },
  {
    what: '17 KiB of headers',
    clause: 'RFC 6585 5',
    request: handshake(path, [...upgradeLines('mqtt'), `X: ${'y'.repeat(17 * 1024)}`]),
    status: 431,
  },
];

const { webSocketMessageBytesMax, webSocketFragmentsMax } = listenerLimits;
const many = (count: number) =>
  Array.from({ length: count }, () => clientFrame('', { opcode: opcodes.continuation, isFinal: false }));
const frame = (what: string, clause: string, code: number, bytes: Buffer): FrameRow => ({ what, clause, code, bytes });

export const frameRows: readonly FrameRow[] = [
  frame('a frame that is not masked', 'RFC 6455 5.1', 1002, clientFrame(secretMarker, { isMasked: false })),
  frame('a text frame', 'MQTT-6.0.0-1', 1003, clientFrame(secretMarker, { opcode: opcodes.text })),
  frame('an opcode that is reserved', 'RFC 6455 5.2', 1002, clientFrame('x', { opcode: 3 })),
  frame('a control opcode that is reserved', 'RFC 6455 5.2', 1002, clientFrame('x', { opcode: 11 })),
  frame('bits that no extension has', 'RFC 6455 5.2', 1002, Buffer.concat([Buffer.from([0xc2]), clientFrame('x').subarray(1)])),
  frame('a continuation of nothing', 'RFC 6455 5.4', 1002, clientFrame('x', { opcode: opcodes.continuation })),
  frame(
    'a message within a message',
    'RFC 6455 5.4',
    1002,
    Buffer.concat([clientFrame('', { isFinal: false }), clientFrame('')]),
  ),
  frame('a ping of 126 bytes', 'RFC 6455 5.5', 1002, clientFrame(Buffer.alloc(126), { opcode: opcodes.ping })),
  frame('a ping in pieces', 'RFC 6455 5.5', 1002, clientFrame('x', { opcode: opcodes.ping, isFinal: false })),
  frame('a close of one byte', 'RFC 6455 5.5.1', 1002, clientFrame(Buffer.from([3]), { opcode: opcodes.close })),
  frame(
    'a close with a code that nobody may send',
    'RFC 6455 7.4.1',
    1002,
    clientFrame(Buffer.from([3, 0xed]), { opcode: opcodes.close }),
  ),
  frame(
    'a close whose reason is no UTF-8',
    'RFC 6455 5.5.1',
    1007,
    clientFrame(Buffer.from([3, 0xe8, 0xff]), { opcode: opcodes.close }),
  ),
  frame(
    'a message above a megabyte',
    'RFC 6455 7.4.1',
    1009,
    clientFrame(Buffer.alloc(webSocketMessageBytesMax + 1)).subarray(0, 14),
  ),
  frame('a message of 2^62 bytes', 'RFC 6455 5.2', 1009, Buffer.from('82ff4000000000000000deadbeef', 'hex')),
  frame(
    'more fragments than may be',
    'RFC 6455 7.4.1',
    1008,
    Buffer.concat([clientFrame('', { isFinal: false }), ...many(webSocketFragmentsMax)]),
  ),
];
