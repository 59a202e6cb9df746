import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { systemRandom } from '#base/random.ts';
import type { Command } from '../../kit/command.ts';
import { fetchFile } from '../../kit/fetch-file.ts';
import { confirmOutputFile } from '../../kit/write-output-file.ts';
import { administer } from '../administration.ts';
import { eventsOption, fileNameOption, filesOf } from './file-name-option.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const fileDownloadCommand: Command = {
  options: [
    fileNameOption,
    { name: 'path', short: 'p', value: 'FILE', summary: 'Where it goes; without it the last part of the name, here' },
    { name: 'force', summary: 'Replace a file that is there' },
    eventsOption,
    hubOption,
  ],
  examples: [
    'homeport hub file download --name dev1/log.txt',
    'homeport hub file download -n dev1/log.txt --path /tmp/log.txt',
    'homeport hub file download -n dev1/log.txt --force',
  ],
  notes: ['A file is what a device sent. Look at it before you open it with anything.'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const name = options.required('name');
    const path = resolve(terminal.workingDirectory, options.text('path') ?? basename(name));
    const isReplacing = await confirmOutputFile(path, terminal, { isForced: options.isSet('force') });
    const link = await administer(invocation, {
      method: 'POST',
      path: hubPath(invocation, '/hub/files/link', filesOf(invocation)),
      json: { name },
    });
    const ca = readFileSync(String(link.caFile), 'utf8');
    const bytes = await fetchFile({ url: String(link.url), ca }, path, { random: systemRandom, isReplacing });
    terminal.print(`Wrote ${path}, ${bytes} bytes.`);
  },
};
