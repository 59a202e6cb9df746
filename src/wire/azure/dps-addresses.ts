/** Who a device of the provisioning service says it is. */
export type RegistrationAddress = { readonly idScope: string; readonly registrationId: string };

/**
 * Reads `{scope}/registrations/{id}`, the address of both links and the user name of SASL PLAIN, with or without scheme,
 * host and first slash (dps-device-protocol.md 8.2).
 */
export function parseRegistrationAddress(address: string): RegistrationAddress | undefined {
  const path = address.replace(/^amqps?:\/\/[^/]*/i, '');
  const [, idScope, registrationId] = /^\/?([^/]+)\/registrations\/([^/]+)\/?$/i.exec(path) ?? [];
  return idScope === undefined || registrationId === undefined ? undefined : { idScope, registrationId };
}
