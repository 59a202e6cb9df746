import { Problem } from '#base/problem.ts';
import type { ClientConnection } from './local-client.ts';

/**
 * What was sent on one connection and waits for its acknowledgement. Each is let go of when that comes: a `closed.then` of its own would hold
 * it for as long as the connection lasts.
 */
export class PendingSends {
  readonly #rejects = new Set<(error: Problem) => void>();

  constructor({ closed }: Pick<ClientConnection, 'closed'>) {
    void closed.then((reason) => {
      for (const reject of this.#rejects) reject(connectionEnded(reason));
    });
  }

  /** A promise for who sends to settle; rejected with Problem `unavailable` when the connection ends before. */
  begin(): PromiseWithResolvers<void> {
    const pending = Promise.withResolvers<void>();
    const forget = () => void this.#rejects.delete(pending.reject);
    this.#rejects.add(pending.reject);
    pending.promise.then(forget, forget);
    return pending;
  }
}

export function connectionEnded(reason: string): Problem {
  return new Problem('unavailable', `The local broker ended the connection (${reason}).`);
}
