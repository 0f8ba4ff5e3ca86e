import { useSignal } from '@preact/signals';
import { get } from '../api.ts';
import { Chip, Foreign, Heading, Name } from '../parts/basics.tsx';
import { bound, TextField } from '../parts/field.tsx';
import { Empty, NeedsRole, Show } from '../parts/states.tsx';
import { Pager, usePages } from '../parts/pager.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { useLoad, useRested } from '../load.ts';
import { link } from '../route.ts';
import { mayEverywhere } from '../session.ts';
import { asciiName, withDot } from '../text.ts';
import type { AuditRecord } from '../types.ts';

const kObjects = ['key', 'provider', 'user', 'token', 'server'] as const;

function About({ record }: { record: AuditRecord }) {
  if (record.zone)
    return (
      <a href={link('zones', record.zone, 'history')}>
        <Name name={record.zone} isShort />
      </a>
    );
  const kind = kObjects.find((each) => record[each]);
  return kind ? <Foreign text={kind === 'server' ? 'server' : `${kind} ${record[kind]}`} /> : <>–</>;
}

const kColumns: Column<AuditRecord>[] = [
  { title: 'When', cell: ({ time_ms }) => <When at={time_ms / 1000} as="clock" /> },
  {
    title: 'Who',
    cell: ({ who, from }) => (
      <div>
        <Foreign text={who} />
        <div class="quiet from">{from ? <Foreign text={from} /> : 'this host'}</div>
      </div>
    ),
  },
  {
    title: 'What',
    cell: (record) => (
      <div>
        <code>{record.verb}</code>
        <div>
          <About record={record} />
        </div>
      </div>
    ),
  },
  {
    title: 'Serial',
    look: 'number',
    cell: ({ old_serial, serial }) =>
      serial ? (
        <div>
          {serial}
          {old_serial && old_serial !== serial ? <div class="quiet from">after {old_serial}</div> : null}
        </div>
      ) : (
        ''
      ),
  },
  {
    title: 'Outcome',
    look: 'wide',
    cell: ({ outcome, what, reason }) => (
      <div>
        {outcome !== 'done' && <Chip tone="bad">failed</Chip>} <Foreign text={reason ?? what ?? outcome} />
      </div>
    ),
  },
];

export function Audit() {
  const typed = useSignal('');
  const rested = useRested(typed.value.trim());
  const zone = rested === '' ? undefined : withDot(asciiName(rested));
  const mayAll = mayEverywhere('admin');
  return (
    <>
      <Heading title="Audit" />
      <div class="toolbar">
        <TextField
          label="Zone"
          {...bound(typed)}
          isMono
          test="audit-zone"
          hint={mayAll ? 'Empty: all that was changed.' : 'Enter one of your zones.'}
        />
      </div>
      {zone || mayAll ? <Records zone={zone} /> : <NeedsRole role="admin" everywhere />}
    </>
  );
}

function Records({ zone }: { zone: string | undefined }) {
  const pages = usePages<number>(zone ?? '');
  const page = useLoad(`${zone ?? ''} ${pages.after ?? ''}`, (signal) => {
    return get<{ records: AuditRecord[]; more: boolean }>(
      'audit',
      { zone, before: pages.after, limit: 100 },
      { signal },
    );
  });
  return (
    <Show of={page} rows={10}>
      {({ records, more }) => (
        <>
          {records.length === 0 ? (
            <Empty icon="audit" title="Nothing was recorded" />
          ) : (
            <Table
              label="Audit records"
              columns={kColumns}
              rows={records}
              keyOf={({ id }) => String(id)}
              test="audit-table"
              rowTest="audit-row"
            />
          )}
          <Pager
            pages={pages}
            next={more ? records.at(-1)?.id : undefined}
            words={['Newer', 'Older']}
            tests={['audit-newer', 'audit-older']}
          />
        </>
      )}
    </Show>
  );
}
