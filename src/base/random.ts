/** The only door to chance: tests pass a seeded one (test/support/seeded-random.ts). */
export interface Random {
  bytes(length: number): Buffer;
  uuid(): string;
  /** A number in [0, 1), for jitter and simulated values; not for secrets. */
  fraction(): number;
}

/** Loaded by who first needs chance: of what a command like `tedge config get` takes to start it would be a third. */
const crypto = () => process.getBuiltinModule('node:crypto');

export const systemRandom: Random = {
  bytes: (length) => crypto().randomBytes(length),
  uuid: () => crypto().randomUUID(),
  fraction: () => crypto().randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};

/** `length` random bytes as base64url: ids and tokens that go into URLs. */
export function randomToken(random: Random, length: number): string {
  return random.bytes(length).toString('base64url');
}
