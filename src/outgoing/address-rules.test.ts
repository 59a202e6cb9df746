import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressRules } from './address-rules.ts';

const strict = addressRules([]);

test('addresses of the open internet are allowed', () => {
  for (const address of ['1.1.1.1', '93.184.216.34', '172.32.0.1', '192.169.0.1', '100.128.0.1', '2606:4700::1111', '2a00::1']) {
    assert.equal(strict.allows(address), true, address);
  }
});

test('loopback, private, link-local, shared, multicast and reserved addresses are not', () => {
  for (const address of [
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '1::1',
    '100::1',
    '5f00::1',
    '4000::1',
    'c000::1',
  ]) {
    assert.equal(strict.allows(address), false, address);
  }
});

test('an IPv4 address inside an IPv6 one is judged as what it leads to', () => {
  for (const address of ['::ffff:127.0.0.1', '::FFFF:10.0.0.1', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '::127.0.0.1']) {
    assert.equal(strict.allows(address), false, address);
  }
  assert.equal(strict.allows('::ffff:1.1.1.1'), true);
  // Wrapped for a translator (RFC 2765), which some networks have.
  for (const address of ['::ffff:0:127.0.0.1', '::ffff:0:7f00:1']) assert.equal(strict.allows(address), false, address);
  for (const address of ['64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:1::1']) assert.equal(strict.allows(address), false, address);
});

test('the allow list opens single addresses and networks, and nothing beside them', () => {
  const rules = addressRules(['127.0.0.9', '10.1.0.0/16', 'fd00:1::/32']);
  for (const address of ['127.0.0.9', '10.1.255.1', 'fd00:1::5', '::ffff:10.1.0.1'])
    assert.equal(rules.allows(address), true, address);
  for (const address of ['127.0.0.1', '10.2.0.1', 'fd00:2::5']) assert.equal(rules.allows(address), false, address);
});

test('what is no address is not allowed, and what is no network is not taken', () => {
  for (const address of ['', 'localhost', '1.2.3', '127.1']) assert.equal(strict.allows(address), false, address);
  for (const text of ['localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '']) {
    assert.throws(() => addressRules([text]), RangeError, text);
  }
});
