import type { Protocol } from './sessions.ts';

/** A whole number below `limit`. */
export type Below = (limit: number) => number;

/** `packet` with one to three faults. Two of three have a right length all the same, so that what lies behind it is met. */
export function mutate(protocol: Protocol, packet: Buffer, others: readonly Buffer[], below: Below): Buffer {
  let bytes: Buffer = Buffer.from(packet);
  for (let faults = below(3) === 0 ? 1 + below(3) : 1; faults > 0; faults--) bytes = damage(bytes, others, below);
  if (below(3) === 0 || bytes.length < 2) return bytes;
  return protocol === 'mqtt' ? withMqttLength(bytes) : withAmqpLength(bytes);
}

function damage(bytes: Buffer, others: readonly Buffer[], below: Below): Buffer {
  const at = below(bytes.length + 1);
  const length = 1 + below(8);
  switch (below(9)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(Array.from({ length }, () => below(256))), bytes.subarray(at)]);
    case 4: {
      const other = others[below(others.length)] ?? bytes;
      return Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))]);
    }
    case 5:
      // The first byte is the type of an MQTT packet; the sixth that of an AMQP frame.
      return replaced(bytes, below(2) === 0 ? 0 : 5, below(256));
    case 6:
      return replaced(bytes, at, [0, 0x7f, 0x80, 0xff][below(4)] ?? 0);
    case 7:
      return replaced(bytes, at, (bytes[at] ?? 0) ^ (1 << below(8)));
    default:
      return replaced(bytes, at, below(256));
  }
}

function replaced(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = value;
  return copy;
}

function withMqttLength(bytes: Buffer): Buffer {
  let at = 1;
  while (at < Math.min(bytes.length, 4) && (bytes[at] ?? 0) & 0x80) at++;
  const rest = bytes.subarray(at + 1);
  const size: number[] = [];
  for (let left = rest.length; ; left >>= 7) {
    size.push(left < 128 ? left : (left & 0x7f) | 0x80);
    if (left < 128) break;
  }
  return Buffer.concat([bytes.subarray(0, 1), Buffer.from(size), rest]);
}

function withAmqpLength(bytes: Buffer): Buffer {
  if (bytes.length < 8 || bytes.toString('latin1', 0, 4) === 'AMQP') return bytes;
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(copy.length);
  return copy;
}

/** Whether the bytes are packets or frames to their end: whoever reads them waits for nothing more. */
export function isWhole(protocol: Protocol, bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length) {
    const size =
      protocol === 'mqtt' ? mqttSize(bytes, at) : bytes.length - at < 8 ? undefined : Math.max(8, bytes.readUInt32BE(at));
    if (size === undefined) return false;
    at += size;
  }
  return at === bytes.length;
}

function mqttSize(bytes: Buffer, from: number): number | undefined {
  let length = 0;
  for (let at = from + 1; at < from + 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (at - from - 1);
    if (byte < 128) return at + 1 - from + length;
  }
  // Too long to be read at all: it ends the connection.
  return bytes.length - from;
}
