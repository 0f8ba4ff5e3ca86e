import { useSignal } from '@preact/signals';
import { Chip, Foreign, IconButton, Name } from '../parts/basics.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { count } from '../text.ts';
import { span } from '../time.ts';
import type { Alias, RecordSet } from '../types.ts';
import { contentOf, keyOf, type Content, type Draft } from './draft.ts';
import { wordOf } from './draft_bar.tsx';
import { shownData } from './rdata.ts';

const kMostShown = 240;

// An RRset as the table shows it: as it stands in the zone, or as the draft wants it.
export interface Line {
  name: string;
  type: string;
  standing: Content | null;
  wanted: Content | null;
  // NS records that stand there for Secondary DNS.
  secondary: string[];
  change?: 'added' | 'removed' | 'changed';
}

// The RRsets of a page with the draft over them. What is new stands first, since it has no place in the page yet.
export function linesOf(sets: RecordSet[], draft: Draft | null): Line[] {
  const edits = new Map((draft?.edits ?? []).map((edit) => [keyOf(edit), edit]));
  const standing = sets.map((set): Line => {
    const edit = edits.get(keyOf(set));
    edits.delete(keyOf(set));
    const content = contentOf(set);
    return {
      name: set.name,
      type: set.type,
      standing: content,
      wanted: edit ? edit.after : content,
      secondary: set.secondary ?? [],
      change: edit && wordOf(edit),
    };
  });
  const fresh = [...edits.values()]
    .filter((edit) => edit.before === null)
    .map(
      (edit): Line => ({
        name: edit.name,
        type: edit.type,
        standing: null,
        wanted: edit.after,
        secondary: [],
        change: 'added',
      }),
    );
  return [...fresh, ...standing];
}

// A text that may be very long: its beginning, and all of it when asked for.
function Long({ text }: { text: string }) {
  const isOpen = useSignal(false);
  if (text.length <= kMostShown || isOpen.value) return <bdi>{text}</bdi>;
  return (
    <>
      <bdi>{text.slice(0, kMostShown)}…</bdi>{' '}
      <button
        type="button"
        class="link"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        Show all {count(text.length)} characters
      </button>
    </>
  );
}

function Data({ line, aliases }: { line: Line; aliases: Alias[] }) {
  const content = line.wanted ?? line.standing;
  const alias = aliases.find((each) => each.owner.toLowerCase() === line.name.toLowerCase() && each.type === line.type);
  return (
    <ul class="data">
      {content?.records.map((record) => (
        <li key={record}>
          <Long text={shownData(line.type, record)} />
        </li>
      ))}
      {line.secondary.map((record) => (
        <li key={record} class="for-secondary">
          <bdi>{shownData(line.type, record)}</bdi> <span class="tag">by Secondary DNS</span>
        </li>
      ))}
      {alias && (
        <li class="quiet alias">
          {alias.addresses.length > 0 && <>now {alias.addresses.join(', ')} </>}
          {alias.error && (
            <Chip tone="warning">
              <Foreign text={alias.error} />
            </Chip>
          )}
        </li>
      )}
    </ul>
  );
}

interface RecordTableProps {
  lines: Line[];
  aliases: Alias[];
  mayEdit: boolean;
  onEdit: (line: Line) => void;
  onDelete: (line: Line) => void;
  onUndo: (line: Line) => void;
}

export function RecordTable({ lines, aliases, mayEdit, onEdit, onDelete, onUndo }: RecordTableProps) {
  const columns: Column<Line>[] = [
    {
      title: 'Name',
      look: 'owner',
      cell: (line) => (
        <>
          <Name name={line.name} />
          {line.change && <span class={`tag ${line.change}`}>{line.change}</span>}
        </>
      ),
    },
    { title: 'Type', look: 'tight', cell: (line) => <span class="type">{line.type}</span> },
    {
      title: 'TTL',
      look: 'number',
      cell: (line) => {
        const ttl = (line.wanted ?? line.standing)?.ttl;
        return ttl === undefined ? '' : <span title={span(ttl)}>{ttl}</span>;
      },
    },
    { title: 'Data', look: 'wide', cell: (line) => <Data line={line} aliases={aliases} /> },
  ];
  if (mayEdit) {
    columns.push({
      title: 'Actions',
      look: 'acts',
      cell: (line) => {
        const what = `${line.name} ${line.type}`;
        return (
          <span class="acts-inner">
            {line.change && (
              <IconButton icon="undo" label={`Take back the change of ${what}`} onClick={() => onUndo(line)} />
            )}
            {line.wanted && (
              <IconButton icon="edit" label={`Edit ${what}`} onClick={() => onEdit(line)} test="record-edit" />
            )}
            {line.wanted && line.type !== 'SOA' && (
              <IconButton icon="trash" label={`Delete ${what}`} onClick={() => onDelete(line)} test="record-delete" />
            )}
          </span>
        );
      },
    });
  }
  return (
    <Table
      label="Records"
      columns={columns}
      rows={lines}
      keyOf={keyOf}
      lookOf={(line) => line.change ?? ''}
      test="record-table"
      rowTest="record-row"
    />
  );
}
