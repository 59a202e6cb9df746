import { formatInstantTicks, type Instant } from '#base/instant.ts';

/** What the service prints for an instant that never was. */
const never = '0001-01-01T00:00:00Z';

/** An instant as the service prints it; fractions have a fixed width, so that texts compare as instants do. */
export function formatTime(at: Instant | undefined): string {
  return at === undefined ? never : formatInstantTicks(at);
}
