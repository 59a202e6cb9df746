import type { Command, OptionSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';

export const caOption: OptionSpec = {
  name: 'ca',
  value: 'THUMBPRINT',
  isRequired: true,
  summary: 'Of the verified CA certificate, SHA-1 or SHA-256',
};

export const crlFollowCommand: Command = {
  options: [caOption, { name: 'url', value: 'URL', isRequired: true, summary: 'Where the CA publishes its list' }],
  examples: ['homeport crl follow --ca 3B0F… --url https://ca.example/line.crl'],
  notes: [
    'It is fetched now and every hour. https alone, on the open internet alone, unless outgoing.allowHttp and outgoing.allowed say otherwise.',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const path = `/revocation-sources/${encodeURIComponent(options.required('ca'))}`;
    const { url, failure } = await administer(invocation, { method: 'PUT', path, json: { url: options.required('url') } });
    if (failure !== undefined) {
      throw new CommandFailure('failed', 'The list could not be fetched. It will be tried again every five minutes.', {
        why: String(failure),
      });
    }
    terminal.print(`Fetched, and every hour from now on, from ${String(url)}.`);
  },
};
