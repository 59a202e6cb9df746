import { type Instant, instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Policies } from '#sphere/policies/policies.ts';
import type { Database } from '#storage/database.ts';
import type { SphereTenantRow } from '#storage/schema/sphere.ts';
import type { Authorities } from './authorities.ts';
import { insertTenant, loadTenant, loadTenants } from './tenant-store.ts';

export type Tenant = {
  readonly tenantId: string;
  readonly name: string;
  /** Nobody has a role in the demo's tenant, so nobody sees it (docs/decisions/0016). */
  readonly isDemo: boolean;
  readonly createdAt: Instant;
};

/** sphere.md 1.1. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9 ]{0,49}$/;

/** Who owns devices. Each tenant has a GUID, a CA and an appraisal policy of its own. */
export class Tenants {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #authorities: Authorities;
  readonly #policies: Policies;

  constructor(platform: Platform, database: Database, authorities: Authorities, policies: Policies) {
    this.#platform = platform;
    this.#database = database;
    this.#authorities = authorities;
    this.#policies = policies;
  }

  /** Throws Problem `argument-invalid` for a name that is none. */
  async create(name: string, isDemo = false): Promise<Tenant> {
    if (!namePattern.test(name)) {
      throw new Problem(
        'argument-invalid',
        'A tenant name has 1 to 50 letters, digits and spaces and does not begin with a space.',
      );
    }
    const tenantId = this.#platform.random.uuid().toLowerCase();
    const row: SphereTenantRow = {
      tenant_id: tenantId,
      name,
      is_demo: isDemo ? 1 : 0,
      created_at: this.#platform.clock.now(),
    };
    await insertTenant(this.#database, row);
    await this.complete(tenantId);
    this.#platform.log.info('tenant.created', { tenantId });
    return tenantOf(row);
  }

  /** Gives the tenant what a crash in the middle of `create` may have left out. */
  async complete(tenantId: string): Promise<void> {
    await this.#authorities.prepareTenant(tenantId);
    await this.#policies.prepare(tenantId);
  }

  /** All of them, oldest first. */
  async list(): Promise<Tenant[]> {
    return (await loadTenants(this.#database)).map(tenantOf);
  }

  /** Those that the local administrator has a role in, oldest first. */
  async listAdministered(): Promise<Tenant[]> {
    return (await this.list()).filter((tenant) => !tenant.isDemo);
  }

  /** Throws Problem `not-found`, also for a tenant in which the local administrator has no role. */
  async requireAdministered(tenantId: string): Promise<Tenant> {
    const tenant = await this.require(tenantId);
    if (tenant.isDemo) throw new Problem('not-found', 'There is no such tenant.');
    return tenant;
  }

  async load(tenantId: string): Promise<Tenant | undefined> {
    const row = await loadTenant(this.#database, tenantId.toLowerCase());
    return row && tenantOf(row);
  }

  /** Throws Problem `not-found`. */
  async require(tenantId: string): Promise<Tenant> {
    const tenant = await this.load(tenantId);
    if (!tenant) throw new Problem('not-found', 'There is no such tenant.');
    return tenant;
  }
}

function tenantOf(row: SphereTenantRow): Tenant {
  return { tenantId: row.tenant_id, name: row.name, isDemo: row.is_demo === 1, createdAt: instant(row.created_at) };
}
