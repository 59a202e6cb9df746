import { formatInstant, parseInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { roles } from '#trust/permissions.ts';
import type { ApiTokens } from '../access/api-tokens.ts';
import { type ApiTokenBody, apiTokenPutSchema } from '../contract/access.ts';
import { apiQuerySchema, pageQuerySchema } from '../contract/page.ts';
import { page } from './paging.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

/** `/api/roles` and `/api/apiTokens`. */
export function buildAccessRoutes(rooms: { apiTokens: ApiTokens }): CentralRoute[] {
  const { apiTokens } = rooms;
  const roleList = Object.values(roles).map(({ id, displayName }) => ({ id, displayName }));
  return [
    centralRoute({
      method: 'GET',
      path: '/api/roles',
      permission: 'tokens.write',
      summary: 'List the roles.',
      query: pageQuerySchema,
      handle: async () => ({ json: { value: roleList } }),
    }),
    centralRoute({
      method: 'GET',
      path: '/api/roles/:roleId',
      permission: 'tokens.write',
      summary: 'Get a role.',
      query: apiQuerySchema,
      async handle({ params }) {
        const role = roleList.find(({ id }) => id === params.roleId);
        if (!role) throw new Problem('not-found', 'There is no such role.');
        return { json: role };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/apiTokens',
      permission: 'tokens.write',
      summary: 'List API tokens, without their text.',
      query: pageQuerySchema,
      async handle({ query, headers }) {
        const { items, ...rest } = await page(
          { query, headers, path: '/api/apiTokens' },
          (after, limit) => apiTokens.list(after, limit),
          (token) => token.tokenId,
        );
        return { json: { value: items.map(formatToken), ...rest } };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/apiTokens/:tokenId',
      permission: 'tokens.write',
      summary: 'Get an API token, without its text.',
      query: apiQuerySchema,
      handle: async ({ params }) => ({ json: formatToken(await apiTokens.require(params.tokenId ?? '')) }),
    }),
    centralRoute({
      method: 'PUT',
      path: '/api/apiTokens/:tokenId',
      permission: 'tokens.write',
      summary: 'Make an API token. Its text stands in this answer and nowhere else.',
      query: apiQuerySchema,
      body: apiTokenPutSchema,
      async handle({ caller, params, body }) {
        const expiresAt = body.expiry === undefined ? undefined : parseInstant(body.expiry);
        const issued = await apiTokens.create(requireUser(caller), params.tokenId ?? '', {
          roleId: body.roles[0]?.role ?? '',
          ...(expiresAt === undefined ? {} : { expiresAt }),
        });
        return { json: { ...formatToken(issued), token: issued.token } };
      },
    }),
    centralRoute({
      method: 'DELETE',
      path: '/api/apiTokens/:tokenId',
      permission: 'tokens.write',
      summary: 'Revoke an API token.',
      query: apiQuerySchema,
      async handle({ params }) {
        await apiTokens.delete(params.tokenId ?? '');
        return { status: 204 };
      },
    }),
  ];
}

function formatToken(token: Pick<Awaited<ReturnType<ApiTokens['require']>>, 'tokenId' | 'roleId' | 'expiresAt'>): ApiTokenBody {
  return { id: token.tokenId, roles: [{ role: token.roleId }], expiry: formatInstant(token.expiresAt) };
}
