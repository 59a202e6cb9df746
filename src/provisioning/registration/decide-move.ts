import type { ReprovisionPolicy } from '../allocation/allocation-settings.ts';
import type { Assignment, Substatus } from './registration.ts';

/** Whether the hub is chosen anew for a device that has one, if that is linked still. */
export function staysWhereItIs(policy: ReprovisionPolicy, isLinked: boolean): boolean {
  return isLinked && !policy.updateHubAssignment;
}

/** What a registration is called that led from `previous` to the hub of this name (dps-device-protocol.md 7). */
export function substatusOf(previous: Assignment | undefined, policy: ReprovisionPolicy, hubHostName: string): Substatus {
  if (!previous) return 'initialAssignment';
  // Nothing changed, so what it is called does not either.
  if (isSameHost(previous.hubHostName, hubHostName)) return previous.substatus;
  // One that would have stayed lost its hub: it begins anew.
  if (!policy.updateHubAssignment || isSameHost(previous.firstHubHostName, hubHostName))
    return 'reprovisionedToInitialAssignment';
  return policy.migrateDeviceData ? 'deviceDataMigrated' : 'deviceDataReset';
}

export function isSameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
