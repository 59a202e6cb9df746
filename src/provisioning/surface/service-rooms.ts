import type { CaCertificates } from '#authorities/ca-certificates.ts';
import type { EnrollmentGroups } from '../enrollments/enrollment-groups.ts';
import type { Enrollments } from '../enrollments/enrollments.ts';
import type { Registrations } from '../registration/registrations.ts';

/** What the service's REST is about. */
export type ServiceRooms = {
  readonly enrollments: Enrollments;
  readonly groups: EnrollmentGroups;
  readonly registrations: Pick<Registrations, 'load' | 'require' | 'page' | 'delete'>;
  readonly authorities: Pick<CaCertificates, 'load'>;
  /** What devices lose with their enrollments. */
  readonly holds: { idle(): Promise<void> };
};
