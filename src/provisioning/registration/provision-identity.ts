import type { CaCertificates } from '#authorities/ca-certificates.ts';
import { assert } from '#base/assert.ts';
import { sha256Hex } from '#base/bytes.ts';
import type { JsonObject } from '#base/json.ts';
import type { Hub } from '#hub/hub.ts';
import type { RegistrationCaller } from '#trust/caller.ts';

export type DaaIdentityMode = 'selfSigned' | 'caSigned';

export type IdentityOptions = {
  readonly authorities: Pick<CaCertificates, 'loadVerified'>;
  readonly daaIdentityMode: DaaIdentityMode;
};

type IdentityHub = Pick<Hub, 'registry' | 'authorities'>;

/**
 * Makes or renews the device's identity at the hub. A device that came in by key signs in there with
 * the same keys (dps-device-protocol.md 2.1). Of a certificate the hub holds the thumbprint of exactly this leaf,
 * replaced before the device is told (sphere.md fact 11); or, where the operator chose so, it trusts
 * the CA, which its owner has proven to us.
 */
export async function provisionIdentity(
  options: IdentityOptions,
  hub: IdentityHub,
  deviceId: string,
  caller: RegistrationCaller,
  initialTwin?: { tags?: JsonObject; desired?: JsonObject },
): Promise<void> {
  const { daaIdentityMode } = options;
  const { leafDer, anchorSha256, deviceKeys } = caller;
  const twin = initialTwin === undefined ? {} : { initialTwin };
  if (deviceKeys !== undefined) {
    await hub.registry.provision({ deviceId, authentication: { type: 'sas', ...deviceKeys.reveal() }, ...twin });
    return;
  }
  assert(leafDer !== undefined, 'a registration has a certificate or keys');
  // Without a CA there is only the thumbprint to go by.
  if (daaIdentityMode === 'selfSigned' || anchorSha256 === undefined) {
    const authentication = { type: 'selfSigned', primaryThumbprint: sha256Hex(leafDer) } as const;
    await hub.registry.provision({ deviceId, authentication, ...twin });
    return;
  }
  await introduceAuthority(options, hub, anchorSha256);
  await hub.registry.provision({ deviceId, authentication: { type: 'certificateAuthority' }, ...twin });
}

async function introduceAuthority({ authorities }: IdentityOptions, hub: IdentityHub, anchorSha256: string): Promise<void> {
  const isKnown = (await hub.authorities.loadVerified()).some((known) => known.sha256Thumbprint === anchorSha256);
  const anchor = (await authorities.loadVerified()).find((verified) => verified.sha256Thumbprint === anchorSha256);
  if (isKnown || !anchor) return;
  const certificateId = `dps-${anchorSha256.slice(0, 32)}`;
  await hub.authorities.upload({ certificateId, file: anchor.der, verifiedOnUpload: true, replace: true, by: 'provisioning' });
}
