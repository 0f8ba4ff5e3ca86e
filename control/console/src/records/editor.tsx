import { useSignal } from '@preact/signals';
import { get } from '../api.ts';
import { Button, IconButton, Name, Notice } from '../parts/basics.tsx';
import { Dialog, DialogActions } from '../parts/dialog.tsx';
import { bound, Choice, TextField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { Failure } from '../parts/states.tsx';
import { useDoing } from '../load.ts';
import { absoluteOwner, absoluteTarget, relativeOwner, unicodeName, visible } from '../text.ts';
import { span } from '../time.ts';
import type { RecordPage } from '../types.ts';
import { ownerTrouble, ttlTrouble } from './check.ts';
import { contentOf, isSame, keyOf, type Content, type Edit } from './draft.ts';
import { addEdit, draftOf } from './drafts.ts';
import { dataOf, emptyValues, fieldsOf, hasEditor, kTypes, valuesOf, type DataField, type Values } from './rdata.ts';

const kOther = 'other';
const kPresets: [string, string][] = [
  ['60', '1 min'],
  ['300', '5 min'],
  ['3600', '1 h'],
  ['86400', '1 day'],
];

interface Row {
  id: number;
  isRaw: boolean;
  values: Values;
}

export interface Edited {
  name: string;
  type: string;
  content: Content | null;
}

interface EditorProps {
  zone: string;
  tag: string;
  serial: number;
  // The RRset that is edited; without it, a new one is made.
  edited?: Edited;
  onClose: () => void;
}

let nextId = 0;

function rowOf(type: string, data: string | null): Row {
  const values = data === null ? emptyValues(type) : valuesOf(type, data);
  return values && hasEditor(type)
    ? { id: ++nextId, isRaw: false, values }
    : { id: ++nextId, isRaw: true, values: { data: data ?? '' } };
}

function rowTrouble(type: string, row: Row, zone: string): boolean {
  return fieldsOf(type, row.isRaw).some((field) => field.trouble(row.values[field.key] ?? '', zone) !== '');
}

// What a set of records as a whole has against it.
function setTrouble(type: string, name: string, zone: string, records: string[]): string {
  if (new Set(records).size < records.length) return 'Two of the records are the same: remove one.';
  const isSingle = type === 'CNAME' || type === 'ALIAS' || type === 'URL' || type === 'SOA';
  if (isSingle && records.length > 1) return `A name has one ${type} record at most.`;
  if (type === 'CNAME' && name.toLowerCase() === zone.toLowerCase()) {
    return 'The name of the zone itself cannot be a CNAME: it has SOA and NS records. ALIAS does what you want.';
  }
  return '';
}

function Target({ text, zone }: { text: string; zone: string }) {
  if (text.trim() === '') return <>A single label is within this zone; a name with dots stands as it is.</>;
  const name = absoluteTarget(text, zone);
  const unicode = unicodeName(name);
  return (
    <>
      Becomes <bdi>{visible(name)}</bdi>
      {unicode && (
        <>
          {' '}
          (<bdi>{unicode}</bdi>)
        </>
      )}
    </>
  );
}

function Field({
  field,
  row,
  zone,
  onInput,
  isAsked,
}: {
  field: DataField;
  row: Row;
  zone: string;
  onInput: (text: string) => void;
  isAsked: boolean;
}) {
  const value = row.values[field.key] ?? '';
  return (
    <TextField
      label={field.label}
      value={value}
      onInput={onInput}
      isMono
      isAsked={isAsked}
      rows={field.kind === 'long' ? 3 : undefined}
      test={`record-${field.key}`}
      trouble={field.trouble(value, zone)}
      hint={field.kind === 'name' ? <Target text={value} zone={zone} /> : field.hint}
    />
  );
}

// The RRset as it stands: in the draft, or else in the zone.
async function present(
  zone: string,
  name: string,
  type: string,
): Promise<{ before: Content | null; now: Content | null }> {
  const page = await get<RecordPage>('zone.records', { zone, name, type, limit: 2 });
  const before = contentOf(page.rrsets.find((set) => keyOf(set) === keyOf({ name, type })));
  const drafted = draftOf(zone).value?.edits.find((edit) => keyOf(edit) === keyOf({ name, type }));
  return { before, now: drafted ? drafted.after : before };
}

export function Editor({ zone, tag, serial, edited, onClose }: EditorProps) {
  const owner = useSignal(edited ? relativeOwner(edited.name, zone) : '');
  const type = useSignal(edited?.type ?? 'A');
  const isOther = useSignal(false);
  const ttl = useSignal(String(edited?.content?.ttl ?? 3600));
  const rows = useSignal<Row[]>(
    edited?.content
      ? edited.content.records.map((data) => rowOf(edited.type, data))
      : [rowOf(edited?.type ?? 'A', null)],
  );
  const isAsked = useSignal(false);
  const doing = useDoing();

  const name = absoluteOwner(owner.value, zone);
  const records = rows.value.map((row) => dataOf(type.value, row.values, zone, row.isRaw));
  const wrongOwner = edited ? '' : ownerTrouble(name, zone);
  const wrongType = /^[A-Z][A-Z0-9-]*$/.test(type.value) ? '' : 'Enter a type, such as TLSA or TYPE65280.';
  const wrongSet = setTrouble(type.value, name, zone, records);
  const isWrong =
    wrongOwner ||
    wrongType ||
    ttlTrouble(ttl.value) ||
    wrongSet ||
    rows.value.some((row) => rowTrouble(type.value, row, zone));

  const choose = (chosen: string) => {
    isOther.value = chosen === kOther;
    type.value = chosen === kOther ? '' : chosen;
    rows.value = [rowOf(type.value, null)];
  };
  const change = (id: number, values: Values) => {
    rows.value = rows.value.map((row) => (row.id === id ? { ...row, values } : row));
  };
  const save = (event: Event) => {
    event.preventDefault();
    isAsked.value = true;
    if (isWrong) return;
    void doing.run(async () => {
      const made: Content = { ttl: Number(ttl.value), records };
      let edit: Edit = { name, type: type.value, before: edited?.content ?? null, after: made };
      if (!edited) {
        const { before, now } = await present(zone, name, type.value);
        if (now && !['CNAME', 'ALIAS', 'URL', 'SOA'].includes(type.value)) {
          edit = { ...edit, after: { ...made, records: [...new Set([...now.records, ...records])] } };
          say('The name has records of this type already. What you added joins them.');
        }
        edit = { ...edit, before };
      }
      if (isSame(edit.before, edit.after)) say('The zone has this already. Nothing was added to the draft.');
      addEdit(zone, tag, serial, edit);
      onClose();
    });
  };

  return (
    <Dialog
      title={
        edited ? (
          <>
            Edit {edited.type} of <Name name={edited.name} isShort />
          </>
        ) : (
          'Add a record'
        )
      }
      onClose={onClose}
      test="record-editor"
    >
      <form onSubmit={save} noValidate>
        {!edited && (
          <div class="pair">
            <TextField
              label="Name"
              value={owner.value}
              suffix={zone === '.' ? '.' : `.${visible(zone)}`}
              isMono
              hasFocus
              isAsked={isAsked.value}
              trouble={wrongOwner}
              test="record-name"
              hint={
                owner.value === '' ? (
                  'Empty or @ is the zone itself; * is a wildcard.'
                ) : (
                  <>
                    Becomes <bdi>{visible(name)}</bdi>
                  </>
                )
              }
              onInput={(text) => {
                owner.value = text;
              }}
            />
            <div>
              <Choice
                label="Type"
                value={isOther.value ? kOther : type.value}
                test="record-type"
                onChange={choose}
                options={[...kTypes.map((each): [string, string] => [each, each]), [kOther, 'Other…']]}
              />
              {isOther.value && (
                <TextField
                  label="Which type"
                  value={type.value}
                  isMono
                  isAsked={isAsked.value}
                  trouble={wrongType}
                  test="record-type-other"
                  onInput={(text) => {
                    type.value = text.trim().toUpperCase();
                  }}
                />
              )}
            </div>
          </div>
        )}
        <div class="rows">
          {rows.value.map((row, at) => (
            <fieldset key={row.id} class="record-row">
              <legend>{rows.value.length > 1 ? `Record ${at + 1}` : 'Data'}</legend>
              <div class={`record-fields fields-${fieldsOf(type.value, row.isRaw).length}`}>
                {fieldsOf(type.value, row.isRaw).map((field) => (
                  <Field
                    key={field.key}
                    field={field}
                    row={row}
                    zone={zone}
                    isAsked={isAsked.value}
                    onInput={(text) => change(row.id, { ...row.values, [field.key]: text })}
                  />
                ))}
              </div>
              {rows.value.length > 1 && (
                <IconButton
                  icon="trash"
                  label={`Remove record ${at + 1}`}
                  onClick={() => {
                    rows.value = rows.value.filter((each) => each.id !== row.id);
                  }}
                />
              )}
            </fieldset>
          ))}
        </div>
        {type.value !== 'SOA' && (
          <Button
            icon="plus"
            look="quiet"
            test="record-another"
            onClick={() => {
              rows.value = [...rows.value, rowOf(type.value, null)];
            }}
          >
            Another record
          </Button>
        )}
        {wrongSet && isAsked.value && <Notice tone="bad">{wrongSet}</Notice>}
        <div class="ttl">
          <TextField
            label="TTL in seconds"
            {...bound(ttl)}
            isMono
            isAsked={isAsked.value}
            test="record-ttl"
            trouble={ttlTrouble(ttl.value)}
            hint={ttlTrouble(ttl.value) ? undefined : `Resolvers keep it for ${span(Number(ttl.value))}.`}
          />
          <div class="presets" role="group" aria-label="Usual TTLs">
            {kPresets.map(([value, text]) => (
              <button
                key={value}
                type="button"
                class="preset"
                aria-pressed={ttl.value === value}
                onClick={() => {
                  ttl.value = value;
                }}
              >
                {text}
              </button>
            ))}
          </div>
        </div>
        {doing.error !== undefined && <Failure error={doing.error} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="main" isBusy={doing.isBusy} test="record-save">
            Add to the draft
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
