import type { CaCertificate } from '#authorities/ca-certificates.ts';
import type { RevocationLists } from '#authorities/revocation-lists.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import type { HubDirectory } from '#hub/hub.ts';
import type { Provisioning } from '#provisioning/provisioning.ts';
import type { RevocationList, Sphere } from '#sphere/sphere.ts';

/**
 * Carries the security service's revocation lists to those who let its devices in, now and whenever there is another,
 * and how late it is at least. Beside certificates nothing else passes between them.
 */
export async function carryRevocationLists(
  platform: Platform,
  sphere: Pick<Sphere, 'revocationLists' | 'onRevocationList' | 'onClockMark'>,
  lists: Pick<RevocationLists, 'add' | 'noteTime'>,
): Promise<void> {
  const add = async ({ der, issuerDer }: RevocationList) => {
    try {
      await lists.add(der, { by: 'sphere', issuerDer });
    } catch (error) {
      const { reason } = asProblem(error);
      // Of two lists at once the newer one may come first.
      if (reason !== 'list-older') platform.log.error('revocation-list.not-carried', { error: String(error) });
    }
  };
  await sphere.onClockMark((at) => lists.noteTime(at));
  sphere.onRevocationList((list) => void add(list));
  for (const list of await sphere.revocationLists()) await add(list);
}

type TrustingHub = Pick<ReturnType<HubDirectory['list']>[number], 'name' | 'authorities'>;

export type Trusting = {
  readonly hubs: { list(): readonly TrustingHub[] };
  readonly provisioning: Pick<Provisioning, 'authorities' | 'groups'>;
};

/** Who trusts the CA `current` by its own decision and does not trust `next` yet. */
export async function findLacking(
  { hubs, provisioning }: Trusting,
  { current, next }: { current: Buffer; next: Buffer },
): Promise<string[]> {
  const lacking: string[] = [];
  for (const { name, authorities } of hubs.list()) {
    const verified = await authorities.loadVerified();
    // What provisioning introduced there follows the device that brings it.
    const trusts = verified.some((each) => each.der.equals(current) && each.verifiedBy !== 'provisioning');
    if (trusts && !verified.some((each) => each.der.equals(next))) lacking.push(`hub ${name}`);
  }
  const verified = await provisioning.authorities.loadVerified();
  const [old, fresh] = [idOf(verified, current), idOf(verified, next)];
  if (old !== undefined && fresh === undefined) lacking.push('the provisioning service');
  for (const { displayName, attestation } of await provisioning.groups.list()) {
    if (attestation.type !== 'x509') continue;
    const has = (id: string | undefined, der: Buffer) =>
      (id !== undefined && [attestation.primaryCertificateId, attestation.secondaryCertificateId].includes(id)) ||
      [attestation.primaryCertificate, attestation.secondaryCertificate].some((own) => own?.equals(der));
    if (has(old, current) && !has(fresh, next)) lacking.push(`enrollment group ${displayName}`);
  }
  return lacking;
}

function idOf(verified: readonly CaCertificate[], der: Buffer): string | undefined {
  return verified.find((each) => each.der.equals(der))?.certificateId;
}
