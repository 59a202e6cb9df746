import type { Instant } from '#base/instant.ts';
import type { ServiceRight } from './access-policy.ts';
import type { Permission } from './permissions.ts';
import type { RevealableKeys } from './symmetric-keys.ts';

/**
 * Who is calling, sealed: only trust/ can make one (`mint` is banned elsewhere by tidy), so a use
 * case that takes a caller cannot be reached by code that forgot to authenticate.
 */
declare const seal: unique symbol;
type Sealed<T> = Readonly<T> & { readonly [seal]: true };

/** How a device proved who it is, as telemetry states it in `iothub-connection-auth-method`. */
export type DeviceAuthMethod = { readonly scope: 'device' | 'module' | 'hub'; readonly type: 'x509' | 'sas' };

/** A device, or one of its modules, signed in at a hub. */
export type DeviceCaller = Sealed<{
  kind: 'device';
  deviceId: string;
  /** Undefined for the device itself. */
  moduleId?: string;
  generationId: string;
  authMethod: DeviceAuthMethod;
  /** When the credential stops being good; the session ends then at the latest. */
  expiresAt: Instant | undefined;
  /** Lower-case SHA-256 of the leaf, when a certificate was used. */
  leafSha256: string | undefined;
  /** Lower-case SHA-256 of the verified CA the chain ended in, for CA-signed identities. */
  anchorSha256: string | undefined;
  /** How the certificates that were used are found on revocation lists; empty for keys. */
  revocationKeys: readonly string[];
}>;

/** A device that may use an enrollment of a provisioning instance. */
export type RegistrationCaller = Sealed<{
  kind: 'registration';
  /** As the device spells it. */
  registrationId: string;
  /** None when the enrollment was made for this device alone. */
  enrollmentGroupId?: string;
  /** What the enrollment wants the device to be called at the hub. */
  deviceId?: string;
  /** The leaf, when it came in by certificate. */
  leafDer?: Buffer;
  /** Lower-case SHA-256 of the verified CA above it. */
  anchorSha256?: string;
  /** The device's own keys, when it came in by one of them: the hub gets the same. */
  deviceKeys?: RevealableKeys;
}>;

/** A back end that signed with a shared access policy of a hub, or of a provisioning instance with rights of its own. */
export type ServiceCaller<Right extends string = ServiceRight> = Sealed<{
  kind: 'service';
  policyName: string;
  /** What the policy allows, with what that implies. */
  rights: ReadonlySet<Right>;
  /** When the token stops being good; links and sockets end then at the latest. */
  expiresAt: Instant;
}>;

/** Somebody at Central or the security service: a person's session, an API token, or the local administrator. */
export type UserCaller = Sealed<{
  kind: 'user';
  userId: string;
  displayName: string;
  permissions: ReadonlySet<Permission>;
  credential: 'session' | 'api-token' | 'sphere-token' | 'administration-socket';
}>;

export type Caller = DeviceCaller | RegistrationCaller | ServiceCaller<string> | UserCaller;

/** For the files of trust/ alone. */
export function mint<C extends Caller>(facts: Omit<C, typeof seal>): C {
  return Object.freeze({ ...facts }) as unknown as C;
}
