import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';

const port = 8884;
let bench: CompatBench;
before(async () => {
  bench = await openCompatBench({ HOMEPORT_BROKER__PORT: String(port) });
});
after(() => bench.close());

async function makeDevice(deviceId: string) {
  const { leaf, cert, key } = bench.selfSignedOf(deviceId);
  const files = { certificate: join(bench.home.folder, `${deviceId}.pem`), key: join(bench.home.folder, `${deviceId}.key`) };
  writeFileSync(files.certificate, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  await bench.createHubDevice(deviceId, { primary: leaf.certificate.sha256Thumbprint });
  return files;
}

test('Eclipse Paho of Debian finds its stored session with what came meanwhile, at every QoS', async () => {
  const [publisher, subscriber] = [await makeDevice('paho-pub'), await makeDevice('paho-sub')];
  const options = {
    host: bench.home.address,
    port,
    ca: bench.home.status.ca,
    publisher: 'paho-pub',
    publisherCertificate: publisher.certificate,
    publisherKey: publisher.key,
    subscriber: 'paho-sub',
    subscriberCertificate: subscriber.certificate,
    subscriberKey: subscriber.key,
    expect: 5,
  };
  const output = await new Promise<string>((resolve, reject) => {
    const script = join(import.meta.dirname, 'paho-client.py');
    // Debian's own interpreter: another one on the PATH would not find Debian's package.
    execFile('/usr/bin/python3', [script, JSON.stringify(options)], { timeout: 60_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
    );
  });
  const seen = JSON.parse(output) as { messages: [string, string, number, boolean][] };
  // The client hands on QoS 2 at PUBREL, so only the order within a topic is the broker's.
  seen.messages.sort(([a], [b]) => a.localeCompare(b));
  assert.deepEqual(seen, {
    granted: [2, 0],
    present: true,
    messages: [
      ['paho/1', 'away 1', 1, false],
      ['paho/2', 'away 2', 2, false],
      ['paho/low/0', 'here 0', 0, false],
      ['paho/low/1', 'here 1', 0, false],
      ['paho/low/2', 'here 2', 0, false],
    ],
  });
});
