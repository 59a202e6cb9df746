import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { CommandTraffic } from './command-traffic.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const full = 20;
const rounds = isFullSize ? full : 2;
const perRound = 20;

/**
 * Goal: a message to a device that was acknowledged to its sender is there after a crash, and one whose completion was
 * acknowledged to the device is never delivered again. A method is called once. What was said to be in a twin is in it, and
 * the versions of its sections only rise.
 * Method: send over REST and complete over HTTPS, call methods, and change both sections of the twin, while the server is
 * killed with SIGKILL again and again. At the end the device fetches what is left: everything accepted and not completed must
 * come, and nothing that was completed.
 */
test(`what was accepted for a device survives ${rounds} times kill -9, and what is done with is not done again`, async (t) => {
  t.diagnostic(
    `scale: ${rounds} kills in messages, methods and twins${isFullSize ? '' : `; npm run prove -- kill-commands: ${full}`}`,
  );
  const home = await startHomeport([], { HOMEPORT_CLOUD_TO_DEVICE__LOCK_SECONDS: '5' });
  t.after(() => home.close());
  const key = Buffer.alloc(32, 5);
  const words = ['--auth-method', 'shared_private_key', '--primary-key', key.toString('base64')];
  await home.ok('homeport', ['hub', 'device', 'create', '-d', 'dev1', ...words]);
  const { hub } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
  const policyKey = /SharedAccessKey=([^;]+)/.exec(hub.connectionStrings.iothubowner)?.[1] ?? assert.fail('no key');

  const tokenOf = (path: string, secret: Buffer, name = ''): string => {
    const resource = encodeURIComponent(`${hub.hostName}${path}`);
    const expiry = Math.ceil(Date.now() / 1000) + 3_600;
    const signature = createHmac('sha256', secret).update(`${resource}\n${expiry}`).digest('base64');
    return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}${name && `&skn=${name}`}`;
  };
  const back = tokenOf('', Buffer.from(policyKey, 'base64'), 'iothubowner');
  const own = tokenOf('/devices/dev1', key);
  const ask = (method: string, path: string, authorization: string, body?: string) =>
    askHttps(
      `https://${home.address}:${home.status.hub.httpsPort}/devices/dev1/messages/devicebound${path}?api-version=2021-04-12`,
      home.ca,
      { method, headers: { authorization, 'content-type': 'text/plain' }, ...(body === undefined ? {} : { body }) },
    );

  const commands = new CommandTraffic(home, {
    ask: (method, path, json) =>
      askHttps(`https://${home.address}:${home.status.hub.httpsPort}${path}?api-version=2021-04-12`, home.ca, {
        method,
        headers: { authorization: back, 'content-type': 'application/json' },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      }),
    password: own,
  });
  t.after(() => commands.close());
  await commands.connect();

  const accepted: string[] = [];
  const completed = new Set<string>();
  /** Asked for and not answered: it may have happened or not. */
  const unknown = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    let isUp = true;
    const sending = (async () => {
      for (let i = 0; i < perRound && isUp; i++) {
        const body = `${round}-${i}`;
        unknown.add(body);
        const { status } = await ask('POST', '', back, body);
        unknown.delete(body);
        if (status === 204) accepted.push(body);
        else assert.equal(status, 403, 'the queue is full');
      }
    })().catch(() => undefined);
    const receiving = (async () => {
      while (isUp) {
        const { status, headers, text } = await ask('GET', '', own);
        if (status !== 200) continue;
        unknown.add(text);
        const lock = String(headers.etag).slice(1, -1);
        const answer = await ask('DELETE', `/${lock}`, own);
        unknown.delete(text);
        if (answer.status === 204) completed.add(text);
      }
    })().catch(() => undefined);
    const commanding = commands.life(() => isUp);
    const { desired, reported, called } = commands;
    const isEnough = () =>
      completed.size >= (round + 1) * 5 &&
      commands.desired > desired + 2 &&
      commands.reported > reported + 2 &&
      commands.called > called + 2;
    await eventually(() => (isEnough() ? true : undefined), 60_000);
    const killed = home.kill();
    isUp = false;
    await Promise.all([killed, sending, receiving, commanding]);
    await home.restart();
    await commands.check();
  }

  const left: string[] = [];
  const wanted = accepted.filter((body) => !completed.has(body) && !unknown.has(body));
  // What a killed server had locked for the device comes when the lock is over.
  await eventually(async () => {
    const { status, headers, text } = await ask('GET', '', own);
    if (status === 200) {
      left.push(text);
      await ask('DELETE', `/${String(headers.etag).slice(1, -1)}`, own);
      return undefined;
    }
    return wanted.every((one) => left.includes(one)) ? true : undefined;
  }, 90_000);
  for (const body of left) assert.ok(!completed.has(body), `${body} was completed and came again`);
  assert.ok(accepted.length >= completed.size);
  assert.ok(completed.size >= rounds * 5);
  t.diagnostic(
    `${accepted.length} messages accepted, ${completed.size} completed, ${left.length} left at the end; ${commands.called} methods answered, ${commands.cutOff} cut off; desired properties at version ${commands.desired}, reported at ${commands.reported}`,
  );
});
