import type { RevocationLists } from '#authorities/revocation-lists.ts';
import { revocationOf } from '#trust/revocation.ts';
import type { EnrollmentGroup } from '../enrollments/enrollment-group.ts';
import type { EnrollmentGroups } from '../enrollments/enrollment-groups.ts';
import type { Enrollments } from '../enrollments/enrollments.ts';
import type { AttestRegistration } from './attest-registration.ts';
import type { Registration } from './registration.ts';

/** Why a device that registered may not be at its hub now, in a sentence; undefined when it may. */
export type WhyHeld = (
  registration: Pick<Registration, 'registrationId' | 'groupId' | 'anchorSha256'>,
) => Promise<string | undefined>;

export type WhyHeldOptions = {
  readonly enrollments: Pick<Enrollments, 'load'>;
  readonly groups: Pick<EnrollmentGroups, 'load'>;
  readonly attest: Pick<AttestRegistration, 'certificateGroup'>;
  readonly revocationLists: Pick<RevocationLists, 'evidence'>;
};

/**
 * Judges registrations as things stand while it is made: what it found out about a group is not looked up again, since
 * a group may have many thousands of them.
 */
export function buildWhyHeld({ enrollments, groups, attest, revocationLists }: WhyHeldOptions): WhyHeld {
  const known = new Map<string, Promise<(anchorSha256: string | undefined) => string | undefined>>();

  async function judge(groupId: string): Promise<(anchorSha256: string | undefined) => string | undefined> {
    const group = await groups.load(groupId);
    if (!group) return () => `Enrollment group ${groupId} was deleted.`;
    if (!group.isEnabled) return () => `Enrollment group ${groupId} is disabled.`;
    const anchors = await anchorsOf(group);
    return (anchorSha256) => {
      if (anchorSha256 === undefined) return undefined;
      const anchor = anchors.find(({ sha256Thumbprint }) => sha256Thumbprint === anchorSha256);
      if (!anchor) return `The CA certificate that let it into enrollment group ${groupId} is no longer there.`;
      const revoked = revocationOf(anchor, revocationLists.evidence().lists);
      return revoked === undefined ? undefined : `The CA certificate of enrollment group ${groupId} was revoked.`;
    };
  }

  async function anchorsOf(group: EnrollmentGroup) {
    const { anchors = [], heldUnder = [] } = (await attest.certificateGroup(group)) ?? {};
    return [...anchors, ...heldUnder];
  }

  return async ({ registrationId, groupId, anchorSha256 }) => {
    if (groupId !== undefined) {
      const judged = known.get(groupId) ?? judge(groupId);
      known.set(groupId, judged);
      return (await judged)(anchorSha256);
    }
    const enrollment = await enrollments.load(registrationId);
    if (!enrollment) return `The enrollment of ${registrationId} was deleted.`;
    return enrollment.isEnabled ? undefined : `The enrollment of ${registrationId} is disabled.`;
  };
}
