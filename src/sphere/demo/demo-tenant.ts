import type { ClaimCodes } from '#sphere/claims/claim-codes.ts';
import { issueProof, type ProofOptions } from '#sphere/tenants/issue-proof.ts';
import type { Tenants } from '#sphere/tenants/tenants.ts';

/** What the server needs of the demo's tenant to do by itself what a person does by hand elsewhere. */
export type DemoTenant = {
  readonly tenantId: string;
  /** DER of the tenant's CA certificate. */
  readonly certificate: Buffer;
  /** DER of a certificate that proves possession of the CA for `code`. */
  issueProof(code: string): Promise<Buffer>;
  createClaimCode(): Promise<string>;
};

export type DemoTenantOptions = ProofOptions & { readonly tenants: Tenants; readonly claimCodes: ClaimCodes };

const name = 'Homeport demo';
const actor = 'demo';

/** Finds or makes the tenant of the demo device. It goes through the same rooms as every tenant; only no person has a role in it. */
export async function openDemoTenant(options: DemoTenantOptions): Promise<DemoTenant> {
  const { tenants, authorities, claimCodes } = options;
  const { tenantId } = (await tenants.list()).find((tenant) => tenant.isDemo) ?? (await tenants.create(name, true));
  const { certificate } = await authorities.require(tenantId);
  return {
    tenantId,
    certificate: certificate.der,
    issueProof: (code) => issueProof(options, { tenantId, code, selector: undefined, actor }),
    createClaimCode: async () => (await claimCodes.create(tenantId, actor)).code,
  };
}
