import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { spherePath, tenantOption, thumbprintOption } from './sphere-options.ts';

export const caCertificateActivateCommand: Command = {
  options: [
    thumbprintOption,
    { name: 'force', summary: 'Also while somebody who trusts the present CA does not trust this one' },
    tenantOption,
    jsonOption,
  ],
  examples: [
    'homeport sphere ca-certificate activate --thumbprint SHA1',
    'homeport sphere ca-certificate activate --thumbprint SHA1 --force',
  ],
  notes: ['The CA certificate that waits issues from now on. It becomes active by itself, too, 45 days after it was made.'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const query = { thumbprint: options.required('thumbprint'), ...(options.isSet('force') && { force: 'true' }) };
    const path = spherePath(invocation, '/sphere/certificates/activate', query);
    const certificate = await administer(invocation, { method: 'POST', path });
    if (options.isSet('json')) return terminal.print(JSON.stringify(certificate, undefined, 2));
    terminal.print(`${certificate.thumbprint} is Active.`);
  },
};
