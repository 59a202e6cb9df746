import { quoteEtag } from '#base/etag.ts';
import { Problem } from '#base/problem.ts';
import type { Random } from '#base/random.ts';
import type { SymmetricKeys } from '#trust/symmetric-keys.ts';
import { generatedKeyBytes } from './device.ts';
import type { ModuleAuthentication } from './module.ts';
import type { Registry } from './registry.ts';

export type RenewedSlots = 'primaryKey' | 'secondaryKey' | 'both';

/**
 * Gives a device, or a module of it, a new key in the named slots; the other key stays, and with it a way to sign in
 * until everybody knows the new one. Throws Problem `device-not-found` or `not-found`, `argument-invalid` for an
 * identity that has no keys, and `precondition-failed` when it was changed meanwhile.
 */
export async function regenerateKeys(
  registry: Pick<Registry, 'require' | 'update'> & { readonly modules: Pick<Registry['modules'], 'require' | 'update'> },
  random: Random,
  { deviceId, moduleId, slots }: { deviceId: string; moduleId?: string; slots: RenewedSlots },
): Promise<SymmetricKeys> {
  const present = moduleId === undefined ? await registry.require(deviceId) : await registry.modules.require(deviceId, moduleId);
  if (present.authentication.type !== 'sas') {
    throw new Problem('argument-invalid', `${moduleId ?? deviceId} has no symmetric keys.`);
  }
  const newKey = () => random.bytes(generatedKeyBytes).toString('base64');
  const authentication = {
    type: 'sas',
    ...(slots === 'secondaryKey' ? {} : { primaryKey: newKey() }),
    ...(slots === 'primaryKey' ? {} : { secondaryKey: newKey() }),
  } as const;
  // Only of what was looked at: a device that was given certificates meanwhile keeps them.
  const ifMatch = quoteEtag(present.etag);
  const renewed =
    moduleId === undefined
      ? await registry.update(deviceId, { authentication }, ifMatch)
      : await registry.modules.update(deviceId, moduleId, { authentication }, ifMatch);
  return requireKeys(renewed.authentication);
}

function requireKeys(authentication: ModuleAuthentication): SymmetricKeys {
  if (authentication.type === 'sas') return authentication.keys.reveal();
  throw new Problem('internal', 'An identity that was given keys has none.');
}
