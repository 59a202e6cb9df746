import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';

export const deviceCreateCommand: Command = {
  options: [
    { name: 'device-id', short: 'd', value: 'ID', isRequired: true, summary: 'The device id, letter for letter' },
    { name: 'auth-method', value: 'METHOD', isRequired: true, summary: 'x509_ca (a chain to a verified CA) or x509_thumbprint' },
    { name: 'primary-thumbprint', value: 'HEX', summary: 'SHA-1 or SHA-256 of the certificate, with or without colons' },
    { name: 'secondary-thumbprint', value: 'HEX', summary: 'A second one, for roll-over' },
    jsonOption,
  ],
  examples: [
    'homeport hub device create --device-id dev1 --auth-method x509_ca',
    'homeport hub device create -d dev2 --auth-method x509_thumbprint --primary-thumbprint 27E4…',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const deviceId = options.required('device-id');
    const device = await administer(invocation, {
      method: 'PUT',
      path: `/hub/devices/${encodeURIComponent(deviceId)}`,
      json: {
        authentication: authenticationOf(
          options.required('auth-method'),
          options.text('primary-thumbprint'),
          options.text('secondary-thumbprint'),
        ),
      },
    });
    terminal.print(options.isSet('json') ? JSON.stringify(device, undefined, 2) : `Created ${deviceId}.`);
  },
};

function authenticationOf(method: string, primaryThumbprint?: string, secondaryThumbprint?: string) {
  if (method === 'x509_ca') return { type: 'certificateAuthority' };
  if (method !== 'x509_thumbprint')
    throw new CommandFailure('usage', `There is no method ${method}.`, { why: 'x509_ca and x509_thumbprint are known.' });
  if (!primaryThumbprint && !secondaryThumbprint) {
    throw new CommandFailure('usage', 'x509_thumbprint needs a thumbprint.', {
      fix: 'openssl x509 -in device.pem -noout -fingerprint -sha1',
    });
  }
  return {
    type: 'selfSigned',
    ...(primaryThumbprint && { primaryThumbprint }),
    ...(secondaryThumbprint && { secondaryThumbprint }),
  };
}
