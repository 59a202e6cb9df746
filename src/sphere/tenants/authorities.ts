import { yearOf } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type Issuer, issueCertificate } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import type { NameAttribute } from '#pki/names.ts';
import { exportPkcs7Chain } from '#pki/pkcs7.ts';
import { spherePolicySubject, sphereRootSubject, sphereTenantSubject } from '#pki/profiles.ts';
import type { Audit } from '#sphere/audit/audit.ts';
import { pkiPaths } from '#sphere/contract/pki.ts';
import type { Database } from '#storage/database.ts';
import type { SphereAuthorityRow } from '#storage/schema/sphere.ts';
import { type Authority, authorityOf, isNamedBy, statusOf } from './authority.ts';
import type { AuthorityKeys } from './authority-keys.ts';
import {
  insertAuthority,
  loadActiveAuthority,
  loadAllAuthorities,
  loadAuthorities,
  loadAuthority,
  moveAuthority,
} from './tenant-store.ts';

type Kind = SphereAuthorityRow['kind'];

const profiles = { root: 'sphere-root', policy: 'sphere-policy', tenant: 'sphere-tenant' } as const;
const auditTypes = { active: 'ca-activated', retired: 'ca-retired', revoked: 'ca-revoked' } as const;

export type AuthorityMove = { readonly authority: Authority; readonly to: keyof typeof auditTypes };

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
  /** Below which URL lists and certificates of CAs are served; it is written into the certificates of CAs. */
  publicUrl: string;
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
    await this.#ensure('root', serviceOwner, sphereRootSubject(named));
    await this.#ensure('policy', serviceOwner, spherePolicySubject(named));
  }

  /** Makes the tenant's CA where it is missing. */
  async prepareTenant(tenantId: string): Promise<void> {
    await this.#ensure('tenant', tenantId, this.#tenantSubject(tenantId));
  }

  /** Makes the CA that will follow the tenant's, or returns the one that waits already. */
  async prepareSuccessor(tenantId: string, actor: string): Promise<Authority> {
    const waiting = (await this.list(tenantId)).find(({ state }) => state === 'pending');
    if (waiting) return waiting;
    await this.#create('tenant', tenantId, { subject: this.#tenantSubject(tenantId), state: 'pending', actor });
    const made = (await this.list(tenantId)).find(({ state }) => state === 'pending');
    if (!made) throw new Problem('precondition-failed', 'The CAs of the tenant changed meanwhile; try again.');
    return made;
  }

  /**
   * Moves CAs of one tenant from state to state, all or none, each with its audit entry. To be given in an order in
   * which no two of them are active or pending at a time. Throws Problem `precondition-failed` when one has moved.
   */
  async move(moves: readonly AuthorityMove[], actor: string): Promise<void> {
    const { platform, database, audit } = this.#options;
    const at = platform.clock.now();
    const entries = await Promise.all(
      moves.map(({ authority, to }) =>
        audit.prepare({
          type: auditTypes[to],
          tenantId: authority.owner,
          certificateSha256: authority.certificate.sha256Thumbprint,
          actor,
        }),
      ),
    );
    await database.transaction().execute(async (transaction) => {
      for (const { authority, to } of moves) {
        if (!(await moveAuthority(transaction, authority.certificate.serialHex, { from: authority.state, to, at }))) {
          throw new Problem('precondition-failed', 'The CAs of the tenant changed meanwhile; try again.');
        }
      }
      for (const write of entries) await write(transaction);
    });
    for (const { authority, to } of moves) {
      const { owner, certificate } = authority;
      platform.log.info(`ca.${to === 'active' ? 'activated' : to}`, { owner, serial: certificate.serialHex, actor });
    }
  }

  /** All of them, root and policy included, oldest first. */
  async listAll(): Promise<Authority[]> {
    return (await loadAllAuthorities(this.#options.database)).map(authorityOf);
  }

  /** Throws Problem `certificate-not-found`. */
  async requireBySerial(serial: string): Promise<Authority> {
    const row = await loadAuthority(this.#options.database, serial);
    if (!row) throw new Problem('certificate-not-found', 'There is no such CA certificate.');
    return authorityOf(row);
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

  #tenantSubject(tenantId: string): NameAttribute[] {
    return sphereTenantSubject({ operator: this.#options.operator, tenantId });
  }

  async #ensure(kind: Kind, owner: string, subject: NameAttribute[]): Promise<void> {
    if (await loadActiveAuthority(this.#options.database, kind, owner)) return;
    await this.#create(kind, owner, { subject, state: 'active', actor: 'first-run' });
  }

  async #create(
    kind: Kind,
    owner: string,
    { subject, state, actor }: { subject: NameAttribute[]; state: 'active' | 'pending'; actor: string },
  ): Promise<void> {
    const { platform, database, keys, audit, publicUrl } = this.#options;
    const { privateKey, publicKey } = generateEcKey('P-384');
    const issuer = kind === 'root' ? undefined : await this.#issuerOf(kind);
    const certificate = await issueCertificate({
      profile: profiles[kind],
      subject,
      publicKey,
      issuer: issuer ?? { selfSignedWith: privateKey },
      now: platform.clock.now(),
      random: platform.random,
      ...(issuer && {
        crlUrl: publicUrl + pkiPaths.crl(issuer.certificate.serialHex),
        issuerUrl: publicUrl + pkiPaths.certificate(issuer.certificate.serialHex),
      }),
    });
    // The key first: a row without a key would be a CA that cannot sign, a key without a row is litter.
    const keyFile = await keys.save(kind, publicKey, privateKey);
    const write = await audit.prepare({
      type: state === 'active' ? 'ca-activated' : 'ca-created',
      ...(kind === 'tenant' ? { tenantId: owner } : {}),
      certificateSha256: certificate.sha256Thumbprint,
      actor,
    });
    await database.transaction().execute(async (transaction) => {
      const isNew = await insertAuthority(transaction, {
        serial: certificate.serialHex,
        kind,
        owner,
        state,
        der: certificate.der,
        thumbprint: certificate.sha1Thumbprint,
        not_before: certificate.notBefore,
        not_after: certificate.notAfter,
        key_file: keyFile,
        created_at: platform.clock.now(),
        state_changed_at: null,
      });
      // Another process was first; its CA stands.
      if (isNew) await write(transaction);
    });
    platform.log.info('ca.created', { kind, owner, serial: certificate.serialHex, state });
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
