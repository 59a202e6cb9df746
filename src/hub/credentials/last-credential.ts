import type { Instant } from '#base/instant.ts';

/** What a device or a module signed in with last. */
export type LastCredential = {
  /** DER, leaf first, as it sent them; none for a token, of which only the end is kept. */
  readonly certificates: readonly Buffer[];
  readonly endsAt: Instant | undefined;
  /** How often it came with a newer one than before. */
  readonly renewals: number;
  /** When it first came with this one. */
  readonly seenAt: Instant;
};
