import type { Command } from '../../kit/command.ts';
import { changeDevice } from './device-update.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption } from './identity-options.ts';

export const deviceDisableCommand: Command = {
  options: [
    deviceIdOption,
    { name: 'reason', value: 'TEXT', summary: 'Why, for who asks later; at most 128 characters' },
    hubOption,
  ],
  examples: ['homeport hub device disable -d dev1', `homeport hub device disable -d dev1 --reason 'stolen in May'`],
  notes: ['A device that is connected is sent away, and let in no more until: homeport hub device enable -d dev1'],
  async run(invocation) {
    const { options, terminal } = invocation;
    await changeDevice(invocation, { status: 'disabled', statusReason: options.text('reason') ?? null });
    terminal.print(`Disabled ${options.required('device-id')}.`);
  },
};
