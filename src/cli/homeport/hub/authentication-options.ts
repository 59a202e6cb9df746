import type { Invocation, OptionSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';

/** How a device or a module signs in; `authenticationOf` reads them. */
export const authenticationOptions: readonly OptionSpec[] = [
  { name: 'primary-thumbprint', value: 'HEX', summary: 'SHA-1 or SHA-256 of the certificate, with or without colons' },
  { name: 'secondary-thumbprint', value: 'HEX', summary: 'A second one, for roll-over' },
  { name: 'primary-key', value: 'BASE64', summary: '16 to 64 bytes; made when it is not given' },
  { name: 'secondary-key', value: 'BASE64', summary: 'A second one, for roll-over; made when it is not given' },
];

export const authMethodOption: OptionSpec = {
  name: 'auth-method',
  value: 'METHOD',
  summary: 'x509_ca (a chain to a verified CA), x509_thumbprint or shared_private_key',
};

export type AskedAuthentication = {
  readonly type: 'certificateAuthority' | 'sas' | 'selfSigned';
  readonly [member: string]: string;
};

/** What `--auth-method` and the options beside it ask for, or a usage failure. */
export function authenticationOf(method: string, options: Pick<Invocation['options'], 'text'>): AskedAuthentication {
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

/** The same as the hub's REST takes it. */
export function restAuthentication({ type, ...members }: AskedAuthentication) {
  if (type === 'sas') return { type, symmetricKey: members };
  return type === 'selfSigned' ? { type, x509Thumbprint: members } : { type };
}
