import * as encode from './encode.ts';
import { type Frame, performative } from './frame-reader.ts';
import type { RheaSession } from './library-shapes.ts';
import { Described } from './value.ts';

/**
 * For a peer that settles second: what it made of messages that went past the library (link-transfers.ts) is taken as it
 * says, so that it may settle. Nothing is kept of them; whatever the library does not know is one of those. A frame for each
 * stretch of them, or none.
 */
export function answerDisposition({ fields }: Frame, session: RheaSession): Buffer[] {
  const [isReceiver, first, last, isSettled, state] = fields;
  if (isReceiver !== true || isSettled === true || typeof first !== 'number') return [];
  // `received` says how far it has come, and is no outcome.
  if (!(state instanceof Described) || typeof state.descriptor !== 'number' || state.descriptor === 0x23) return [];
  const end = typeof last === 'number' ? last : first;
  const { deliveries, next_delivery_id: next } = session.outgoing;
  const frames: Buffer[] = [];
  let from: number | undefined;
  for (let id = first; id <= end + 1; id++) {
    const isOurs = id <= end && id < next && deliveries.by_id(id) === undefined;
    if (isOurs) from ??= id;
    else if (from !== undefined) {
      frames.push(disposition(session.local.channel, from, id - 1, state.descriptor));
      from = undefined;
    }
  }
  return frames;
}

function disposition(channel: number, first: number, last: number, outcome: number): Buffer {
  const state = encode.described(outcome, encode.list([]));
  const fields = [encode.boolean(false), encode.uint(first), encode.uint(last), encode.boolean(true), state];
  const body = encode.described(performative.disposition, encode.list(fields));
  const head = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
  head.writeUInt32BE(head.length + body.length);
  head.writeUInt16BE(channel, 6);
  return Buffer.concat([head, body]);
}
