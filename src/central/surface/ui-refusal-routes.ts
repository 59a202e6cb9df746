import type { z } from 'zod';
import { formatInstant, instant } from '#base/instant.ts';
import { parseJson } from '#base/json.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { RefusalRow } from '#storage/schema/server.ts';
import { type RefusalBody, refusalSchema, refusalsQuerySchema } from '../contract/ui-refusals.ts';
import { type CentralRoute, centralRoute } from './route.ts';

const limitDefault = 100;
const traceSchema: z.ZodType<RefusalBody['trace']> = refusalSchema.shape.trace;

/** `/api/ui/refusals`: why was my device refused. */
export function buildUiRefusalRoutes(rooms: { refusals: Pick<RefusalLog, 'list'> }): CentralRoute[] {
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/refusals',
      permission: 'refusals.read',
      summary: 'Refused sign-ins, registrations, attestations and proofs, newest first.',
      query: refusalsQuerySchema,
      async handle({ query }) {
        const { service, subject, limit } = query;
        const rows = await rooms.refusals.list({
          ...(service === undefined ? {} : { service }),
          ...(subject === undefined ? {} : { subject }),
          limit: limit ?? limitDefault,
        });
        return { json: { value: rows.map(formatRefusal) } };
      },
    }),
  ];
}

function formatRefusal(row: RefusalRow): RefusalBody {
  return {
    id: row.refusal_id,
    service: row.service,
    subject: row.subject,
    peer: row.peer,
    reason: row.reason,
    detail: row.detail,
    trace: traceSchema.parse(parseJson(row.trace)),
    ...(row.fix === null ? {} : { fix: row.fix }),
    firstAt: formatInstant(instant(row.first_at)),
    lastAt: formatInstant(instant(row.last_at)),
    times: row.times,
  };
}
