import type { Instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';

/** How a device came to its hub (dps-device-protocol.md 7). */
export const substatuses = [
  'initialAssignment',
  'deviceDataMigrated',
  'deviceDataReset',
  'reprovisionedToInitialAssignment',
] as const;
export type Substatus = (typeof substatuses)[number];

/** Where a device belongs. */
export type Assignment = {
  readonly hubHostName: string;
  readonly deviceId: string;
  readonly substatus: Substatus;
  /** The hub that it was assigned to first. */
  readonly firstHubHostName: string;
};

/** What became of a device's last registration. */
export type Registration = {
  /** As the device spelled it. */
  readonly registrationId: string;
  /** None when the device has an enrollment of its own. */
  readonly groupId?: string;
  readonly result:
    | (Assignment & { readonly status: 'assigned'; readonly payload?: JsonObject })
    | {
        readonly status: 'failed';
        readonly errorCode: number;
        readonly errorMessage: string;
        /** What an earlier registration led to: the device is still there. */
        readonly previous?: Assignment;
      };
  /** Of the certificate it came in by; a device that came in by key has none. */
  readonly leafSha256?: string;
  readonly anchorSha256?: string;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

/** Where the device belongs, whatever became of its last registration. */
export function assignmentOf(registration: Registration | undefined): Assignment | undefined {
  const result = registration?.result;
  if (result?.status === 'failed') return result.previous;
  if (!result) return undefined;
  const { hubHostName, deviceId, substatus, firstHubHostName } = result;
  return { hubHostName, deviceId, substatus, firstHubHostName };
}

/** A registration under way; its id stays good over a restart. */
export type Operation = {
  readonly operationId: string;
  readonly registrationId: string;
  /** JSON text as the device sent it. */
  readonly payload: string | undefined;
  readonly isDone: boolean;
};
