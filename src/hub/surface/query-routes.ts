import { Problem } from '#base/problem.ts';
import { askedQuery, versionOnly } from '../contract/service-requests.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** A text that is too long is refused with where it goes on too long, so a much longer body is read first. */
const bodyBytesMax = 4 * 1024 * 1024;

/** Queries over twins and jobs (hub-service-protocol.md 4.6 and 5). */
export function queryRoutes({ queries }: ServiceRooms): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'POST',
      path: '/devices/query',
      readsOnly: true,
      permission: 'ServiceConnect',
      summary: 'A page of the rows that a query asks for',
      query: versionOnly,
      body: askedQuery,
      bodyBytesMax,
      async handle({ body, headers }) {
        const continuation = headers['x-ms-continuation'];
        const items = parseItemCount(headers['x-ms-max-item-count']);
        const answer = await queries.run(body.query, {
          ...(items === undefined ? {} : { items }),
          ...(continuation ? { continuation } : {}),
        });
        return {
          headers: {
            'x-ms-item-type': answer.itemType,
            // Tools ask again as long as there is one, whatever it says.
            ...(answer.continuation === undefined ? {} : { 'x-ms-continuation': answer.continuation }),
          },
          json: answer.items,
        };
      },
    }),
  ];
}

/** What is no number is an error; what is out of range comes into it. */
function parseItemCount(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (/^\s*[+-]?\d{1,15}\s*$/.test(text)) return Number(text);
  throw new Problem('argument-invalid', 'x-ms-max-item-count must be a whole number.');
}
