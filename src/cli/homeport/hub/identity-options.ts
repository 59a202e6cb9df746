import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Invocation, OptionSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';

export const deviceIdOption: OptionSpec = {
  name: 'device-id',
  short: 'd',
  value: 'ID',
  isRequired: true,
  summary: 'The device id, letter for letter',
};

/** For what a device and a module both have. */
export const moduleIdOption: OptionSpec = {
  name: 'module-id',
  short: 'm',
  value: 'ID',
  summary: 'This module of the device, instead of the device',
};

export const requiredModuleIdOption: OptionSpec = {
  ...moduleIdOption,
  isRequired: true,
  summary: 'The module id, letter for letter',
};

export const secretsOption: OptionSpec = { name: 'secrets', summary: 'Print keys as well' };

/** `/devices/{id}` or, where a module is named, `/devices/{id}/modules/{id}`, below which the REST has what is asked for. */
export function identityPath({ options }: Pick<Invocation, 'options'>, noun: 'devices' | 'twins', moduleId?: string): string {
  const device = `/${noun}/${encodeURIComponent(options.required('device-id'))}`;
  return moduleId === undefined ? device : `${device}/modules/${encodeURIComponent(moduleId)}`;
}

/** What people call it: `dev1`, or `dev1/filter` for a module. */
export function identityName({ options }: Pick<Invocation, 'options'>, moduleId?: string): string {
  const deviceId = options.required('device-id');
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}

export type KeyName = 'primaryKey' | 'secondaryKey';

export const keyOption: OptionSpec = { name: 'key', value: 'WHICH', summary: 'primary or secondary; without it primary' };

/** The key that `--key` names, or a usage failure. */
export function keyNameOf({ options }: Pick<Invocation, 'options'>): KeyName {
  const text = options.text('key') ?? 'primary';
  if (text === 'primary' || text === 'secondary') return `${text}Key`;
  throw new CommandFailure('usage', `--key got '${text}'.`, { why: 'primary and secondary are known.' });
}

/** An identity as the REST prints it, without its keys. */
export function withoutKeys(identity: JsonObject): JsonObject {
  const { authentication } = identity;
  if (!isJsonObject(authentication)) return identity;
  const { symmetricKey: _, ...shown } = authentication;
  return { ...identity, authentication: shown };
}

export function keysOf(identity: JsonObject): Partial<Record<KeyName, string>> {
  const { authentication } = identity;
  const keys = isJsonObject(authentication) && isJsonObject(authentication.symmetricKey) ? authentication.symmetricKey : {};
  const { primaryKey, secondaryKey } = keys;
  return {
    ...(typeof primaryKey === 'string' && { primaryKey }),
    ...(typeof secondaryKey === 'string' && { secondaryKey }),
  };
}
