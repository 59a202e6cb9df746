import type { CaCertificates } from '#authorities/ca-certificates.ts';
import type { RevocationLists } from '#authorities/revocation-lists.ts';
import type { Cancel } from '#base/clock.ts';
import { parseCertificate } from '#pki/certificate.ts';
import { revocationOf } from '#trust/revocation.ts';

type Rooms = {
  readonly authorities: Pick<CaCertificates, 'loadVerified'>;
  readonly revocationLists: Pick<RevocationLists, 'evidence' | 'onChange'>;
};

/**
 * Calls `changed` when other CAs of the instance are revoked than before. Most lists name devices alone, and come often:
 * only these few say something about whole groups.
 */
export function watchRevokedCas({ authorities, revocationLists }: Rooms, changed: () => void): Cancel {
  let known = '';
  return revocationLists.onChange(() => {
    void authorities.loadVerified().then(
      (verified) => {
        const { lists } = revocationLists.evidence();
        const revoked = verified.filter(({ der }) => revocationOf(parseCertificate(der), lists) !== undefined);
        const now = revoked.map(({ sha256Thumbprint }) => sha256Thumbprint).join();
        if (now === known) return;
        known = now;
        changed();
      },
      // What cannot be read now is looked at all the same: each look judges for itself.
      () => changed(),
    );
  });
}
