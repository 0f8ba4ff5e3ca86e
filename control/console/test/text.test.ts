import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromPunycode, toPunycode } from '../src/punycode.ts';
import {
  absoluteOwner,
  absoluteTarget,
  asciiName,
  items,
  octets,
  relativeOwner,
  unicodeName,
  visible,
} from '../src/text.ts';
import { age, span, utc } from '../src/time.ts';

test('Punycode of RFC 3492 and others', () => {
  const cases: [string, string][] = [
    ['münchen', 'mnchen-3ya'],
    ['bücher', 'bcher-kva'],
    ['ليهمابتكلموشعربي؟', 'egbpdaj6bu4bxfgehfvwxn'],
    ['他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'],
    ['3年b組金八先生', '3b-ww4c5e180e575a65lsy2b'],
    ['ü', 'tda'],
    ['😀', 'e28h'],
  ];
  for (const [text, code] of cases) {
    assert.equal(toPunycode(text), code);
    assert.equal(fromPunycode(code), text);
  }
  for (const bad of ['!', 'a-!', '99999999999999']) assert.equal(fromPunycode(bad), null);
});

test('names in both forms', () => {
  assert.equal(asciiName('Bücher.example.'), 'xn--bcher-kva.example.');
  assert.equal(unicodeName('xn--bcher-kva.example.'), 'bücher.example.');
  assert.equal(unicodeName('www.example.'), null);
  assert.equal(unicodeName('xn--a\u0000.example.'), null);
});

test('a name whose Unicode form would deceive is shown as it is', () => {
  assert.equal(unicodeName(`xn--${toPunycode('a\u202Eb')}.example.`), null);
  assert.equal(unicodeName('xn--ASCII-.example.'), null);
});

test('characters that nobody sees are escapes', () => {
  assert.equal(visible('a\u202Eb\u0000c\u200Bd\u2066'), 'a\\u202Eb\\u0000c\\u200Bd\\u2066');
  assert.equal(visible('\u{E0001}'), '\\u{E0001}');
  assert.equal(visible('<b>grün 中文</b>'), '<b>grün 中文</b>');
});

test('owners relative and absolute', () => {
  const zone = 'example.com.';
  assert.equal(relativeOwner('example.com.', zone), '@');
  assert.equal(relativeOwner('a.b.example.com.', zone), 'a.b');
  for (const [typed, name] of [
    ['', zone],
    ['@', zone],
    ['www', 'www.example.com.'],
    ['www.example.com', 'www.example.com.'],
    ['www.example.com.', 'www.example.com.'],
    ['a.b', 'a.b.example.com.'],
  ] as const) {
    assert.equal(absoluteOwner(typed, zone), name);
  }
  assert.equal(absoluteTarget('mail', zone), 'mail.example.com.');
  assert.equal(absoluteTarget('mail.example.net', zone), 'mail.example.net.');
});

test('lists and sizes', () => {
  assert.deepEqual(items(' a\n b,c;a '), ['a', 'b', 'c']);
  assert.equal(octets(999), '999 B');
  assert.equal(octets(1234), '1.2 kB');
  assert.equal(octets(12_345_678), '12 MB');
});

test('spans and ages', () => {
  assert.equal(span(0), '0 s');
  assert.equal(span(59), '59 s');
  assert.equal(span(60), '1 min');
  assert.equal(span(3_600), '1 h');
  assert.equal(span(11_520), '3 h 12 min');
  assert.equal(span(90_000), '1 d 1 h');
  assert.equal(age(100, 101), 'just now');
  assert.equal(age(100, 400), '5 min ago');
  assert.equal(age(400, 100), 'in 5 min');
  assert.equal(utc(0), '1970-01-01 00:00:00 UTC');
});
