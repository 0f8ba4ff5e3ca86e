import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button, Foreign, Name, Notice } from '../parts/basics.tsx';
import { Dialog, DialogActions } from '../parts/dialog.tsx';
import { Diff } from '../parts/diff.tsx';
import { Radios } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { Failure, Skeleton } from '../parts/states.tsx';
import { useDoing } from '../load.ts';
import { counted, visible } from '../text.ts';
import type { Committed, Difference } from '../types.ts';
import { commit, InConflict, resolve, review } from './commit.ts';
import { keyOf, type Content, type Draft } from './draft.ts';
import { keep } from './drafts.ts';

interface ReviewProps {
  draft: Draft;
  onClose: () => void;
  onCommitted: (committed: Committed) => void;
}

// The draft as axfrd sees it: what would leave and come, and what it warns of; then the commit.
export function Review({ draft, onClose, onCommitted }: ReviewProps) {
  const reviewed = useSignal<{ draft: Draft; difference: Difference } | undefined>(undefined);
  const conflict = useSignal<InConflict | undefined>(undefined);
  const looking = useDoing();
  const committing = useDoing();

  const look = (draft: Draft) =>
    looking.run(async () => {
      const found = await review(draft);
      if (found instanceof InConflict) conflict.value = found;
      else reviewed.value = { draft: found.draft, difference: found.answer };
    });
  useEffect(() => {
    void look(draft);
  }, []);

  const send = () =>
    committing.run(async () => {
      if (!reviewed.value) return;
      const found = await commit(reviewed.value.draft);
      if (found instanceof InConflict) {
        conflict.value = found;
        return;
      }
      keep(draft.zone, null);
      say(found.answer.changed ? `Committed: serial ${found.answer.serial}.` : 'The zone was like this already.');
      onCommitted(found.answer);
    });

  const settle = (found: InConflict, mine: Set<string>) => {
    const next = resolve(found, (edit) => mine.has(keyOf(edit)));
    conflict.value = undefined;
    reviewed.value = undefined;
    if (next.edits.length === 0) {
      say('Theirs was taken. Nothing of the draft is left.');
      onClose();
    } else {
      void look(next);
    }
  };

  if (conflict.value) return <Conflicts found={conflict.value} onClose={onClose} onSettled={settle} />;
  const difference = reviewed.value?.difference;
  return (
    <Dialog title="Review the changes" onClose={onClose} isWide test="review">
      {looking.error !== undefined && <Failure error={looking.error} again={() => void look(draft)} />}
      {!difference && looking.error === undefined && <Skeleton rows={4} />}
      {difference && (
        <>
          <p>
            {counted(difference.removed.length, 'record')} would leave,{' '}
            {counted(difference.added.length, 'record')} would come. The serial moves on by itself.
          </p>
          {difference.warnings?.map((warning) => (
            <Notice key={warning} tone="warning">
              <Foreign text={warning} />
            </Notice>
          ))}
          <Diff removed={difference.removed} added={difference.added} />
        </>
      )}
      {committing.error !== undefined && <Failure error={committing.error} />}
      <DialogActions>
        <Button onClick={onClose}>Back</Button>
        <Button
          look="main"
          onClick={() => void send()}
          isBusy={committing.isBusy}
          isDisabled={!difference}
          test="draft-commit"
        >
          Commit
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Version({ title, content }: { title: string; content: Content | null }) {
  return (
    <div class="set">
      <h4>{title}</h4>
      {content === null ? (
        <p class="quiet">no records</p>
      ) : (
        <ul class="mono">
          {content.records.map((record) => (
            <li key={record}>
              <bdi>{visible(record)}</bdi>
            </li>
          ))}
          <li class="quiet">TTL {content.ttl}</li>
        </ul>
      )}
    </div>
  );
}

// Somebody else has changed the same RRsets: both are shown, and the person chooses for each.
function Conflicts({
  found,
  onClose,
  onSettled,
}: {
  found: InConflict;
  onClose: () => void;
  onSettled: (found: InConflict, mine: Set<string>) => void;
}) {
  const choices = useSignal<Record<string, 'mine' | 'theirs'>>({});
  const isComplete = found.conflicts.every(({ edit }) => choices.value[keyOf(edit)]);
  const mine = new Set(
    Object.entries(choices.value)
      .filter(([, choice]) => choice === 'mine')
      .map(([key]) => key),
  );
  return (
    <Dialog title="Somebody else changed the same records" onClose={onClose} isWide test="conflict">
      <p>
        The zone has serial {found.serial} now. Nothing of yours was committed, and nothing is lost. Choose what each of
        these is to be; the rest of your draft stays.
      </p>
      {found.conflicts.map(({ edit, theirs }, at) => (
        <section key={keyOf(edit)} class="conflict" data-test="conflict-item">
          <h3>
            <Name name={edit.name} isShort /> {edit.type}
          </h3>
          <div class="sets">
            <Version title="Before" content={edit.before} />
            <Version title="Theirs, in the zone now" content={theirs} />
            <Version title="Yours, in the draft" content={edit.after} />
          </div>
          <Radios<'mine' | 'theirs' | 'none'>
            legend="What it is to be"
            name={`conflict-${at}`}
            value={choices.value[keyOf(edit)] ?? 'none'}
            options={[
              ['mine', 'Keep mine'],
              ['theirs', 'Take theirs'],
            ]}
            onChange={(choice) => {
              if (choice !== 'none') choices.value = { ...choices.value, [keyOf(edit)]: choice };
            }}
          />
        </section>
      ))}
      <DialogActions>
        <Button onClick={onClose}>Not now</Button>
        <Button look="main" isDisabled={!isComplete} test="conflict-go" onClick={() => onSettled(found, mine)}>
          Go on to the review
        </Button>
      </DialogActions>
    </Dialog>
  );
}
