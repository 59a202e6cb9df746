import { isJsonObject, type JsonObject, parseJson } from '#base/json.ts';
import { Secret } from '#base/secret.ts';
import type { DpsAllocationColumns } from '#storage/schema/provisioning.ts';
import type { KeySealer } from '#storage/sealed-keys.ts';
import { type AllocationSettings, allocationPolicies, type InitialTwin } from '../allocation/allocation-settings.ts';

/** The settings in the form in which a row takes them; `name` is bound into the seal of the URL. */
export function allocationColumns(settings: AllocationSettings, sealer: KeySealer, name: string): DpsAllocationColumns {
  const { allocationPolicy, iotHubs, reprovisionPolicy, initialTwin, webhook } = settings;
  return {
    allocation_policy: allocationPolicy ?? null,
    iot_hubs: JSON.stringify(iotHubs),
    update_hub_assignment: reprovisionPolicy.updateHubAssignment ? 1 : 0,
    migrate_device_data: reprovisionPolicy.migrateDeviceData ? 1 : 0,
    initial_tags: initialTwin?.tags === undefined ? null : JSON.stringify(initialTwin.tags),
    initial_desired: initialTwin?.desired === undefined ? null : JSON.stringify(initialTwin.desired),
    webhook_api_version: webhook?.apiVersion ?? null,
    sealed_webhook: webhook === undefined ? null : sealer.seal(name, Buffer.from(webhook.url.reveal())),
  };
}

/** What an enrollment of an earlier version did not know has its default. */
export function allocationOf(row: DpsAllocationColumns, sealer: KeySealer, name: string): AllocationSettings {
  const allocationPolicy = allocationPolicies.find((policy) => policy === row.allocation_policy);
  const hubs = row.iot_hubs === null ? [] : parseJson(row.iot_hubs);
  const initialTwin: InitialTwin = {
    ...sectionOf('tags', row.initial_tags),
    ...sectionOf('desired', row.initial_desired),
  };
  return {
    ...(allocationPolicy !== undefined && { allocationPolicy }),
    iotHubs: Array.isArray(hubs) ? hubs.map(String) : [],
    reprovisionPolicy: {
      updateHubAssignment: row.update_hub_assignment !== 0,
      migrateDeviceData: row.migrate_device_data !== 0,
    },
    ...(Object.keys(initialTwin).length > 0 && { initialTwin }),
    ...(row.sealed_webhook !== null && {
      webhook: {
        url: new Secret(sealer.unseal(name, Buffer.from(row.sealed_webhook)).toString()),
        apiVersion: row.webhook_api_version ?? '',
      },
    }),
  };
}

function sectionOf(name: 'tags' | 'desired', text: string | null): { [key: string]: JsonObject } {
  const value = text === null ? undefined : parseJson(text);
  return isJsonObject(value) ? { [name]: value } : {};
}
