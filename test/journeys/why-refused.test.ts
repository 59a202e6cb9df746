import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import provisioning from 'azure-iot-provisioning-device';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import security from 'azure-iot-security-x509';
import { dayMs, hourMs, instant, minuteMs } from '#base/instant.ts';
import type { RefusalBody } from '#central/contract/ui-refusals.ts';
import { purposeOids } from '#pki/oids.ts';
import { makeCa } from '#test/support/certificates.ts';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { type Browser, type OpenPage, openBrowser, signIn } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { PacketWriter } from '#wire/mqtt/encode.ts';

/**
 * Goal: whoever asks why a device was refused is told the first cause, what mends it and what was nearly right, by the
 * command and by the page alike; and the device is told none of it.
 * Method: each known way to be refused is walked by a client that devices really use, against a running server.
 * What is true at once and comes later in the order of sphere.md 2.8 is walked as well: the earlier rule is named,
 * and the later one stands where it would have failed.
 */
describe('why was my device refused', () => {
  let bench: CompatBench;
  let browser: Browser;
  let open: OpenPage;
  before(async () => {
    bench = await openCompatBench();
    await bench.trustAtHub('factory-root', bench.root);
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
    browser = await openBrowser();
    open = await browser.open();
    await signIn(bench.home, open.page);
  });
  after(async () => {
    await browser?.close();
    await bench?.close();
  });

  /** What the client's program says; whatever the server told it is in there. */
  type Said = Promise<string>;

  async function registerBySdk(identity: Identity, registrationId: string, idScope = bench.home.status.dps.idScope): Said {
    const credential = new security.X509Security(registrationId, { cert: identity.cert, key: identity.key });
    const transport = new provisioningMqtt.Mqtt();
    const { ProvisioningDeviceClient } = provisioning;
    const client = ProvisioningDeviceClient.create(bench.home.status.dps.hostName, idScope, transport, credential);
    return refusalOf(async () => client.register());
  }

  async function connectBySdk(connectionString: string, identity?: Identity): Said {
    const client = device.Client.fromConnectionString(connectionString, deviceMqtt.Mqtt);
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: bench.home.ca, ...(identity && { cert: identity.cert, key: identity.key }) });
    try {
      return await refusalOf(() => client.open());
    } finally {
      await client.close().catch(() => {});
    }
  }

  function withFiles(identity: Identity): string[] {
    const folder = mkdtempSync(join(bench.home.folder, 'client-'));
    const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
    writeFileSync(certificate, identity.cert);
    writeFileSync(key, identity.key, { mode: 0o600 });
    return [certificate, key];
  }

  async function publish(identity: Identity, deviceId: string, home: RunningHomeport = bench.home): Said {
    const [certificate = '', key = ''] = withFiles(identity);
    const { hub, ca } = home.status;
    const { code, output } = await run('mosquitto_pub', [
      ...['-d', '-h', home.address, '-p', String(hub.mqttPort), '-V', 'mqttv311', '-q', '1', '--cafile', ca],
      ...['--cert', certificate, '--key', key, '-i', deviceId, '-u', userNameOf(deviceId, home)],
      ...['-t', `devices/${deviceId}/messages/events/`, '-m', '{}'],
    ]);
    assert.equal(code, 5, output);
    return output;
  }

  /** CONNECT through openssl, whose output is what the server sent, in hex: CONNACK 5. */
  async function dialByOpenssl(identity: Identity, deviceId: string): Said {
    const [certificate = '', key = ''] = withFiles(identity);
    const { hub, ca } = bench.home.status;
    const chain = ['-cert', certificate, '-cert_chain', certificate, '-key', key];
    const words = ['s_client', '-quiet', '-connect', `${bench.home.address}:${hub.mqttPort}`, '-CAfile', ca, ...chain];
    const writer = new PacketWriter();
    writer.connect({ clientId: deviceId, userName: userNameOf(deviceId), keepAliveSeconds: 60, cleanSession: true });
    const { output } = await run('openssl', words, writer.take());
    assert.ok(output.includes(Buffer.of(0x20, 2, 0, 5).toString('latin1')), output);
    return output;
  }

  const userNameOf = (deviceId: string, home: RunningHomeport = bench.home) =>
    `${home.status.hub.hostName}/${deviceId}/?api-version=2021-04-12`;

  /** A block of the guide, in a shell whose home is the test's own. */
  function typeBlock(block: string): Promise<string> {
    const { home } = bench;
    const PATH = [join(import.meta.dirname, '../../bin'), process.env.PATH].join(delimiter);
    const env = { PATH, HOME: home.folder, HOMEPORT_DATA: home.data };
    return new Promise((resolve, reject) => {
      execFile('bash', ['-euc', block], { env, timeout: 60_000 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    });
  }

  async function byKey(deviceId: string): Promise<string> {
    const words = ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'shared_private_key', '--json', '--secrets'];
    return JSON.parse(await bench.home.ok('homeport', words)).connectionString;
  }

  const withOtherKey = (connectionString: string) =>
    connectionString.replace(/SharedAccessKey=.*$/, `SharedAccessKey=${Buffer.alloc(32, 7).toString('base64')}`);

  async function disableAtHub(deviceId: string): Promise<void> {
    await bench.central.ok('PATCH', `/api/ui/hubs/main/devices/${deviceId}`, { enabled: false });
  }

  const at = (ms: number) => instant(bench.now + ms);
  const past = () => ({ notBefore: at(-2 * hourMs), notAfter: at(-10 * minuteMs) });

  test('the commands of the guide find the device that was meant', async () => {
    const [slip = '', ask = '', ...more] = blocksOf('sh', 'why-was-my-device-refused.md');
    assert.deepEqual(more, []);
    await typeBlock(slip);
    const shown = await typeBlock(ask);
    assert.match(shown, /^ {2}who {6}pump-1 from /m);
    assert.match(shown, /^ {2}nearest {2}device Pump-1: There is a device Pump-1: differs only in case\./m);
    const { page } = open;
    await page.goto(new URL('/hub/iot-devices', bench.home.status.central.url).href);
    await page.getByRole('link', { name: 'See who, and why' }).click();
    await page
      .getByRole('button', { name: /pump-1/ })
      .first()
      .waitFor();
    await page.getByRole('link', { name: 'Chain, clock and nearest match: device-unknown, pump-1' }).click();
    await page.getByRole('heading', { level: 1, name: 'pump-1', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Pump-1', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Pump-1', exact: true }).waitFor();
  });

  test('a clock that was moved is named where a certificate ended by it', async (t) => {
    const home = await startHomeport(['--development']);
    t.after(() => home.close());
    const identity = bench.selfSignedOf('mayfly');
    const words = ['hub', 'device', 'create', '-d', 'mayfly', '--auth-method', 'x509_thumbprint'];
    await home.ok('homeport', [...words, '--primary-thumbprint', identity.leaf.certificate.sha1Thumbprint]);
    await home.ok('homeport', ['clock', 'advance', '30d']);
    await publish(identity, 'mayfly', home);
    const [found] = JSON.parse(await home.ok('homeport', ['refusals', '--json', '--subject', 'mayfly'])) as RefusalBody[];
    assert.equal(found?.reason, 'certificate-expired');
    assert.ok(Math.abs((found.clockMovedMs ?? 0) - 30 * dayMs) < minuteMs, `${found.clockMovedMs}`);
    const text = await home.ok('homeport', ['refusals', 'show', found.id]);
    assert.match(text, /^ {2}clock {4}20\S+Z, on a clock that was ahead by 30d$/m);
    const { page } = await browser.open();
    await signIn(home, page);
    await page.goto(new URL(`/refusals/${found.id}`, home.status.central.url).href);
    await page.getByText(/^20\S+Z, moved ahead by 30 days$/).waitFor();
  });

  type Case = {
    name: string;
    service: 'hub' | 'provisioning';
    /** Makes the device fail; resolves with its subject and what its program said. */
    fail: () => Promise<{ subject: string; said: string }>;
    reason: string;
    detail: RegExp;
    fix: RegExp;
    /** What comes nearest: kind and detail. */
    nearest?: readonly [string, RegExp];
    /** What is wrong at the links of the chain, leaf first; `!` marks where it failed. */
    chain?: readonly string[];
  };

  const cases: Case[] = [
    {
      name: 'a missing intermediate',
      service: 'provisioning',
      fail: async () => ({ subject: 'alone-1', said: await registerBySdk(bench.leafOf('alone-1', {}, []), 'alone-1') }),
      reason: 'issuer-unknown',
      detail: /No verified CA is named CN=Factory Line 1, and the device sent its own certificate alone\./,
      fix: /If CN=Factory Line 1 stands below a verified CA, let the device send its certificate after its own\./,
      chain: ['device', '!absent issuer-unknown'],
    },
    {
      name: 'a missing intermediate below a leaf that has ended too',
      service: 'hub',
      async fail() {
        await bench.createHubDevice('alone-2', 'ca');
        return { subject: 'alone-2', said: await publish(bench.leafOf('alone-2', past(), []), 'alone-2') };
      },
      reason: 'issuer-unknown',
      detail: /the device sent its own certificate alone/,
      fix: /let the device send its certificate after its own/,
      chain: ['device certificate-expired', '!absent issuer-unknown'],
    },
    {
      name: 'a wrong common name',
      service: 'provisioning',
      fail: async () => ({ subject: 'wrong-name', said: await registerBySdk(bench.leafOf('right-name'), 'wrong-name') }),
      reason: 'common-name-mismatch',
      detail: /The certificate is for right-name, not for wrong-name\./,
      fix: /Register under the name in the certificate\./,
      chain: ['!device common-name-mismatch', 'sent', 'verified-ca'],
    },
    {
      name: 'a common name that differs only in case',
      service: 'hub',
      async fail() {
        await bench.createHubDevice('Case-1', 'ca');
        return { subject: 'case-1', said: await publish(bench.leafOf('Case-1'), 'case-1') };
      },
      reason: 'device-unknown',
      detail: /There is no device or module of this id\./,
      fix: /Create it, or let the device register/,
      nearest: ['device Case-1', /There is a device Case-1: differs only in case\./],
    },
    {
      name: 'a CA that nobody verified',
      service: 'provisioning',
      async fail() {
        const ca = makeCa({ name: 'Unproven', ...bench.dates });
        await bench.uploadTo('unproven', ca);
        return {
          subject: 'unproven-1',
          said: await registerBySdk(bench.leafOf('unproven-1', { issuer: ca }, [ca]), 'unproven-1'),
        };
      },
      reason: 'issuer-not-verified',
      detail: /The chain leads to CN=Unproven, which was uploaded and not verified\./,
      fix: /Generate a verification code/,
      nearest: ['group unproven', /is not verified: this is the one on the chain/],
      chain: ['device', '!unverified-ca issuer-not-verified'],
    },
    {
      name: 'a CA that nobody verified above a leaf that has ended too',
      service: 'hub',
      async fail() {
        const ca = makeCa({ name: 'Unproven at the hub', ...bench.dates });
        await bench.trustAtHub('unproven', ca, { isProven: false });
        await bench.createHubDevice('unproven-2', 'ca');
        return {
          subject: 'unproven-2',
          said: await publish(bench.leafOf('unproven-2', { issuer: ca, ...past() }, [ca]), 'unproven-2'),
        };
      },
      reason: 'issuer-not-verified',
      detail: /which was uploaded and not verified/,
      fix: /Generate a verification code/,
      chain: ['device certificate-expired', '!unverified-ca issuer-not-verified'],
    },
    {
      name: 'another CA of the name of a group’s',
      service: 'provisioning',
      async fail() {
        const other = makeCa({ name: 'Factory Root', ...bench.dates });
        return {
          subject: 'namesake-1',
          said: await registerBySdk(bench.leafOf('namesake-1', { issuer: other }, [other]), 'namesake-1'),
        };
      },
      reason: 'signature-invalid',
      detail: /The key of CN=Factory Root \(SHA-1 [0-9A-F]{40}\) did not sign CN=namesake-1\./,
      fix: /two CAs have the same name/,
      nearest: ['group factory', /is verified: this is the one on the chain/],
      chain: ['!device signature-invalid', 'verified-ca'],
    },
    {
      name: 'a certificate that has ended',
      service: 'hub',
      async fail() {
        await bench.createHubDevice('ended-1', 'ca');
        return { subject: 'ended-1', said: await publish(bench.leafOf('ended-1', past()), 'ended-1') };
      },
      reason: 'certificate-expired',
      detail: /The certificate ended at /,
      fix: /Renew the certificate\./,
      chain: ['!device certificate-expired', 'sent', 'verified-ca'],
    },
    {
      name: 'a certificate that has not begun',
      service: 'hub',
      async fail() {
        await bench.createHubDevice('early-1', 'ca');
        const dates = { notBefore: at(hourMs), notAfter: at(2 * hourMs) };
        return { subject: 'early-1', said: await dialByOpenssl(bench.leafOf('early-1', dates), 'early-1') };
      },
      reason: 'certificate-not-yet-valid',
      detail: /The certificate begins at /,
      fix: /Compare the clocks of device and server/,
      chain: ['!device certificate-not-yet-valid', 'sent', 'verified-ca'],
    },
    {
      name: 'a certificate for servers',
      service: 'hub',
      async fail() {
        await bench.createHubDevice('server-1', 'ca');
        const identity = bench.leafOf('server-1', { purposes: { oids: [purposeOids.serverAuth] } });
        return { subject: 'server-1', said: await publish(identity, 'server-1') };
      },
      reason: 'leaf-purpose',
      detail: /does not name client authentication/,
      fix: /extended key usage clientAuth/,
      chain: ['!device leaf-purpose', 'sent', 'verified-ca'],
    },
    {
      name: 'a disabled group',
      service: 'provisioning',
      async fail() {
        const ca = makeCa({ name: 'Stopped line', ...bench.dates });
        await bench.enroll('stopped', ca);
        await bench.central.ok('PATCH', '/api/enrollmentGroups/stopped', { enabled: false });
        return { subject: 'stopped-1', said: await registerBySdk(bench.leafOf('stopped-1', { issuer: ca }, [ca]), 'stopped-1') };
      },
      reason: 'enrollment-disabled',
      detail: /The enrollment group stopped is disabled\./,
      fix: /Enable the enrollment group\./,
      nearest: ['group stopped', /is verified: this is the one on the chain/],
      chain: ['device', 'verified-ca'],
    },
    {
      name: 'a wrong key',
      service: 'hub',
      fail: async () => ({ subject: 'key-1', said: await connectBySdk(withOtherKey(await byKey('key-1'))) }),
      reason: 'token-signature',
      detail: /None of the keys that could have signed the token did\./,
      fix: /Compare the key in the connection string/,
    },
    {
      name: 'a wrong key of a device that is disabled too',
      service: 'hub',
      async fail() {
        const connectionString = await byKey('key-2');
        await disableAtHub('key-2');
        return { subject: 'key-2', said: await connectBySdk(withOtherKey(connectionString)) };
      },
      reason: 'token-signature',
      detail: /None of the keys/,
      fix: /Compare the key/,
      nearest: ['device key-2', /This device is disabled as well\./],
    },
    {
      name: 'an ID scope that is one character off',
      service: 'provisioning',
      async fail() {
        const { idScope } = bench.home.status.dps;
        const wrong = `${idScope.slice(0, -1)}${idScope.endsWith('0') ? '1' : '0'}`;
        return { subject: 'scope-1', said: await registerBySdk(bench.leafOf('scope-1'), 'scope-1', wrong) };
      },
      reason: 'scope-unknown',
      detail: /There is no ID scope 0ne/,
      fix: /Give the device the ID scope 0ne/,
      nearest: ['id-scope 0ne', /one character off/],
    },
    {
      name: 'the thumbprint of yesterday',
      service: 'hub',
      async fail() {
        const old = bench.leafOf('renewed-1');
        for (const identity of [old, bench.leafOf('renewed-1')]) {
          assert.equal((await bench.register(identity, 'renewed-1')).body.status, 'assigned');
        }
        const text = `HostName=${bench.home.status.hub.hostName};DeviceId=renewed-1;x509=true`;
        return { subject: 'renewed-1', said: await connectBySdk(text, old) };
      },
      reason: 'thumbprint-mismatch',
      detail: /is not the device's/,
      fix: /let the device register through the provisioning service again/,
      nearest: ['thumbprint ', /This was the device’s thumbprint until it was replaced at 20/],
      chain: ['!device thumbprint-mismatch'],
    },
  ];

  for (const { name, service, fail, reason, detail, fix, nearest, chain } of cases) {
    test(`${name}: command and page name the first cause and the fix, and the device is told neither`, async () => {
      const { subject, said } = await fail();
      const { home } = bench;
      const found = await eventually(async () => {
        const list = JSON.parse(await home.ok('homeport', ['refusals', '--json', '--service', service, '--subject', subject]));
        return (list as RefusalBody[])[0];
      });
      const shown: RefusalBody = JSON.parse(await home.ok('homeport', ['refusals', 'show', found.id, '--json']));
      assert.deepEqual([shown.id, shown.reason, shown.subject], [found.id, reason, subject]);
      assert.match(shown.detail, detail);
      assert.match(shown.fix ?? '', fix);
      assert.ok(shown.means);
      assert.ok(Math.abs(Date.parse(shown.at ?? '') - Date.parse(shown.lastAt)) < minuteMs);
      assert.equal(shown.clockMovedMs, undefined);
      assert.doesNotMatch(JSON.stringify(shown), /sig=|SharedAccessKey|PRIVATE KEY/);
      if (chain)
        assert.deepEqual(
          shown.chain.map((link) => wordsOf(link, reason)),
          chain,
        );
      const near = shown.nearest ?? [];
      if (nearest) {
        const [whose, what] = nearest;
        assert.ok(
          near.some((match) => `${match.kind} ${match.name}`.startsWith(whose) && what.test(match.detail)),
          JSON.stringify(near),
        );
      }

      const text = await home.ok('homeport', ['refusals', 'show', found.id]);
      assert.match(text, detail);
      assert.match(text, fix);
      assert.ok(text.includes(reason) && text.includes(subject));
      if (nearest) assert.match(text, nearest[1]);
      assert.ok((await home.ok('homeport', ['refusals', '--subject', subject])).includes(`id     ${found.id}`));

      const { page } = open;
      await page.goto(new URL(`/refusals/${found.id}`, home.status.central.url).href);
      await page.getByRole('heading', { level: 1, name: subject, exact: true }).waitFor();
      const body = (await page.getByRole('main').textContent()) ?? '';
      assert.match(body, detail);
      assert.match(body, fix);
      assert.ok(body.includes(reason) && body.includes('not moved'), body);
      if (nearest) assert.match(body, nearest[1]);
      if (chain?.some((link) => link.startsWith('!'))) assert.match(body, /Failed here: /);
      if (chain?.some((link) => /^[^!].* /.test(link))) assert.match(body, /Would have failed next: /);

      // The peer: neither reason nor fix nor what comes nearest.
      for (const secret of [reason, shown.detail, shown.fix ?? '', ...near.map((match) => match.detail)]) {
        assert.ok(!said.includes(secret), `${said}\nsays ${secret}`);
      }
    });
  }
});

function wordsOf({ role, faults }: RefusalBody['chain'][number], reason: string): string {
  const isHere = faults.some((fault) => fault.reason === reason);
  return [`${isHere ? '!' : ''}${role}`, ...faults.map((fault) => fault.reason)].join(' ');
}

/** What an SDK says when it is refused, its error whole. */
async function refusalOf(attempt: () => Promise<unknown>): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    assert.ok(error instanceof Error);
    return `${error.name}: ${error.message} ${JSON.stringify(error)}`;
  }
  throw new Error('The device was let in.');
}

function run(command: string, words: readonly string[], input?: Buffer): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'], timeout: 30_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString('latin1');
      });
    }
    // The server ends the connection, and s_client with it.
    child.stdin?.write(input ?? '');
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
