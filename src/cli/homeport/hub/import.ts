import { resolve } from 'node:path';
import { isJsonObject, parseJson } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { requestHttp } from '../../kit/http-client.ts';
import { sendFile } from '../../kit/send-file.ts';
import { hubOption } from './hub-option.ts';
import { linkOf, removeFile, runTransfer } from './transfer-job.ts';

/** Refused lines that are printed; all of them stand in the answer to nobody who has thousands. */
const printedMax = 20;

export const hubImportCommand: Command = {
  options: [hubOption],
  positionals: [{ name: 'FILE', isRequired: true, summary: 'Devices and modules, one in a line of JSON' }],
  examples: ['homeport hub import devices.txt', 'homeport hub import devices.txt --hub plant-2'],
  notes: [
    'A line without importMode makes the device, or changes the one that is there. What is refused is printed by its line;',
    'the other lines are applied.',
  ],
  async run(invocation) {
    const { terminal, platform } = invocation;
    const path = resolve(terminal.workingDirectory, invocation.positionals[0] ?? '');
    const folder = `imports/${platform.random.uuid()}`;
    const name = `${folder}/devices.txt`;
    const target = await linkOf(invocation, name, 'write');
    await sendFile(path, target, { 'x-ms-blob-type': 'BlockBlob', 'content-type': 'text/plain' });
    try {
      await runTransfer(invocation, {
        type: 'import',
        inputBlobContainerUri: target.container,
        inputBlobName: name,
        outputBlobContainerUri: target.container,
        outputBlobName: name,
      });
    } finally {
      await removeFile(invocation, name);
    }
    const refused = await readRefused(invocation, `${folder}/importErrors.log`);
    if (refused.length === 0) return terminal.print(`Imported ${path}.`);
    for (const line of refused.slice(0, printedMax)) terminal.complain(line);
    if (refused.length > printedMax) terminal.complain(`… and ${refused.length - printedMax} more.`);
    throw new CommandFailure('failed', `${refused.length} lines of ${path} were refused.`, {
      why: 'The others were applied.',
    });
  },
};

/** The log of refused lines, taken away once it is read; empty for none. */
async function readRefused(invocation: Invocation, name: string): Promise<string[]> {
  const link = await linkOf(invocation, name, 'read').catch((error: unknown) => {
    if (error instanceof CommandFailure && error.exit === 'notFound') return undefined;
    throw error;
  });
  if (!link) return [];
  const { origin, pathname, search } = new URL(link.url);
  const { body } = await requestHttp({ url: origin, ca: link.ca }, { method: 'GET', path: pathname + search });
  await removeFile(invocation, name);
  return body
    .toString('utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const failure = text.startsWith('{') ? parseJson(text) : text;
      if (!isJsonObject(failure)) return printable(text);
      const { line, id, moduleId, errorCode, errorStatus } = failure;
      const who = id === '' ? '' : ` ${String(id)}${moduleId === null ? '' : `/${String(moduleId)}`}`;
      return printable(`line ${String(line)}:${who} ${String(errorStatus)} (${String(errorCode)})`, 1_000);
    });
}
