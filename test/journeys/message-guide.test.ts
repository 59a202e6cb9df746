import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { askHttps } from '#test/support/https-client.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { typed } from '#test/support/typed.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/send-a-message-to-a-device.md'), 'utf8');

test('every command and request of the guide for messages to devices works as it stands', async (t) => {
  const home = await startHomeport();
  t.after(() => home.close());
  const { hostName, httpsPort } = home.status.hub;
  const lines = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trim().split('\n'));
  assert.equal(lines.length, 3);
  const [create = '', first = '', second = ''] = lines;
  const key = Buffer.from(/SharedAccessKey=(\S+)/.exec(await typed(home, create))?.[1] ?? '', 'base64');
  assert.match(await typed(home, first), /^Queued for lamp-1 until \S+; 1 waiting\.$/m);
  assert.match(await typed(home, second), / 2 waiting\.$/m);

  const [, block = ''] = /^```\n(GET .*?)^```$/ms.exec(guide) ?? [];
  const requests = block.trim().split('\n');
  assert.equal(requests.length, 4);
  const [fetch, complete, reject, abandon] = requests.map((line) => line.split(/ +/));
  const expirySeconds = Math.ceil(Date.now() / 1000) + 600;
  const own = formatSasToken({ resource: `${hostName}/devices/lamp-1`, key, expirySeconds });
  const ask = ([method = '', path = '']: string[] = [], token = '', authorization = own) =>
    askHttps(`https://${home.address}:${httpsPort}${path.replace('{token}', token)}`, home.ca, {
      method,
      headers: { authorization },
    });
  const receive = async () => {
    const { status, headers, text } = await ask(fetch);
    assert.equal(status, 200);
    return { token: String(headers.etag).slice(1, -1), text, priority: headers['iothub-app-priority'] };
  };
  const one = await receive();
  assert.deepEqual([one.text, one.priority], ['on', 'high']);
  assert.equal((await ask(abandon, one.token)).status, 204);
  assert.equal((await ask(complete, (await receive()).token)).status, 204);
  const two = await receive();
  assert.equal(two.text, 'restart');
  assert.equal((await ask(reject, two.token)).status, 204);
  assert.equal((await ask(fetch)).status, 204);

  const { hub } = JSON.parse(await typed(home, 'homeport status --json --secrets'));
  const policyKey = Buffer.from(/SharedAccessKey=(\S+)/.exec(hub.connectionStrings.service)?.[1] ?? '', 'base64');
  const back = formatSasToken({ resource: hostName, key: policyKey, keyName: 'service', expirySeconds });
  const version = '?api-version=2021-04-12';
  const feedback = await ask(['GET', `/messages/serviceBound/feedback${version}`], '', back);
  assert.deepEqual(
    JSON.parse(feedback.text).map((record: { originalMessageId: string; statusCode: string }) => [
      record.originalMessageId,
      record.statusCode,
    ]),
    [['m-1', 'Rejected']],
  );
  const token = String(feedback.headers.etag).slice(1, -1);
  assert.equal((await ask(['DELETE', `/messages/serviceBound/feedback/{token}${version}`], token, back)).status, 204);
  assert.equal((await ask(['DELETE', `/devices/lamp-1/commands${version}`], '', back)).status, 200);
});
