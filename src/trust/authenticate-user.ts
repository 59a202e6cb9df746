import { constantTimeEqual, sha256Hex } from '#base/bytes.ts';
import type { Instant } from '#base/instant.ts';
import { mint, type UserCaller } from './caller.ts';
import { type Permission, roles } from './permissions.ts';
import { accept, refuse, type Verdict } from './verdict.ts';

/** What is stored of a browser's session; the lookup was by the hash of its cookie. */
export type SessionFacts = {
  readonly userId: string;
  readonly displayName: string;
  readonly roleId: string;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
};

/** What is stored of an API token. */
export type ApiTokenFacts = {
  readonly tokenId: string;
  readonly signatureHash: string;
  readonly roleId: string;
  readonly expiresAt: Instant;
};

/** Decides whether a session still counts: it ends when it was not used for `idleMsMax`, and at `ageMsMax` in any case. */
export function authenticateSession(
  session: SessionFacts | undefined,
  limits: { idleMsMax: number; ageMsMax: number },
  at: Instant,
): Verdict<UserCaller> {
  if (!session) return refuse('session-expired', 'There is no such session; it ended, or was signed out.');
  if (at - session.lastUsedAt >= limits.idleMsMax) return refuse('session-expired', 'The session was not used for too long.');
  if (at - session.createdAt >= limits.ageMsMax) return refuse('session-expired', 'The session reached its greatest age.');
  return accept(
    mint<UserCaller>({
      kind: 'user',
      userId: session.userId,
      displayName: session.displayName,
      permissions: permissionsOf(session.roleId),
      credential: 'session',
    }),
  );
}

/** Decides whether a presented API token is the stored one and still counts. */
export function authenticateApiToken(claim: {
  readonly appId: string;
  readonly presented: { readonly appId: string; readonly signature: string; readonly expiresAt: Instant };
  readonly stored: ApiTokenFacts | undefined;
  readonly at: Instant;
}): Verdict<UserCaller> {
  const { presented, stored } = claim;
  if (presented.appId !== claim.appId) return refuse('token-scope', 'The token is for another application.');
  if (!stored) return refuse('token-unknown', 'There is no such token; it may have been deleted.');
  if (!constantTimeEqual(sha256Hex(presented.signature), stored.signatureHash) || presented.expiresAt !== stored.expiresAt) {
    return refuse('token-signature', 'The token is not the one that was issued under its name.');
  }
  if (claim.at >= stored.expiresAt) return refuse('token-expired', 'The token expired.', { fix: 'Make a new API token.' });
  return accept(
    mint<UserCaller>({
      kind: 'user',
      userId: `token:${stored.tokenId}`,
      displayName: `API token ${stored.tokenId}`,
      permissions: permissionsOf(stored.roleId),
      credential: 'api-token',
    }),
  );
}

/** The local administrator, for whoever could open the administration socket: its file mode is the credential. */
export function mintUser(): UserCaller {
  return mint<UserCaller>({
    kind: 'user',
    userId: 'administrator',
    displayName: 'Administrator',
    permissions: roles.administrator.permissions,
    credential: 'administration-socket',
  });
}

/** Decides whether the caller may do what `permission` guards. */
export function checkPermission(caller: UserCaller, permission: Permission): Verdict<UserCaller> {
  if (caller.permissions.has(permission)) return accept(caller);
  return refuse('permission-missing', `${caller.displayName} lacks the permission ${permission}.`);
}

/** A role that is gone grants nothing. */
function permissionsOf(roleId: string): ReadonlySet<Permission> {
  return Object.values(roles).find((role) => role.id === roleId)?.permissions ?? new Set();
}
