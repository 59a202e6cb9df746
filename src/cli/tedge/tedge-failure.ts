import { CommandFailure } from '../kit/failure.ts';

/** A failure that the original words as a plain sentence, without `Error:` before it. */
export class PlainFailure extends CommandFailure {
  constructor(sentence: string, options: { fix?: string; cause?: unknown } = {}) {
    super('failed', sentence, options);
    this.name = 'PlainFailure';
  }
}

/** An answer that is the exit code 1 alone, as of `test`: nothing went wrong, so nothing is said. */
export class AnswerNo extends CommandFailure {
  constructor() {
    super('failed', 'no');
    this.name = 'AnswerNo';
  }
}

/** What `work` resolves to; what it throws becomes the cause of having failed to do `what`. */
export async function attempt<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause;
    throw new CommandFailure('failed', `failed to ${what}`, {
      why: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
