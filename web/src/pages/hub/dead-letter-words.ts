import type { HubDestination, HubReplay } from '../../api/contract.ts';

/** Which destinations would not take something. */
export function deadLetterWords(destinations: readonly Pick<HubDestination, 'name' | 'deadLetters'>[]) {
  return destinations
    .filter(({ deadLetters }) => deadLetters > 0)
    .map(({ name, deadLetters }) => ({
      destination: name,
      says: `${deadLetters === 1 ? 'One event was' : `${deadLetters} events were`} not taken by the destination ${name}.`,
    }));
}

/** What became of dead letters that were sent again. */
export function replayWords({ replayed, remaining, reason }: HubReplay): string {
  const taken = replayed === 1 ? 'One was taken' : `${replayed === 0 ? 'None was' : `${replayed} were`} taken`;
  if (remaining === 0) return `${taken}, none is left.`;
  const left = remaining === 1 ? 'one is left' : `${remaining} are left`;
  return `${taken}, ${left}${reason === undefined ? '.' : `: ${reason}`}`;
}
