import { AccessPolicies } from '#authorities/access-policies.ts';
import type { Platform } from '#base/platform.ts';
import type { SecretStore } from '#storage/secret-store.ts';

/** What a shared access policy of a provisioning instance may grant (dps-service-protocol.md). */
export type ProvisioningRight =
  | 'ServiceConfig'
  | 'DeviceConnect'
  | 'EnrollmentRead'
  | 'EnrollmentWrite'
  | 'RegistrationStatusRead'
  | 'RegistrationStatusWrite';

/** The one policy that every instance has. */
const provisioningPolicyTable = {
  provisioningserviceowner: [
    'ServiceConfig',
    'DeviceConnect',
    'EnrollmentRead',
    'EnrollmentWrite',
    'RegistrationStatusRead',
    'RegistrationStatusWrite',
  ],
} as const satisfies Record<string, readonly ProvisioningRight[]>;

export type ProvisioningPolicies = AccessPolicies<ProvisioningRight>;

export function openProvisioningPolicies(
  platform: Platform,
  secrets: SecretStore,
  instance: string,
): Promise<ProvisioningPolicies> {
  return AccessPolicies.open<ProvisioningRight>(platform, secrets, `dps:${instance}`, provisioningPolicyTable);
}
