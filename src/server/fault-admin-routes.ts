import { z } from 'zod';
import { formatInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { type AskedRule, type FaultRule, faultProtocols } from '#hub/faults/fault-rule.ts';
import { faultLimits } from '#hub/faults/limits.ts';
import type { Hub } from '#hub/hub.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();

const hubQuery = z.strictObject({ hub: z.string().max(64).optional() });
const id = z.string().min(1).max(128);
const faultBody = z.strictObject({
  target: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('all') }),
    z.strictObject({ kind: z.literal('device'), deviceId: id, moduleId: id.optional() }),
    z.strictObject({ kind: z.literal('percentage'), percent: z.number().gt(0).max(100) }),
  ]),
  effect: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('latency'), ms: z.number().int().min(1).max(faultLimits.latencyMsMax) }),
    z.strictObject({ kind: z.literal('drop') }),
    z.strictObject({
      kind: z.literal('kill'),
      everyMs: z.number().int().min(faultLimits.everyMsMin).max(faultLimits.everyMsMax).optional(),
    }),
    z.strictObject({ kind: z.literal('throttle') }),
    z.strictObject({ kind: z.literal('refuse') }),
  ]),
  protocol: z.enum(faultProtocols).optional(),
  durationMs: z.number().int().min(1).max(faultLimits.ruleMsMax).optional(),
});

/** What goes wrong on purpose. The rules of a hub live as long as the process. */
export function faultAdminRoutes(hubOf: (query: { hub?: string | undefined }) => Hub): Route<UserCaller, Permission>[] {
  const rulesOf = (hub: Hub) => {
    if (hub.faults) return hub.faults.rules;
    throw new Problem('conflict', 'Faults are off: the setting hub.faults is off.', { reason: 'FaultsOff' });
  };
  return [
    route({
      method: 'POST',
      path: '/faults',
      permission: 'hub-devices.write',
      summary: 'Adds a rule by which something goes wrong, or cuts connections once',
      query: hubQuery,
      body: faultBody,
      async handle({ query, body }) {
        const hub = hubOf(query);
        const rules = rulesOf(hub);
        const { rule, killed } = rules.add(await checkAsked(hub, body));
        return { status: 201, json: { killed, ...(rule && describe(rule)) } };
      },
    }),
    route({
      method: 'GET',
      path: '/faults',
      permission: 'devices.read',
      summary: 'The rules by which something goes wrong',
      query: hubQuery,
      handle: async ({ query }) => ({ json: { value: rulesOf(hubOf(query)).list().map(describe) } }),
    }),
    route({
      method: 'DELETE',
      path: '/faults/:ruleId',
      permission: 'hub-devices.write',
      summary: 'Ends one rule',
      query: hubQuery,
      async handle({ params: { ruleId = '' }, query }) {
        rulesOf(hubOf(query)).remove(ruleId);
        return { status: 204 };
      },
    }),
    route({
      method: 'DELETE',
      path: '/faults',
      permission: 'hub-devices.write',
      summary: 'Ends every rule',
      query: hubQuery,
      handle: async ({ query }) => ({ json: { removed: rulesOf(hubOf(query)).clear() } }),
    }),
  ];
}

/** An id that nobody has is mistyped: the rule would do nothing, unseen. */
async function checkAsked(
  { registry }: Pick<Hub, 'registry'>,
  { target, effect, protocol, durationMs }: z.output<typeof faultBody>,
): Promise<AskedRule> {
  if (effect.kind === 'kill' && protocol === 'https') {
    throw new Problem('argument-invalid', 'A request over HTTPS is no connection that could be killed. Use drop or refuse.');
  }
  if (effect.kind === 'kill' && effect.everyMs === undefined && durationMs !== undefined) {
    throw new Problem('argument-invalid', 'Killing once takes no time. Say how often it is to happen.');
  }
  const rest = {
    effect: effect.kind === 'kill' ? killOf(effect) : effect,
    ...(protocol && { protocol }),
    ...(durationMs !== undefined && { durationMs }),
  };
  if (target.kind !== 'device') return { target, ...rest };
  const { kind, deviceId, moduleId } = target;
  await registry.require(deviceId);
  if (moduleId === undefined) return { target: { kind, deviceId }, ...rest };
  await registry.modules.require(deviceId, moduleId);
  return { target: { kind, deviceId, moduleId }, ...rest };
}

/** Without a member that is there and undefined. */
function killOf({ kind, everyMs }: { kind: 'kill'; everyMs?: number | undefined }): AskedRule['effect'] {
  return { kind, ...(everyMs === undefined ? {} : { everyMs }) };
}

function describe({ endsAt, ...rule }: FaultRule) {
  return { ...rule, ...(endsAt === undefined ? {} : { endsAt: formatInstant(endsAt) }) };
}
