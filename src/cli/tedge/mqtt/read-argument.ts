import { Problem } from '#base/problem.ts';
import { CommandFailure } from '../../kit/failure.ts';

/** What `read` makes of an argument; a Problem is wrong use, before anything was done (thin-edge.md 2). */
export function readArgument<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Problem) throw new CommandFailure('usage', error.message, { cause: error });
    throw error;
  }
}
