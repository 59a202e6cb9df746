import type { CalendarClock, Clock } from '#base/clock.ts';
import { plus } from '#base/instant.ts';

/**
 * A simulated device's own idea of time: its wall clock may be wrong by `offsetMs`, and its periods
 * are divided by `speed`, so that a day of renewals can be watched in minutes.
 */
export function deviceClock(clock: Clock, options: { speed: number; offsetMs: number }): CalendarClock {
  return {
    now: () => plus(clock.now(), options.offsetMs),
    monotonic: () => clock.monotonic() * options.speed,
    after: (ms, run) => clock.after(ms / options.speed, run),
    get calendar() {
      return deviceClock(clock.calendar, options);
    },
  };
}
