import { Secret } from '#base/secret.ts';
import type { AllocationSettings, AllocationWebhook, InitialTwin } from '../allocation/allocation-settings.ts';
import { isMaskOf } from '../allocation/masked-url.ts';
import type { AskedAllocation } from '../contract/service-requests.ts';

/** What a request says about the hub. It is the whole of it: what is left out is as it was never said. */
export function readAllocation(asked: AskedAllocation, present: AllocationSettings | undefined): AllocationSettings {
  const { iotHubHostName, reprovisionPolicy, initialTwin, customAllocationDefinition } = asked;
  // What older clients say where newer ones say static (dps-service-protocol.md 4.1).
  const allocationPolicy = iotHubHostName && !asked.allocationPolicy ? 'static' : asked.allocationPolicy;
  const iotHubs = asked.iotHubs?.length ? asked.iotHubs : iotHubHostName ? [iotHubHostName] : [];
  const twin: InitialTwin = {
    ...(initialTwin?.tags && { tags: initialTwin.tags }),
    ...(initialTwin?.properties?.desired && { desired: initialTwin.properties.desired }),
  };
  return {
    ...(allocationPolicy && { allocationPolicy }),
    iotHubs,
    reprovisionPolicy: {
      updateHubAssignment: reprovisionPolicy?.updateHubAssignment ?? true,
      migrateDeviceData: reprovisionPolicy?.migrateDeviceData ?? true,
    },
    ...(Object.keys(twin).length > 0 && { initialTwin: twin }),
    ...(customAllocationDefinition && { webhook: readWebhook(customAllocationDefinition, present?.webhook) }),
  };
}

/** A URL that comes back as it was shown, its secret hidden, means the one that is kept. */
function readWebhook(
  { webhookUrl, apiVersion }: { webhookUrl: string; apiVersion?: string | null | undefined },
  present: AllocationWebhook | undefined,
): AllocationWebhook {
  const kept = present && isMaskOf(webhookUrl, present.url.reveal()) ? present.url : undefined;
  return { url: kept ?? new Secret(webhookUrl), apiVersion: apiVersion ?? '' };
}
