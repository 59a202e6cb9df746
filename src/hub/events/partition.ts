/** Spreading devices over partitions: the same device lands in the same one for as long as the count stays. */

/** FNV-1a, 32 bits: stable over versions and platforms, which a runtime's own string hash is not. */
export function partitionOf(deviceId: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < deviceId.length; i++) {
    hash ^= deviceId.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // FNV's low bits mix well, but ids that differ only at the end need the high ones as well.
  hash ^= hash >>> 15;
  return (hash >>> 0) % partitions;
}
