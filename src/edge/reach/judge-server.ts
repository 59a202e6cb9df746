import { X509Certificate } from 'node:crypto';
import { type Instant, instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { buildChain } from '#pki/chain.ts';
import { purposeOids } from '#pki/oids.ts';
import { parsePemChain } from '#pki/pem.ts';
import { isAddress } from '../host/tls.ts';

export type ServerEvidence = {
  readonly host: string;
  /** DER, leaf first. */
  readonly chain: readonly Buffer[];
  /** PEM. */
  readonly roots: readonly string[];
  /** `at`: the time is known. `since`: it is that or later. */
  readonly time: { readonly kind: 'at' | 'since'; readonly instant: Instant };
};

const intermediatesMax = 5;

/**
 * Decides about a server's certificates where OpenSSL cannot, since it knows no time but that of the system's clock. Chain and name count as
 * ever. With the time unknown, the whole path must have been valid at one moment that may be the present: at the latest beginning of
 * its certificates, or at the last moment known, whichever is later. So what had expired by then is refused, and
 * what expired since cannot be told. Throws Problem `certificate-invalid`.
 */
export function judgeServer({ host, chain, roots, time }: ServerEvidence): void {
  const [leafDer] = chain;
  if (!leafDer) throw new Problem('certificate-invalid', `${host} showed no certificate.`);
  const refuse = (why: string) => new Problem('certificate-invalid', `The certificate of ${host} is refused: ${why}`);
  const [leaf, ...presented] = chain.map(parseCertificate);
  if (!leaf) throw refuse('there is none.');
  const names = new Set([leaf, ...presented].map(({ issuerKey }) => issuerKey));
  const anchors = roots.flatMap(parseRoot).filter(({ subjectKey }) => names.has(subjectKey));
  const begins = [leaf, ...presented, ...anchors].map(({ notBefore }) => notBefore);
  const at = time.kind === 'at' ? time.instant : instant(Math.max(time.instant, ...begins));
  const result = buildChain({ leaf, presented, anchors, at, intermediatesMax, purpose: 'any' });
  if (!result.ok) throw refuse(result.detail);
  if (leaf.extendedKeyUsage && !leaf.extendedKeyUsage.includes(purposeOids.serverAuth))
    throw refuse('it is not one of a server.');
  const certificate = new X509Certificate(leafDer);
  const isNamed = isAddress(host) ? certificate.checkIP(host) : certificate.checkHost(host, { subject: 'never' });
  if (!isNamed) throw refuse('it has another name.');
}

/** A system's directory of roots may hold some that we cannot read: nobody's chain ends there. */
function parseRoot(pem: string): Certificate[] {
  try {
    return parsePemChain(pem).map(parseCertificate);
  } catch {
    return [];
  }
}
