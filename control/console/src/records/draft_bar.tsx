import { useSignal } from '@preact/signals';
import { Button, IconButton, Name } from '../parts/basics.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { say } from '../parts/outcome.tsx';
import { useDoing } from '../load.ts';
import { counted } from '../text.ts';
import { keyOf, type Draft, type Edit } from './draft.ts';
import { dropEdit, keep } from './drafts.ts';

export function wordOf({ before, after }: Edit): 'added' | 'removed' | 'changed' {
  return before === null ? 'added' : after === null ? 'removed' : 'changed';
}

// What waits to be committed, at the foot of the zone's pages.
export function DraftBar({ draft, onReview }: { draft: Draft; onReview: () => void }) {
  const isListed = useSignal(false);
  const isAsking = useSignal(false);
  const doing = useDoing();
  const discard = () => {
    keep(draft.zone, null);
    say('The draft was discarded.');
  };
  return (
    <div class="draft-bar" data-test="draft-bar" role="region" aria-label="Draft">
      {isListed.value && (
        <ul class="draft-list">
          {draft.edits.map((edit) => (
            <li key={keyOf(edit)}>
              <span class={`tag ${wordOf(edit)}`}>{wordOf(edit)}</span>
              <Name name={edit.name} isShort /> <span class="type">{edit.type}</span>
              <IconButton
                icon="undo"
                label={`Take back the change of ${edit.name} ${edit.type}`}
                onClick={() => dropEdit(draft.zone, keyOf(edit))}
              />
            </li>
          ))}
        </ul>
      )}
      <div class="draft-line">
        <button
          type="button"
          class="draft-count"
          aria-expanded={isListed.value}
          data-test="draft-count"
          onClick={() => {
            isListed.value = !isListed.value;
          }}
        >
          {counted(draft.edits.length, 'change')}
        </button>
        <span class="quiet">not yet committed</span>
        <div class="actions">
          <Button
            onClick={() => {
              isAsking.value = true;
            }}
            test="draft-discard"
          >
            Discard
          </Button>
          <Button look="main" onClick={onReview} test="draft-review">
            Review
          </Button>
        </div>
      </div>
      {isAsking.value && (
        <Confirm
          title="Discard the draft?"
          act="Discard"
          isDanger
          doing={doing}
          onAct={discard}
          onClose={() => {
            isAsking.value = false;
          }}
        >
          <p>{counted(draft.edits.length, 'change')} would be forgotten. The zone stays as it is.</p>
        </Confirm>
      )}
    </div>
  );
}
