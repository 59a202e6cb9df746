import type { TLSSocket } from 'node:tls';

/**
 * The certificates a peer sent, DER, leaf first, at most `max`. TLS has proven that the peer holds the
 * leaf's key and decided nothing else. Node links each certificate to its issuer by itself and ends
 * a root in a loop, hence the identity check.
 */
export function peerCertificates(socket: TLSSocket, max: number): Buffer[] {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return [];
  const chain: Buffer[] = [leaf.raw];
  for (let issuer = leaf.issuerCertificate; issuer && chain.length < max; issuer = issuer.issuerCertificate) {
    const der = issuer.raw;
    if (chain.some((known) => known.equals(der))) break;
    chain.push(der);
  }
  return chain;
}
