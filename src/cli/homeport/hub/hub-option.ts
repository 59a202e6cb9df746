import type { Invocation, OptionSpec, PositionalSpec } from '../../kit/command.ts';

export const hubOption: OptionSpec = { name: 'hub', value: 'NAME', summary: 'The hub; without it `main`' };

export const hubNamePositional: PositionalSpec = {
  name: 'NAME',
  isRequired: true,
  summary: '3 to 50 letters, digits and hyphens, with no hyphen at either end',
};

/** The path for the hub that `--hub` names. */
export function hubPath({ options }: Pick<Invocation, 'options'>, path: string, query: Record<string, string> = {}): string {
  const hub = options.text('hub');
  const text = new URLSearchParams({ ...query, ...(hub === undefined ? {} : { hub }) }).toString();
  return text === '' ? path : `${path}?${text}`;
}
