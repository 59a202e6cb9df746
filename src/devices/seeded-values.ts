import { createHash } from 'node:crypto';

/**
 * Numbers in [0, 1) that are the same for the same seed on every machine: what simulated sensors
 * measure. Never used for keys or jitter.
 */
export function seededValues(seed: string): () => number {
  let counter = 0;
  return () => createHash('sha256').update(`${seed}/${counter++}`).digest().readUIntBE(0, 6) / 2 ** 48;
}
