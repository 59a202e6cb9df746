import { silentLog } from '#base/log.ts';
import { ManualClock } from './manual-clock.ts';
import { seededRandom } from './seeded-random.ts';

/** A platform whose time stands still, whose chance repeats and whose log says nothing. */
export function testPlatform(seed: string | number = 1) {
  return { clock: new ManualClock(), random: seededRandom(seed), log: silentLog };
}
