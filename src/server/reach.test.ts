import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkReach, describeReach, isLoopback } from './reach.ts';

const ports = { mqtt: 8883, amqp: 5671, https: 443, people: 8443 };

test('loopback is this machine alone, in every spelling; everything else is not', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::1', 'localhost']) {
    assert.ok(isLoopback(address), address);
    checkReach(address, []);
    assert.deepEqual(describeReach(address, ports), []);
  }
  for (const address of ['0.0.0.0', '::', '192.168.1.2', '2001:db8::1', '128.0.0.1', '127.0.0.1.example', '10.0.0.1']) {
    assert.ok(!isLoopback(address), address);
    assert.throws(() => checkReach(address, []), { name: 'Error' }, address);
  }
});

test('beyond loopback the ports are told one by one', () => {
  checkReach('0.0.0.0', ['iot.example', '192.168.1.2']);
  const [line = '', ...more] = describeReach('0.0.0.0', { ...ports, https: 8444 });
  assert.equal(more.length, 0);
  for (const part of ['0.0.0.0', '8883 (devices, MQTT)', '8444 (devices and services, HTTPS)', '8443 (people'])
    assert.ok(line.includes(part), line);
});

test('what is no address and no name is refused without being printed as it came', () => {
  for (const address of ['', 'example.org', '256.0.0.1', '127.0.0.1:443', 'a\u001b[2J'])
    assert.throws(
      () => checkReach(address, ['iot.example']),
      (error: Error) => /is not an address to listen on/.test(error.message) && !error.message.includes('\u001b'),
    );
  for (const name of ['', 'a b', '-a', 'https://a', 'a/b', 'ä.example', 'a_b', 'x'.repeat(254), 'a\u001b'])
    assert.throws(() => checkReach('127.0.0.1', ['good.example', name]), /is not a host name/, name);
});
