import type { Instant } from '#base/instant.ts';
import type { DisconnectCause, LiveSession, Presence } from '#hub/presence/presence.ts';
import type { DeviceCaller } from '#trust/caller.ts';

/** Opens a session without a socket; `closed` tells what it was closed with. */
export function liveSession(presence: Presence, deviceId: string, expiresAt?: Instant) {
  const closed: DisconnectCause[] = [];
  const session: LiveSession = {
    // Sealed: only trust can make one for the product.
    caller: { kind: 'device', deviceId, expiresAt } as unknown as DeviceCaller,
    close(cause) {
      closed.push(cause);
      presence.ended(session, cause);
    },
  };
  presence.open(session);
  return { session, closed };
}
