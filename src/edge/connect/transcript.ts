/** Says that a step begins. */
export type Tell = (line: string) => void;

/** The first generation's way of telling: one sentence for each step with an empty line behind it (thin-edge.md 3.6). */
export type Transcript = {
  readonly tell: Tell;
  /** The last sentence, without the empty line. */
  readonly end: Tell;
};

export function openTranscript(print: (line: string) => void): Transcript {
  return {
    tell(line) {
      print(line);
      print('');
    },
    end: print,
  };
}
