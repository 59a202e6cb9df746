import type { Clock } from './clock.ts';
import type { Health } from './health.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Random } from './random.ts';
import type { Traces } from './traces.ts';

/** Time, chance and the log: the first argument of everything that needs one of them. */
export type Platform = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Asked for through metricsOf(platform): where nobody reads them, there are none. */
  readonly metrics?: Metrics;
  /** Where a part says how its troubles are seen: healthOf(platform). */
  readonly health?: Health;
  /** Where the ways of messages are followed, if anybody asks for that. */
  readonly traces?: Traces;
};
