// A draft: what a person wants to be other in a zone, RRset by RRset, each with what it was based on.
import type { RecordSet } from '../types.ts';

export interface Content {
  ttl: number;
  records: string[];
}

export interface Edit {
  name: string;
  type: string;
  before: Content | null;
  after: Content | null;
}

export interface Draft {
  zone: string;
  tag: string;
  serial: number;
  edits: Edit[];
}

export interface Conflict {
  edit: Edit;
  theirs: Content | null;
}

export function keyOf(each: { name: string; type: string }): string {
  return `${each.name.toLowerCase()} ${each.type}`;
}

// What a person may change of an RRset: NS records that stand there for Secondary DNS are not his.
export function contentOf(set: RecordSet | undefined): Content | null {
  if (!set) return null;
  const records = set.records.filter((record) => !set.secondary?.includes(record));
  return records.length > 0 ? { ttl: set.ttl, records } : null;
}

export function isSame(a: Content | null, b: Content | null): boolean {
  if (a === null || b === null) return a === b;
  const [first, second] = [[...a.records].sort(), [...b.records].sort()];
  return a.ttl === b.ttl && first.length === second.length && first.every((record, at) => record === second[at]);
}

// The draft with this edit. What it was based on at first stays; an edit that leads back to it is none.
export function withEdit(draft: Draft, edit: Edit): Draft {
  const key = keyOf(edit);
  const earlier = draft.edits.find((each) => keyOf(each) === key);
  const whole = { ...edit, before: earlier ? earlier.before : edit.before };
  const others = draft.edits.filter((each) => keyOf(each) !== key);
  if (isSame(whole.before, whole.after)) return { ...draft, edits: others };
  return {
    ...draft,
    edits: earlier ? draft.edits.map((each) => (each === earlier ? whole : each)) : [...others, whole],
  };
}

export function withoutEdit(draft: Draft, key: string): Draft {
  return { ...draft, edits: draft.edits.filter((each) => keyOf(each) !== key) };
}

// An SOA cannot leave its zone: the new one takes the place of the old.
function removals({ name, type, before, after }: Edit): string[] {
  if (before === null || type === 'SOA') return [];
  const isWhole = after === null || after.ttl !== before.ttl;
  const leaving = isWhole ? before.records : before.records.filter((record) => !after.records.includes(record));
  return leaving.map((record) => `remove ${name} ${type} ${record}`);
}

function additions({ name, type, before, after }: Edit): string[] {
  if (after === null) return [];
  const isWhole = before === null || after.ttl !== before.ttl;
  const coming = isWhole ? after.records : after.records.filter((record) => !before.records.includes(record));
  return coming.map((record) => `add ${name} ${after.ttl} ${type} ${record}`);
}

// The changes of zone.edit. What leaves goes first, so that a CNAME can take the place of other types and back.
export function changesOf(draft: Draft): string[] {
  return [...draft.edits.flatMap(removals), ...draft.edits.flatMap(additions)];
}

// The edits whose RRset is another one than what they were based on, unless it is already as they want it.
export function conflictsOf(draft: Draft, present: (edit: Edit) => Content | null): Conflict[] {
  return draft.edits
    .map((edit) => ({ edit, theirs: present(edit) }))
    .filter(({ edit, theirs }) => !isSame(edit.before, theirs) && !isSame(edit.after, theirs));
}

// The draft on the zone as it is now. `keeps` says which of the edits in conflict stay; of the others theirs is taken.
export function rebased(
  draft: Draft,
  tag: string,
  serial: number,
  present: (edit: Edit) => Content | null,
  keeps: (edit: Edit) => boolean,
): Draft {
  const conflicts = new Set(conflictsOf(draft, present).map(({ edit }) => keyOf(edit)));
  const edits = draft.edits
    .filter((edit) => !conflicts.has(keyOf(edit)) || keeps(edit))
    .map((edit) => ({ ...edit, before: present(edit) }))
    .filter((edit) => !isSame(edit.before, edit.after));
  return { ...draft, tag, serial, edits };
}

function isContent(value: unknown): value is Content | null {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const { ttl, records } = value as Partial<Content>;
  return typeof ttl === 'number' && Array.isArray(records) && records.every((each) => typeof each === 'string');
}

// The draft that a text holds, or null if it holds none.
export function parseDraft(text: string | null): Draft | null {
  if (!text) return null;
  try {
    const value = JSON.parse(text) as Partial<Draft>;
    const isDraft =
      typeof value.zone === 'string' &&
      typeof value.tag === 'string' &&
      typeof value.serial === 'number' &&
      Array.isArray(value.edits) &&
      value.edits.every(
        (each) =>
          typeof each.name === 'string' &&
          typeof each.type === 'string' &&
          isContent(each.before) &&
          isContent(each.after),
      );
    return isDraft ? (value as Draft) : null;
  } catch {
    return null;
  }
}
