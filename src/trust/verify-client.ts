import type { Instant } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import { buildChain } from '#pki/chain.ts';
import type { Crl } from '#pki/crl.ts';
import { fitsInHandshake, throughTls, tlsCertificatesBytesMax } from '#pki/tls-certificates.ts';
import { readShown } from './leaf.ts';
import { accept, refuse, type Verdict } from './verdict.ts';

export type ClientEvidence = {
  /** As a peer would show them in its handshake: DER, leaf first. */
  readonly certificates: readonly Buffer[];
  readonly anchors: readonly Certificate[];
  readonly crls: readonly Crl[];
  /** With lists, every certificate below the anchor must be on none; see buildChain. */
  readonly revocation: 'listed' | 'all';
  readonly at: Instant;
  readonly purpose: 'client' | 'any';
  readonly intermediatesMax?: number;
};

/**
 * What a hub would say of these certificates, up to the name in them: for people who ask before they connect
 * (`homeport pki verify`). The same two steps as in authenticate-device.ts, behind what TLS itself makes of them.
 */
export function verifyClient({ certificates, ...rest }: ClientEvidence): Verdict<readonly Certificate[]> {
  if (!fitsInHandshake(certificates)) {
    return refuse('message-too-large', `A TLS handshake takes at most ${tlsCertificatesBytesMax} bytes of certificates.`);
  }
  const read: Buffer[] = [];
  for (const [index, der] of certificates.entries()) {
    const one = throughTls(der);
    // The words for a leaf that is none are those of our own reader.
    if (!one && index > 0)
      return refuse('certificate-malformed', `Certificate ${index + 1} is none, which ends a TLS handshake.`);
    read.push(one ?? der);
  }
  const shown = readShown(read);
  if (!shown.accepted) return shown;
  const result = buildChain({ ...shown.value, ...rest });
  const trace = [...shown.trace, ...result.trace];
  return result.ok ? accept(result.chain, trace) : refuse(result.reason, result.detail, { trace: trace.slice(0, -1) });
}
