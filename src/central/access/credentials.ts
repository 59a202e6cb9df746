import type { Instant } from '#base/instant.ts';

/** A session as stored; only the hash of its cookie is known. */
export type Session = {
  sessionHash: string;
  userId: string;
  displayName: string;
  roleId: string;
  createdAt: Instant;
  lastUsedAt: Instant;
};

/** An API token as stored; only the hash of its signature is known. */
export type ApiToken = {
  tokenId: string;
  signatureHash: string;
  roleId: string;
  expiresAt: Instant;
  createdAt: Instant;
  createdBy: string;
};
