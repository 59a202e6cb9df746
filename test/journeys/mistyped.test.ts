import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SimulateProcess } from '#test/support/simulate-process.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { mistyped, typed } from '#test/support/typed.ts';

type Mistake = [line: string, code: number, says: RegExp];

/** What a person gets wrong on the way of the tutorials: each time what failed, why, and the command that goes on. */
describe('the commands of the walks, mistyped', () => {
  let home: RunningHomeport;
  before(async () => {
    home = await startHomeport();
  });
  after(async () => {
    await home?.close();
  });

  async function check(...mistakes: Mistake[]): Promise<void> {
    for (const [line, expected, says] of mistakes) {
      const { code, stdout, stderr } = await mistyped(home, line);
      const words = `${stderr}${stdout}`;
      assert.equal(code, expected, `${line}\n${words}`);
      assert.match(words, says, line);
      assert.match(words, /^error: \S/m, line);
      assert.doesNotMatch(words, /^\s+at |node:internal/m, `${line} shows a stack`);
    }
  }

  test('where nothing runs, each command says what to start', async () => {
    const environment = { HOMEPORT_DATA: join(home.folder, 'elsewhere') };
    for (const line of ['azsphere login', 'homeport sign-in', 'homeport status', 'homeport simulate --app d1']) {
      const [command = '', ...words] = line.split(' ');
      const { code, stderr, stdout } = await home.run(command, words, { environment });
      assert.equal(code, 7, line);
      assert.match(stderr + stdout, /Nothing runs there\.\n.*homeport start/, line);
    }
  });

  test('before login every command of the security service names the login', async () => {
    const stranger = await startHomeport();
    try {
      for (const line of ['azsphere ca-certificate download --output CAcertificate.cer', 'azsphere device claim --yes']) {
        const { code, stderr, stdout } = await mistyped(stranger, line);
        assert.equal(code, 3, line);
        assert.match(stderr + stdout, /You are not signed in\.\n\s+azsphere login/);
      }
      assert.deepEqual(readdirSync(stranger.folder), []);
    } finally {
      await stranger.close();
    }
  });

  test('sphere 16: a wrong ending, a missing folder, no name: refused before anything is written, and what exists is kept', async () => {
    await typed(home, 'azsphere login');
    await check(
      ['azsphere ca-certificate download', 2, /No file is named\.\n\s+Add --destination FILE\.cer/],
      ['azsphere ca-certificate download --output Wrong.txt', 2, /Wrong\.txt does not end in \.cer/],
      ['azsphere ca-certificate download-chain --destination Wrong.cer', 2, /Wrong\.cer does not end in \.p7b/],
      ['azsphere ca-certificate download --output nowhere/Wrong.cer', 1, /There is no directory .*nowhere/],
    );
    assert.ok(readdirSync(home.folder).every((name) => !name.includes('Wrong')));
    await typed(home, 'azsphere ca-certificate download --output Kept.cer');
    const kept = readFileSync(join(home.folder, 'Kept.cer'));
    await check([
      'azsphere ca-certificate download-proof --output Kept.cer --verificationcode 00AA',
      1,
      /Kept\.cer exists\.\n\s+Add --force/,
    ]);
    assert.deepEqual(readFileSync(join(home.folder, 'Kept.cer')), kept);
  });

  test('a code that is missing or no code makes no proof', async () => {
    await typed(home, 'azsphere login');
    await check(
      ['azsphere ca-certificate download-proof --output Proof.cer', 2, /needs --verification-code/],
      ['azsphere ca-certificate download-proof --output Proof.cer --verificationcode ', 2, /The verification code is empty/],
      ['azsphere ca-certificate download-proof --output Proof.cer --verificationcode a/b', 1, /1 to 64 characters/],
      [
        'azsphere ca-certificate download-proof --output Proof.cer --verification-cod 00',
        2,
        /Did you mean --verification-code\?/,
      ],
      ['azsphere ca-certificate downlod --output Proof.cer', 2, /Did you mean azsphere ca-certificate download\?/],
    );
    assert.ok(readdirSync(home.folder).every((name) => !name.includes('Proof')));
  });

  test('a claim wants one attached board and a yes', async (t) => {
    await typed(home, 'azsphere login');
    await check(
      ['azsphere device claim --yes', 5, /No device is attached\.\n\s+homeport simulate --app d1/],
      ['homeport simulate', 2, /simulate needs --app/],
      ['homeport simulate --app d9', 2, /It may be d1 or d4/],
    );
    const boards = ['one', 'two'].map((name) => new SimulateProcess(home, ['--app', 'd1', '--name', name]));
    t.after(() => Promise.all(boards.map((board) => board.end('SIGKILL'))));
    await Promise.all(boards.map((board) => board.says(/It waits, attached/)));
    await check(
      ['azsphere device claim --yes', 2, /2 devices are attached\.\n\s+Say which one with --device/],
      ['azsphere device claim --yes --device 00', 5, /No attached device has the ID or connection path '00'/],
      ['homeport simulate --app d1 --name one', 1, /This board is running already/],
    );
    assert.equal(await boards[1]?.end(), 0);
    await check(['azsphere device claim', 1, /A claim is permanent.*\n\s+azsphere device claim --yes/]);
    await typed(home, 'azsphere device claim --yes');
    assert.match(await typed(home, 'azsphere device claim --yes'), /already belonged to this tenant; nothing changed/);
  });
});
