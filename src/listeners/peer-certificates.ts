import type { TLSSocket } from 'node:tls';

/**
 * The certificates a peer sent, DER, leaf first and in its order, at most `max`. TLS has proven that the peer holds the
 * leaf's key and decided nothing else. What Node calls the issuer is the next one that was sent, whatever it is: it may
 * be the same one again, and the one that is needed come after it.
 */
export function peerCertificates(socket: TLSSocket, max: number): Buffer[] {
  const chain: Buffer[] = [];
  for (let next = socket.getPeerX509Certificate(); next && chain.length < max; next = next.issuerCertificate)
    chain.push(next.raw);
  return chain;
}
