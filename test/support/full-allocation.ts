import { Secret } from '#base/secret.ts';
import type { AllocationSettings } from '#provisioning/allocation/allocation-settings.ts';

/** Everything that can be said about a hub. */
export const fullAllocation: AllocationSettings = {
  allocationPolicy: 'custom',
  iotHubs: ['a.example', 'b.example'],
  reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
  initialTwin: { tags: { a: [1, null] }, desired: { b: { c: 'ü' } } },
  webhook: { url: new Secret('https://hook.example/?code=hush'), apiVersion: '2021-10-01' },
};

/** To compare: secrets are equal by what they hold. */
export function revealAllocation({ webhook, ...rest }: AllocationSettings) {
  return { ...rest, url: webhook?.url.reveal(), version: webhook?.apiVersion };
}
