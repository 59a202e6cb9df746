import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { confirm, spherePath, tenantOption, thumbprintOption, yesOption } from './sphere-options.ts';

export const caCertificateRevokeCommand: Command = {
  options: [thumbprintOption, yesOption, tenantOption, jsonOption],
  examples: [
    'homeport sphere ca-certificate revoke --thumbprint SHA1',
    'homeport sphere ca-certificate revoke --thumbprint SHA1 --yes',
  ],
  notes: [
    'For a CA whose key may be in foreign hands: every session below it ends, and another CA is active at once. Devices',
    'come back when that one is verified where they connect.',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const thumbprint = options.required('thumbprint');
    await confirm(invocation, {
      warning: 'Every device of the tenant is shut out until the new CA certificate is verified where it connects.',
      question: `Revoke the CA certificate ${thumbprint}?`,
      failure: 'The CA certificate was not revoked.',
      fix: `homeport sphere ca-certificate revoke --thumbprint ${thumbprint} --yes`,
    });
    const path = spherePath(invocation, '/sphere/certificates/revoke', { thumbprint });
    const certificate = await administer(invocation, { method: 'POST', path });
    if (options.isSet('json')) return terminal.print(JSON.stringify(certificate, undefined, 2));
    terminal.print(`Revoked ${certificate.thumbprint}. The one that is active now: azsphere ca-certificate list`);
  },
};
