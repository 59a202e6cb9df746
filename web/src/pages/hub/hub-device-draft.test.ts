import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, checkDraft, emptyDraft, type HubDeviceDraft, withCertificate } from './hub-device-draft.ts';

const sha1 = '27E4F2C1A0B3D4956877665544332211FFEEDDCC';
const draft = (change: Partial<HubDeviceDraft>): HubDeviceDraft => ({ ...emptyDraft, ...change });
const selfSigned = (primaryThumbprint: string, secondaryThumbprint = '') =>
  draft({ id: 'd', type: 'selfSigned', primaryThumbprint, secondaryThumbprint });

test('an id is wanted of every device, a thumbprint only where it counts', () => {
  assert.deepEqual(checkDraft(emptyDraft), { id: 'A device needs an ID.' });
  assert.deepEqual(checkDraft(draft({ id: 'd', primaryThumbprint: 'rubbish' })), {});
  assert.deepEqual(Object.keys(checkDraft(selfSigned(''))), ['primaryThumbprint']);
  assert.deepEqual(checkDraft(selfSigned('', sha1)), {});
});

test('a wrong thumbprint is told what is wrong with it', () => {
  assert.match(checkDraft(selfSigned(sha1.slice(1))).primaryThumbprint ?? '', /; this one has 39\.$/);
  assert.match(checkDraft(selfSigned(sha1, `${sha1.slice(1)}X`)).secondaryThumbprint ?? '', /; “X” is none\.$/);
});

test('what is sent holds what the chosen authentication needs, and nothing that was typed for another', () => {
  const all = draft({ id: 'd', primaryThumbprint: sha1, primaryKey: 'k', isKeyMade: false, isEnabled: false });
  assert.deepEqual(bodyOf({ ...all, type: 'selfSigned' }), {
    authentication: { type: 'selfSigned', primaryThumbprint: sha1 },
    enabled: false,
  });
  assert.deepEqual(bodyOf(all).authentication, { type: 'sas', primaryKey: 'k' });
  assert.deepEqual(bodyOf({ ...all, isKeyMade: true }).authentication, { type: 'sas' });
  assert.deepEqual(bodyOf({ ...all, type: 'certificateAuthority' }).authentication, { type: 'certificateAuthority' });
});

test('a pasted certificate chooses self-signed and fills in the id, unless one was typed', () => {
  const found = { thumbprint: sha1, deviceId: 'my-device' };
  const filled = withCertificate(emptyDraft, found);
  assert.deepEqual([filled.type, filled.id, filled.primaryThumbprint], ['selfSigned', 'my-device', sha1]);
  assert.equal(withCertificate(draft({ id: 'typed' }), found).id, 'typed');
  assert.deepEqual(withCertificate(emptyDraft, {}), emptyDraft);
});
