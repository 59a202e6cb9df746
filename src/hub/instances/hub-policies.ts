import { AccessPolicies } from '#authorities/access-policies.ts';
import type { Platform } from '#base/platform.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import type { ServiceRight } from '#trust/access-policy.ts';

/** The policies that every hub has (hub-service-protocol.md 2.3). */
export const hubPolicyTable = {
  iothubowner: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
  service: ['ServiceConnect'],
  device: ['DeviceConnect'],
  registryRead: ['RegistryRead'],
  registryReadWrite: ['RegistryRead', 'RegistryWrite'],
} as const satisfies Record<string, readonly ServiceRight[]>;

export type HubPolicies = AccessPolicies<ServiceRight>;

export function openHubPolicies(platform: Platform, secrets: SecretStore, hub: string): Promise<HubPolicies> {
  return AccessPolicies.open<ServiceRight>(platform, secrets, `hub:${hub}`, hubPolicyTable);
}
