import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { giveFiles } from './give-files.ts';

test('files are given to a user whose name may be anything, with what the system says of one that is not there', async (t) => {
  const directory = temporaryDirectory(t);
  const paths = ['certificate', 'key'].map((name) => join(directory, name));
  for (const path of paths) writeFileSync(path, '');
  const { username, uid } = userInfo();
  await giveFiles(systemClock, username, paths);
  for (const path of paths) assert.equal(statSync(path).uid, uid);
  for (const user of ['nobody-of-this-name', '--reference=/etc/passwd']) {
    await assert.rejects(giveFiles(systemClock, user, paths), {
      code: 'unavailable',
      message: new RegExp(`^${paths[0]} and ${paths[1]} could not be given to the user ${user}:\\nchown: .*${user}`),
    });
  }
});
