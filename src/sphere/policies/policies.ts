import { sha256Hex } from '#base/bytes.ts';
import { parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import type { Audit } from '#sphere/audit/audit.ts';
import { type PolicyDocument, policySchema } from '#sphere/contract/policy.ts';
import type { Database } from '#storage/database.ts';
import type { SpherePolicy } from '#trust/attest-sphere.ts';
import { insertPolicy, loadPolicy, updatePolicy } from './policy-store.ts';

/** What a tenant demands until somebody changes it. */
export const defaultPolicy: PolicyDocument = {
  debug: 'denied',
  assuranceMin: 'A0',
  requiredTypes: ['bootloader', 'kernel', 'rootfs', 'agent', 'app'],
  floors: {},
};

export type TenantPolicy = PolicyDocument & Pick<SpherePolicy, 'version'>;

/** The appraisal policy of each tenant, versioned by the digest of its text. */
export class Policies {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #audit: Audit;

  constructor(platform: Platform, database: Database, audit: Audit) {
    this.#platform = platform;
    this.#database = database;
    this.#audit = audit;
  }

  /** Writes the default policy where the tenant has none. */
  async prepare(tenantId: string): Promise<void> {
    await insertPolicy(this.#database, this.#rowOf(tenantId, defaultPolicy));
  }

  /** For a tenant that does not exist, the default: an unproven peer must not learn which tenants do. */
  async load(tenantId: string): Promise<TenantPolicy> {
    const row = (await loadPolicy(this.#database, tenantId)) ?? this.#rowOf(tenantId, defaultPolicy);
    return { ...policySchema.parse(parseJson(row.document)), version: row.version };
  }

  async change(tenantId: string, document: PolicyDocument, actor: string): Promise<void> {
    const row = this.#rowOf(tenantId, policySchema.parse(document));
    const write = await this.#audit.prepare({ type: 'policy-changed', tenantId, policyVersion: row.version, actor });
    await this.#database.transaction().execute(async (transaction) => {
      await updatePolicy(transaction, row);
      await write(transaction);
    });
  }

  #rowOf(tenantId: string, document: PolicyDocument) {
    const { debug, assuranceMin, requiredTypes } = document;
    const floors = Object.fromEntries(Object.entries(document.floors).sort(([a], [b]) => (a < b ? -1 : 1)));
    // Fields in one fixed order: equal policies have equal versions.
    const text = JSON.stringify({ debug, assuranceMin, requiredTypes, floors });
    return { tenant_id: tenantId, document: text, version: sha256Hex(text), changed_at: this.#platform.clock.now() };
  }
}
