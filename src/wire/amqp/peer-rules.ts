import type { Frame } from './frame-reader.ts';
import type { AmqpOpen } from './handler.ts';
import type { AmqpLimits } from './limits.ts';
import type { LinkFilter, LinkRequest } from './link.ts';
import { type AmqpValue, AmqpViolation, Described } from './value.ts';

// What a frame must be for itself, whatever went before it: the library would fail on it, or do without end what it says.
// Each throws AmqpViolation.

export function readOpen({ fields }: Frame, { peerIdleMsMin }: Pick<AmqpLimits, 'peerIdleMsMin'>): AmqpOpen {
  const [containerId, hostName, frameBytes, , idleMs] = fields;
  if (typeof containerId !== 'string') throw new AmqpViolation('amqp:decode-error', 'open has no container id.');
  if (typeof frameBytes === 'number' && frameBytes < 512) {
    throw new AmqpViolation('amqp:not-allowed', 'A peer must take frames of 512 bytes.');
  }
  if (typeof idleMs === 'number' && idleMs > 0 && idleMs < peerIdleMsMin) {
    throw new AmqpViolation('amqp:not-allowed', `An idle time-out has at least ${peerIdleMsMin} ms.`);
  }
  return { containerId, hostName: typeof hostName === 'string' ? hostName : undefined };
}

export function checkBegin({ fields }: Frame): void {
  if ((fields[0] ?? null) !== null) throw new AmqpViolation('amqp:not-allowed', 'No session was begun from here.');
  checkNumbers('begin', fields.slice(1, 4));
}

/** What a link counts by reaches queues and their stores: no fractions, no text. */
export function checkFlow({ fields }: Frame): void {
  checkNumbers('flow', fields.slice(1, 4));
  for (const count of [fields[0], fields[5], fields[6]])
    if ((count ?? null) !== null && !isCount(count))
      throw new AmqpViolation('amqp:decode-error', 'flow counts by something else than whole numbers.');
}

export function checkFirstTransfer({ fields }: Frame): void {
  const [, deliveryId, tag] = fields;
  if (typeof deliveryId === 'number' && Buffer.isBuffer(tag)) return;
  throw new AmqpViolation('amqp:decode-error', 'The first transfer of a delivery has its id and its tag.');
}

/** What a peer wants of a link. */
export function readAttach({ fields }: Frame): LinkRequest {
  const [name, , role, , , source, target] = fields;
  if (typeof name !== 'string' || name.length > 256 || name in Object.prototype || typeof role !== 'boolean') {
    throw new AmqpViolation('amqp:invalid-field', 'attach has no name, or no role.');
  }
  const addressOf = (terminus: unknown): string | undefined => {
    if (terminus === null || terminus === undefined) return undefined;
    const isPlain = terminus instanceof Described && (terminus.descriptor === 0x28 || terminus.descriptor === 0x29);
    if (!isPlain || !Array.isArray(terminus.value)) {
      throw new AmqpViolation('amqp:not-implemented', 'A link has a source and a target and no coordinator.');
    }
    const [address] = terminus.value;
    return typeof address === 'string' ? address : undefined;
  };
  const sourceAddress = addressOf(source);
  const targetAddress = addressOf(target);
  const properties = fields[13] instanceof Map ? fields[13] : new Map();
  const property = (key: string): string | undefined => {
    const value = properties.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    name,
    isIncoming: !role,
    address: role ? sourceAddress : targetAddress,
    sourceAddress,
    targetAddress,
    initialDeliveryCount: typeof fields[9] === 'number' ? fields[9] : 0,
    correlationId: property('com.microsoft:channel-correlation-id'),
    modelId: property('com.microsoft:model-id'),
    properties,
    desiredCapabilities: symbolsOf(fields[12]),
    filters: filtersOf(source),
  };
}

/** One symbol, or an array of them. */
function symbolsOf(value: AmqpValue | undefined): string[] {
  const symbols = Array.isArray(value) ? value : [value];
  return symbols.filter((each) => typeof each === 'string');
}

/** Those that are a described text; others are not served, and so not answered. */
function filtersOf(source: AmqpValue | undefined): LinkFilter[] {
  const fields = source instanceof Described && Array.isArray(source.value) ? source.value : [];
  const filters: LinkFilter[] = [];
  if (!(fields[7] instanceof Map)) return filters;
  for (const [name, filter] of fields[7]) {
    if (typeof name !== 'string' || !(filter instanceof Described) || typeof filter.value !== 'string') continue;
    filters.push({ name, descriptor: filter.descriptor, text: filter.value });
  }
  return filters;
}

/** The library goes through a range one by one, and writes to standard error what is no outcome. */
export function checkDisposition({ fields }: Frame, max: number): void {
  const [, first, last] = fields;
  const end = last ?? first;
  if (typeof first !== 'number' || typeof end !== 'number' || end - first >= max) {
    throw new AmqpViolation('amqp:not-allowed', `A disposition names at most ${max} deliveries.`);
  }
  const state = fields[4] ?? null;
  if (state === null) return;
  const code = state instanceof Described ? state.descriptor : undefined;
  if (typeof code === 'number' && code >= 0x23 && code <= 0x27) return;
  throw new AmqpViolation('amqp:not-implemented', 'A delivery state that is no outcome.');
}

function checkNumbers(what: string, fields: readonly AmqpValue[]): void {
  if (fields.length === 3 && fields.every(isCount)) return;
  throw new AmqpViolation('amqp:decode-error', `${what} lacks what it must have.`);
}

/** The type uint (part 1, 1.6.5), or another that means the same: values are read without their type. */
function isCount(value: AmqpValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}
