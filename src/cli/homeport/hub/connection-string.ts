import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { deviceIdOption, identityPath, keyNameOf, keyOption, keysOf, moduleIdOption } from './identity-options.ts';

export const connectionStringCommand: Command = {
  options: [
    { ...deviceIdOption, isRequired: false, summary: 'That of this device; without it that of a policy' },
    moduleIdOption,
    { name: 'policy', value: 'NAME', summary: 'That of this policy; without it iothubowner' },
    { name: 'events', summary: 'As clients of Event Hubs take it, to read the hub’s events' },
    keyOption,
    hubOption,
    jsonOption,
  ],
  examples: [
    'homeport hub connection-string --policy service',
    'homeport hub connection-string --events',
    'homeport hub connection-string -d dev1',
  ],
  notes: ['It holds a key: whoever has it may do what the policy or the device may.'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const connectionString = options.isSet('device-id') ? await ofIdentity(invocation) : await ofPolicy(invocation);
    terminal.print(options.isSet('json') ? formatJson({ connectionString }) : connectionString);
  },
};

async function ofIdentity(invocation: Invocation): Promise<string> {
  const { options } = invocation;
  const stray = ['policy', 'events'].find((name) => options.isSet(name));
  if (stray) throw new CommandFailure('usage', `--${stray} is nothing of a device.`);
  const keyName = keyNameOf(invocation);
  const deviceId = options.required('device-id');
  const moduleId = options.text('module-id');
  const identity = await askHubForObject(invocation, { method: 'GET', path: identityPath(invocation, 'devices', moduleId) });
  const { hostName } = await administer(invocation, { method: 'GET', path: hubPath(invocation, '/hub/policies') });
  const { [keyName]: key } = keysOf(identity);
  const module = moduleId === undefined ? '' : `;ModuleId=${moduleId}`;
  return `HostName=${hostName};DeviceId=${deviceId}${module};${key ? `SharedAccessKey=${key}` : 'x509=true'}`;
}

async function ofPolicy(invocation: Invocation): Promise<string> {
  const { options } = invocation;
  if (options.isSet('module-id')) throw new CommandFailure('usage', '--module-id needs --device-id.');
  const keyName = keyNameOf(invocation);
  const name = options.text('policy') ?? 'iothubowner';
  const hub = await administer(invocation, { method: 'GET', path: hubPath(invocation, '/hub/policies', { secrets: 'true' }) });
  const policies = Array.isArray(hub.value) ? hub.value.filter(isJsonObject) : [];
  const policy = policies.find((each) => each.name === name);
  if (!policy) {
    throw new CommandFailure('notFound', `There is no policy ${name}.`, { fix: 'homeport hub policy list' });
  }
  const credential = `SharedAccessKeyName=${name};SharedAccessKey=${policy[keyName]}`;
  if (!options.isSet('events')) return `HostName=${hub.hostName};${credential}`;
  const rights = Array.isArray(policy.rights) ? policy.rights : [];
  if (!rights.includes('ServiceConnect')) {
    throw new CommandFailure('failed', `The policy ${name} may not read events.`, {
      fix: 'homeport hub connection-string --events --policy service',
    });
  }
  return `Endpoint=sb://${await eventsAddress(invocation, hub)}/;${credential};EntityPath=${eventsOf(hub).entity}`;
}

/** A port that clients take for granted is left out. */
async function eventsAddress(invocation: Invocation, hub: JsonObject): Promise<string> {
  const { hubs } = await administer(invocation, { method: 'GET', path: '/status' });
  const status = isJsonObject(hubs) ? hubs[(invocation.options.text('hub') ?? 'main').toLowerCase()] : undefined;
  const port = isJsonObject(status) ? status.amqpPort : undefined;
  return `${eventsOf(hub).hostName}${port === undefined || port === 5671 ? '' : `:${port}`}`;
}

function eventsOf(hub: JsonObject): JsonObject {
  return isJsonObject(hub.events) ? hub.events : {};
}
