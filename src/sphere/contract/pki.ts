/**
 * What relying parties fetch without signing in, by the URLs in the certificates of CAs (sphere.md 2.2): the revocation
 * list of a CA as `application/pkix-crl`, and its certificate as `application/pkix-cert`, both DER.
 */
export const pkiBasePath = '/sphere/pki';

export const pkiPaths = {
  /** `serial` is that of the CA which signs the list, upper-case hex. */
  crl: (serial: string): string => `${pkiBasePath}/${serial}.crl`,
  certificate: (serial: string): string => `${pkiBasePath}/${serial}.cer`,
} as const;
