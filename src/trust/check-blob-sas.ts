import { timingSafeEqual } from 'node:crypto';
import { formatInstant, type Instant } from '#base/instant.ts';
import { type BlobAddress, type BlobKey, type BlobSas, blobSignatureOf } from '#wire/azure/blob-sas.ts';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

export type BlobPermission = 'r' | 'w' | 'd';

const deeds: Readonly<Record<BlobPermission, string>> = { r: 'read', w: 'write', d: 'delete' };

/**
 * Decides whether somebody may read, write or delete one blob by a signature in its URL.
 *
 * The signature is over the blob, so it is good for no other; its comparison takes the same time whatever is wrong.
 * Expiry comes after it, as with every token: that one is refused as expired says that it was genuine. There is no
 * grace: we ourselves made it, by the same clock.
 */
export function checkBlobSas(check: {
  readonly sas: BlobSas | undefined;
  readonly key: BlobKey;
  readonly address: BlobAddress;
  readonly permission: BlobPermission;
  readonly at: Instant;
}): Verdict<BlobAddress> {
  const { sas, key, address, permission, at } = check;
  if (!sas) {
    return refuse('token-malformed', 'The URL has no shared access signature for one blob.', {
      fix: 'Write to the URL that the hub’s answer makes, its token unchanged.',
    });
  }
  const { permissions, expiry, expiresAt, signature } = sas;
  if (!timingSafeEqual(blobSignatureOf(key, address, { permissions, expiry }), signature)) {
    return refuse('token-signature', `The signature is not ours for ${address.container}/${address.name}.`, {
      fix: 'Write to the very blob that the hub named, with the token it gave for it.',
    });
  }
  const trace: TraceStep[] = [{ check: 'token-signature', passed: true }];
  if (expiresAt <= at) {
    return refuse('token-expired', `The signature ended at ${formatInstant(expiresAt)}.`, {
      trace,
      fix: 'Begin the upload anew: each beginning comes with a fresh token.',
    });
  }
  trace.push({ check: 'token-expiry', passed: true, detail: expiry });
  if (!permissions.includes(permission)) {
    return refuse('policy-right-missing', `The signature does not allow to ${deeds[permission]} the blob.`, {
      trace,
      fix: 'Use a token that was made for this.',
    });
  }
  return accept(address, [...trace, { check: 'policy-right', passed: true, detail: permissions }]);
}
