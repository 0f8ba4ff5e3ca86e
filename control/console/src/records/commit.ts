// Sends a draft, and finds out what is in its way when the zone has changed meanwhile.
import { ApiError, get, kChangedMeanwhile, post } from '../api.ts';
import type { Committed, Difference, RecordPage } from '../types.ts';
import {
  changesOf,
  conflictsOf,
  contentOf,
  keyOf,
  rebased,
  type Conflict,
  type Content,
  type Draft,
  type Edit,
} from './draft.ts';
import { keep } from './drafts.ts';

const kTries = 4;

// The zone has changed, and in what the draft changes, too. `present` is the zone as it was fetched then.
export class InConflict {
  constructor(
    readonly draft: Draft,
    readonly conflicts: Conflict[],
    readonly tag: string,
    readonly serial: number,
    readonly present: (edit: Edit) => Content | null,
  ) {}
}

interface Present {
  tag: string;
  serial: number;
  contents: Map<string, Content | null>;
}

// The RRsets of the draft as they are now. If the zone changes under the questions, they are asked once more.
async function fetchPresent(draft: Draft): Promise<Present> {
  for (let attempt = 0; ; ++attempt) {
    const contents = new Map<string, Content | null>();
    const tags = new Set<string>();
    let serial = draft.serial;
    for (const edit of draft.edits) {
      const page = await get<RecordPage>('zone.records', {
        zone: draft.zone,
        name: edit.name,
        type: edit.type,
        limit: 2,
      });
      contents.set(keyOf(edit), contentOf(page.rrsets.find((set) => keyOf(set) === keyOf(edit))));
      tags.add(page.tag);
      serial = page.serial;
    }
    const [tag] = tags;
    if (tag !== undefined && (tags.size === 1 || attempt === kTries)) return { tag, serial, contents };
  }
}

async function send<T>(first: Draft, isDry: boolean): Promise<{ draft: Draft; answer: T } | InConflict> {
  let draft = first;
  for (let attempt = 0; ; ++attempt) {
    try {
      const parameters = { zone: draft.zone, changes: changesOf(draft), tag: draft.tag };
      const answer = await post<T>('zone.edit', isDry ? { ...parameters, 'dry-run': true } : parameters);
      return { draft, answer };
    } catch (error) {
      const isChanged = error instanceof ApiError && error.code === kChangedMeanwhile;
      if (!isChanged || attempt === kTries) throw error;
    }
    const { tag, serial, contents } = await fetchPresent(draft);
    const present = (edit: Edit) => contents.get(keyOf(edit)) ?? null;
    const conflicts = conflictsOf(draft, present);
    if (conflicts.length > 0) return new InConflict(draft, conflicts, tag, serial, present);
    draft = rebased(draft, tag, serial, present, () => true);
    keep(draft.zone, draft);
    if (draft.edits.length === 0) {
      throw new ApiError('Somebody else has made the same changes meanwhile. Nothing is left to do.', 409);
    }
  }
}

export function review(draft: Draft): Promise<{ draft: Draft; answer: Difference } | InConflict> {
  return send<Difference>(draft, true);
}

export function commit(draft: Draft): Promise<{ draft: Draft; answer: Committed } | InConflict> {
  return send<Committed>(draft, false);
}

// Goes on after the person has chosen which of the edits in conflict stay.
export function resolve(found: InConflict, keeps: (edit: Edit) => boolean): Draft {
  const draft = rebased(found.draft, found.tag, found.serial, found.present, keeps);
  keep(draft.zone, draft);
  return draft;
}
