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
