import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import { type CentralClient, openCentralClient } from '#test/support/central-client.ts';
import { makeCa, makeLeaf, makeOriginalProof, type TestCertificate } from '#test/support/certificates.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  type Browser,
  chooseFile,
  clipboardPermissions,
  openBrowser,
  readClipboard,
  signIn,
} from '#test/support/open-browser.ts';
import { SimulateProcess } from '#test/support/simulate-process.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { typed } from '#test/support/typed.ts';

describe('proofs that are refused in the dialog', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let central: CentralClient;
  let page: Page;
  before(async () => {
    // One after the other: what has started is closed even when the next one does not start.
    home = await startHomeport();
    browser = await openBrowser();
    central = await openCentralClient(home);
    await home.ok('azsphere', ['login']);
    const opened = await browser.open({ permissions: clipboardPermissions });
    page = opened.page;
    await signIn(home, page);
  });
  after(async () => {
    await browser?.close();
    await home?.close();
  });

  let groups = 0;

  function save(name: string, bytes: string | Uint8Array): string {
    const path = join(home.folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  const now = () => systemClock.now();
  const ownCa = (name: string) => makeCa({ name, notBefore: plus(now(), -hourMs), notAfter: plus(now(), 365 * dayMs) });
  const proofOf = (ca: TestCertificate, code: string, notAfter = plus(now(), hourMs)) =>
    makeOriginalProof(ca, code, { notBefore: plus(now(), -hourMs), notAfter });

  /** A new group's page, with its Primary Certificate dialog open on `file`. */
  async function openDialog(file: string): Promise<{ dialog: Locator; groupId: string }> {
    const groupId = `group-${++groups}`;
    await central.ok('PUT', `/api/enrollmentGroups/${groupId}`, {
      displayName: `Group ${groups}`,
      type: 'iot',
      attestation: { type: 'x509' },
    });
    await page.goto(new URL(`/permissions/device-connection-groups/${groupId}`, home.status.central.url).href);
    const folder = page.getByRole('button', { name: 'Choose file for the primary certificate' });
    await chooseFile(page, file, () => folder.click());
    return { dialog: page.getByRole('dialog', { name: 'Primary Certificate' }), groupId };
  }

  async function newCode(dialog: Locator, button: 'Generate verification code' | 'Refresh'): Promise<string> {
    const box = dialog.getByRole('textbox', { name: 'Verification code' });
    const before = await box.inputValue();
    await dialog.getByRole('button', { name: button }).click();
    return eventually(async () => {
      const code = await box.inputValue();
      return code !== '' && code !== before ? code : undefined;
    });
  }

  const prove = (dialog: Locator, path: string) =>
    chooseFile(page, path, () => dialog.getByRole('button', { name: 'Verify', exact: true }).click());

  async function refusedWith(dialog: Locator, pattern: RegExp): Promise<void> {
    await dialog.getByRole('alert').filter({ hasText: 'The proof was refused' }).filter({ hasText: pattern }).waitFor();
    await dialog.getByText('Needs verification').waitFor();
  }

  const isVerified = async (groupId: string) =>
    (await central.ok('GET', `/api/enrollmentGroups/${groupId}/certificates/primary`)).verified;

  test('central 13, 14: DER and PEM of one CA show the same subject and thumbprint', async () => {
    const ca = ownCa('Harbour CA');
    const expected = new X509Certificate(ca.der).fingerprint.replaceAll(':', '');
    for (const file of [save('harbour.cer', ca.der), save('harbour.pem', ca.pem), save('harbour.crt', ca.pem)]) {
      const { dialog, groupId } = await openDialog(file);
      await dialog.getByText('CN=Harbour CA').first().waitFor();
      assert.match(expected, /^[0-9A-F]{40}$/);
      await dialog.getByText(expected, { exact: true }).waitFor();
      // The same CA belongs to one group at a time.
      await central.ok('DELETE', `/api/enrollmentGroups/${groupId}`);
    }
  });

  test('central 15: the code stands in a read-only box, the copy button copies exactly it, and the next one differs', async () => {
    const { dialog } = await openDialog(save('code.cer', ownCa('Code CA').der));
    const first = await newCode(dialog, 'Generate verification code');
    assert.match(first, /^[0-9A-F]{48}$/);
    assert.equal(await dialog.getByRole('textbox', { name: 'Verification code' }).isEditable(), false);
    await dialog.getByRole('button', { name: 'Copy verification code' }).click();
    await dialog.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await readClipboard(page), first);
    const second = await newCode(dialog, 'Refresh');
    assert.match(second, /^[0-9A-F]{48}$/);
    assert.notEqual(second, first);
  });

  test('central 17, 18, 19: a voided code, another CA, an expired proof and a text file each have words of their own', async () => {
    const ca = ownCa('Walk CA');
    const { dialog, groupId } = await openDialog(save('walk.cer', ca.der));
    const voided = await newCode(dialog, 'Generate verification code');
    const code = await newCode(dialog, 'Refresh');

    await prove(dialog, save('voided.cer', proofOf(ca, voided).der));
    await refusedWith(dialog, /made for the code [0-9A-F]{48}, which is not the current one/);
    await prove(dialog, save('foreign.cer', proofOf(ownCa('Other CA'), code).der));
    await refusedWith(dialog, /issued by CN=Other CA, not by CN=Walk CA/);
    // The same name and another key: only the signature tells.
    await prove(dialog, save('forged.cer', proofOf(ownCa('Walk CA'), code).der));
    await refusedWith(dialog, /the key of the CA did not sign it/);
    await prove(dialog, save('expired.cer', proofOf(ca, code, plus(now(), -30 * minuteMs)).der));
    await refusedWith(dialog, /ended at .* outside its validity/);
    await prove(dialog, save('proof.txt.cer', 'The proof is in the pudding.\n'));
    await refusedWith(dialog, /neither DER, PEM nor base64 of a certificate/);
    await prove(dialog, save('empty.cer', ''));
    await refusedWith(dialog, /empty/);
    await prove(dialog, save('huge.cer', Buffer.alloc(17 * 1024, 0x30)));
    await refusedWith(dialog, /has 17408 bytes; a certificate has at most 16384/);
    assert.equal(await isVerified(groupId), false);

    // None of it spent the code.
    await prove(dialog, save('good.cer', proofOf(ca, code).pem));
    await dialog.getByText('Verified', { exact: true }).waitFor();
    assert.equal(await dialog.getByRole('alert').count(), 0);
    assert.equal(await isVerified(groupId), true);
  });

  test('a file that is no CA certificate is refused on the page it was chosen on, and a good one then works', async () => {
    const ca = ownCa('Late CA');
    const leaf = makeLeaf({ issuer: ca, notBefore: plus(now(), -hourMs), notAfter: plus(now(), hourMs) });
    const expired = makeCa({ name: 'Old CA', notBefore: plus(now(), -9 * dayMs), notAfter: plus(now(), -dayMs) });
    const wrong: [name: string, bytes: string | Uint8Array, says: RegExp][] = [
      ['leaf.cer', leaf.der, /basicConstraints|not a CA|no CA/],
      ['old.cer', expired.der, /ended at/],
      ['two.pem', ca.pem + leaf.pem, /one certificate|several|more than one/],
      ['notes.txt.cer', 'no certificate here', /neither DER, PEM nor base64 of a certificate/],
    ];
    const [first] = wrong;
    assert.ok(first);
    const { dialog } = await openDialog(save(first[0], first[1]));
    for (const [name, bytes, says] of wrong) {
      await chooseFile(page, save(name, bytes), () => dialog.getByRole('button', { name: 'Add certificate' }).click());
      await dialog.getByRole('alert').filter({ hasText: 'The certificate was not accepted' }).filter({ hasText: says }).waitFor();
    }
    await chooseFile(page, save('late.cer', ca.der), () => dialog.getByRole('button', { name: 'Add certificate' }).click());
    await dialog.getByText('Needs verification').waitFor();
    assert.equal(await dialog.getByRole('alert').count(), 0);
  });

  test('central 23, 24: before Verified nothing is listed and the group counts why; afterwards the same board lists itself', async (t: TestContext) => {
    await typed(home, 'azsphere ca-certificate download --output CAcertificate.cer');
    const { dialog, groupId } = await openDialog(join(home.folder, 'CAcertificate.cer'));
    const code = await newCode(dialog, 'Generate verification code');

    const board = new SimulateProcess(home, ['--app', 'd4', '--fast', '10']);
    t.after(() => board.end('SIGKILL'));
    const deviceId = await board.deviceId();
    await typed(home, 'azsphere device claim --yes');
    await eventually(async () => {
      const { value } = (await central.ok('GET', '/api/ui/refusals?service=provisioning')) as { value: { subject: string }[] };
      return value.find(({ subject }) => subject === deviceId);
    });
    await page.reload();
    await page.getByRole('link', { name: /^\d+ times?: see why$/ }).click();
    await page.getByText(deviceId).first().waitFor();
    await page.getByText(/verif/).first().waitFor();
    const listed = (await central.ok('GET', '/api/devices')) as { value: { id: string }[] };
    assert.ok(listed.value.every(({ id }) => id !== deviceId));

    await typed(home, `azsphere ca-certificate download-proof --output Proof.cer --verificationcode ${code}`);
    const proof = readFileSync(join(home.folder, 'Proof.cer')).toString('base64');
    await page.goto(new URL('/devices', home.status.central.url).href);
    await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
    await central.ok('POST', `/api/enrollmentGroups/${groupId}/certificates/primary/verify`, { certificate: proof });
    await page.getByRole('row', { name: new RegExp(`${deviceId}.*Provisioned`) }).waitFor({ timeout: 40_000 });
  });
});
