import { createHash } from 'node:crypto';
import type { Random } from '#base/random.ts';

/** The same bytes for the same seed on every machine: SHA-256 of seed and counter. */
export function seededRandom(seed: string | number = 1): Random {
  let counter = 0;
  const bytes = (length: number): Buffer => {
    const parts: Buffer[] = [];
    for (let have = 0; have < length; have += 32) {
      parts.push(createHash('sha256').update(`${seed}/${counter++}`).digest());
    }
    return Buffer.concat(parts).subarray(0, length);
  };
  return {
    bytes,
    uuid() {
      const raw = bytes(16);
      raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
      raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
      const hex = raw.toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
    fraction: () => bytes(6).readUIntBE(0, 6) / 2 ** 48,
  };
}
