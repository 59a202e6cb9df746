import { createHash } from 'node:crypto';
import type { Instant } from '#base/instant.ts';
import type { Identity } from '../identity.ts';

export const faultProtocols = ['mqtt', 'amqp', 'https'] as const;
/** WebSockets are the protocol that they carry. */
export type FaultProtocol = (typeof faultProtocols)[number];

/** Whom a rule is for. A device stands for its modules too, unless one of them is named. */
export type FaultTarget =
  | { readonly kind: 'all' }
  | { readonly kind: 'device'; readonly deviceId: string; readonly moduleId?: string }
  | { readonly kind: 'percentage'; readonly percent: number };

export type FaultEffect =
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'drop' }
  /** Without `everyMs` once, which leaves no rule behind. */
  | { readonly kind: 'kill'; readonly everyMs?: number }
  | { readonly kind: 'throttle' }
  | { readonly kind: 'refuse' };

export type FaultRule = {
  readonly id: string;
  readonly target: FaultTarget;
  readonly effect: FaultEffect;
  /** Undefined: every protocol. */
  readonly protocol?: FaultProtocol;
  /** Undefined: until it is removed, or the process ends. */
  readonly endsAt?: Instant;
};

export type AskedRule = Pick<FaultRule, 'target' | 'effect' | 'protocol'> & { readonly durationMs?: number };

export function isMeant({ target, protocol }: Pick<FaultRule, 'target' | 'protocol'>, who: Identity, by: FaultProtocol): boolean {
  if (protocol !== undefined && protocol !== by) return false;
  switch (target.kind) {
    case 'all':
      return true;
    case 'device':
      return target.deviceId === who.deviceId && (target.moduleId === undefined || target.moduleId === who.moduleId);
    case 'percentage':
      return placeOf(who.deviceId) < target.percent;
  }
}

/** Where a device stands between 0 and 100, always: whom 10 % meant, 20 % means too. */
function placeOf(deviceId: string): number {
  return (createHash('sha256').update(deviceId).digest().readUInt32BE(0) / 2 ** 32) * 100;
}
