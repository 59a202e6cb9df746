import { Problem } from '#base/problem.ts';
import type { Hub, HubDirectory } from '#hub/hub.ts';

/** The hub that a query names; without a name, `main` is meant. Throws Problem `not-found`. */
export function hubOfQuery(hubs: Pick<HubDirectory, 'find'>): (query: { hub?: string | undefined }) => Hub {
  return ({ hub: name = 'main' }) => {
    const hub = hubs.find(name);
    if (hub) return hub;
    throw new Problem('not-found', `There is no hub ${name}.`, { reason: 'HubNotFound' });
  };
}
