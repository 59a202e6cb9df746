import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  listenFor,
  makeServerIdentity,
  openSphereInstallation,
  type SphereInstallation,
} from '#test/support/sphere-installation.ts';

const fileOf = ({ workingDirectory }: SphereInstallation, name: string) => readFileSync(join(workingDirectory, name));
const filesOf = ({ workingDirectory }: SphereInstallation) => readdirSync(workingDirectory);

describe('azsphere', () => {
  test('sphere 87, 11, 12, 13: login, then the commands of both walks unchanged, in order, in one directory', async (t) => {
    const home = await openSphereInstallation(t);
    const commands = [
      'azsphere login',
      'azsphere ca-certificate download --output CAcertificate.cer',
      'azsphere ca-certificate download-proof --output ValidationCertification.cer --verificationcode 0011AABB',
      'azsphere ca-certificate download --destination CAcertificate2.cer',
      'azsphere ca-certificate download --destination-file CAcertificate3.cer',
      'azsphere ca-certificate download-proof --destination Proof2.cer --verification-code CCDD2233',
      'azsphere ca-certificate download-chain --destination Chain.p7b',
    ];
    for (const command of commands) assert.equal((await home.azsphere(command)).exitCode, 0, command);

    const ca = new X509Certificate(fileOf(home, 'CAcertificate.cer'));
    assert.ok(ca.ca);
    assert.deepEqual(fileOf(home, 'CAcertificate2.cer'), fileOf(home, 'CAcertificate.cer'));
    assert.deepEqual(fileOf(home, 'CAcertificate3.cer'), fileOf(home, 'CAcertificate.cer'));
    for (const [file, code] of [
      ['ValidationCertification.cer', '0011AABB'],
      ['Proof2.cer', 'CCDD2233'],
    ] as const) {
      const proof = new X509Certificate(fileOf(home, file));
      assert.equal(proof.subject, `CN=${code}`);
      assert.ok(proof.verify(ca.publicKey));
    }
    assert.equal(fileOf(home, 'Chain.p7b')[0], 0x30);
    assert.equal(filesOf(home).length, 6, 'nothing is left beside the files that were asked for');
  });

  test('login keeps the token to its owner and selects the only tenant', async (t) => {
    const home = await openSphereInstallation(t);
    const { output, errors } = await home.azsphere('login');
    assert.equal(statSync(home.azsphereFile).mode & 0o777, 0o600);
    const { token, tenantId } = JSON.parse(readFileSync(home.azsphereFile, 'utf8'));
    assert.equal(tenantId, home.tenantId);
    assert.ok(output.includes(` --> Tenant ID: ${home.tenantId}`));
    assert.match(output.at(-1) ?? '', /^Command completed successfully in \d\d:\d\d:\d\d\.\d{7}\.$/);
    assert.ok(!output.concat(errors).join('\n').includes(token));
  });

  test('without login every command is refused with exit code 3, and after logout again', async (t) => {
    const home = await openSphereInstallation(t);
    const commands = [
      'tenant list',
      'ca-certificate list',
      'device list',
      'ca-certificate download --output F.cer',
      'device claim --yes',
    ];
    for (const command of commands) assert.equal((await home.azsphere(command)).exitCode, 3, command);
    await home.azsphere('login');
    assert.equal((await home.azsphere('tenant list')).exitCode, 0);
    await home.azsphere('logout');
    assert.equal((await home.azsphere('tenant list')).exitCode, 3);
    assert.deepEqual(filesOf(home), []);
  });

  test('a token that the service does not know is refused with exit code 3 and the way back', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const session = JSON.parse(readFileSync(home.azsphereFile, 'utf8'));
    writeFileSync(home.azsphereFile, JSON.stringify({ ...session, token: 'forged' }));
    const { exitCode, errors } = await home.azsphere('tenant list');
    assert.equal(exitCode, 3);
    assert.ok(errors.includes('  azsphere login'), errors.join('\n'));
  });

  test('sphere 15: --output json on a download makes no file named json', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    assert.equal((await home.azsphere('ca-certificate download --output json')).exitCode, 2);
    assert.deepEqual(filesOf(home), []);
    const both = await home.azsphere('ca-certificate download --destination F.cer --output json');
    assert.equal(both.exitCode, 0);
    assert.deepEqual(JSON.parse(both.output.join('\n')), {
      destination: join(home.workingDirectory, 'F.cer'),
      tenantId: home.tenantId,
    });
  });

  test('sphere 16: a name with another ending is refused with exit code 2 and no file', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    for (const command of [
      'ca-certificate download --output CAcertificate',
      'ca-certificate download --destination CAcertificate.pem',
      'ca-certificate download --destination CAcertificate.p7b',
      'ca-certificate download-chain --destination Chain.cer',
      'ca-certificate download-proof --verification-code X --destination proof.crt',
      'ca-certificate download',
      'ca-certificate download-proof --destination proof.cer',
    ]) {
      assert.equal((await home.azsphere(command)).exitCode, 2, command);
    }
    assert.deepEqual(filesOf(home), []);
  });

  test('an existing file is asked about at a terminal, refused without one, replaced with --force', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const path = join(home.workingDirectory, 'F.cer');
    writeFileSync(path, 'old');
    const command = 'ca-certificate download --destination F.cer';
    assert.equal((await home.azsphere(command)).exitCode, 1);
    assert.equal((await home.azsphere(command, { answers: ['n'] })).exitCode, 1);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    assert.equal((await home.azsphere(command, { answers: ['y'] })).exitCode, 0);
    assert.equal(readFileSync(path)[0], 0x30);
    writeFileSync(path, 'old');
    assert.equal((await home.azsphere(`${command} --force`)).exitCode, 0);
    assert.equal(readFileSync(path)[0], 0x30);
  });

  test('one certificate is selected by index or thumbprint; what there is not gets exit code 5 and no file', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const list = JSON.parse((await home.azsphere('ca-certificate list -o json')).output.join('\n'));
    assert.equal(list.length, 1);
    assert.deepEqual(Object.keys(list[0]), ['index', 'thumbprint', 'serialNumber', 'status', 'startDate', 'endDate', 'subject']);
    const { thumbprint, index } = list[0];
    assert.equal((await home.azsphere(`ca-certificate download --index ${index} --destination A.cer`)).exitCode, 0);
    assert.equal(
      (await home.azsphere(`ca-certificate download --thumbprint ${thumbprint.toLowerCase()} --destination B.cer`)).exitCode,
      0,
    );
    assert.equal(new X509Certificate(fileOf(home, 'A.cer')).fingerprint.replaceAll(':', ''), thumbprint);
    assert.deepEqual(fileOf(home, 'B.cer'), fileOf(home, 'A.cer'));
    assert.equal((await home.azsphere('ca-certificate download --index 2 --destination C.cer')).exitCode, 5);
    assert.equal((await home.azsphere(`ca-certificate download --thumbprint ${'0'.repeat(40)} --destination C.cer`)).exitCode, 5);
    assert.equal((await home.azsphere('ca-certificate download --index 0 --destination C.cer')).exitCode, 2);
    assert.equal(
      (await home.azsphere(`ca-certificate download --index 1 --thumbprint ${thumbprint} --destination C.cer`)).exitCode,
      2,
    );
    assert.deepEqual(filesOf(home).sort(), ['A.cer', 'B.cer']);
  });

  test('a code that the service refuses leaves no file', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    for (const code of ['a,b', 'a=b', 'ab'.repeat(64)]) {
      const { exitCode } = await home.azsphere(`ca-certificate download-proof --destination P.cer --verification-code ${code}`);
      assert.equal(exitCode, 1, code);
    }
    assert.deepEqual(filesOf(home), []);
  });

  test('sphere 89: -o json prints only JSON on standard output, and warnings go to standard error', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    for (const command of [
      'tenant list -o json',
      'TENANT List --Out JSON',
      'tenant show-selected --output=json',
      'device list -ojson',
      'show-version -o json',
    ]) {
      const { output, exitCode } = await home.azsphere(command);
      assert.equal(exitCode, 0, command);
      assert.doesNotThrow(() => JSON.parse(output.join('\n')), command);
    }
    const warned = await home.azsphere('tenant download-CA-certificate --destination F.cer -o json');
    assert.doesNotThrow(() => JSON.parse(warned.output.join('\n')));
    assert.match(warned.errors.join('\n'), /^warn: /);
    const classic = await home.azsphere('tenant download-CA-certificate --output G.cer', {
      environment: { HOMEPORT_AZSPHERE_CLI: 'classic' },
    });
    assert.match(classic.output.join('\n'), /^warn: /);
    assert.deepEqual(classic.errors, []);
  });

  test('sphere 92: the oldest spelling works and warns', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const { exitCode, errors } = await home.azsphere('azsphere tenant download-CA-certificate --output F.cer');
    assert.equal(exitCode, 0);
    assert.match(errors.join('\n'), /obsolete.*azsphere ca-certificate download/);
    assert.ok(new X509Certificate(fileOf(home, 'F.cer')).ca);
  });

  test('tenants are shown, and selected by id, name or old option', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const table = (await home.azsphere('tenant list')).output;
    assert.match(table[0] ?? '', /^ -+$/);
    assert.match(table[1] ?? '', /^ Id +Name +Roles$/);
    const yaml = (await home.azsphere('tenant show-selected -o yaml')).output.join('\n');
    assert.match(yaml, /^id: /);
    for (const option of [
      `--tenant ${home.tenantId}`,
      `-t ${home.tenantId.toUpperCase()}`,
      '-t homeport',
      `-i ${home.tenantId}`,
      `--tenantid ${home.tenantId}`,
    ]) {
      assert.equal((await home.azsphere(`tenant select ${option}`)).exitCode, 0, option);
    }
    assert.equal((await home.azsphere('tenant select -t Contoso')).exitCode, 5);
    assert.equal((await home.azsphere('tenant select')).exitCode, 2);
  });

  test('sphere 90: a network cut in the middle of an answer fails with exit code 7 and leaves no file', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    let cutPath = '/cert?';
    const cutting = createServer(
      { cert: home.identity.certificatePem, key: home.identity.privateKeyPem },
      (request, response) => {
        if (request.url?.includes(cutPath) || request.url?.endsWith('/cert')) {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': '4000' });
          response.write('"MIIB', () => request.socket.destroy());
          return;
        }
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify([{ Id: home.tenantId, Name: 'Homeport', Roles: ['Administrator'] }]));
      },
    );
    const port = await listenFor(t, cutting, 0);
    const session = JSON.parse(readFileSync(home.azsphereFile, 'utf8'));
    writeFileSync(home.azsphereFile, JSON.stringify({ ...session, sphereUrl: `https://127.0.0.1:${port}` }));
    const cut = await home.azsphere('ca-certificate download --output F.cer');
    assert.equal(cut.exitCode, 7, cut.errors.join('\n'));
    assert.deepEqual(filesOf(home), []);
    cutPath = '/tenants';
    assert.equal((await home.azsphere('tenant list')).exitCode, 7);
  });

  test('a service with a certificate of another CA is not talked to', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const stranger = await makeServerIdentity();
    let isAsked = false;
    const server = createServer({ cert: stranger.certificatePem, key: stranger.privateKeyPem }, (_request, response) => {
      isAsked = true;
      response.end('[]');
    });
    const port = await listenFor(t, server, 0);
    const session = JSON.parse(readFileSync(home.azsphereFile, 'utf8'));
    writeFileSync(home.azsphereFile, JSON.stringify({ ...session, sphereUrl: `https://127.0.0.1:${port}` }));
    assert.equal((await home.azsphere('tenant list')).exitCode, 7);
    writeFileSync(home.azsphereFile, JSON.stringify({ ...session, sphereUrl: `http://127.0.0.1:${port}` }));
    assert.equal((await home.azsphere('tenant list')).exitCode, 7, 'and nothing is sent in the clear');
    assert.equal(isAsked, false);
  });

  test('an answer that is no certificate does not become a file', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    let answer = '"aGVsbG8="';
    const server = createServer({ cert: home.identity.certificatePem, key: home.identity.privateKeyPem }, (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(request.url?.endsWith('/tenants') ? JSON.stringify([{ Id: home.tenantId, Name: 'H', Roles: [] }]) : answer);
    });
    const port = await listenFor(t, server, 0);
    const session = JSON.parse(readFileSync(home.azsphereFile, 'utf8'));
    writeFileSync(home.azsphereFile, JSON.stringify({ ...session, sphereUrl: `https://127.0.0.1:${port}` }));
    for (const body of ['"aGVsbG8="', '{"x":1}', 'not JSON', '""', '"%%%"']) {
      answer = body;
      assert.equal((await home.azsphere('ca-certificate download --output F.cer')).exitCode, 1, body);
    }
    assert.deepEqual(filesOf(home), []);
  });

  test('where nothing runs, login fails with exit code 7 and says what to start', async (t) => {
    const home = await openSphereInstallation(t);
    const { exitCode, errors } = await home.azsphere('login', {
      environment: { HOMEPORT_DATA: join(home.directory, 'nowhere') },
    });
    assert.equal(exitCode, 7);
    assert.match(errors.join('\n'), /Nothing runs there\.\n.*homeport start/);
  });

  test('what this build does not have is refused with exit code 4, and what nobody has with 2', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    for (const command of [
      'device wifi list',
      'dev recover',
      'product create --name x',
      'tenant list --query [0]',
      'login --newuser a@b',
      'device enable-development',
    ]) {
      assert.equal((await home.azsphere(command)).exitCode, 4, command);
    }
    for (const command of ['devise list', 'tenant', 'tenant list --outptu json', 'tenant list --output xml']) {
      assert.equal((await home.azsphere(command)).exitCode, 2, command);
    }
    const classic = await home.azsphere('device wifi list', { environment: { HOMEPORT_AZSPHERE_CLI: 'classic' } });
    assert.match(classic.output.at(-1) ?? '', /^error: Command failed in \d\d:\d\d:\d\d\.\d{7}\.$/);
  });
});
