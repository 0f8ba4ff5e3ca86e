import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataOfText, octetsOf, textOfData } from '../src/records/character_string.ts';
import {
  addressTrouble,
  isIpv4,
  isIpv6,
  nameTrouble,
  ownerTrouble,
  ttlTrouble,
  urlTrouble,
} from '../src/records/check.ts';
import { dataOf, fieldsOf, shownData, valuesOf } from '../src/records/rdata.ts';

test('IPv4 addresses', () => {
  for (const good of ['0.0.0.0', '192.0.2.1', '255.255.255.255']) assert.ok(isIpv4(good), good);
  for (const bad of ['', '1.2.3', '256.0.0.1', '01.2.3.4', '1.2.3.4.5', '1.2.3.x']) assert.ok(!isIpv4(bad), bad);
});

test('IPv6 addresses', () => {
  for (const good of [
    '::',
    '::1',
    '2001:db8::1',
    '1:2:3:4:5:6:7:8',
    '::ffff:192.0.2.1',
    '1:2:3:4:5:6:192.0.2.1',
    'fe80::',
  ]) {
    assert.ok(isIpv6(good), good);
  }
  for (const bad of [
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '::1.2.3',
    'g::',
    '192.0.2.1',
    '1:2:3:4:5:6:7:8::',
  ]) {
    assert.ok(!isIpv6(bad), bad);
  }
});

test('names', () => {
  for (const good of ['.', 'example.com.', '_sip._tcp.a.', '*.a.', 'a\\.b.c.', '\\000\\255.a.', `${'x'.repeat(63)}.`]) {
    assert.equal(nameTrouble(good), '', good);
  }
  for (const bad of ['', 'a..b.', '.a.', `${'x'.repeat(64)}.`, 'a b.', '\\256.', `${'abcdefg.'.repeat(32)}`]) {
    assert.notEqual(nameTrouble(bad), '', bad);
  }
  assert.equal(ownerTrouble('www.Example.com.', 'example.com.'), '');
  assert.notEqual(ownerTrouble('www.example.org.', 'example.com.'), '');
  assert.notEqual(ownerTrouble('wwwexample.com.', 'example.com.'), '');
});

test('TTLs, addresses that may transfer, addresses of the web', () => {
  assert.equal(ttlTrouble('300'), '');
  for (const bad of ['', '-1', '1h', '4294967296']) assert.notEqual(ttlTrouble(bad), '');
  for (const good of ['192.0.2.1', '2001:db8::/32', '192.0.2.1@5353=k.example.', '192.0.2.0/24=a+b'])
    assert.equal(addressTrouble(good), '');
  for (const bad of ['x', '192.0.2.1/33', '192.0.2.1@0', '2001:db8::/129']) assert.notEqual(addressTrouble(bad), '');
  assert.equal(urlTrouble('https://example.org/'), '');
  assert.notEqual(urlTrouble('javascript:alert(1)'), '');
});

test('a text is cut into strings of 255 octets and put together again', () => {
  const text = 'ü'.repeat(200);
  const data = dataOfText(text);
  assert.deepEqual(
    octetsOf(data)?.map((each) => each.length),
    [255, 145],
  );
  assert.equal(textOfData(data), text);
});

test('quotation marks, backslashes and octets survive', () => {
  for (const data of ['"a\\"b"', '"a\\\\b"', '"\\000\\255"', '""', '"v=spf1 -all"']) {
    assert.equal(dataOfText(textOfData(data)!), data);
  }
  assert.equal(textOfData('"\\226\\128\\174x"'), '\\226\\128\\174x');
  assert.equal(textOfData('"a" "b"'), null);
  assert.equal(textOfData('"open'), null);
});

test('the fields of a record and back', () => {
  const zone = 'example.com.';
  const cases: [string, string][] = [
    ['A', '192.0.2.1'],
    ['AAAA', '2001:db8::1'],
    ['CNAME', 'a.example.'],
    ['MX', '10 mail.example.com.'],
    ['SRV', '10 5 5060 sip.example.com.'],
    ['CAA', '0 issue "ca.example; policy=x"'],
    ['TXT', '"v=spf1 -all"'],
    ['ALIAS', 'target.example.net.'],
    ['URL', '"https://www.example.org/?a=1"'],
  ];
  for (const [type, data] of cases) {
    const values = valuesOf(type, data);
    assert.ok(values, type);
    assert.equal(dataOf(type, values, zone, false), data);
    for (const field of fieldsOf(type, false))
      assert.equal(field.trouble(values[field.key] ?? '', zone), '', `${type} ${field.key}`);
  }
  assert.equal(valuesOf('TLSA', '3 1 1 00'), null);
  assert.equal(valuesOf('MX', '10'), null);
});

test('a target of one label is within the zone, and one with dots stands as it is', () => {
  assert.equal(dataOf('CNAME', { target: 'www' }, 'example.com.', false), 'www.example.com.');
  assert.equal(dataOf('CNAME', { target: 'a.example.net' }, 'example.com.', false), 'a.example.net.');
  assert.equal(dataOf('MX', { preference: '010', target: '@' }, 'example.com.', false), '10 example.com.');
});

test('hostile data is shown as text alone', () => {
  assert.equal(shownData('TXT', '"<b>\\226\\128\\174"'), '<b>\\226\\128\\174');
  assert.equal(shownData('CNAME', 'a\u202Eb.'), 'a\\u202Eb.');
});
