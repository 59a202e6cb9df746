import type { JsonObject } from '#base/json.ts';
import type { RegistrationCaller } from '#trust/caller.ts';
import type { AllocationSettings } from '../allocation/allocation-settings.ts';
import type { EnrollmentGroups } from '../enrollments/enrollment-groups.ts';
import { formatEnrollment, formatGroup } from '../enrollments/enrollment-json.ts';
import type { Enrollments } from '../enrollments/enrollments.ts';

/** What the enrollment by which a device came in says about its hub. */
export type CallersEnrollment = {
  readonly allocation: AllocationSettings;
  /** As a webhook is told of it: of the attestation nothing but its type. */
  readonly document: { readonly [kind: string]: JsonObject };
};

/** Undefined when it was deleted since the device was let in. */
export type LoadEnrollment = (
  caller: Pick<RegistrationCaller, 'registrationId' | 'enrollmentGroupId'>,
) => Promise<CallersEnrollment | undefined>;

export function buildLoadEnrollment(
  enrollments: Pick<Enrollments, 'load'>,
  groups: Pick<EnrollmentGroups, 'load'>,
): LoadEnrollment {
  return async ({ registrationId, enrollmentGroupId }) => {
    if (enrollmentGroupId === undefined) {
      const enrollment = await enrollments.load(registrationId);
      if (!enrollment) return undefined;
      const { allocation, attestation } = enrollment;
      return { allocation, document: { individualEnrollment: plain(formatEnrollment(enrollment, { type: attestation.type })) } };
    }
    const group = await groups.load(enrollmentGroupId);
    if (!group) return undefined;
    const { allocation, attestation } = group;
    return { allocation, document: { enrollmentGroup: plain(formatGroup(group, { type: attestation.type })) } };
  };
}

/** The value as JSON holds it. */
function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value));
}
