import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';

/** What pages ask of a hub. */
export type PortalHub = Pick<
  Hub,
  | 'name'
  | 'hostName'
  | 'registry'
  | 'presence'
  | 'events'
  | 'refusalSubject'
  | 'cloudToDevice'
  | 'authorities'
  | 'policies'
  | 'eventsEndpoint'
  | 'routing'
  | 'serviceRoutes'
>;

/** The hubs that pages can name. */
export type PortalHubs = {
  list(): readonly PortalHub[];
  find(name: string): PortalHub | undefined;
  create(name: string): Promise<PortalHub>;
  delete(name: string): Promise<void>;
};

/** The hub that a path names. Throws Problem `not-found`. */
export function requireHub(hubs: Pick<PortalHubs, 'find'>, name: string | undefined): PortalHub {
  const hub = hubs.find(name ?? '');
  if (hub) return hub;
  throw new Problem('not-found', `There is no hub ${(name ?? '').slice(0, 64)}.`, { reason: 'HubNotFound' });
}
