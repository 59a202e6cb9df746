import type { Instant } from '#base/instant.ts';
import { parseIdentityName } from '#hub/identity.ts';
import type { DisconnectCause, LiveSession, Presence } from '#hub/presence/presence.ts';
import type { DeviceCaller } from '#trust/caller.ts';

/** Opens a session of a device, or of a module by `{device}/{module}`, without a socket; `closed` tells what it was closed with. */
export function liveSession(presence: Presence, identity: string, expiresAt?: Instant) {
  const closed: DisconnectCause[] = [];
  const session: LiveSession = {
    // Sealed: only trust can make one for the product.
    caller: { kind: 'device', ...parseIdentityName(identity), expiresAt } as unknown as DeviceCaller,
    close(cause) {
      closed.push(cause);
      presence.ended(session, cause);
    },
  };
  presence.open(session);
  return { session, closed };
}
