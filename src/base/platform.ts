import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Random } from './random.ts';

/** Time, chance and the log: the first argument of everything that needs one of them. */
export type Platform = { readonly clock: Clock; readonly random: Random; readonly log: Log };
