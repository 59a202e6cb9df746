import { formatInstantTicks } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { AllocationSettings } from '../allocation/allocation-settings.ts';
import { maskedUrl } from '../allocation/masked-url.ts';
import type { Enrollment } from './enrollment.ts';
import type { EnrollmentGroup } from './enrollment-group.ts';

/** An enrollment as services and webhooks see it (dps-service-protocol.md 4.1); how much of the attestation is for the caller to say. */
export function formatEnrollment(enrollment: Enrollment, attestation: object, registrationState?: object) {
  const { registrationId, deviceId, deviceInformation } = enrollment;
  return {
    registrationId,
    ...(deviceId !== undefined && { deviceId }),
    ...(registrationState !== undefined && { registrationState }),
    ...(deviceInformation !== undefined && { optionalDeviceInformation: deviceInformation }),
    attestation,
    capabilities: { iotEdge: false },
    ...formatCommon(enrollment),
  };
}

export function formatGroup(group: EnrollmentGroup, attestation: object) {
  return {
    enrollmentGroupId: group.groupId,
    attestation,
    capabilities: { iotEdge: group.type === 'iotEdge' },
    ...formatCommon(group),
  };
}

/** Clients copy this text into If-Match as it is, quotes included (2.1). */
export function formatEtag(etag: string): string {
  return `"${etag}"`;
}

function formatCommon(
  enrollment: Pick<Enrollment, 'etag' | 'isEnabled' | 'createdAt' | 'updatedAt'> & { allocation: AllocationSettings },
) {
  const { allocationPolicy, iotHubs, reprovisionPolicy, initialTwin, webhook } = enrollment.allocation;
  return {
    ...(initialTwin && { initialTwin: formatTwin(initialTwin) }),
    etag: formatEtag(enrollment.etag),
    provisioningStatus: enrollment.isEnabled ? 'enabled' : 'disabled',
    reprovisionPolicy,
    createdDateTimeUtc: formatInstantTicks(enrollment.createdAt),
    lastUpdatedDateTimeUtc: formatInstantTicks(enrollment.updatedAt),
    ...(allocationPolicy !== undefined && { allocationPolicy }),
    ...(iotHubs.length > 0 && { iotHubs }),
    ...(webhook && {
      customAllocationDefinition: { webhookUrl: maskedUrl(webhook.url.reveal()), apiVersion: webhook.apiVersion },
    }),
  };
}

function formatTwin({ tags, desired }: { tags?: JsonObject; desired?: JsonObject }) {
  return { ...(tags && { tags }), ...(desired && { properties: { desired } }) };
}
