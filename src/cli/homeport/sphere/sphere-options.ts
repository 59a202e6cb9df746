import type { Invocation, OptionSpec, PositionalSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';

export const tenantOption: OptionSpec = { name: 'tenant', value: 'ID', summary: 'The tenant; without it the first one' };

export const yesOption: OptionSpec = { name: 'yes', short: 'y', summary: 'Do not ask: it cannot be undone' };

export const deviceIdPositional: PositionalSpec = {
  name: 'DEVICE-ID',
  isRequired: true,
  summary: '128 hex digits, as azsphere device list prints them',
};

export const thumbprintOption: OptionSpec = {
  name: 'thumbprint',
  value: 'SHA1',
  isRequired: true,
  summary: 'Of the CA certificate, as azsphere ca-certificate list prints it',
};

/** The path in the tenant that `--tenant` names. */
export function spherePath({ options }: Pick<Invocation, 'options'>, path: string, query: Record<string, string> = {}): string {
  const tenant = options.text('tenant');
  const text = new URLSearchParams({ ...query, ...(tenant === undefined ? {} : { tenant }) }).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Asks before what cannot be undone; where nobody can be asked, `--yes` must have been given. */
export async function confirm(
  { options, terminal }: Pick<Invocation, 'options' | 'terminal'>,
  what: { warning: string; question: string; failure: string; fix: string },
): Promise<void> {
  if (options.isSet('yes')) return;
  if (!terminal.isInputTerminal) {
    throw new CommandFailure('failed', what.failure, {
      why: 'It cannot be undone, and nobody is here to confirm it.',
      fix: what.fix,
    });
  }
  terminal.complain(what.warning);
  const answer = await terminal.ask(`${what.question} (y/N) `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('failed', what.failure);
}
