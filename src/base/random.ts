import { randomBytes, randomUUID } from 'node:crypto';

/** The only door to chance: tests pass a seeded one (test/support/seeded-random.ts). */
export interface Random {
  bytes(length: number): Buffer;
  uuid(): string;
  /** A number in [0, 1), for jitter and simulated values; not for secrets. */
  fraction(): number;
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};

/** `length` random bytes as base64url: ids and tokens that go into URLs. */
export function randomToken(random: Random, length: number): string {
  return random.bytes(length).toString('base64url');
}
