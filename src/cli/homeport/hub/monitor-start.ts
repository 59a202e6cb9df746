import { formatInstant, type Instant, parseInstant, plus } from '#base/instant.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { readSpan } from '../clock/read-span.ts';

/** Where to begin, as the query of the administration socket says it; a usage failure for what is no time. */
export function startOf(text: string | undefined, now: Instant): { from: 'start' | 'end' } | { since: string } {
  if (text === undefined || text === 'now') return { from: 'end' };
  if (text === 'start') return { from: 'start' };
  const at = parseInstant(text);
  if (at !== undefined) return { since: formatInstant(at) };
  if (/^[\dsmhdw]+$/.test(text)) {
    return { since: formatInstant(plus(now, -readSpan(text, 'homeport hub monitor-events --from 10m'))) };
  }
  throw new CommandFailure('usage', `--from got '${text}'.`, {
    why: 'It takes start, an instant such as 2027-01-31T12:00:00Z, or a span such as 10m.',
  });
}
