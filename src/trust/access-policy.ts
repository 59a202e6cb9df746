import type { SasKey } from './check-sas-token.ts';

/** What a shared access policy of a hub may grant (hub-service-protocol.md 2.3). */
export type ServiceRight = 'RegistryRead' | 'RegistryWrite' | 'ServiceConnect' | 'DeviceConnect';

/** A shared access policy. Its keys are base64 text, since Event Hubs clients sign with the text itself. */
export type AccessPolicy<Right extends string = ServiceRight> = {
  readonly name: string;
  readonly rights: ReadonlySet<Right>;
  readonly primaryKey: string;
  readonly secondaryKey: string;
};

/**
 * The keys that a policy's tokens may be signed with: each one decoded, as hub clients do it, and as
 * text, as Event Hubs clients do (hub-service-protocol.md 2.2).
 */
export function policyKeys(policy: AccessPolicy<string>): SasKey[] {
  return [
    { name: `${policy.name}, primary`, key: Buffer.from(policy.primaryKey, 'base64') },
    { name: `${policy.name}, secondary`, key: Buffer.from(policy.secondaryKey, 'base64') },
    { name: `${policy.name}, primary as text`, key: Buffer.from(policy.primaryKey) },
    { name: `${policy.name}, secondary as text`, key: Buffer.from(policy.secondaryKey) },
  ];
}
