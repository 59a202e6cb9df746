import type { JsonObject } from '#base/json.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { authenticationOf, authenticationOptions, authMethodOption, restAuthentication } from './authentication-options.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityPath, withoutKeys } from './identity-options.ts';

export const deviceUpdateCommand: Command = {
  options: [
    deviceIdOption,
    authMethodOption,
    ...authenticationOptions,
    { name: 'edge', value: 'YES|NO', summary: 'Whether it is an IoT Edge device' },
    hubOption,
    jsonOption,
  ],
  examples: [
    'homeport hub device update -d dev1 --auth-method x509_thumbprint --primary-thumbprint 27E4…',
    'homeport hub device update -d dev1 --auth-method shared_private_key',
    'homeport hub device update -d gateway-1 --edge yes',
  ],
  notes: [
    'A device that signs in in another way from now on is sent away and comes back with its new credential.',
    'homeport hub device enable and disable let it in and keep it out; homeport hub keys renew gives it new keys.',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const device = await changeDevice(invocation, changeOf(invocation));
    if (options.isSet('json')) return terminal.print(formatJson(withoutKeys(device)));
    terminal.print(`Updated ${device.deviceId}.`);
  },
};

/** Changes what is named of a device, whatever its etag is, and leaves the rest. */
export function changeDevice(invocation: Invocation, change: JsonObject): Promise<JsonObject> {
  return askHubForObject(invocation, {
    method: 'PUT',
    path: identityPath(invocation, 'devices'),
    headers: { 'if-match': '"*"' },
    json: change,
  });
}

function changeOf({ options }: Invocation): JsonObject {
  const method = options.text('auth-method');
  const edge = options.text('edge');
  if (edge !== undefined && edge !== 'yes' && edge !== 'no') {
    throw new CommandFailure('usage', `--edge got '${edge}'.`, { why: 'yes and no are known.' });
  }
  const stray = method === undefined ? authenticationOptions.find(({ name }) => options.isSet(name)) : undefined;
  if (stray || (method === undefined && edge === undefined)) {
    throw new CommandFailure('usage', stray ? `--${stray.name} needs --auth-method.` : 'Nothing to change was named.', {
      fix: 'homeport hub device update --help',
    });
  }
  return {
    ...(method === undefined ? {} : { authentication: restAuthentication(authenticationOf(method, options)) }),
    ...(edge === undefined ? {} : { capabilities: { iotEdge: edge === 'yes' } }),
  };
}
