import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { hubNamePositional } from './hub-option.ts';

export const hubDeleteCommand: Command = {
  options: [{ name: 'yes', short: 'y', summary: 'Do not ask: everything in the hub goes' }],
  positionals: [hubNamePositional],
  examples: ['homeport hub delete plant-2', 'homeport hub delete plant-2 --yes'],
  notes: ['Its devices, keys, CA certificates and messages go with it. The hub `main` stays: IoT Central uses it.'],
  async run({ positionals, ...invocation }) {
    const [name = ''] = positionals;
    await confirm(invocation, name);
    await administer(invocation, { method: 'DELETE', path: `/hubs/${encodeURIComponent(name)}` });
    invocation.terminal.print(`Deleted ${name}.`);
  },
};

/** The name is typed again, since many things go at once. */
async function confirm({ options, terminal }: Pick<Invocation, 'options' | 'terminal'>, name: string): Promise<void> {
  if (options.isSet('yes')) return;
  const failure = `The hub ${name} was not deleted.`;
  if (!terminal.isInputTerminal) {
    throw new CommandFailure('failed', failure, {
      why: 'Its devices and messages would go with it, and nobody is here to confirm it.',
      fix: `homeport hub delete ${name} --yes`,
    });
  }
  terminal.complain(`The hub ${name} will be deleted with its devices, keys, CA certificates and messages.`);
  const answer = await terminal.ask('Type its name to delete it: ');
  if (answer.trim() !== name) throw new CommandFailure('failed', failure, { why: 'Another name was typed.' });
}
