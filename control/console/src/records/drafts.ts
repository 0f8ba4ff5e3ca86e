// The drafts of this tab. They survive a reload and a new sign-in, and go with the tab.
import { signal, type Signal } from '@preact/signals';
import { parseDraft, withEdit, withoutEdit, type Draft, type Edit } from './draft.ts';

const kPrefix = 'axfrd.draft.';
const known = new Map<string, Signal<Draft | null>>();

export function draftOf(zone: string): Signal<Draft | null> {
  let found = known.get(zone);
  if (!found) {
    found = signal(parseDraft(sessionStorage.getItem(kPrefix + zone)));
    known.set(zone, found);
  }
  return found;
}

export function keep(zone: string, draft: Draft | null): void {
  const kept = draft && draft.edits.length > 0 ? draft : null;
  draftOf(zone).value = kept;
  if (kept) sessionStorage.setItem(kPrefix + zone, JSON.stringify(kept));
  else sessionStorage.removeItem(kPrefix + zone);
}

export function addEdit(zone: string, tag: string, serial: number, edit: Edit): void {
  keep(zone, withEdit(draftOf(zone).value ?? { zone, tag, serial, edits: [] }, edit));
}

export function dropEdit(zone: string, key: string): void {
  const draft = draftOf(zone).value;
  if (draft) keep(zone, withoutEdit(draft, key));
}

export function draftedZones(): string[] {
  return Object.keys(sessionStorage)
    .filter((key) => key.startsWith(kPrefix))
    .map((key) => key.slice(kPrefix.length));
}

export function dropAll(): void {
  for (const zone of draftedZones()) keep(zone, null);
}
