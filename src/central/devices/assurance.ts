import { parseCertificate } from '#pki/certificate.ts';

/**
 * What a valid certificate of each level means and no more (sphere.md 1.5): at A0 somebody who holds the
 * device's key asked today; nothing is said of the software.
 */
const words: Readonly<Record<string, string>> = {
  A0: 'attested, software key',
  A1: 'attested, TPM key',
  A2: 'attested, TPM key and measured boot',
  A3: 'attested, hardware root of trust',
};

/** In the words of sphere.md 5. */
const customWords = 'custom certificate — not attested';

/** How far the device behind `leafDer` was attested, in words. A customer's own certificate says nothing of it, nor does a key. */
export function assuranceOf(leafDer: Buffer | undefined): string {
  if (leafDer === undefined) return 'not attested';
  return words[parseCertificate(leafDer).assuranceLevel ?? ''] ?? customWords;
}
