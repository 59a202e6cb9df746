import { chmod, chown } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';
import { fileProblem } from './file-problem.ts';
import { runTool } from './run-tool.ts';
import { makeDirectory } from './write-file.ts';

export type Owner = { readonly user: string | undefined; readonly group: string | undefined };

/** Makes directories that their group may write, and gives them to `owner` as far as one is named, those that were there as well. Throws Problem. */
export async function makeTree(clock: Clock, directories: readonly string[], owner: Owner): Promise<void> {
  const userId = owner.user === undefined ? undefined : await idOf(clock, 'passwd', owner.user);
  const groupId = owner.group === undefined ? undefined : await idOf(clock, 'group', owner.group);
  for (const directory of directories) {
    await makeDirectory(directory);
    try {
      // Not by mkdir: the umask would take some of it away.
      await chmod(directory, 0o775);
      // -1 leaves one as it is.
      if (userId !== undefined || groupId !== undefined) await chown(directory, userId ?? -1, groupId ?? -1);
    } catch (error) {
      throw fileProblem(error, directory);
    }
  }
}

/** By the system's own lookup: accounts need not stand in a file. */
async function idOf(clock: Clock, database: 'passwd' | 'group', name: string): Promise<number> {
  const { code, said } = await runTool(clock, ['getent', database, '--', name]);
  const id = Number(said.split(':')[2] ?? Number.NaN);
  if (code === 0 && Number.isInteger(id)) return id;
  throw new Problem('not-found', `This machine has no ${database === 'passwd' ? 'user' : 'group'} '${name}'.`);
}
