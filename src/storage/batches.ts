/**
 * Work that costs a database little more for many than for one: the first is done at once, and those that come meanwhile
 * are done together afterwards. What fails fails for each of a batch.
 */
export class Batches<Request, Answer> {
  readonly #max: number;
  readonly #run: (requests: readonly Request[]) => Promise<readonly Answer[]>;
  #waiting: { request: Request; resolve(answer: Answer): void; reject(error: unknown): void }[] = [];
  #isRunning = false;

  /** `run` answers each of at most `max` requests, in their order. */
  constructor(max: number, run: (requests: readonly Request[]) => Promise<readonly Answer[]>) {
    this.#max = max;
    this.#run = run;
  }

  ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (!this.#isRunning) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, this.#max);
      this.#waiting = this.#waiting.slice(this.#max);
      try {
        const answers = await this.#run(batch.map(({ request }) => request));
        for (const [at, answer] of answers.entries()) batch[at]?.resolve(answer);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isRunning = false;
  }
}
