import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlv } from '#test/support/der.ts';
import { DerReader } from './der-reader.ts';
import { emailName, hostOf, isSameGeneralName, readGeneralName } from './general-name.ts';
import { encodeName } from './names.ts';

const read = (bytes: Buffer) => readGeneralName(new DerReader(bytes).read());
const directory = (commonName: string) => read(tlv(0xa4, encodeName([['CN', commonName]])));

test('each form is read by its tag, and a tag of none refuses', () => {
  assert.deepEqual(read(tlv(0x82, 'A.example.COM')), { kind: 'dns', text: 'A.example.COM', host: 'a.example.com' });
  assert.deepEqual(read(tlv(0x81, 'a@B.com')), { kind: 'email', text: 'a@B.com', mailbox: 'a', host: 'b.com' });
  assert.deepEqual(read(tlv(0x86, 'coap://u@h.net:1/x')), { kind: 'uri', text: 'coap://u@h.net:1/x', host: 'h.net' });
  assert.deepEqual(read(tlv(0x87, Buffer.of(10, 0, 0, 1))), { kind: 'ip', text: '10.0.0.1', bytes: Buffer.of(10, 0, 0, 1) });
  const v6 = read(tlv(0x87, Buffer.alloc(16, 0xab)));
  assert.ok(v6.kind === 'ip' && v6.text === new Array(8).fill('abab').join(':'));
  for (const [tag, form] of [
    [0xa0, 'otherName'],
    [0xa3, 'x400Address'],
    [0xa5, 'ediPartyName'],
    [0x88, 'registeredID'],
  ] as const) {
    assert.deepEqual(read(tlv(tag, Buffer.of(5, 0))), { kind: 'other', form });
  }
  for (const tag of [0x80, 0x84, 0x89, 0x30]) assert.throws(() => read(tlv(tag)), /certificate is malformed/);
});

test('a host is what everybody reads alike', () => {
  for (const text of ['a', 'A-b_c.d', `${'x'.repeat(63)}.com`, '1a.b2']) assert.equal(hostOf(text).host, text.toLowerCase());
  const no = [
    undefined,
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a\n',
    'ä.de',
    '1.2.3.4',
    '2130706433',
    '0x7f.1',
    'x'.repeat(64),
    `${'a.'.repeat(130)}b`,
    'a/b',
    'a@b',
  ];
  for (const text of no) assert.equal(hostOf(text).host, undefined, String(text));
  assert.ok(!('host' in emailName('@a.com')));
});

test('two names are the same one by form and content; hosts without regard to case, what nobody reads never', () => {
  assert.ok(isSameGeneralName(directory('Ada  Lovelace'), directory('ada lovelace')));
  assert.ok(!isSameGeneralName(directory('Ada'), directory('Bob')));
  const longer = encodeName([
    ['CN', 'Ada'],
    ['O', 'x'],
  ]);
  assert.ok(!isSameGeneralName(directory('Ada'), read(tlv(0xa4, longer))));
  assert.ok(!isSameGeneralName(directory('Ada'), read(tlv(0x82, 'ada'))));
  assert.ok(!isSameGeneralName(read(tlv(0x82, 'ada')), directory('Ada')));
  assert.ok(isSameGeneralName(read(tlv(0x82, 'A.com')), read(tlv(0x82, 'a.COM'))));
  assert.ok(!isSameGeneralName(read(tlv(0x86, 'http://A.com/x')), read(tlv(0x86, 'http://A.com/X'))));
  assert.ok(isSameGeneralName(read(tlv(0x86, 'http://A.com/x')), read(tlv(0x86, 'http://A.com/x'))));
  assert.ok(!isSameGeneralName(read(tlv(0x82, 'a.com')), read(tlv(0x81, 'a.com'))));
  assert.ok(!isSameGeneralName(read(tlv(0x88, 'x')), read(tlv(0x88, 'x'))));
});
