import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf } from '#test/support/guide.ts';
import { askHttps } from '#test/support/https-client.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { mistyped, typed } from '#test/support/typed.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const name = 'upload-a-file.md';
const guide = readFileSync(join(import.meta.dirname, '../../docs/guides', name), 'utf8');

test('every command and request of the guide for file upload works as it stands', async (t) => {
  const home = await startHomeport();
  t.after(() => home.close());
  const { hostName, httpsPort } = home.status.hub;
  const lines = blocksOf('sh', name).flatMap((block) => block.trim().split('\n'));
  assert.equal(lines.length, 4);
  const [create = '', list = '', download = '', remove = ''] = lines;
  const key = Buffer.from(/SharedAccessKey=(\S+)/.exec(await typed(home, create))?.[1] ?? '', 'base64');
  const authorization = formatSasToken({
    resource: `${hostName}/devices/camera-1`,
    key,
    expirySeconds: Math.ceil(Date.now() / 1000) + 600,
  });

  const [, block = ''] = /^```\n(POST .*?)^```$/ms.exec(guide) ?? [];
  const requests = block
    .trim()
    .split('\n')
    .map((line) => line.split(/ {2,}|(?<=^(?:POST|PUT)) /));
  assert.equal(requests.length, 3);
  const [begin = [], put = [], end = []] = requests;
  const answers: Record<string, string> = {};
  const fill = (text = '') => text.replace(/\{(\w+)\}/g, (_, word: string) => answers[word] ?? '');
  const ask = ([method = '', path = '', body = '']: string[]) =>
    askHttps(`https://${home.address}:${httpsPort}${path}`, home.ca, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: fill(body),
    });
  const begun = await ask(begin);
  assert.equal(begun.status, 200);
  Object.assign(answers, JSON.parse(begun.text));
  assert.equal(answers.hostName, `${hostName}:8445`);
  const written = await askHttps(fill(put[1]), home.ca, {
    method: 'PUT',
    headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': '5' },
    body: 'hello',
  });
  assert.equal(written.status, 201);
  assert.equal((await ask(end)).status, 204);

  assert.match(await typed(home, list), /^camera-1\/logs\/today\.txt\t5\t/);
  assert.match(await typed(home, download), /today\.txt, 5 bytes\.$/m);
  assert.equal(readFileSync(join(home.folder, 'today.txt'), 'utf8'), 'hello');
  await typed(home, remove);
  assert.equal(await typed(home, list), '');

  const missing = await mistyped(home, 'homeport hub file download --name camera-1/logs/today.txt --path other.txt');
  assert.match(missing.stderr, /There is no file of this name\./);
  const kept = await mistyped(home, 'homeport hub file download --name x --path today.txt');
  assert.match(kept.stderr, /today\.txt exists\./);
  assert.notEqual((await mistyped(home, 'homeport hub file delete')).code, 0);
});
