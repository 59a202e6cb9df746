/** One line of the table: a figure, its peer's, and whether the first bar is met. */
export type Row = {
  readonly shape: string;
  readonly what: string;
  readonly unit: string;
  readonly homeport: number;
  /** Who is compared with, and its figure in the same unit. */
  readonly peer: string;
  readonly peerFigure?: number | undefined;
  /** Peer over Homeport: above 1, Homeport needs less. */
  readonly ratio?: number | undefined;
  /** The first bar, in words, and whether it is met. */
  readonly bar: string;
  readonly isMet?: boolean | undefined;
  /** What a reader must know to read it right. */
  readonly note?: string | undefined;
  /** What was measured in each round, for --json. */
  readonly rounds: Readonly<Record<string, readonly number[]>>;
};

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = low] = sorted.length % 2 === 1 ? [sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
}

/** A row whose bar is a ratio to a peer: so many times better than it, at least. */
export function comparedRow(
  row: Pick<Row, 'shape' | 'what' | 'unit' | 'peer' | 'note'> & {
    readonly homeport: readonly number[];
    readonly peerFigures: readonly number[];
    readonly ratioMin: number;
    readonly rounds?: Readonly<Record<string, readonly number[]>>;
  },
): Row {
  const { homeport, peerFigures, ratioMin, rounds, ...rest } = row;
  const [own, other] = [median(homeport), median(peerFigures)];
  const ratio = other / own;
  return {
    ...rest,
    homeport: own,
    peerFigure: other,
    ratio,
    bar: `${ratioMin} ×`,
    isMet: ratio >= ratioMin,
    rounds: { homeport, [row.peer]: peerFigures, ...rounds },
  };
}
