import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const deviceCreateCommand: Command = {
  options: [
    { name: 'device-id', short: 'd', value: 'ID', isRequired: true, summary: 'The device id, letter for letter' },
    {
      name: 'auth-method',
      value: 'METHOD',
      isRequired: true,
      summary: 'x509_ca (a chain to a verified CA), x509_thumbprint or shared_private_key',
    },
    { name: 'primary-thumbprint', value: 'HEX', summary: 'SHA-1 or SHA-256 of the certificate, with or without colons' },
    { name: 'secondary-thumbprint', value: 'HEX', summary: 'A second one, for roll-over' },
    { name: 'primary-key', value: 'BASE64', summary: '16 to 64 bytes; made when it is not given' },
    { name: 'secondary-key', value: 'BASE64', summary: 'A second one, for roll-over; made when it is not given' },
    { name: 'secrets', summary: 'Print the connection string, which holds the key' },
    hubOption,
    jsonOption,
  ],
  examples: [
    'homeport hub device create --device-id dev1 --auth-method x509_ca',
    'homeport hub device create -d dev2 --auth-method x509_thumbprint --primary-thumbprint 27E4…',
    'homeport hub device create -d dev3 --auth-method shared_private_key --secrets',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const deviceId = options.required('device-id');
    const withSecrets = options.isSet('secrets');
    const device = await administer(invocation, {
      method: 'PUT',
      path: hubPath(invocation, `/hub/devices/${encodeURIComponent(deviceId)}`, withSecrets ? { secrets: 'true' } : {}),
      json: { authentication: authenticationOf(options.required('auth-method'), options) },
    });
    if (options.isSet('json')) return terminal.print(JSON.stringify(device, undefined, 2));
    terminal.print(`Created ${deviceId}.`);
    if (typeof device.connectionString === 'string') terminal.print(device.connectionString);
  },
};

function authenticationOf(method: string, options: Pick<Invocation['options'], 'text'>) {
  const given = (names: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(names).flatMap(([member, option]) => {
        const value = options.text(option);
        return value === undefined || value === '' ? [] : [[member, value]];
      }),
    );
  switch (method) {
    case 'x509_ca':
      return { type: 'certificateAuthority' };
    case 'shared_private_key':
      return { type: 'sas', ...given({ primaryKey: 'primary-key', secondaryKey: 'secondary-key' }) };
    case 'x509_thumbprint': {
      const thumbprints = given({ primaryThumbprint: 'primary-thumbprint', secondaryThumbprint: 'secondary-thumbprint' });
      if (Object.keys(thumbprints).length > 0) return { type: 'selfSigned', ...thumbprints };
      throw new CommandFailure('usage', 'x509_thumbprint needs a thumbprint.', {
        fix: 'openssl x509 -in device.pem -noout -fingerprint -sha1',
      });
    }
    default:
      throw new CommandFailure('usage', `There is no method ${method}.`, {
        why: 'x509_ca, x509_thumbprint and shared_private_key are known.',
      });
  }
}
