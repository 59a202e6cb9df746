import { Problem } from './problem.ts';

/** Device and module ids, hub-device-protocol.md 10: case-sensitive, no slash, 1 to 128 characters. */
const deviceIdPattern = /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/;
/** Registration ids, dps-device-protocol.md 2: case-insensitive, the last character alphanumeric or a dash. */
const registrationIdPattern = /^[A-Za-z0-9\-._:]{0,127}[A-Za-z0-9-]$/;

export function isDeviceId(text: string): boolean {
  return deviceIdPattern.test(text);
}

/** Throws Problem `argument-invalid` for what cannot be a device id. */
export function requireDeviceId(text: string): string {
  return requireHubId('device', text);
}

/** Throws Problem `argument-invalid` for what cannot be a module id. */
export function requireModuleId(text: string): string {
  return requireHubId('module', text);
}

function requireHubId(what: string, text: string): string {
  if (isDeviceId(text)) return text;
  throw new Problem(
    'argument-invalid',
    `A ${what} id has 1 to 128 characters of A-Z a-z 0-9 and - : . + % _ # * ? ! ( ) , = @ ; $ '.`,
  );
}

export function isRegistrationId(text: string): boolean {
  return registrationIdPattern.test(text);
}
