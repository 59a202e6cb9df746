import { type Refusal, refuse } from '#trust/verdict.ts';
import type { CloseReason } from '#wire/mqtt/server-session.ts';
import type { DisconnectCause } from '../presence/presence.ts';

/** Our own reasons come through `close`; of the session's own, all but these are the device's fault. */
export function causeOf(reason: CloseReason): DisconnectCause {
  if (reason === 'internal-error') return 'hub-failed';
  const causes: readonly DisconnectCause[] = ['disconnect', 'connection-lost', 'keep-alive-timeout'];
  return causes.find((cause) => cause === reason) ?? 'protocol-violation';
}

/** Whoever lost the right to send has no last word either. */
export function isRevoked(cause: DisconnectCause): boolean {
  return revoking.has(cause);
}

const revoking: ReadonlySet<DisconnectCause> = new Set([
  'device-deleted',
  'device-disabled',
  'credential-changed',
  'certificate-revoked',
  'credential-expired',
]);

/** Why a session ended whose device was let in rightly and is not any more, in the form in which refusals are kept. */
export function endOfTrust(cause: DisconnectCause): Refusal | undefined {
  if (cause === 'certificate-revoked') {
    return refuse('certificate-revoked', 'A revocation list came that names its certificate, or the CA above it.').refusal;
  }
  return cause === 'device-disabled' ? refuse('device-disabled', 'It was disabled while it was connected.').refusal : undefined;
}
