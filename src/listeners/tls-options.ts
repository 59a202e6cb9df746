import { constants } from 'node:crypto';
import type { TlsOptions } from 'node:tls';

/** What we present: one RSA-2048 and one P-256 certificate with the CA, all PEM; some devices know only one kind. */
export type ServerIdentity = {
  readonly rsa: { readonly certificate: string; readonly key: string };
  readonly ec: { readonly certificate: string; readonly key: string };
  /** The CA that signed both; clients are given this one file to trust. */
  readonly ca: string;
};

/** hub-device-protocol.md 2.1: the suites every SDK finds, constrained clients included. TLS 1.3 has its own. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
].join(':');

/**
 * TLS proves that the peer holds its key and decides nothing: any certificate, or none, gets in as
 * evidence. No session tickets: a resumed session loses the client's intermediates
 * (hub-device-protocol.md 2.2), so a chain that was good would fail. The CA name list stays empty,
 * since clients that filter on it would then hold back self-signed certificates.
 */
export function tlsOptions(identity: ServerIdentity, { asksForCertificate }: { asksForCertificate: boolean }): TlsOptions {
  return {
    cert: [identity.ec.certificate, identity.rsa.certificate],
    key: [identity.ec.key, identity.rsa.key],
    minVersion: 'TLSv1.2',
    ciphers,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    requestCert: asksForCertificate,
    rejectUnauthorized: false,
  };
}
