import { quoteEtag } from '#base/etag.ts';
import { Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';
import { askedModule, versionOnly } from '../contract/service-requests.ts';
import { identityName } from '../identity.ts';
import { type Module, systemModuleIds } from '../registry/module.ts';
import { formatModule, parseModule } from './service-identity.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** Module identities (hub-service-protocol.md 4.1). */
export function moduleRoutes({
  registry,
  presence,
  cloudToDevice,
}: Pick<ServiceRooms, 'registry' | 'presence' | 'cloudToDevice'>): ServiceRoute[] {
  const answer = async (module: Module): Promise<Reply> => ({
    headers: { etag: quoteEtag(module.etag) },
    json: formatModule(module, await presence.load(identityName(module)), await cloudToDevice.count(identityName(module))),
  });
  return [
    serviceRoute({
      method: 'GET',
      path: '/devices/:deviceId/modules',
      permission: 'RegistryRead',
      summary: 'The modules of a device',
      query: versionOnly,
      async handle({ caller }) {
        const all = await registry.modules.list(caller.deviceId);
        const names = all.map(identityName);
        const [states, counts] = await Promise.all([presence.loadMany(names), cloudToDevice.countMany(names)]);
        const format = (module: Module, name: string) => formatModule(module, states.get(name), counts.get(name) ?? 0);
        return { json: all.map((module) => format(module, identityName(module))) };
      },
    }),
    serviceRoute({
      method: 'GET',
      path: '/devices/:deviceId/modules/:moduleId',
      permission: 'RegistryRead',
      summary: 'A module identity with its keys',
      query: versionOnly,
      handle: async ({ caller, params }) => answer(await registry.modules.require(caller.deviceId, params.moduleId ?? '')),
    }),
    serviceRoute({
      method: 'PUT',
      path: '/devices/:deviceId/modules/:moduleId',
      permission: 'RegistryWrite',
      summary: 'Creates a module identity, or with If-Match changes one',
      query: versionOnly,
      body: askedModule,
      async handle({ caller: { deviceId }, params: { moduleId = '' }, headers, body }) {
        if ((body.deviceId ?? deviceId) !== deviceId || (body.moduleId ?? moduleId) !== moduleId) {
          throw new Problem('argument-invalid', 'The path names another module than the body.');
        }
        requireOrdinary(moduleId);
        const change = parseModule(body);
        const ifMatch = headers['if-match'];
        if (ifMatch !== undefined) return answer(await registry.modules.update(deviceId, moduleId, change, ifMatch));
        return answer(await registry.modules.create({ deviceId, moduleId, ...change }));
      },
    }),
    serviceRoute({
      method: 'DELETE',
      path: '/devices/:deviceId/modules/:moduleId',
      permission: 'RegistryWrite',
      summary: 'Deletes a module identity with its twin and ends its session',
      query: versionOnly,
      async handle({ caller, params: { moduleId = '' }, headers }) {
        requireOrdinary(moduleId);
        await registry.modules.delete(caller.deviceId, moduleId, headers['if-match']);
        return { status: 204 };
      },
    }),
  ];
}

/** The modules of the edge runtime are the service's to make and to keep: they are nobody's own under another meaning. */
export function requireOrdinary(moduleId: string): void {
  if (!systemModuleIds.includes(moduleId)) return;
  throw new Problem('forbidden', `The module ${moduleId} is the system's own.`, { reason: 'system-module' });
}
