import type { Peer } from '#listeners/surface.ts';
import { auditCalls, type ChangedCall } from '#storage/audit-calls.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import type { ServiceCaller } from '#trust/caller.ts';
import { describeCaller } from '#trust/describe-caller.ts';
import type { ServiceCall } from './service-route.ts';

/** Where what is changed at a hub is written down, and under which name. */
export type HubAudit = { readonly log: Pick<AuditLog, 'record'>; readonly hub: string };

/** The calls of the hub's REST, each under the access policy that it was signed with. */
export function auditServiceCalls({ log, hub }: HubAudit): (call: ChangedCall<ServiceCall>) => Promise<void> {
  return auditCalls(log, 'hub', ({ caller: { by } }) => ({ hub, ...describeCaller(by) }));
}

/** A message to a device or module that was sent over AMQP, where a link is no route and has no status. */
export function auditSentMessage(
  { log, hub }: HubAudit,
  caller: ServiceCaller,
  { remoteAddress: peer, trackingId }: Pick<Peer, 'remoteAddress' | 'trackingId'>,
  target: string,
): Promise<void> {
  return log.record({
    service: 'hub',
    hub,
    ...describeCaller(caller),
    peer,
    action: 'SEND /messages/devicebound',
    target: `/devices/${target.replace('/', '/modules/')}/messages/devicebound`,
    status: 200,
    trackingId,
  });
}
