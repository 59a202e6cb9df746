import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption } from './hub-option.ts';
import { conditionOption, testCondition } from './routing-options.ts';

export const routeTestCommand: Command = {
  options: [
    { ...conditionOption, isRequired: true },
    { name: 'body', value: 'TEXT', summary: 'The body of a message that nobody sent, taken as JSON in UTF-8' },
    { name: 'property', value: 'NAME=VALUE', isRepeatable: true, summary: 'A property of it; may be given more than once' },
    hubOption,
    jsonOption,
  ],
  examples: [
    `homeport hub route test --condition "$body.temperature > 30" --body '{"temperature":31}'`,
    `homeport hub route test --condition "level = 'storage'" --property level=storage`,
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const body = options.text('body');
    const answer = await testCondition(invocation, options.required('condition'), {
      ...(body === undefined ? {} : { body, systemProperties: { contentType: 'application/json', contentEncoding: 'utf-8' } }),
      appProperties: Object.fromEntries(options.list('property').map(pairOf)),
    });
    if (options.isSet('json')) return terminal.print(JSON.stringify(answer, undefined, 2));
    terminal.print(String(answer.result));
  },
};

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CommandFailure('usage', `--property got '${text}'.`, {
    why: 'It takes a name and a value: --property level=storage',
  });
}
