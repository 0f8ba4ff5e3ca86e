import { post } from '../api.ts';
import { useDoing, useLoad } from '../load.ts';
import type { Committed, Difference } from '../types.ts';
import { Button } from './basics.tsx';
import { Dialog, DialogActions } from './dialog.tsx';
import { Diff } from './diff.tsx';
import { say } from './outcome.tsx';
import { Failure, Show } from './states.tsx';

interface RollbackProps {
  zone: string;
  serial: number;
  onDone: (committed: Committed) => void;
  onClose: () => void;
}

// Brings the content of an earlier serial back, as a new serial; shows before what that changes.
export function Rollback({ zone, serial, onDone, onClose }: RollbackProps) {
  const preview = useLoad(`${zone} ${serial}`, () => {
    return post<Difference>('zone.rollback', { zone, serial, 'dry-run': true });
  });
  const doing = useDoing();
  const roll = () =>
    doing.run(async () => {
      const done = await post<Committed>('zone.rollback', { zone, serial });
      say(`The content of serial ${serial} is back, as serial ${done.serial}.`);
      onDone(done);
    });
  return (
    <Dialog title={`Go back to serial ${serial}`} onClose={onClose} isWide test="rollback">
      <p>
        The zone gets the content that it had at serial {serial}, under a new serial, so that its secondaries take it.
      </p>
      <Show of={preview}>{({ removed, added }) => <Diff removed={removed} added={added} />}</Show>
      {doing.error !== undefined && <Failure error={doing.error} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          look="main"
          onClick={() => void roll()}
          isBusy={doing.isBusy}
          isDisabled={!preview.data}
          test="rollback-act"
        >
          Go back
        </Button>
      </DialogActions>
    </Dialog>
  );
}
