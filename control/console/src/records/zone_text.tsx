import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, post } from '../api.ts';
import { Button, Foreign, Notice } from '../parts/basics.tsx';
import { Dialog, DialogActions } from '../parts/dialog.tsx';
import { Diff } from '../parts/diff.tsx';
import { FileField, TextField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { Failure } from '../parts/states.tsx';
import { useDoing } from '../load.ts';
import { counted, octets } from '../text.ts';
import type { Committed, Difference } from '../types.ts';

const kMostToEdit = 4_000_000;

export async function exportZone(zone: string): Promise<string> {
  return (await get<{ text: string }>('zone.export', { zone })).text;
}

export function saveFile(name: string, text: string, type = 'text/plain'): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

interface ZoneTextProps {
  zone: string;
  // Whether the text begins as the zone's own; else it is empty, for a paste or an upload.
  isWhole: boolean;
  onClose: () => void;
  onCommitted: (committed: Committed) => void;
}

// The zone as the text of a zone file: edited, pasted or uploaded; previewed, and then taken as a whole.
export function ZoneText({ zone, isWhole, onClose, onCommitted }: ZoneTextProps) {
  const text = useSignal('');
  const preview = useSignal<Difference | undefined>(undefined);
  const loading = useDoing();
  const doing = useDoing();
  const load = () =>
    loading.run(async () => {
      text.value = await exportZone(zone);
    });
  useEffect(() => {
    if (isWhole) void load();
  }, []);

  const change = (changed: string) => {
    text.value = changed;
    preview.value = undefined;
  };
  const look = () =>
    doing.run(async () => {
      preview.value = await post<Difference>('zone.import', { zone, text: text.value, 'dry-run': true });
    });
  const take = () =>
    doing.run(async () => {
      const committed = await post<Committed>('zone.import', { zone, text: text.value });
      say(committed.changed ? `Committed: serial ${committed.serial}.` : 'The zone was like this already.');
      onCommitted(committed);
    });
  const shown = preview.value;
  return (
    <Dialog title={isWhole ? 'Edit as text' : 'Upload a zone file'} onClose={onClose} isWide test="zone-text">
      {loading.error !== undefined && <Failure error={loading.error} again={() => void load()} />}
      {!isWhole && <FileField label="Zone file" onText={change} test="zone-file" />}
      {text.value.length > kMostToEdit ? (
        <Notice tone="info">
          The text has {octets(text.value.length)}, which is too much to edit here. Download it, change it, and upload
          it.
        </Notice>
      ) : (
        <TextField
          label={isWhole ? 'Zone file' : 'Or paste its text'}
          value={text.value}
          rows={shown ? 8 : 18}
          isMono
          onInput={change}
          isDisabled={loading.isBusy}
          test="zone-text-input"
          hint="The whole zone: what is not in the text leaves the zone. The serial moves on by itself."
        />
      )}
      {shown && (
        <>
          <p>
            {counted(shown.removed.length, 'record')} would leave, {counted(shown.added.length, 'record')} would come.
          </p>
          {shown.warnings?.map((warning) => (
            <Notice key={warning} tone="warning">
              <Foreign text={warning} />
            </Notice>
          ))}
          <Diff removed={shown.removed} added={shown.added} />
        </>
      )}
      {doing.error !== undefined && <Failure error={doing.error} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          onClick={() => void look()}
          isBusy={doing.isBusy && !shown}
          isDisabled={text.value.trim() === ''}
          look={shown ? undefined : 'main'}
          test="zone-text-preview"
        >
          Preview
        </Button>
        {shown && (
          <Button look="main" onClick={() => void take()} isBusy={doing.isBusy} test="zone-text-commit">
            Commit
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}
