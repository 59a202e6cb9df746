import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';

/** A hub that devices can be assigned to. */
export type LinkedHub = {
  readonly hub: Pick<Hub, 'hostName' | 'registry' | 'authorities' | 'twins'>;
  /** Whether it takes part where an enrollment names no hubs. */
  readonly appliesAllocationPolicy: boolean;
  readonly allocationWeight: number;
};

export type LinkedHubs = {
  list(): readonly LinkedHub[];
};

/**
 * Every hub of the installation is linked. The main one takes part by itself; another one only where an
 * enrollment names it, or adding a hub would spread devices that nobody meant to move.
 */
export function linkHubs(main: LinkedHub['hub'], hubs: { list(): readonly LinkedHub['hub'][] }): LinkedHubs {
  const linked = new WeakMap<LinkedHub['hub'], LinkedHub>();
  const linkOf = (hub: LinkedHub['hub']) => {
    const known = linked.get(hub) ?? {
      hub,
      appliesAllocationPolicy: hub.hostName === main.hostName,
      allocationWeight: 1,
    };
    linked.set(hub, known);
    return known;
  };
  return { list: () => hubs.list().map(linkOf) };
}

/** Host names ignore case. */
export function findLinkedHub(linked: readonly LinkedHub[], hostName: string): LinkedHub | undefined {
  return linked.find(({ hub }) => hub.hostName.toLowerCase() === hostName.toLowerCase());
}

/** Those among which an enrollment that names `iotHubs` lets choose; one that is linked no more is left out. */
export function candidatesOf(linked: readonly LinkedHub[], iotHubs: readonly string[]): readonly LinkedHub[] {
  if (iotHubs.length === 0) return linked.filter(({ appliesAllocationPolicy }) => appliesAllocationPolicy);
  return linked.filter(({ hub }) => iotHubs.some((name) => name.toLowerCase() === hub.hostName.toLowerCase()));
}

/** Throws Problem `argument-invalid` for a name that no linked hub has. */
export function requireLinkedHubs(linked: readonly LinkedHub[], iotHubs: readonly string[]): void {
  const missing = iotHubs.find((name) => !findLinkedHub(linked, name));
  if (missing === undefined) return;
  const known = linked.map(({ hub }) => hub.hostName).join(', ');
  throw new Problem('argument-invalid', `${missing} is not a linked hub. Linked are ${known}.`, { reason: 'hub-not-linked' });
}
