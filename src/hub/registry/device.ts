import type { Instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Random } from '#base/random.ts';
import type { SealedKeys } from '#storage/sealed-keys.ts';
import type { SymmetricKeys } from '#trust/symmetric-keys.ts';
import type { EdgePlace } from './edge-scope.ts';
import type { ModuleAuthentication } from './module.ts';

/** How a device proves who it is. Thumbprints are upper-case hex of SHA-1 (40) or SHA-256 (64) over the DER leaf. */
export type DeviceAuthentication =
  | { readonly type: 'selfSigned'; readonly primaryThumbprint?: string; readonly secondaryThumbprint?: string }
  | { readonly type: 'certificateAuthority' }
  | { readonly type: 'sas'; readonly keys: SealedKeys };

/** How a device shall prove who it is. A key that is not given is the one it has, or is made. */
export type AskedAuthentication =
  | Exclude<DeviceAuthentication, { type: 'sas' }>
  | { readonly type: 'sas'; readonly primaryKey?: string; readonly secondaryKey?: string };

/** A device identity. */
export type Device = EdgePlace & {
  readonly deviceId: string;
  /** Decimal digits, new at each creation: tells a re-created device from its namesake. */
  readonly generationId: string;
  /** Changes with the identity, not with the twin. */
  readonly etag: string;
  readonly isEnabled: boolean;
  /** Why it is enabled or disabled, in the owner's words. */
  readonly statusReason?: string;
  /** There when the device is kept out (`hold`), which `isEnabled` and `statusReason` then say: what its owner said. */
  readonly ownStatus?: DeviceStatus;
  /** When it was last enabled or disabled; undefined for a device that never was. */
  readonly statusUpdatedAt?: Instant;
  readonly authentication: DeviceAuthentication;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export type DeviceStatus = { readonly isEnabled: boolean; readonly statusReason?: string };

/** What a key has that nobody chose. */
export const generatedKeyBytes = 32;

/** Tags of identities are random, so that none says how often one changed. */
export function newEtag(random: Random): string {
  return random.bytes(8).toString('base64');
}

export function newGenerationId(random: Random): string {
  return random.bytes(8).readBigUInt64BE().toString();
}

/**
 * The authentication as it is kept: separators stripped, upper case, an empty or all-zero slot left
 * out (hub-device-protocol.md 2.4), keys sealed by `seal`. Throws Problem `argument-invalid`.
 */
export function normalizeAuthentication(
  authentication: AskedAuthentication,
  seal: (chosen: Partial<SymmetricKeys>) => SealedKeys,
): DeviceAuthentication {
  if (authentication.type === 'certificateAuthority') return { type: 'certificateAuthority' };
  if (authentication.type === 'sas') {
    const { type, ...chosen } = authentication;
    return { type, keys: seal(chosen) };
  }
  if (authentication.type !== 'selfSigned') {
    throw new Problem('not-supported', 'Devices sign in as selfSigned, certificateAuthority or sas.');
  }
  const primaryThumbprint = normalizeThumbprint('primary', authentication.primaryThumbprint);
  const secondaryThumbprint = normalizeThumbprint('secondary', authentication.secondaryThumbprint);
  if (primaryThumbprint === undefined && secondaryThumbprint === undefined) {
    throw new Problem('argument-invalid', 'A selfSigned device needs a primary or a secondary thumbprint.');
  }
  return {
    type: 'selfSigned',
    ...(primaryThumbprint === undefined ? {} : { primaryThumbprint }),
    ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
  };
}

export function isSameAuthentication(a: ModuleAuthentication, b: ModuleAuthentication): boolean {
  if (a.type === 'sas' && b.type === 'sas') {
    const keys = [a.keys.reveal(), b.keys.reveal()] as const;
    return keys[0].primaryKey === keys[1].primaryKey && keys[0].secondaryKey === keys[1].secondaryKey;
  }
  if (a.type !== 'selfSigned' || b.type !== 'selfSigned') return a.type === b.type;
  return a.primaryThumbprint === b.primaryThumbprint && a.secondaryThumbprint === b.secondaryThumbprint;
}

function normalizeThumbprint(slot: string, text: string | undefined): string | undefined {
  const hex = (text ?? '').replace(/[\s:]/g, '').toUpperCase();
  if (/^0*$/.test(hex)) return undefined;
  if (/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(hex)) return hex;
  throw new Problem('argument-invalid', `The ${slot} thumbprint must be 40 (SHA-1) or 64 (SHA-256) hexadecimal digits.`);
}
