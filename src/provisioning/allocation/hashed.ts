import { createHash } from 'node:crypto';
import type { LinkedHub } from './linked-hubs.ts';

/**
 * The hub that this registration id falls to, by its weight (rendezvous hashing): the same one each time, and
 * when a hub is linked or unlinked only the devices that fall to it, or fell, change.
 */
export function chooseHashed(candidates: readonly LinkedHub[], registrationId: string): LinkedHub | undefined {
  const scored = candidates.map((candidate) => ({ candidate, score: scoreOf(candidate, registrationId) }));
  return scored.toSorted((a, b) => b.score - a.score)[0]?.candidate;
}

function scoreOf({ hub, allocationWeight }: LinkedHub, registrationId: string): number {
  const digest = createHash('sha256').update(`${hub.hostName.toLowerCase()}\n${registrationId.toLowerCase()}`).digest();
  // A fraction between 0 and 1, both left out, of which the logarithm makes a fair lot for any weight.
  const fraction = (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
  return allocationWeight / -Math.log(fraction);
}
