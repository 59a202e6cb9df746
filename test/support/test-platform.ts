import { silentLog } from '#base/log.ts';
import { Metrics } from '#base/metrics.ts';
import { ManualClock } from './manual-clock.ts';
import { seededRandom } from './seeded-random.ts';

/** A platform whose time stands still, whose chance repeats, whose log says nothing and whose numbers can be looked at. */
export function testPlatform(seed: string | number = 1) {
  return { clock: new ManualClock(), random: seededRandom(seed), log: silentLog, metrics: new Metrics() };
}
