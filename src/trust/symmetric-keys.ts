import { createHmac } from 'node:crypto';
import { parseBase64 } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';
import type { Random } from '#base/random.ts';

/** The two keys of an identity, an enrollment or a group, base64; either is good at any time, so that one can be replaced. */
export type SymmetricKeys = { readonly primaryKey: string; readonly secondaryKey: string };

/** Keys that are revealed where something is decided with them, and nowhere before. */
export type RevealableKeys = { reveal(): SymmetricKeys };

export const symmetricKeyLimits = { bytesMin: 16, bytesMax: 64 } as const;

/**
 * The keys as they were chosen, a missing one made of `bytes` random bytes. A chosen key stays the text
 * it was: clients compare it. Throws Problem `argument-invalid`, which names the slot and not the key.
 */
export function completeKeys(
  random: Random,
  chosen: { readonly primaryKey?: string | undefined; readonly secondaryKey?: string | undefined },
  bytes: number,
): SymmetricKeys {
  const complete = (slot: string, key: string | undefined) =>
    key === undefined || key === '' ? random.bytes(bytes).toString('base64') : requireKey(slot, key);
  return {
    primaryKey: complete('primary', chosen.primaryKey),
    secondaryKey: complete('secondary', chosen.secondaryKey),
  };
}

function requireKey(slot: string, key: string): string {
  const { bytesMin, bytesMax } = symmetricKeyLimits;
  const length = /\s/.test(key) || key.length > 2 * bytesMax ? undefined : parseBase64(key)?.length;
  if (length !== undefined && length >= bytesMin && length <= bytesMax) return key;
  throw new Problem('argument-invalid', `The ${slot} key must be base64 of ${bytesMin} to ${bytesMax} bytes.`);
}

/** The key of one device of an enrollment group (dps-device-protocol.md 2.1), base64. */
export function deriveDeviceKey(groupKey: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');
}
