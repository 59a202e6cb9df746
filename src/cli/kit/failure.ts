import { asProblem, Problem } from '#base/problem.ts';

/** What a process ends with. 0 to 2 mean the same for every command; the others are azsphere's (sphere.md 4.5). */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notSignedIn: 3,
  unsupported: 4,
  notFound: 5,
  conflict: 6,
  network: 7,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof exitCodes;

/** Why a command ends without having done its work, in the three parts a person needs. */
export class CommandFailure extends Error {
  /** A name of ours, or the number that a simulated program ended with. */
  readonly exit: ExitName | number;
  /** Why it failed, when that is not already said. */
  readonly why: string | undefined;
  /** What to do, as a command that can be pasted where there is one. */
  readonly fix: string | undefined;

  /** `what` says what failed and on what. */
  constructor(exit: ExitName | number, what: string, options: { why?: string; fix?: string; cause?: unknown } = {}) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CommandFailure';
    this.exit = exit;
    this.why = options.why;
    this.fix = options.fix;
  }
}

export function exitCodeOf({ exit }: CommandFailure): number {
  return typeof exit === 'number' ? exit : exitCodes[exit];
}

/** Anything that was thrown, as a failure to show; a bug keeps its stack as cause. */
export function asCommandFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof Problem) return new CommandFailure('failed', error.message, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new CommandFailure('failed', message || 'Something went wrong on our side.', { cause: asProblem(error).cause });
}

/** The lines of a failure: what, why, what to do. The stack follows only when asked for. */
export function formatFailure(failure: CommandFailure, options: { isDebug: boolean }): string[] {
  const lines = [`error: ${failure.message}`];
  if (failure.why) lines.push(`  ${failure.why}`);
  if (failure.fix) lines.push(`  ${failure.fix}`);
  if (options.isDebug) {
    const origin = failure.cause instanceof Error ? failure.cause : failure;
    if (origin.stack) lines.push(origin.stack);
  }
  return lines;
}
