import { pkiPaths } from '#sphere/contract/pki.ts';
import type { RevocationLists } from '#sphere/revocation/revocation-lists.ts';
import type { Authorities } from '#sphere/tenants/authorities.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<undefined, never>();

export type PkiRoutesOptions = { readonly authorities: Authorities; readonly revocation: RevocationLists };

/** A list may change at any moment; who fetches it keeps it for a minute at most. */
const listHeaders = { 'cache-control': 'public, max-age=60' };

/** Where the URLs in our certificates lead (sphere.md 2.2). Nobody signs in: what is here is public and signed. */
export function pkiRoutes({ authorities, revocation }: PkiRoutesOptions): Route<undefined, never>[] {
  return [
    route({
      method: 'GET',
      path: pkiPaths.crl(':serial'),
      permission: 'none',
      summary: 'The revocation list of a CA',
      async handle({ params }) {
        const data = await revocation.require((params.serial ?? '').toUpperCase());
        return { headers: listHeaders, bytes: { type: 'application/pkix-crl', data } };
      },
    }),
    route({
      method: 'GET',
      path: pkiPaths.certificate(':serial'),
      permission: 'none',
      summary: 'The certificate of a CA',
      async handle({ params }) {
        const { certificate } = await authorities.requireBySerial((params.serial ?? '').toUpperCase());
        return { bytes: { type: 'application/pkix-cert', data: certificate.der } };
      },
    }),
  ];
}
