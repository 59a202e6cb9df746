import { type KeySealer, SealedKeys } from '#storage/sealed-keys.ts';
import type { DeviceAuthentication } from './device.ts';
import type { ModuleAuthentication } from './module.ts';

/** How an identity signs in, as the rows of devices and modules both keep it. */
export type AuthenticationColumns = {
  authentication_type: string;
  primary_thumbprint: string | null;
  secondary_thumbprint: string | null;
  sealed_keys: Uint8Array | null;
};

export function formatAuthentication(authentication: ModuleAuthentication): AuthenticationColumns {
  const thumbprints = authentication.type === 'selfSigned' ? authentication : undefined;
  return {
    authentication_type: authentication.type,
    primary_thumbprint: thumbprints?.primaryThumbprint ?? null,
    secondary_thumbprint: thumbprints?.secondaryThumbprint ?? null,
    sealed_keys: authentication.type === 'sas' ? authentication.keys.sealed : null,
  };
}

/** `sealName` is the name under which the keys of this row were sealed. */
export function parseAuthentication(row: AuthenticationColumns, sealer: KeySealer, sealName: string): DeviceAuthentication {
  if (row.authentication_type === 'certificateAuthority') return { type: 'certificateAuthority' };
  if (row.sealed_keys !== null) return { type: 'sas', keys: new SealedKeys(sealer, sealName, row.sealed_keys) };
  return {
    type: 'selfSigned',
    ...(row.primary_thumbprint === null ? {} : { primaryThumbprint: row.primary_thumbprint }),
    ...(row.secondary_thumbprint === null ? {} : { secondaryThumbprint: row.secondary_thumbprint }),
  };
}
