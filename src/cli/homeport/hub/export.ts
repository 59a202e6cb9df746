import { resolve } from 'node:path';
import type { Command } from '../../kit/command.ts';
import { fetchFile } from '../../kit/fetch-file.ts';
import { confirmOutputFile } from '../../kit/write-output-file.ts';
import { hubOption } from './hub-option.ts';
import { linkOf, removeFile, runTransfer } from './transfer-job.ts';

export const hubExportCommand: Command = {
  options: [
    { name: 'without-keys', summary: 'Leave symmetric keys out' },
    { name: 'force', summary: 'Replace a file that is there' },
    hubOption,
  ],
  positionals: [{ name: 'FILE', isRequired: true, summary: 'Where the devices go, one in a line of JSON' }],
  examples: ['homeport hub export devices.txt', 'homeport hub export devices.txt --without-keys --hub plant-2'],
  notes: ['The lines are those of the cloud’s export: what it wrote can be imported here, and the other way round.'],
  async run(invocation) {
    const { options, positionals, terminal, platform } = invocation;
    const path = resolve(terminal.workingDirectory, positionals[0] ?? '');
    const isReplacing = await confirmOutputFile(path, terminal, { isForced: options.isSet('force') });
    const name = `exports/${platform.random.uuid()}.txt`;
    const { container } = await linkOf(invocation, name, 'write');
    const excludeKeysInExport = options.isSet('without-keys');
    const request = { type: 'export', outputBlobContainerUri: container, outputBlobName: name, excludeKeysInExport };
    await runTransfer(invocation, request);
    try {
      const { url, ca } = await linkOf(invocation, name, 'read');
      const bytes = await fetchFile({ url, ca }, path, { random: platform.random, isReplacing });
      terminal.print(`Wrote ${path}, ${bytes} bytes.${excludeKeysInExport ? '' : ' It holds keys.'}`);
    } finally {
      await removeFile(invocation, name);
    }
  },
};
