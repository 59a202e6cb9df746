import { yearOf } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type Issuer, issueCertificate } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import type { NameAttribute } from '#pki/names.ts';
import { exportPkcs7Chain } from '#pki/pkcs7.ts';
import { spherePolicySubject, sphereRootSubject, sphereTenantSubject } from '#pki/profiles.ts';
import type { Audit } from '#sphere/audit/audit.ts';
import type { Database } from '#storage/database.ts';
import type { SphereAuthorityRow } from '#storage/schema/sphere.ts';
import { type Authority, authorityOf, isNamedBy, statusOf } from './authority.ts';
import type { AuthorityKeys } from './authority-keys.ts';
import { insertAuthority, loadActiveAuthority, loadAuthorities } from './tenant-store.ts';

type Kind = SphereAuthorityRow['kind'];
type Profile = 'sphere-root' | 'sphere-policy' | 'sphere-tenant';

/** Owner of root and policy CA. */
const serviceOwner = 'service';

export type AuthoritiesOptions = {
  platform: Platform;
  database: Database;
  keys: AuthorityKeys;
  audit: Audit;
  /** Who runs this service: O in the names of its CAs. */
  operator: string;
  country?: string;
};

/**
 * The chain root, policy, tenant. Users download the third of them: anchoring higher up would let
 * the devices of every other tenant in (sphere.md 0.2, fact 8).
 */
export class Authorities {
  readonly #options: AuthoritiesOptions;

  constructor(options: AuthoritiesOptions) {
    this.#options = options;
  }

  /** Makes root and policy CA where they are missing. */
  async prepare(): Promise<void> {
    const { platform, operator, country } = this.#options;
    const named = { operator, ...(country === undefined ? {} : { country }), year: yearOf(platform.clock.now()) };
    await this.#ensure('root', serviceOwner, 'sphere-root', sphereRootSubject(named));
    await this.#ensure('policy', serviceOwner, 'sphere-policy', spherePolicySubject(named));
  }

  /** Makes the tenant's CA where it is missing. */
  async prepareTenant(tenantId: string): Promise<void> {
    const subject = sphereTenantSubject({ operator: this.#options.operator, tenantId });
    await this.#ensure('tenant', tenantId, 'sphere-tenant', subject);
  }

  /** The tenant's CAs, oldest first. */
  async list(tenantId: string): Promise<Authority[]> {
    return (await loadAuthorities(this.#options.database, 'tenant', tenantId)).map(authorityOf);
  }

  async loadActive(tenantId: string): Promise<Authority | undefined> {
    const row = await loadActiveAuthority(this.#options.database, 'tenant', tenantId);
    return row && authorityOf(row);
  }

  /**
   * The CA that `selector` names, or the active one for `active`, `.default` or none. Throws Problem
   * `certificate-not-found`, also for a CA that has expired: it is listed, but no longer served.
   */
  async require(tenantId: string, selector = 'active'): Promise<Authority> {
    const isDefault = ['active', '.default'].includes(selector.toLowerCase());
    const found = isDefault
      ? await this.loadActive(tenantId)
      : (await this.list(tenantId)).find((authority) => isNamedBy(authority, selector));
    if (!found) throw new Problem('certificate-not-found', 'The tenant has no such CA certificate.');
    if (statusOf(found, this.#options.platform.clock.now()) === 'Expired') {
      throw new Problem('certificate-not-found', 'This CA certificate has expired and is no longer served.', {
        reason: 'ca-expired',
      });
    }
    return found;
  }

  /** PKCS#7 of root, policy and `authority`, in that order (sphere.md 2.3). */
  async exportChain(authority: Authority): Promise<Buffer> {
    const [root, policy] = [await this.#requireActive('root', serviceOwner), await this.#requireActive('policy', serviceOwner)];
    return exportPkcs7Chain([root.certificate.der, policy.certificate.der, authority.certificate.der]);
  }

  /** `authority` with its key, to sign with. */
  async loadIssuer(authority: Authority): Promise<Issuer> {
    return { certificate: authority.certificate, privateKey: await this.#options.keys.load(authority.keyFile) };
  }

  async #ensure(kind: Kind, owner: string, profile: Profile, subject: NameAttribute[]): Promise<void> {
    const { platform, database, keys, audit } = this.#options;
    if (await loadActiveAuthority(database, kind, owner)) return;
    const { privateKey, publicKey } = generateEcKey('P-384');
    const certificate = await issueCertificate({
      profile,
      subject,
      publicKey,
      issuer: kind === 'root' ? { selfSignedWith: privateKey } : await this.#issuerOf(kind),
      now: platform.clock.now(),
      random: platform.random,
    });
    // The key first: a row without a key would be a CA that cannot sign, a key without a row is litter.
    const keyFile = await keys.save(kind, publicKey, privateKey);
    const write = await audit.prepare({
      type: 'ca-activated',
      ...(kind === 'tenant' ? { tenantId: owner } : {}),
      certificateSha256: certificate.sha256Thumbprint,
      actor: 'first-run',
    });
    await database.transaction().execute(async (transaction) => {
      const isNew = await insertAuthority(transaction, {
        serial: certificate.serialHex,
        kind,
        owner,
        state: 'active',
        der: certificate.der,
        thumbprint: certificate.sha1Thumbprint,
        not_before: certificate.notBefore,
        not_after: certificate.notAfter,
        key_file: keyFile,
        created_at: platform.clock.now(),
      });
      // Another process was first; its CA stands.
      if (isNew) await write(transaction);
    });
    platform.log.info('ca.created', { kind, owner, serial: certificate.serialHex });
  }

  async #issuerOf(kind: Exclude<Kind, 'root'>): Promise<Issuer> {
    return this.loadIssuer(await this.#requireActive(kind === 'policy' ? 'root' : 'policy', serviceOwner));
  }

  async #requireActive(kind: Kind, owner: string): Promise<Authority> {
    const row = await loadActiveAuthority(this.#options.database, kind, owner);
    if (!row) throw new Problem('unavailable', `There is no active ${kind} CA.`, { reason: 'ca-unavailable' });
    return authorityOf(row);
  }
}
