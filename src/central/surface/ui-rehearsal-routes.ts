import { type Instant, parseInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { type ClockBody, type RehearsalBody, rehearsalQuerySchema } from '../contract/ui-rehearsal.ts';
import { type CentralRoute, centralRoute } from './route.ts';

/** What the pages show of time itself. Who owns the server knows both; Central asks. */
export type TimeRooms = {
  describeClock(): ClockBody;
  rehearse(until: Instant): Promise<RehearsalBody>;
};

/** `/api/ui/clock` and `/api/ui/rehearsal`: what time it is here, and who will be let in no more. */
export function buildUiRehearsalRoutes({ time }: { time: TimeRooms }): CentralRoute[] {
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/clock',
      permission: 'devices.read',
      summary: 'What the server’s clock shows, and how far it was moved.',
      handle: async () => ({ json: time.describeClock() }),
    }),
    centralRoute({
      method: 'GET',
      path: '/api/ui/rehearsal',
      permission: 'refusals.read',
      summary: 'Which devices will be let in no more by an instant, when and why. Nothing is moved.',
      query: rehearsalQuerySchema,
      async handle({ query }) {
        const until = parseInstant(query.until);
        if (until === undefined) throw new Problem('argument-invalid', `'${query.until}' is no date such as 2027-01-31.`);
        return { json: await time.rehearse(until) };
      },
    }),
  ];
}
