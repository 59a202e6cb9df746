import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSasToken, parseSasToken, sasTokenLimits, signatureOf } from './sas-token.ts';

const key = Buffer.from('a key of some bytes');
const signature = signatureOf('text', key).toString('base64');
const sig = encodeURIComponent(signature);

test('a token that is formatted is read back, and its signature is over the text that was sent', () => {
  const text = formatSasToken({ resource: "hub.example/devices/it's(1)", key, expirySeconds: 1_900_000_000, keyName: 'device' });
  assert.match(text, /^SharedAccessSignature sr=hub\.example%2Fdevices%2Fit%27s%281%29&sig=[^&]+&se=1900000000&skn=device$/);
  const token = parseSasToken(text);
  assert.equal(token?.resource, "hub.example/devices/it's(1)");
  assert.equal(token?.stringToSign, 'hub.example%2Fdevices%2Fit%27s%281%29\n1900000000');
  assert.deepEqual(token?.signature, signatureOf(token?.stringToSign ?? '', key));
  assert.equal(token?.expirySeconds, 1_900_000_000n);
  assert.equal(token?.keyName, 'device');
});

/** Every client's spelling in hub-device-protocol.md 3.1, hub-service-protocol.md 2.2 and dps-device-protocol.md 3. */
const spellings: [client: string, text: string, resource: string, signedResource: string, keyName?: string][] = [
  ['Node, device', `sr=h%2Fdevices%2Fd&sig=${sig}&se=1`, 'h/devices/d', 'h%2Fdevices%2Fd'],
  [
    'Node, provisioning',
    `sr=0ne1/registrations/r&sig=${sig}&skn=registration&se=1`,
    '0ne1/registrations/r',
    '0ne1/registrations/r',
    'registration',
  ],
  ['Node, service', `sr=h.example&sig=${sig}&skn=iothubowner&se=1`, 'h.example', 'h.example', 'iothubowner'],
  ['Python', `sr=h%2Fdevices%2Fd&sig=${sig.replaceAll('%2F', '/')}&se=1`, 'h/devices/d', 'h%2Fdevices%2Fd'],
  [
    'C, hub',
    `sr=h%2fdevices%2fd&sig=${sig.replace(/%../g, (sequence) => sequence.toLowerCase())}&se=1&skn=`,
    'h/devices/d',
    'h%2fdevices%2fd',
  ],
  [
    'C, provisioning',
    `sr=0ne1%2Fregistrations%2Fr&sig=${sig}&se=1&skn=registration`,
    '0ne1/registrations/r',
    '0ne1%2Fregistrations%2Fr',
    'registration',
  ],
  ['Java, hub', `sig=${sig}&se=1&sr=h/devices/d%20e`, 'h/devices/d e', 'h/devices/d%20e'],
  ['Java, provisioning', `sr=0ne1/registrations/r&sig=${sig}&se=1&skn=`, '0ne1/registrations/r', '0ne1/registrations/r'],
  ['identity service', `sr=h%2Fdevices%2Fmydev&sig=${sig}&se=1`, 'h/devices/mydev', 'h%2Fdevices%2Fmydev'],
  ['bare padding', `sr=h&sig=${signature.replaceAll('+', '%2B')}&se=1`, 'h', 'h'],
  ['a bare plus, which becomes a space on the way', `sr=h&sig=${signature.replaceAll('+', ' ')}&se=1`, 'h', 'h'],
  ['fields nobody knows', `x=1&sr=h&sig=${sig}&y&se=1&z=`, 'h', 'h'],
];

for (const [client, text, resource, signed, keyName] of spellings) {
  test(`hub 14, hub 16: the spelling is read: ${client}`, () => {
    for (const scheme of ['SharedAccessSignature ', 'sharedaccesssignature ', '  SharedAccessSignature ']) {
      const token = parseSasToken(`${scheme}${text} `);
      assert.deepEqual(token, {
        resource,
        stringToSign: `${signed}\n1`,
        signature: Buffer.from(signature, 'base64'),
        expirySeconds: 1n,
        keyName,
      });
    }
  });
}

test('an expiry near 2^64 is read, as C sends it', () => {
  assert.equal(parseSasToken(`SharedAccessSignature sr=h&sig=${sig}&se=18446744073709551615`)?.expirySeconds, 2n ** 64n - 1n);
});

const broken: [what: string, text: string][] = [
  ['nothing', ''],
  ['no scheme', `sr=h&sig=${sig}&se=1`],
  ['another scheme', `Bearer sr=h&sig=${sig}&se=1`],
  ['a scheme that only begins so', `SharedAccessSignatures sr=h&sig=${sig}&se=1`],
  ['no space', `SharedAccessSignature\tsr=h&sig=${sig}&se=1`],
  ['no sr', `SharedAccessSignature sig=${sig}&se=1`],
  ['an empty sr', `SharedAccessSignature sr=&sig=${sig}&se=1`],
  ['no sig', 'SharedAccessSignature sr=h&se=1'],
  ['an empty sig', 'SharedAccessSignature sr=h&sig=&se=1'],
  ['a sig that is too short', 'SharedAccessSignature sr=h&sig=AAAA&se=1'],
  ['a sig that is no base64', `SharedAccessSignature sr=h&sig=${'*'.repeat(44)}&se=1`],
  ['a sig with a broken escape', `SharedAccessSignature sr=h&sig=${sig}%2&se=1`],
  ['no se', `SharedAccessSignature sr=h&sig=${sig}`],
  ['an se that is no number', `SharedAccessSignature sr=h&sig=${sig}&se=1e9`],
  ['a negative se', `SharedAccessSignature sr=h&sig=${sig}&se=-1`],
  ['a fraction', `SharedAccessSignature sr=h&sig=${sig}&se=1.5`],
  ['an se of too many digits', `SharedAccessSignature sr=h&sig=${sig}&se=${'9'.repeat(21)}`],
  ['two sr', `SharedAccessSignature sr=h&sr=g&sig=${sig}&se=1`],
  ['two se', `SharedAccessSignature sr=h&sig=${sig}&se=1&se=2`],
  ['two sig', `SharedAccessSignature sr=h&sig=${sig}&sig=${sig}&se=2`],
  ['two skn', `SharedAccessSignature sr=h&sig=${sig}&se=2&skn=&skn=device`],
  ['a field without =', `SharedAccessSignature sr=h&sig=${sig}&se=2&skn`],
  ['a broken escape in sr', `SharedAccessSignature sr=h%2&sig=${sig}&se=1`],
  ['bytes that are no UTF-8 in sr', `SharedAccessSignature sr=%ff&sig=${sig}&se=1`],
  ['a broken escape in skn', `SharedAccessSignature sr=h&sig=${sig}&se=1&skn=%`],
  ['a key name without end', `SharedAccessSignature sr=h&sig=${sig}&se=1&skn=${'k'.repeat(257)}`],
  ['too much', `SharedAccessSignature sr=h&sig=${sig}&se=1&x=${'x'.repeat(sasTokenLimits.charactersMax)}`],
];

for (const [what, text] of broken) {
  test(`what is no token gives none: ${what}`, () => assert.equal(parseSasToken(text), undefined));
}
