import type { Platform } from '#base/platform.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import type { AccessPolicy } from '#trust/access-policy.ts';

/** The names of the policies that an instance is born with, and what each allows. */
export type PolicyTable<Right extends string> = Readonly<Record<string, readonly Right[]>>;

const keyBytes = 32;

/** The shared access policies of one hub or provisioning instance. Their keys are made at first run and kept sealed. */
export class AccessPolicies<Right extends string> {
  readonly #policies: readonly AccessPolicy<Right>[];

  private constructor(policies: readonly AccessPolicy<Right>[]) {
    this.#policies = policies;
  }

  /** `owner` tells instances apart, such as `hub:main`. */
  static async open<Right extends string>(
    platform: Platform,
    secrets: SecretStore,
    owner: string,
    table: PolicyTable<Right>,
  ): Promise<AccessPolicies<Right>> {
    const policies: AccessPolicy<Right>[] = [];
    for (const [name, rights] of Object.entries(table)) {
      // One secret holds both keys, so that they are made and replaced together.
      const keys = await secrets.loadOrCreate(`access-policy:${owner}/${name}`, () => platform.random.bytes(2 * keyBytes));
      policies.push({
        name,
        rights: new Set(rights),
        primaryKey: keys.subarray(0, keyBytes).toString('base64'),
        secondaryKey: keys.subarray(keyBytes).toString('base64'),
      });
    }
    return new AccessPolicies(policies);
  }

  list(): readonly AccessPolicy<Right>[] {
    return this.#policies;
  }

  /** Names are compared letter for letter. */
  find(name: string): AccessPolicy<Right> | undefined {
    return this.#policies.find((policy) => policy.name === name);
  }
}
