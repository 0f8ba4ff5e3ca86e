import { useSignal } from '@preact/signals';
import { ApiError, get, kNoZone, post } from '../api.ts';
import { Foreign, Notice } from '../parts/basics.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { Diff } from '../parts/diff.tsx';
import { bound, FileField, Radios, TextField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { nameTrouble } from '../records/check.ts';
import { namesOf, namesTrouble } from '../secondary/form.tsx';
import { useDoing } from '../load.ts';
import { go } from '../route.ts';
import { asciiName, counted, visible, withDot, withoutDot } from '../text.ts';
import type { Committed, Difference } from '../types.ts';

// The text of a new zone with these name servers, and timers that suit a zone whose secondaries are notified.
function textOf(servers: string[], mailbox: string): string {
  const soa = `@ 3600 IN SOA ${servers[0]} ${mailbox} 1 7200 1800 1209600 300\n`;
  return soa + servers.map((server) => `@ 3600 IN NS ${server}\n`).join('');
}

async function exists(zone: string): Promise<boolean> {
  try {
    await get('zone.show', { zone });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === kNoZone) return false;
    throw error;
  }
}

export function AddZone({ onClose }: { onClose: () => void }) {
  const how = useSignal<'form' | 'file'>('form');
  const typed = useSignal('');
  const servers = useSignal('');
  const text = useSignal('');
  const isAsked = useSignal(false);
  const preview = useSignal<Difference | undefined>(undefined);
  const doing = useDoing();
  const zone = typed.value.trim() === '' ? '' : withDot(asciiName(typed.value.trim()).toLowerCase());
  const wrongName = zone === '' ? 'Enter the name of the zone, such as example.com.' : nameTrouble(zone);
  const wrongServers = how.value === 'form' ? namesTrouble(servers.value) : '';
  const isWrong = wrongName || wrongServers || (how.value === 'file' && text.value.trim() === '');
  const whole = () =>
    how.value === 'form' ? textOf(namesOf(servers.value), `hostmaster.${zone === '.' ? '' : zone}`) : text.value;

  const forgetPreview = () => {
    preview.value = undefined;
  };
  const submit = () => {
    isAsked.value = true;
    if (isWrong) return;
    void doing.run(async () => {
      if (await exists(zone))
        throw new ApiError(`There is a zone ${withoutDot(zone)} already. Open it to change it.`, 409);
      if (how.value === 'file' && !preview.value) {
        preview.value = await post<Difference>('zone.import', { zone, text: whole(), 'dry-run': true });
        return;
      }
      await post<Committed>('zone.import', { zone, text: whole() });
      say(`${withoutDot(zone)} was added.`);
      onClose();
      go('zones', zone);
    });
  };
  const shown = preview.value;
  return (
    <FormDialog
      title="Add a zone"
      onClose={onClose}
      isWide={how.value === 'file'}
      test="add-zone"
      doing={doing}
      onSubmit={submit}
      act={how.value === 'file' && !shown ? 'Preview' : 'Add the zone'}
      actTest="add-zone-save"
    >
      <TextField
        label="Name of the zone"
        value={typed.value}
        isMono
        hasFocus
        isAsked={isAsked.value}
        trouble={wrongName}
        test="add-zone-name"
        hint={
          zone && withoutDot(zone) !== typed.value.trim() ? (
            <>
              Becomes <bdi>{visible(zone)}</bdi>
            </>
          ) : undefined
        }
        onInput={(value) => {
          typed.value = value;
          forgetPreview();
        }}
      />
      <Radios<'form' | 'file'>
        legend="Begin with"
        name="add-zone-how"
        value={how.value}
        onChange={(value) => {
          how.value = value;
          forgetPreview();
        }}
        options={[
          ['form', 'Name servers alone', 'The SOA and NS records are made; you add the others afterwards.'],
          ['file', 'A zone file', 'Upload it or paste its text, and see it before it is taken.'],
        ]}
      />
      {how.value === 'form' ? (
        <TextField
          label="Name servers, one a line"
          {...bound(servers)}
          rows={3}
          isMono
          isAsked={isAsked.value}
          trouble={wrongServers}
          test="add-zone-servers"
          hint="The first one stands in the SOA record, too."
        />
      ) : (
        <>
          <FileField
            label="Zone file"
            test="add-zone-file"
            onText={(value) => {
              text.value = value;
              forgetPreview();
            }}
          />
          <TextField
            label="Or paste its text"
            value={text.value}
            rows={shown ? 5 : 10}
            isMono
            test="add-zone-text"
            isAsked={isAsked.value}
            trouble={text.value.trim() === '' ? 'Upload a file or paste its text.' : ''}
            onInput={(value) => {
              text.value = value;
              forgetPreview();
            }}
          />
        </>
      )}
      {shown && (
        <>
          <p>{counted(shown.added.length, 'record')} would come.</p>
          {shown.warnings?.map((warning) => (
            <Notice key={warning} tone="warning">
              <Foreign text={warning} />
            </Notice>
          ))}
          <Diff removed={shown.removed} added={shown.added} />
        </>
      )}
    </FormDialog>
  );
}
