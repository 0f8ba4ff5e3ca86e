import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changesOf,
  conflictsOf,
  contentOf,
  parseDraft,
  rebased,
  withEdit,
  withoutEdit,
  type Content,
  type Draft,
  type Edit,
} from '../src/records/draft.ts';

const empty: Draft = { zone: 'example.com.', tag: 'a', serial: 1, edits: [] };
const www = (before: Content | null, after: Content | null): Edit => ({
  name: 'www.example.com.',
  type: 'A',
  before,
  after,
});
const one: Content = { ttl: 300, records: ['192.0.2.1'] };
const two: Content = { ttl: 300, records: ['192.0.2.1', '192.0.2.2'] };

test('only the records that differ are changed', () => {
  assert.deepEqual(changesOf(withEdit(empty, www(one, two))), ['add www.example.com. 300 A 192.0.2.2']);
  assert.deepEqual(changesOf(withEdit(empty, www(two, one))), ['remove www.example.com. A 192.0.2.2']);
});

test('another TTL takes all records out and in again', () => {
  assert.deepEqual(changesOf(withEdit(empty, www(one, { ...one, ttl: 60 }))), [
    'remove www.example.com. A 192.0.2.1',
    'add www.example.com. 60 A 192.0.2.1',
  ]);
});

test('what leaves goes before what comes, so that a CNAME can take its place', () => {
  const alias: Edit = {
    name: 'www.example.com.',
    type: 'CNAME',
    before: null,
    after: { ttl: 300, records: ['a.example.'] },
  };
  const draft = withEdit(withEdit(empty, alias), www(one, null));
  assert.deepEqual(changesOf(draft), [
    'remove www.example.com. A 192.0.2.1',
    'add www.example.com. 300 CNAME a.example.',
  ]);
});

test('an SOA is replaced and never removed', () => {
  const soa: Edit = {
    name: 'example.com.',
    type: 'SOA',
    before: { ttl: 60, records: ['a'] },
    after: { ttl: 60, records: ['b'] },
  };
  assert.deepEqual(changesOf(withEdit(empty, soa)), ['add example.com. 60 SOA b']);
});

test('a second edit keeps what the first was based on', () => {
  const draft = withEdit(withEdit(empty, www(one, two)), www(two, null));
  assert.deepEqual(draft.edits, [www(one, null)]);
});

test('an edit that leads back is none', () => {
  assert.deepEqual(withEdit(withEdit(empty, www(one, two)), www(two, one)).edits, []);
  assert.deepEqual(withoutEdit(withEdit(empty, www(one, two)), 'www.example.com. A').edits, []);
});

test('the order of records is no difference', () => {
  assert.deepEqual(withEdit(empty, www(two, { ...two, records: [...two.records].reverse() })).edits, []);
});

test('a change elsewhere in the zone is no conflict', () => {
  const draft = withEdit(empty, www(one, two));
  assert.deepEqual(
    conflictsOf(draft, () => one),
    [],
  );
  assert.deepEqual(
    rebased(
      draft,
      'b',
      2,
      () => one,
      () => true,
    ),
    { ...draft, tag: 'b', serial: 2 },
  );
});

test('another change of the same RRset is a conflict, unless it is the same change', () => {
  const draft = withEdit(empty, www(one, two));
  const theirs = { ttl: 300, records: ['192.0.2.9'] };
  assert.deepEqual(
    conflictsOf(draft, () => theirs),
    [{ edit: draft.edits[0], theirs }],
  );
  assert.deepEqual(
    conflictsOf(draft, () => two),
    [],
  );
});

test('keeping mine bases it on theirs, and taking theirs drops it', () => {
  const draft = withEdit(empty, www(one, null));
  assert.deepEqual(
    rebased(
      draft,
      'b',
      2,
      () => two,
      () => true,
    ).edits,
    [www(two, null)],
  );
  assert.deepEqual(
    rebased(
      draft,
      'b',
      2,
      () => two,
      () => false,
    ).edits,
    [],
  );
});

test("NS records for Secondary DNS are not the draft's", () => {
  const set = { name: 'example.com.', type: 'NS', ttl: 60, records: ['a.', 'b.'], secondary: ['b.'] };
  assert.deepEqual(contentOf(set), { ttl: 60, records: ['a.'] });
  assert.equal(contentOf({ ...set, secondary: ['a.', 'b.'] }), null);
  assert.equal(contentOf(undefined), null);
});

test('a draft survives being text, and what is none is passed over', () => {
  const draft = withEdit(empty, www(one, two));
  assert.deepEqual(parseDraft(JSON.stringify(draft)), draft);
  for (const text of [null, '', '{', '{}', '{"zone":"a","tag":"b","serial":1,"edits":[{"name":1}]}', 'null', '[]']) {
    assert.equal(parseDraft(text), null);
  }
});
