import type { Cancel } from './clock.ts';

/**
 * Why the server does not do its work as it should, in words for its operator. `failed`: something that clients ask for
 * is refused now. `degraded`: it goes on, and somebody should look.
 */
export type Concern = {
  /** The part of the server: `disk`, `log`, `database`, `certificates`, `clock`, `destinations`… */
  readonly part: string;
  readonly state: 'degraded' | 'failed';
  /** One sentence: what is wrong, with its number. */
  readonly says: string;
  /** One sentence: what mends it. */
  readonly fix: string;
};

export type HealthReport = { readonly state: 'ok' | 'degraded' | 'failed'; readonly concerns: readonly Concern[] };

type Check = () => readonly Concern[] | Promise<readonly Concern[]>;

/** Of one part; a thousand devices' troubles are one sentence with a number, not a thousand. */
const concernsMax = 20;

/** Asks every part of the server how it is. Whoever may be in trouble says how that is seen, where it is constructed. */
export class Health {
  readonly #checks = new Set<{ part: string; check: Check }>();

  watch(part: string, check: Check): Cancel {
    const entry = { part, check };
    this.#checks.add(entry);
    return () => void this.#checks.delete(entry);
  }

  /** A check that fails is a concern itself: nobody knows how that part is. */
  async report(): Promise<HealthReport> {
    const answers = await Promise.all(
      [...this.#checks].map(async ({ part, check }): Promise<readonly Concern[]> => {
        try {
          return (await check()).slice(0, concernsMax);
        } catch (error) {
          const says = `How the part ${part} is cannot be said: ${error instanceof Error ? error.message : String(error)}.`;
          return [{ part, state: 'degraded', says, fix: 'Look at the log of the server.' }];
        }
      }),
    );
    const concerns = answers.flat();
    const isFailed = concerns.some(({ state }) => state === 'failed');
    return { state: isFailed ? 'failed' : concerns.length > 0 ? 'degraded' : 'ok', concerns };
  }
}

/** The health of the server that a part belongs to; a part that is on its own is asked by nobody. */
export function healthOf({ health }: { readonly health?: Health }): Pick<Health, 'watch'> {
  return health ?? { watch: () => () => {} };
}
