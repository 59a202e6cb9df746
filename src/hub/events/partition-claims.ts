/** Who reads a partition in a consumer group, as far as the others are concerned. */
export type PartitionClaim = {
  readonly group: string;
  readonly partition: number;
  /** Its owner level; without one it reads beside others. */
  readonly epoch: number | undefined;
  /** Somebody with a higher claim took its place. */
  stolen(): void;
};

export type ClaimAnswer = 'granted' | 'owned' | 'too-many';

/**
 * Who may read where (hub-service-protocol.md 9.3): one reader with an owner level in each partition of a group, the
 * newest of the highest level; or else some without.
 */
export class PartitionClaims {
  readonly #readersMax: number;
  readonly #byPlace = new Map<string, Set<PartitionClaim>>();

  constructor(readersMax: number) {
    this.#readersMax = readersMax;
  }

  claim(claim: PartitionClaim): ClaimAnswer {
    const place = placeOf(claim);
    const present = this.#byPlace.get(place) ?? new Set();
    const owner = [...present].find(({ epoch }) => epoch !== undefined);
    if (owner?.epoch !== undefined && (claim.epoch === undefined || claim.epoch < owner.epoch)) return 'owned';
    if (claim.epoch === undefined && present.size >= this.#readersMax) return 'too-many';
    this.#byPlace.set(place, present);
    if (claim.epoch !== undefined) {
      const others = [...present];
      present.clear();
      present.add(claim);
      for (const other of others) other.stolen();
    } else present.add(claim);
    return 'granted';
  }

  release(claim: PartitionClaim): void {
    const place = placeOf(claim);
    const present = this.#byPlace.get(place);
    present?.delete(claim);
    if (present?.size === 0) this.#byPlace.delete(place);
  }
}

function placeOf({ group, partition }: PartitionClaim): string {
  return `${group.toLowerCase()} ${partition}`;
}
